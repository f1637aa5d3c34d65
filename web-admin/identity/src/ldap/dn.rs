//! Distinguished names as texts (RFC 4514): values escaped so that they stay one value, and names taken apart.

/// A text that is no distinguished name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotADn;

/// One part of a distinguished name (`cn=ann`); with several attributes in the rare form `cn=ann+uid=7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rdn(pub(super) Vec<(String, String)>);

impl Rdn {
    /// The value of an attribute, whose name is compared without regard to case.
    pub(super) fn value(&self, attribute: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map(|(_, value)| value.as_str())
    }
}

/// A value as it may stand in a distinguished name (RFC 4514 §2.4). What has a meaning there, and everything a terminal would
/// not show, is written in hexadecimal.
pub(super) fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut written = String::with_capacity(value.len());
    for (at, found) in value.chars().enumerate() {
        let is_edge = (found == ' ' && (at == 0 || at == last)) || (found == '#' && at == 0);
        if is_edge || "\"+,;<=>\\".contains(found) || found.is_ascii_control() {
            written.push_str(&format!("\\{:02X}", u32::from(found)));
        } else {
            written.push(found);
        }
    }
    written
}

/// Whether a text is a distinguished name of one part or more.
pub(super) fn is_dn(text: &str) -> bool {
    parsed(text).is_ok()
}

/// Whether an entry is somewhere below another one. Compared without regard to case, as directories do.
pub(super) fn is_below(entry: &str, base: &str) -> bool {
    let (Ok(entry), Ok(base)) = (parsed(&entry.to_lowercase()), parsed(&base.to_lowercase())) else { return false };
    entry.len() > base.len() && entry.ends_with(&base)
}

/// The parts of a distinguished name, the entry's own first.
pub(super) fn parsed(text: &str) -> Result<Vec<Rdn>, NotADn> {
    let mut reading = Reading { rest: text };
    let mut parts = Vec::new();
    loop {
        let mut pairs = Vec::new();
        let ended_by = loop {
            let (name, (value, end)) = (reading.attribute()?, reading.value()?);
            pairs.push((name, value));
            if end != Some('+') {
                break end;
            }
        };
        parts.push(Rdn(pairs));
        if ended_by.is_none() {
            return Ok(parts);
        }
    }
}

/// A distinguished name that is read from left to right.
struct Reading<'a> {
    rest: &'a str,
}

impl Reading<'_> {
    /// The attribute before the next `=`.
    fn attribute(&mut self) -> Result<String, NotADn> {
        let (name, rest) = self.rest.split_once('=').ok_or(NotADn)?;
        self.rest = rest;
        if is_attribute(name.trim()) { Ok(name.trim().to_owned()) } else { Err(NotADn) }
    }

    /// The next value, without its escapes and the blanks around it, and what ended it: `,`, `;`, `+` or the end of the text.
    fn value(&mut self) -> Result<(String, Option<char>), NotADn> {
        let mut letters = self.rest.trim_start_matches(' ').chars();
        let mut bytes = Vec::new();
        // How much of it stays when blanks at the end are taken off: escaped ones do.
        let mut kept = 0;
        let end = loop {
            match letters.next() {
                None => break None,
                Some(end @ (',' | ';' | '+')) => break Some(end),
                Some('"' | '<' | '>' | '\0') => return Err(NotADn),
                Some('\\') => {
                    unescape(&mut letters, &mut bytes)?;
                    kept = bytes.len();
                }
                Some(letter) => {
                    bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes());
                    kept = if letter == ' ' { kept } else { bytes.len() };
                }
            }
        };
        self.rest = letters.as_str();
        bytes.truncate(kept);
        let value = String::from_utf8(bytes).map_err(|_| NotADn)?;
        if value.is_empty() { Err(NotADn) } else { Ok((value, end)) }
    }
}

/// Whether a text is the name of an attribute: a word, or an object identifier (RFC 4512 §1.4).
pub(super) fn is_attribute(text: &str) -> bool {
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    let is_oid = !text.is_empty() && text.split('.').all(|part| part.parse::<u32>().is_ok());
    text.len() <= 128 && (is_word || is_oid)
}

