use super::*;
use proptest::prelude::*;

#[test]
fn a_bind_is_written_as_rfc_4511_says() {
    let sent = Request::Bind { dn: "cn=a", password: "p" }.encode(1);
    let expected = [0x30, 0x11, 2, 1, 1, 0x60, 0x0c, 2, 1, 3, 4, 4, b'c', b'n', b'=', b'a', 0x80, 1, b'p'];
    assert_eq!(sent, expected);
}

#[test]
fn an_unbind_has_no_content() {
    assert_eq!(Request::Unbind.encode(7), [0x30, 5, 2, 1, 7, 0x42, 0]);
}

/// The content of the outer sequence.
fn opened(message: &[u8]) -> &[u8] {
    Reader(message).expect(SEQUENCE).unwrap()
}

fn answer(number: u32, tag: u8, body: &[Vec<u8>]) -> Vec<u8> {
    ber::elements(SEQUENCE, &[ber::number(INTEGER, number), ber::elements(tag, body)])
}

fn result(code: u32) -> Vec<Vec<u8>> {
    vec![ber::number(ENUMERATED, code), ber::text(""), ber::text("Invalid credentials")]
}

#[test]
fn each_answer_is_read_with_the_number_of_its_request() {
    let cases = [
        (BIND_RESPONSE, Answer::Bound(ResultCode(49))),
        (SEARCH_DONE, Answer::Found(ResultCode(49))),
        (EXTENDED_RESPONSE, Answer::Extended(ResultCode(49))),
        (SEARCH_REFERENCE, Answer::Elsewhere),
    ];
    for (tag, expected) in cases {
        assert_eq!(Answer::decode(opened(&answer(300, tag, &result(49)))), Ok((300, expected)));
    }
}

fn entry(attributes: &[(&str, &[&[u8]])]) -> Vec<u8> {
    let one = |(name, values): &(&str, &[&[u8]])| {
        let values: Vec<_> = values.iter().map(|value| ber::element(OCTET_STRING, value)).collect();
        ber::elements(SEQUENCE, &[ber::text(name), ber::elements(SET, &values)])
    };
    let attributes: Vec<_> = attributes.iter().map(one).collect();
    answer(2, SEARCH_ENTRY, &[ber::text("cn=Ann,dc=org"), ber::elements(SEQUENCE, &attributes)])
}

#[test]
fn an_entry_is_read_and_values_that_are_no_text_are_left_out() {
    let sent = entry(&[("cn", &[b"Ann", b"Annie"]), ("objectGUID", &[b"\xff\xfe"]), ("memberOf", &[])]);
    let Ok((2, Answer::Entry(entry))) = Answer::decode(opened(&sent)) else { panic!("no entry") };
    assert_eq!(entry.dn, "cn=Ann,dc=org");
    assert_eq!(entry.values("CN"), ["Ann", "Annie"]);
    assert!(entry.values("objectGUID").is_empty() && entry.values("mail").is_empty());
}

#[test]
fn what_no_client_is_answered_is_refused() {
    let whole = entry(&[("cn", &[b"Ann"])]);
    let content = opened(&whole);
    for length in 0..content.len() {
        assert_eq!(Answer::decode(&content[..length]), Err(Malformed), "cut at {length}");
    }
    let request = Request::StartTls.encode(1);
    assert_eq!(Answer::decode(opened(&request)), Err(Malformed), "a request is no answer");
    assert_eq!(Answer::decode(&[]), Err(Malformed));
}

#[test]
fn nesting_without_end_is_not_followed() {
    let mut nested = ber::element(SEQUENCE, &[]);
    for _ in 0..5_000 {
        nested = ber::element(SEQUENCE, &nested);
    }
    assert_eq!(Answer::decode(opened(&nested)), Err(Malformed));
    let hidden = answer(1, SEARCH_ENTRY, &[ber::text("cn=a"), nested]);
    assert_eq!(Answer::decode(opened(&hidden)), Err(Malformed));
}

proptest! {
    #[test]
    fn reading_ends_whatever_comes_in(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Answer::decode(&bytes);
    }

    #[test]
    fn a_bit_that_was_turned_harms_nobody(at in 0_usize..40, bit in 0_u8..8) {
        let mut sent = entry(&[("cn", &[b"Ann"]), ("memberOf", &[b"cn=x", b"cn=y"])]);
        let place = at % sent.len();
        sent[place] ^= 1 << bit;
        let _ = Reader(&sent).expect(SEQUENCE).map(Answer::decode);
    }
}
