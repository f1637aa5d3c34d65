//! What is said to a directory and what it answers (RFC 4511 §4): the four requests that a login needs, no more.

use super::ber::{self, BOOLEAN, ENUMERATED, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE, SET};
use super::filter::Filter;

const BIND_REQUEST: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND_REQUEST: u8 = 0x42;
const SEARCH_REQUEST: u8 = 0x63;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const SEARCH_REFERENCE: u8 = 0x73;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
/// The tag of a password in a bind request, and of the name in an extended one.
const CONTEXT_0: u8 = 0x80;

/// The version of LDAP.
const VERSION: u32 = 3;
/// The name of StartTLS (RFC 4511 §4.14.1).
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// What is asked of a directory. Not `Debug`: it may hold a password.
pub(super) enum Request<'a> {
    /// To be the entry of this DN from now on.
    Bind {
        /// The entry.
        dn: &'a str,
        /// Its password, never empty: RFC 4513 §5.1.2 lets anybody in without one.
        password: &'a str,
    },
    /// To look for entries.
    Search(Search<'a>),
    /// To speak TLS from now on.
    StartTls,
    /// To end.
    Unbind,
}

/// A search.
#[derive(Debug, Clone)]
pub(super) struct Search<'a> {
    /// The entry that is looked at.
    pub(super) base: &'a str,
    /// Whether everything below it is looked at as well.
    pub(super) below: bool,
    /// What is looked for.
    pub(super) filter: Filter<'a>,
    /// The attributes that are wanted.
    pub(super) attributes: Vec<&'a str>,
    /// The most entries that are wanted.
    pub(super) most: u32,
    /// How long the directory may take, in seconds.
    pub(super) seconds: u32,
}

/// What a directory answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// To a bind.
    Bound(ResultCode),
    /// An entry that was found.
    Entry(Entry),
    /// Another directory that might know more; nobody goes there.
    Elsewhere,
    /// The end of a search.
    Found(ResultCode),
    /// To StartTLS; or, unasked, that the directory ends the connection.
    Extended(ResultCode),
}

/// An entry that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its DN as the directory spells it.
    pub(super) dn: String,
    /// Its attributes, each with its values; those that are no text are left out.
    pub(super) attributes: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// The values of an attribute, whose name is compared without regard to case.
    pub(super) fn values(&self, attribute: &str) -> &[String] {
        let found = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map(|(_, values)| values.as_slice()).unwrap_or_default()
    }
}

/// How a request ended (RFC 4511 §4.1.9 and appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResultCode(pub(super) u32);

impl Request<'_> {
    /// As it is sent, under its number.
    pub(super) fn encode(&self, number: u32) -> Vec<u8> {
        let request = match self {
            Request::Bind { dn, password } => {
                let password = ber::element(CONTEXT_0, password.as_bytes());
                ber::elements(BIND_REQUEST, &[ber::number(INTEGER, VERSION), ber::text(dn), password])
            }
            Request::Search(search) => search.encode(),
            Request::StartTls => ber::elements(EXTENDED_REQUEST, &[ber::element(CONTEXT_0, START_TLS.as_bytes())]),
            Request::Unbind => ber::element(UNBIND_REQUEST, &[]),
        };
        ber::elements(SEQUENCE, &[ber::number(INTEGER, number), request])
    }
}

impl Search<'_> {
    fn encode(&self) -> Vec<u8> {
        // 0 looks at the entry alone, 2 at everything below; 0 follows no alias.
        let scope = ber::number(ENUMERATED, if self.below { 2 } else { 0 });
        let aliases = ber::number(ENUMERATED, 0);
        let attributes: Vec<_> = self.attributes.iter().map(|name| ber::text(name)).collect();
        ber::elements(
            SEARCH_REQUEST,
            &[
                ber::text(self.base),
                scope,
                aliases,
                ber::number(INTEGER, self.most),
                ber::number(INTEGER, self.seconds),
                ber::element(BOOLEAN, &[0]),
                self.filter.encode(),
                ber::elements(SEQUENCE, &attributes),
            ],
        )
    }
}

impl Answer {
    /// Reads what stands in the outer sequence of a message: the number of the request that it answers, and the answer.
    pub(super) fn decode(content: &[u8]) -> Result<(u32, Answer), Malformed> {
        let mut message = Reader(content);
        let number = message.number(INTEGER)?;
        // What may follow are controls, and we asked for none.
        let (tag, body) = message.next()?;
        let body = Reader(body);
        let answer = match tag {
            BIND_RESPONSE => Answer::Bound(ResultCode::decode(body)?),
            SEARCH_ENTRY => Answer::Entry(Entry::decode(body)?),
            SEARCH_REFERENCE => Answer::Elsewhere,
            SEARCH_DONE => Answer::Found(ResultCode::decode(body)?),
            EXTENDED_RESPONSE => Answer::Extended(ResultCode::decode(body)?),
            _ => return Err(Malformed),
        };
        Ok((number, answer))
    }
}

impl ResultCode {
    /// The code alone: the texts beside it are the directory's, and could repeat what was sent.
    fn decode(mut body: Reader<'_>) -> Result<ResultCode, Malformed> {
        Ok(ResultCode(body.number(ENUMERATED)?))
    }
}

impl Entry {
    fn decode(mut body: Reader<'_>) -> Result<Entry, Malformed> {
        let dn = body.text()?.to_owned();
        let mut listed = Reader(body.expect(SEQUENCE)?);
        let mut attributes = Vec::new();
        while !listed.is_empty() {
            let mut attribute = Reader(listed.expect(SEQUENCE)?);
            let name = attribute.text()?.to_owned();
            attributes.push((name, texts(Reader(attribute.expect(SET)?))?));
        }
        Ok(Entry { dn, attributes })
    }
}

fn texts(mut set: Reader<'_>) -> Result<Vec<String>, Malformed> {
    let mut values = Vec::new();
    while !set.is_empty() {
        let value = set.expect(OCTET_STRING)?;
        values.extend(std::str::from_utf8(value).map(str::to_owned));
    }
    Ok(values)
}

#[cfg(test)]
mod tests;