/// What stands behind a backslash: a character that needs it, or two hexadecimal digits for a byte.
fn unescape(letters: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Result<(), NotADn> {
    let first = letters.next().ok_or(NotADn)?;
    if " \"#+,;<=>\\".contains(first) {
        bytes.extend(first.encode_utf8(&mut [0; 4]).bytes());
        return Ok(());
    }
    let second = letters.next().ok_or(NotADn)?;
    let digits = (first.to_digit(16), second.to_digit(16));
    let (Some(high), Some(low)) = digits else { return Err(NotADn) };
    bytes.push(u8::try_from(high * 16 + low).map_err(|_| NotADn)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parsed(text).unwrap().into_iter().flat_map(|part| part.0).collect()
    }

    #[test]
    fn the_examples_of_rfc_4514_are_taken_apart_as_it_says() {
        let found = pairs("OU=Sales+CN=J.  Smith,DC=example,DC=net");
        assert_eq!(found[0], ("OU".into(), "Sales".into()));
        assert_eq!(found[1], ("CN".into(), "J.  Smith".into()));
        assert_eq!(parsed("OU=Sales+CN=J.  Smith,DC=example,DC=net").unwrap().len(), 3);
        assert_eq!(pairs(r#"CN=James \"Jim\" Smith\, III,DC=example"#)[0].1, r#"James "Jim" Smith, III"#);
        assert_eq!(pairs(r"CN=Before\0dAfter,DC=example")[0].1, "Before\rAfter");
        assert_eq!(pairs(r"1.3.6.1.4.1.1466.0=#04024869")[0].1, "#04024869");
        assert_eq!(pairs(r"CN=Lu\C4\8Di\C4\87")[0].1, "Lučić");
    }

    #[test]
    fn blanks_around_a_value_do_not_belong_to_it_unless_they_are_escaped() {
        assert_eq!(pairs("cn = Ann , dc = org"), [("cn".into(), "Ann".into()), ("dc".into(), "org".into())]);
        assert_eq!(pairs(r"cn=\20Ann\ ,dc=org")[0].1, " Ann ");
    }

    #[test]
    fn an_entry_is_below_another_by_whole_parts_only() {
        assert!(is_below("CN=Ops, OU=Groups,DC=example,DC=org", "ou=groups,dc=Example,dc=org"));
        for entry in [
            "ou=groups,dc=example,dc=org",
            "cn=Ops,ou=mygroups,dc=example,dc=org",
            r"cn=Ops\,ou=groups,dc=example,dc=org",
            "cn=Ops,ou=groups,dc=example,dc=org,dc=net",
            "Ops",
        ] {
            assert!(!is_below(entry, "ou=groups,dc=example,dc=org"), "{entry}");
        }
    }

    #[test]
    fn what_is_no_distinguished_name_is_refused() {
        for text in ["", "ann", "=ann", "cn=", "cn=ann,", "cn=ann,,dc=org", "c n=ann", r"cn=a\zz", r"cn=a\", "cn=<a>"] {
            assert!(!is_dn(text), "{text}");
        }
    }

    #[test]
    fn a_name_that_would_be_several_parts_is_written_as_one() {
        assert_eq!(escaped("a,ou=admins"), r"a\2Cou\3Dadmins");
        assert_eq!(escaped(" #a "), r"\20#a\20");
        assert_eq!(escaped("#a\0"), r"\23a\00");
        assert_eq!(escaped("Lučić 密"), "Lučić 密");
    }

    proptest! {
        #[test]
        fn whatever_a_user_is_called_it_stays_one_value_of_one_part(name in "\\PC{1,40}") {
            let found = parsed(&format!("cn={},ou=people,dc=example", escaped(&name))).unwrap();
            prop_assert_eq!(found.len(), 3);
            prop_assert_eq!(&found[0].0, &vec![("cn".to_owned(), name)]);
        }

        #[test]
        fn the_letters_that_mean_something_do_so_no_more(name in "[ ,;+=\"\\\\<>#\\x00-\\x1f*()a]{1,12}") {
            let found = parsed(&format!("cn={},dc=example", escaped(&name))).unwrap();
            prop_assert_eq!(found.len(), 2);
            prop_assert_eq!(found[0].value("CN"), Some(name.as_str()));
        }

        #[test]
        fn taking_apart_ends_whatever_comes_in(text in "\\PC{0,60}") {
            let _ = parsed(&text);
        }
    }
}
