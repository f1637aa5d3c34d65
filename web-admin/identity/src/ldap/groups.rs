//! The groups of a user: those in the user's own entry, and those that have the user as a member.
//!
//! A group is told by its DN, which only it has, and by the plain name that it is named after. Other names in its entry do not
//! count: whoever may edit a group must not make it another one.

use super::attributes::{MEMBER_OF, POSIX_NAME};
use super::dn;
use super::error::LdapError;
use super::filter::Filter;
use super::message::{Entry, ResultCode};
use super::visit::Visit;
use crate::identity::MOST_GROUPS;

/// The attribute that holds a group's plain name.
const GROUP_NAME: &str = "cn";

impl Visit<'_> {
    /// The user's groups by their DNs and plain names.
    pub(super) async fn groups_of(&mut self, entry: &Entry, name: &str) -> Result<Vec<String>, LdapError> {
        let mut groups = Vec::new();
        if self.settings.member_of {
            let listed = entry.values(MEMBER_OF).iter().filter(|group| self.counts(group));
            groups.extend(listed.flat_map(|group| names_of(group, &[])));
        }
        if self.settings.group_members {
            // Of several names none is taken: a user who may add one must not get another's groups by it.
            let posix_name = match entry.values(POSIX_NAME) {
                [only] => only,
                _ => name,
            };
            for group in self.find_groups(&entry.dn, posix_name).await? {
                groups.extend(names_of(&group.dn, group.values(GROUP_NAME)));
            }
        }
        Ok(groups)
    }

    /// Whether a group is where the settings say that groups are.
    fn counts(&self, group: &str) -> bool {
        self.settings.group_base.as_deref().is_none_or(|base| dn::is_below(group, base))
    }

    /// The groups that have the user as a member.
    async fn find_groups(&mut self, dn: &str, posix_name: &str) -> Result<Vec<Entry>, LdapError> {
        let base = self.settings.group_base.clone().unwrap_or_else(|| self.settings.dc_dn());
        let filter = Filter::Any(vec![
            Filter::Equal("member", dn),
            Filter::Equal("uniqueMember", dn),
            Filter::Equal("memberUid", posix_name),
        ]);
        // Each group counts twice, by its DN and its name.
        let most = u32::try_from(MOST_GROUPS / 2).unwrap_or(u32::MAX);
        let search = self.search(&base, true, filter, vec![GROUP_NAME], most);
        let (groups, code) = self.look(search).await?;
        match code {
            ResultCode::SUCCESS => Ok(groups),
            ResultCode::SIZE_LIMIT_EXCEEDED => Err(self.bad_answer("the user is in more than 1,000 groups")),
            _ => Err(self.unwilling(
                "groupBase",
                code,
                "lets nobody search groups there: give another entry or set groupMembers: false",
            )),
        }
    }
}

/// A group by its DN and its plain name: the one in the DN, else the only one in its entry.
fn names_of(dn: &str, names: &[String]) -> Vec<String> {
    let parts = dn::parsed(dn).unwrap_or_default();
    let named_after = parts.first().and_then(|part| part.value(GROUP_NAME));
    let name = match (named_after, names) {
        (None, [only]) => Some(only.as_str()),
        (named_after, _) => named_after,
    };
    [dn].into_iter().chain(name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_known_by_its_dn_and_the_name_that_it_is_named_after() {
        assert_eq!(names_of(r"cn=Dev\2C Ops,ou=g", &[]), [r"cn=Dev\2C Ops,ou=g", "Dev, Ops"]);
        assert_eq!(names_of("cn=Club,ou=g", &["Club".into(), "Admins".into()]), ["cn=Club,ou=g", "Club"]);
        assert_eq!(names_of("gidNumber=7,ou=g", &["unix".to_owned()]), ["gidNumber=7,ou=g", "unix"]);
        assert_eq!(names_of("gidNumber=7,ou=g", &["unix".into(), "Admins".into()]), ["gidNumber=7,ou=g"]);
        assert_eq!(names_of("no dn", &[]), ["no dn"]);
    }
}
