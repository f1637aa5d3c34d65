//! One login: who is asked what, in which order, and what each answer means.
//!
//! With `bindDn` that entry searches the user, the user's own bind proves the password, and `bindDn` looks for the groups.
//! Without it the user binds at once and looks at its own entry and groups.

use super::attributes::{MEMBER_OF, POSIX_NAME};
use super::connection::{Connection, Trouble, Way};
use super::dn;
use super::error::LdapError;
use super::filter::Filter;
use super::message::{Entry, ResultCode, Search};
use super::settings::LdapSettings;
use crate::identity::Identity;
use crate::problem::SettingProblem;
use crate::tls;

/// One login.
pub(super) struct Visit<'a> {
    pub(super) settings: &'a LdapSettings,
    connection: Connection,
}

impl<'a> Visit<'a> {
    /// Connects.
    pub(super) async fn begin(settings: &'a LdapSettings) -> Result<Visit<'a>, LdapError> {
        let address = settings.address()?;
        let encrypts = address.tls || settings.start_tls;
        let tls = if encrypts { Some(tls::client(settings.ca.as_deref()).await?) } else { None };
        let way = Way { address, tls, allow_plain: settings.allow_plain };
        let connection = Connection::open(way).await.map_err(|trouble| told(settings, trouble))?;
        Ok(Visit { settings, connection })
    }

    /// Asks whether this is the user's password, and for the user's groups.
    pub(super) async fn identify(&mut self, user: &str, password: &str) -> Result<Identity, LdapError> {
        let entry = match self.settings.bind_dn.as_deref() {
            Some(reader) => {
                self.bind_reader(reader).await?;
                let found = self.find(user).await?;
                // An unknown name is asked for as often as a known one, so that the time tells nobody which names there are.
                let dn = found.as_ref().map_or_else(|| self.settings.user_dn(user), |entry| entry.dn.clone());
                self.bind_user(&dn, password).await?;
                self.bind_reader(reader).await?;
                found.ok_or(LdapError::WrongNameOrPassword)?
            }
            None => {
                let dn = self.settings.user_dn(user);
                self.bind_user(&dn, password).await?;
                self.read(&dn).await?
            }
        };
        let name = self.name_of(&entry)?.to_owned();
        let groups = self.groups_of(&entry, &name).await?;
        Identity::new(&name, entry.dn, groups).map_err(|what| self.bad_answer(what))
    }

    /// Ends the connection.
    pub(super) async fn end(self) {
        self.connection.close().await;
    }

    async fn bind_user(&mut self, dn: &str, password: &str) -> Result<(), LdapError> {
        // A bind without a name is anonymous with whatever password (RFC 4513 §5.1.1).
        if !dn::is_dn(dn) {
            return Err(self.bad_answer("an entry without a distinguished name"));
        }
        match self.bind(dn, password).await? {
            ResultCode::SUCCESS => Ok(()),
            code if code.is_refusal() => Err(LdapError::WrongNameOrPassword),
            code => Err(self.unwilling("addr", code, "does not take a name and a password from us")),
        }
    }

    async fn bind_reader(&mut self, reader: &str) -> Result<(), LdapError> {
        let password = &self.settings.bind_password.0;
        match self.bind(reader, password).await? {
            ResultCode::SUCCESS => Ok(()),
            code => Err(self.unwilling("bindDn", code, "does not let bindDn in with bindPassword")),
        }
    }

    async fn bind(&mut self, dn: &str, password: &str) -> Result<ResultCode, LdapError> {
        let settings = self.settings;
        self.connection.bind(dn, password).await.map_err(|trouble| told(settings, trouble))
    }

    /// The one entry of this name, if there is any.
    async fn find(&mut self, user: &str) -> Result<Option<Entry>, LdapError> {
        let base = self.settings.users_base();
        let filter = Filter::Equal(&self.settings.cnkey, user);
        let search = self.search(&base, true, filter, self.wanted(), 2);
        let (mut entries, code) = self.look(search).await?;
        match (code, entries.pop()) {
            _ if code == ResultCode::SIZE_LIMIT_EXCEEDED || !entries.is_empty() => {
                let advice =
                    "several entries of the directory have this user's name; give a group below which it is unique";
                Err(SettingProblem::new("cnkey", advice).into())
            }
            (ResultCode::SUCCESS, found) => Ok(found),
            (ResultCode::NO_SUCH_OBJECT, _) => Err(self.unwilling(
                "dc",
                code,
                "has no entry of this name (group before dc), or shows it to bindDn no more",
            )),
            _ => Err(self.unwilling("bindDn", code, "lets bindDn search no users")),
        }
    }

    /// The entry of this DN.
    async fn read(&mut self, dn: &str) -> Result<Entry, LdapError> {
        let search = self.search(dn, false, Filter::Present("objectClass"), self.wanted(), 1);
        let (mut entries, code) = self.look(search).await?;
        let entry = entries.pop().filter(|_| code == ResultCode::SUCCESS);
        entry.ok_or_else(|| {
            self.unwilling("bindDn", code, "lets users not look at their own entries: give an entry that may")
        })
    }

    /// The attributes of a user that are needed.
    fn wanted(&self) -> Vec<&'a str> {
        let member_of = self.settings.member_of.then_some(MEMBER_OF);
        let posix_name = self.settings.group_members.then_some(POSIX_NAME);
        [self.settings.cnkey.as_str()].into_iter().chain(member_of).chain(posix_name).collect()
    }

