//! Attributes of users by which their groups are found.

/// The attribute in which a directory lists the groups of a user.
pub(super) const MEMBER_OF: &str = "memberOf";
/// The attribute by which groups of POSIX know their members (RFC 2307).
pub(super) const POSIX_NAME: &str = "uid";
