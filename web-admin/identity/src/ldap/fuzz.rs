//! Fuzzers of what a directory answers and of the names that it tells.

use super::message::Answer;
use super::{address, dn};
use hzm_job_test_fuzz::fuzz;

#[test]
fn fuzz_messages_of_directories() {
    let seeds: [&[u8]; 4] = [
        // Success of a bind; a refusal with a message; an entry with one attribute; the end of a search.
        b"\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
        b"\x02\x01\x01\x61\x0c\x0a\x01\x31\x04\x00\x04\x05wrong",
        b"\x02\x01\x02\x64\x18\x04\x04cn=a\x30\x10\x30\x0e\x04\x02cn\x31\x08\x04\x01a\x04\x03abc",
        b"\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
    ];
    fuzz!(10_000, seeds, |text: &[u8]| {
        if let Ok((number, answer)) = Answer::decode(text) {
            assert!(number <= i32::MAX.unsigned_abs());
            if let Answer::Entry(entry) = answer {
                assert!(entry.values("cn").iter().map(String::len).sum::<usize>() <= text.len());
            }
        }
    });
}

#[test]
fn fuzz_names_of_entries() {
    let seeds: [&[u8]; 4] = [
        b"cn=Ops,ou=groups,dc=example,dc=org",
        br"cn=Smith\, John (jr.) *,ou=people",
        br"cn=\c3\a4,dc=x",
        b"CN=a+uid=b",
    ];
    fuzz!(10_000, seeds, |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        drop(dn::parsed(&text));
        // Whatever a name holds, as a value it stays one value. An empty one is never asked about.
        if text.is_empty() {
            return;
        }
        let whole = format!("cn={},dc=org", dn::escaped(&text));
        let parts = dn::parsed(&whole);
        assert!(parts.is_ok_and(|parts| parts.len() == 2), "{whole:?}");
    });
}

#[test]
fn fuzz_addresses_of_directories() {
    fuzz!(5_000, [b"ldap://host:389".as_slice(), b"ldaps://[::1]:636", b"host:389"], |text: &[u8]| {
        drop(address::Address::parse(&String::from_utf8_lossy(text)));
    });
}
