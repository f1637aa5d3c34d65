//! The database's URL as it may be shown in logs, messages and debug output: without its password.
//!
//! In a file of its own because the settings and the connections both need it, and neither needs the other's inside. Works on
//! texts that are no URL as well, because those are shown in messages too.

/// A URL that can be shown: the password replaced by stars, parameters left out. The user is named where nothing but a user
/// can be meant.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return url.to_owned(); // A path may contain an `@`, but no password.
    };
    match rest.rsplit_once('@') {
        Some((who, place)) => format!("{scheme}://{}@{}", shown_user(who), place.split('?').next().unwrap_or_default()),
        None => format!("{scheme}://{}", shown_place(rest)),
    }
}

/// The user, and stars for the password. Letters of other kinds may belong to a password that lost its beginning.
fn shown_user(who: &str) -> String {
    let (user, password) = who.split_once(':').map_or((who, ""), |(user, _)| (user, ":***"));
    let is_name = !user.is_empty() && user.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if is_name { format!("{user}{password}") } else { "***".into() }
}

/// What stands where a host should stand, unless it looks like a user and a password that lack their host.
fn shown_place(rest: &str) -> &str {
    let place = rest.split('?').next().unwrap_or_default();
    let authority = place.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    if port.ends_with(']') || port.bytes().all(|digit| digit.is_ascii_digit()) { place } else { "***" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_and_the_user_stay_and_the_password_is_starred() {
        assert_eq!(without_password("mysql://root:secret@127.0.0.1/x"), "mysql://root:***@127.0.0.1/x");
        assert_eq!(without_password("mysql://root:se:c@r@et@127.0.0.1/x"), "mysql://root:***@127.0.0.1/x");
        assert_eq!(without_password("mysql://hzm_job@db/x"), "mysql://hzm_job@db/x");
        assert_eq!(without_password("mysql://root%3Asecret@db/x"), "mysql://***@db/x");
        assert_eq!(without_password("mysql://:secret@db/x"), "mysql://***@db/x");
        assert_eq!(without_password("postgres://db:5432/x?sslmode=require"), "postgres://db:5432/x");
        assert_eq!(without_password("postgres://[::1]/x"), "postgres://[::1]/x");
    }

    #[test]
    fn a_path_is_shown_whole() {
        assert_eq!(without_password("sqlite://data@home/ledger.sqlite"), "sqlite://data@home/ledger.sqlite");
        assert_eq!(without_password("ledger.sqlite"), "ledger.sqlite");
    }

    #[test]
    fn what_may_be_a_user_and_a_password_without_their_host_is_starred() {
        assert_eq!(without_password("mysql://root:secret/x"), "mysql://***");
    }
}
