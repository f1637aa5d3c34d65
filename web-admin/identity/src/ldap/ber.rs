//! As much of BER as LDAP uses (RFC 4511 §5.1: definite lengths, tags of one byte), written and read without recursion: what
//! comes in is nested only as deep as the reader asks.

/// The tag of a truth value.
pub(super) const BOOLEAN: u8 = 0x01;
/// The tag of a number.
pub(super) const INTEGER: u8 = 0x02;
/// The tag of a text or bytes.
pub(super) const OCTET_STRING: u8 = 0x04;
/// The tag of a number that stands for a word.
pub(super) const ENUMERATED: u8 = 0x0a;
/// The tag of elements in order.
pub(super) const SEQUENCE: u8 = 0x30;
/// The tag of elements without order.
pub(super) const SET: u8 = 0x31;

/// The bit of a first length byte that says how many bytes of length follow.
const LONG: u8 = 0x80;
/// The most bytes of length that are read: more than enough for every size we take.
const LONGEST_LENGTH: usize = 4;
/// The bits of a tag that say that it goes on in another byte, which no tag of LDAP does.
const TAG_GOES_ON: u8 = 0x1f;

/// What came in is no BER, or not what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// An element: its tag, its length, its content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut written = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < LONG => written.push(short),
        _ => {
            let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
            // A length has at most eight bytes.
            written.push(LONG | length.len() as u8);
            written.extend(length);
        }
    }
    written.extend_from_slice(content);
    written
}

/// An element made of others.
pub(super) fn elements(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A text.
pub(super) fn text(value: &str) -> Vec<u8> {
    element(OCTET_STRING, value.as_bytes())
}

/// A number that is not negative, under the tag of a number or a word.
pub(super) fn number(tag: u8, value: u32) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let mut significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    // The highest bit is the sign.
    if significant.first().is_none_or(|first| *first >= 0x80) {
        significant.insert(0, 0);
    }
    element(tag, &significant)
}

/// How many bytes of length follow a first length byte; `None`: that byte is the length itself.
pub(super) fn length_bytes(first: u8) -> Result<Option<usize>, Malformed> {
    match usize::from(first & !LONG) {
        _ if first & LONG == 0 => Ok(None),
        count if (1..=LONGEST_LENGTH).contains(&count) => Ok(Some(count)),
        _ => Err(Malformed),
    }
}

/// The length that these bytes say.
pub(super) fn length(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}

/// Reads one element after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next element: its tag and content.
    pub(super) fn next(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let [tag, first, rest @ ..] = self.0 else { return Err(Malformed) };
        if tag & TAG_GOES_ON == TAG_GOES_ON {
            return Err(Malformed);
        }
        let (length, rest) = match length_bytes(*first)? {
            None => (usize::from(*first), rest),
            Some(count) => {
                let (bytes, rest) = rest.split_at_checked(count).ok_or(Malformed)?;
                (length(bytes), rest)
            }
        };
        let (content, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.0 = after;
        Ok((*tag, content))
    }

    /// The content of the next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.next()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(Malformed),
        }
    }

    /// The next element as a text.
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.expect(OCTET_STRING)?).map_err(|_| Malformed)
    }

    /// The next element as a number from 0 to 2^31-1, the range of all numbers in LDAP.
    pub(super) fn number(&mut self, tag: u8) -> Result<u32, Malformed> {
        let content = self.expect(tag)?;
        let is_negative = content.first().is_none_or(|first| *first >= 0x80);
        if is_negative || content.len() > 4 {
            return Err(Malformed);
        }
        Ok(content.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_is_written_as_it_stands_there() {
        // RFC 4511 appendix has none; these are the forms of X.690 §8.1.3 and §8.3.
        assert_eq!(number(INTEGER, 0), [2, 1, 0]);
        assert_eq!(number(INTEGER, 127), [2, 1, 127]);
        assert_eq!(number(INTEGER, 128), [2, 2, 0, 128]);
        assert_eq!(element(OCTET_STRING, &[7; 200])[..3], [4, 0x81, 200]);
        assert_eq!(element(OCTET_STRING, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn what_is_cut_or_has_no_definite_length_is_refused() {
        let cases: [&[u8]; 8] = [
            &[],
            &[4],
            &[4, 2, 1],
            &[4, 0x80, 0, 0],
            &[4, 0x81],
            &[4, 0x84, 255, 255, 255, 255, 1],
            &[4, 0x85, 0, 0, 0, 0, 1, 1],
            &[0x1f, 1, 1],
        ];
        for bytes in cases {
            assert_eq!(Reader(bytes).next(), Err(Malformed), "{bytes:?}");
        }
        for bytes in [[2_u8, 1, 0x80].as_slice(), &[2, 0], &[2, 5, 0, 0, 0, 0, 1]] {
            assert_eq!(Reader(bytes).number(INTEGER), Err(Malformed), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(tag in 0_u8..31, content in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let written = element(tag, &content);
            let mut reader = Reader(&written);
            prop_assert_eq!(reader.next(), Ok((tag, content.as_slice())));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn every_number_of_ldap_is_read_again(value in 0_u32..=0x7fff_ffff) {
            prop_assert_eq!(Reader(&number(INTEGER, value)).number(INTEGER), Ok(value));
        }

        #[test]
        fn reading_ends_whatever_comes_in(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader(&bytes);
            let mut count = 0;
            while reader.next().is_ok() {
                count += 1;
            }
            prop_assert!(count <= 32, "each element takes two bytes at least");
        }
    }
}