    /// The name as the directory spells it. Of several the one that the entry is named after: a user who may add another name
    /// to their own entry does not become somebody else by it.
    fn name_of<'e>(&self, entry: &'e Entry) -> Result<&'e str, LdapError> {
        let values = entry.values(&self.settings.cnkey);
        let parts = dn::parsed(&entry.dn).map_err(|_| self.bad_answer("an entry without a distinguished name"))?;
        let own = parts.first().and_then(|part| part.value(&self.settings.cnkey));
        let named_after = own.and_then(|own| values.iter().find(|value| value.to_lowercase() == own.to_lowercase()));
        match (named_after, values) {
            (Some(name), _) => Ok(name),
            (None, [only]) => Ok(only),
            _ => {
                let advice =
                    "the user's entry has no such attribute that may be read, or several and is named after none";
                Err(SettingProblem::new("cnkey", advice).into())
            }
        }
    }

    /// A search within the time that a login has.
    pub(super) fn search<'s>(
        &self,
        base: &'s str,
        below: bool,
        filter: Filter<'s>,
        attributes: Vec<&'s str>,
        most: u32,
    ) -> Search<'s> {
        let seconds = u32::try_from(self.settings.within.as_secs()).unwrap_or(u32::MAX).max(1);
        Search { base, below, filter, attributes, most, seconds }
    }

    /// What a search finds, and how it ended.
    pub(super) async fn look(&mut self, search: Search<'_>) -> Result<(Vec<Entry>, ResultCode), LdapError> {
        let settings = self.settings;
        self.connection.search(search).await.map_err(|trouble| told(settings, trouble))
    }

    /// What it means that the directory did not do what these settings need.
    pub(super) fn unwilling(&self, key: &'static str, code: ResultCode, what: &str) -> LdapError {
        if code.is_passing() {
            return told(self.settings, Trouble::Away(format!("it answered {code}")));
        }
        SettingProblem::new(key, format!("the directory {what}; it answered {code}")).into()
    }

    /// That the directory answered what cannot be used.
    pub(super) fn bad_answer(&self, what: &str) -> LdapError {
        told(self.settings, Trouble::Nonsense(what.to_owned()))
    }
}

/// A trouble with the connection, with the directory's address.
pub(super) fn told(settings: &LdapSettings, trouble: Trouble) -> LdapError {
    let addr = settings.address().map_or_else(|_| settings.addr.clone(), |address| address.to_string());
    match trouble {
        Trouble::Away(reason) => LdapError::Unreachable { addr, reason },
        Trouble::Nonsense(what) => LdapError::BadAnswer { addr, what },
    }
}
