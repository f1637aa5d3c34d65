//! Who held the partitions before us: a process that is gone, or one that may still run.
//!
//! Several admins on one database are not served yet. The second one to start takes the ledger over and the epoch ends the
//! first one's writes; both say so, because whoever started the second by mistake sees nothing else wrong.

use chrono::{DateTime, Utc};
use hzm_job_store::partition::Owner;
use std::path::Path;

/// A scheduler that did not give the database back, and is not known to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// The machine and the process, as it named itself.
    pub name: String,
    /// When it took the database.
    pub since: DateTime<Utc>,
}

impl Predecessor {
    /// The one that `owner` names; `None` when it gave the database back, or was a process of this machine that is gone.
    pub(crate) fn of(owner: Option<Owner>) -> Option<Predecessor> {
        let Owner { name, lease_until, .. } = owner?;
        let predecessor = Predecessor { name: name?, since: lease_until - crate::LEASE };
        (!is_gone(&predecessor.name)).then_some(predecessor)
    }
}

/// The name under which this process holds the partitions.
pub(crate) fn our_name() -> String {
    format!("{} pid {}", host(), std::process::id())
}

/// The machine's name; in a container, the container's.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().take(200).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// Whether the process of this name was one of this machine and is no more. In a container ours may well have its number.
fn is_gone(name: &str) -> bool {
    let Some((host_of, pid)) = name.rsplit_once(" pid ") else { return false };
    let can_tell = Path::new("/proc/self").exists() && host_of == host();
    let is_number = !pid.is_empty() && pid.bytes().all(|digit| digit.is_ascii_digit());
    can_tell && is_number && (pid == std::process::id().to_string() || !Path::new("/proc").join(pid).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: Option<String>) -> Option<Owner> {
        Some(Owner { epoch: 3, name, lease_until: DateTime::UNIX_EPOCH + crate::LEASE })
    }

    #[test]
    fn one_that_gave_the_database_back_or_is_gone_for_sure_is_no_predecessor() {
        assert_eq!(Predecessor::of(None), None);
        assert_eq!(Predecessor::of(owner(None)), None);
        assert_eq!(
            Predecessor::of(owner(Some(our_name()))),
            None,
            "a process with our own number is not there any more"
        );
        assert_eq!(Predecessor::of(owner(Some(format!("{} pid 4194305", host())))), None, "there is no such number");
    }

    #[test]
    fn one_that_may_still_run_is_told_with_its_name_and_its_beginning() {
        let parent = format!("{} pid {}", host(), std::os::unix::process::parent_id());
        for name in [parent, "elsewhere pid 7".to_owned(), "17-1700000000000".to_owned()] {
            let found = Predecessor::of(owner(Some(name.clone())));
            assert_eq!(found, Some(Predecessor { name, since: DateTime::UNIX_EPOCH }));
        }
    }
}
