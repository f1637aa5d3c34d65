//! Directories that are away, silent, or answer what no directory should.

use crate::impostor::{Impostor, bound};
use crate::world::{World, let_in, refusal};
use hzm_job_identity::ldap::{LdapError, LdapSettings};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Much longer than a login may take, and much shorter than a test may hang.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn where_nothing_listens_the_directory_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = format!("ldap://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = LdapSettings { addr: addr.clone(), dc: "dc=example,dc=org".into(), ..LdapSettings::default() };
    match refusal(&settings, "alice", "wonderland").await {
        LdapError::Unreachable { addr: told, reason } => {
            assert_eq!(told, addr);
            assert!(reason.contains("refused"), "{reason}");
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_directory_that_takes_the_call_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for scheme in ["ldap", "ldaps"] {
        let addr = format!("{scheme}://{}", listener.local_addr().unwrap());
        let within = Duration::from_millis(200);
        let settings = LdapSettings { addr, within, dc: "dc=example,dc=org".into(), ..LdapSettings::default() };
        let begun = Instant::now();
        let refused = refusal(&settings, "alice", "wonderland").await;
        assert!(matches!(&refused, LdapError::Unreachable { reason, .. } if reason.contains("200ms")), "{refused}");
        assert!(begun.elapsed() < SOON);
    }
}

#[tokio::test]
async fn a_directory_that_stops_in_its_tracks_is_given_up_and_asked_again_later() {
    let Some(world) = World::start() else { return };
    world.directory.pause().unwrap();
    let hasty = LdapSettings { within: Duration::from_millis(300), ..world.settings() };
    let refused = refusal(&hasty, "alice", "wonderland").await;
    assert!(matches!(refused, LdapError::Unreachable { .. }), "{refused}");
    world.directory.resume().unwrap();
    let_in(&world.settings(), "alice", "wonderland").await;
}

/// An element of BER with a length of four bytes, whatever its content is.
fn announced(tag: u8, length: u32, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x84], length.to_be_bytes().as_slice(), content].concat()
}

fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(vec![2, 1, 1], |inner, _| announced(0x30, u32::try_from(inner.len()).unwrap(), &inner))
}

/// An entry, in answer to the request of this number.
fn entry(number: u8) -> Vec<u8> {
    let entry = [&[2, 1, number, 0x64, 8, 4, 4][..], b"dc=a", &[0x30, 0]].concat();
    [vec![0x30, u8::try_from(entry.len()).unwrap()], entry].concat()
}

#[tokio::test]
async fn what_no_directory_answers_is_an_error_and_nothing_worse() {
    let cases: [(&str, Vec<Vec<u8>>); 9] = [
        ("no LDAP at all", vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()]),
        ("an empty message", vec![vec![0x30, 0]]),
        ("a length without end", vec![announced(0x30, u32::MAX, &[2, 1, 1])]),
        ("an indefinite length", vec![vec![0x30, 0x80, 2, 1, 1, 0, 0]]),
        ("nesting without end", vec![nested(2_000)]),
        ("an answer to what was not asked", vec![bound(9)]),
        ("another kind of answer", vec![entry(1)]),
        ("more entries than were asked for", vec![bound(1), entry(2).repeat(5)]),
        ("a negative code", vec![vec![0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 0xff, 4, 0, 4, 0]]),
    ];
    for (what, answers) in cases {
        let impostor = Impostor::new(answers);
        let refused = refusal(&impostor.settings(), "alice", "wonderland").await;
        assert!(matches!(refused, LdapError::BadAnswer { .. }), "{what}: {refused}");
        assert!(!format!("{refused} {refused:?}").contains("wonderland"), "{what}");
    }
}

#[tokio::test]
async fn a_directory_that_hangs_up_is_unreachable() {
    let notice = vec![0x30, 12, 2, 1, 0, 0x78, 7, 0x0a, 1, 52, 4, 0, 4, 0];
    let busy = vec![0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 51, 4, 0, 4, 0];
    for answer in [notice, busy] {
        let impostor = Impostor::new(vec![answer]);
        let refused = refusal(&impostor.settings(), "alice", "wonderland").await;
        assert!(matches!(refused, LdapError::Unreachable { .. }), "{refused}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = format!("ldap://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || drop(listener.accept().unwrap()));
    let settings = LdapSettings { addr, dc: "dc=example,dc=org".into(), ..LdapSettings::default() };
    let refused = refusal(&settings, "alice", "wonderland").await;
    assert!(matches!(refused, LdapError::Unreachable { .. }), "{refused}");
}

#[tokio::test]
async fn a_password_that_a_directory_repeats_is_not_passed_on() {
    let said = b"wonderland";
    let body = [&[0x0a, 1, 80, 4, 0, 4, 10][..], said].concat();
    let message = [&[2, 1, 1, 0x61, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let answer = [vec![0x30, u8::try_from(message.len()).unwrap()], message].concat();
    let refused = refusal(&Impostor::new(vec![answer]).settings(), "alice", "wonderland").await;
    assert!(matches!(refused, LdapError::Misconfigured(_)), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("wonderland"));
}
