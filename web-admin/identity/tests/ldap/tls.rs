//! LDAPS and StartTLS, with good certificates and bad ones.

use crate::certificates::Authority;
use crate::impostor::{Impostor, StartTls};
use crate::world::{HOSTS, Place, World, let_in, refusal};
use hzm_job_identity::ldap::{LdapError, LdapSettings};

/// The same directory by LDAPS and by StartTLS, by this name.
fn both(world: &World, host: &str) -> [LdapSettings; 2] {
    let ca = Some(world.authority.clone());
    let directory = &world.directory;
    let ldaps = LdapSettings { addr: format!("ldaps://{host}:{}", directory.tls_port()), ca, ..world.settings() };
    let addr = format!("ldap://{host}:{}", directory.plain_port());
    [LdapSettings { addr, start_tls: true, ..ldaps.clone() }, ldaps]
}

/// That a directory is taken for unreachable, with this word in the reason.
async fn is_not_trusted(settings: &LdapSettings, word: &str) {
    let refused = refusal(settings, "alice", "wonderland").await;
    let is_meant = matches!(&refused, LdapError::Unreachable { reason, .. } if reason.contains(word));
    assert!(is_meant, "{}: {refused}", settings.addr);
}

#[tokio::test]
async fn a_directory_with_a_good_certificate_is_asked_by_name_and_by_address() {
    let Some(world) = World::start() else { return };
    for host in HOSTS {
        for settings in both(&world, host) {
            assert_eq!(let_in(&settings, "alice", "wonderland").await.name, "Alice", "{}", settings.addr);
            assert_eq!(refusal(&settings, "alice", "x").await, LdapError::WrongNameOrPassword);
        }
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    let Some(world) = World::start() else { return };
    let place = Place::new();
    let other = Authority::new(&place.0, "other").file;
    for settings in both(&world, "127.0.0.1") {
        is_not_trusted(&LdapSettings { ca: Some(other.clone()), ..settings.clone() }, "UnknownIssuer").await;
        is_not_trusted(&LdapSettings { ca: None, ..settings }, "UnknownIssuer").await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_trusted() {
    let Some(world) = World::with(|authority, place| authority.signs(&place.0, &["dir.example.org"])) else { return };
    for host in HOSTS {
        for settings in both(&world, host) {
            is_not_trusted(&settings, "not valid for name").await;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_trusted() {
    let Some(world) = World::with(|authority, place| authority.signed_once(&place.0, &HOSTS)) else { return };
    for settings in both(&world, "127.0.0.1") {
        is_not_trusted(&settings, "expired").await;
    }
}

#[tokio::test]
async fn a_file_of_authorities_that_is_missing_is_a_wrong_setting() {
    let Some(world) = World::start() else { return };
    let [settings, _] = both(&world, "127.0.0.1");
    let refused =
        refusal(&LdapSettings { ca: Some("no-such-file.pem".into()), ..settings }, "alice", "wonderland").await;
    assert!(matches!(&refused, LdapError::Misconfigured(problem) if problem.key == "ca"), "{refused}");
}

#[tokio::test]
async fn without_the_tls_that_was_asked_for_no_password_leaves() {
    for how in [StartTls::Refuses, StartTls::AgreesAndGoesOnWithout, StartTls::AgreesAndAppends] {
        let impostor = Impostor::of_start_tls(how);
        let settings = LdapSettings { start_tls: true, ..impostor.settings() };
        let refused = refusal(&settings, "alice", "wonderland").await;
        assert!(matches!(refused, LdapError::Unreachable { .. }), "{how:?}: {refused}");
        let heard = impostor.heard();
        assert!(!heard.windows(10).any(|part| part == b"wonderland"), "{how:?}");
    }
}
