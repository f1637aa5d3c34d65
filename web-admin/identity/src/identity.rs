//! Somebody whom a directory or a provider vouches for.

/// The longest name of a user, in characters; as long as the admin's own users may be called.
pub const LONGEST_NAME: usize = 128;

/// The most groups that are taken of one user. Directories of large companies come near 1,000; more is a mistake or an attack.
pub const MOST_GROUPS: usize = 2_000;

/// Somebody whom a directory or a provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name as the directory or provider spells it, whatever was typed: `Alice` and `alice` are one user.
    pub name: String,
    /// What the directory or provider itself knows the user by: the DN of the entry, or the claim `sub`, which outlives a change
    /// of name.
    pub subject: String,
    /// The groups, sorted and each once. Those of a directory by their DN and by their plain name.
    pub groups: Vec<String>,
}

impl Identity {
    /// An identity, if the name can be one of a user here and there are not too many groups.
    ///
    /// # Errors
    /// What is wrong, without the name.
    pub(crate) fn new(name: &str, subject: String, mut groups: Vec<String>) -> Result<Identity, &'static str> {
        let name = name.trim();
        if !is_name(name) {
            return Err("the user's name is empty, longer than 128 characters or has control characters");
        }
        groups.sort_unstable();
        groups.dedup();
        if groups.len() > MOST_GROUPS {
            return Err("the user is in more than 2,000 groups");
        }
        Ok(Identity { name: name.to_owned(), subject, groups })
    }
}

/// Whether a text can be the name of a user at all.
pub(crate) fn is_name(text: &str) -> bool {
    let length = text.trim().chars().count();
    (1..=LONGEST_NAME).contains(&length) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_sorted_and_each_there_once() {
        let groups = ["ops", "dev", "ops"].map(str::to_owned).into();
        let identity = Identity::new(" Alice ", "1".into(), groups).unwrap();
        assert_eq!((identity.name.as_str(), identity.groups), ("Alice", vec!["dev".to_owned(), "ops".to_owned()]));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for name in ["", "  ", "a\0b", "a\nb", &"x".repeat(LONGEST_NAME + 1)] {
            assert!(Identity::new(name, String::new(), Vec::new()).is_err(), "{name:?}");
        }
        assert!(Identity::new(&"密".repeat(LONGEST_NAME), String::new(), Vec::new()).is_ok(), "characters, not bytes");
    }

    #[test]
    fn more_groups_than_anybody_has_are_refused() {
        let groups = |count: usize| (0..count).map(|number| format!("g{number}")).collect();
        assert!(Identity::new("a", String::new(), groups(MOST_GROUPS)).is_ok());
        assert!(Identity::new("a", String::new(), groups(MOST_GROUPS + 1)).is_err());
    }
}
