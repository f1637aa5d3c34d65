//! Search filters, made of parts and sent as such (RFC 4511 §4.5.1.7).
//!
//! The text form of RFC 4515, in which `*`, `(`, `)` and `\` mean something and must be escaped, does not exist here: a value goes
//! with its length, so there is nothing for a user's name to break out of.

use super::ber;

/// Any of the filters.
const OR: u8 = 0xa1;
/// An attribute has this value.
const EQUALITY: u8 = 0xa3;
/// An attribute is there.
const PRESENT: u8 = 0x87;

/// What entries are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Filter<'a> {
    /// Those in which an attribute has a value.
    Equal(&'a str, &'a str),
    /// Those in which an attribute is there.
    Present(&'a str),
    /// Those that any of these filters finds.
    Any(Vec<Filter<'a>>),
}

impl Filter<'_> {
    /// As it is sent.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Filter::Equal(attribute, value) => ber::elements(EQUALITY, &[ber::text(attribute), ber::text(value)]),
            Filter::Present(attribute) => ber::element(PRESENT, attribute.as_bytes()),
            Filter::Any(parts) => ber::elements(OR, &parts.iter().map(Filter::encode).collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::ber::Reader;
    use proptest::prelude::*;

    /// What a directory reads: the attribute and the value.
    fn read(sent: &[u8]) -> (String, String) {
        let mut reader = Reader(sent);
        let mut inner = Reader(reader.expect(EQUALITY).unwrap());
        let found = (inner.text().unwrap().to_owned(), inner.text().unwrap().to_owned());
        assert!(reader.is_empty() && inner.is_empty());
        found
    }

    proptest! {
        #[test]
        fn whatever_a_user_is_called_the_directory_reads_one_comparison_with_it(name in any::<String>()) {
            prop_assert_eq!(read(&Filter::Equal("uid", &name).encode()), ("uid".to_owned(), name));
        }

        #[test]
        fn the_letters_that_mean_something_in_the_text_form_do_not_here(name in "[*()\\\\\\x00-\\x1fa&|!=]{0,20}") {
            let sent = Filter::Any(vec![Filter::Equal("member", &name), Filter::Equal("uid", &name)]).encode();
            let mut parts = Reader(Reader(&sent).expect(OR).unwrap());
            for attribute in ["member", "uid"] {
                let (tag, content) = parts.next().unwrap();
                prop_assert_eq!(tag, EQUALITY);
                let mut inner = Reader(content);
                prop_assert_eq!(inner.text(), Ok(attribute));
                prop_assert_eq!(inner.text(), Ok(name.as_str()));
            }
            prop_assert!(parts.is_empty());
        }
    }
}
