//! Names of users, as people and directories read them: which two are one, and which look like something that they are not. Pure.
//!
//! To a directory many spellings are one name (RFC 4518); to whoever reads the operation log a name is what can be seen of it. Letters of
//! different scripts that look alike (Latin `a` and Cyrillic `а`) are different letters here: no table of them is complete.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest folded name, in characters: as long as an index of every database takes.
const LONGEST: usize = 512;
/// Folding once may bring out what is to be folded again; three times is more than any letter takes.
const TIMES: usize = 3;
/// The longest name that somebody gives here, in characters.
pub const LONGEST_GIVEN: usize = 128;

/// The one spelling of all names that are the same: compatible forms (`ａ`, `①`) are their letters, case does not count (`ß` is `ss`, `ς`
/// is `σ`), what nobody sees is left out, and blanks are one.
#[must_use]
pub fn fold(name: &str) -> String {
    let mut folded = name.to_owned();
    for _ in 0..TIMES {
        let again = folded_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    folded.chars().take(LONGEST).collect::<String>().trim_end().to_owned()
}

/// What attempts at a name are counted under. Some directories also read over accents and over the two kinds of kana, so to them one
/// account would have many names, each with attempts of its own.
#[must_use]
pub fn counted(name: &str) -> String {
    let is_mark = |letter: &char| letter.general_category() == GeneralCategory::NonspacingMark;
    let hiragana = |letter: char| match letter {
        '\u{30a1}'..='\u{30f6}' => char::from_u32(u32::from(letter) - 0x60).unwrap_or(letter),
        other => other,
    };
    fold(name).nfkd().filter(|letter| !is_mark(letter)).map(hiragana).collect()
}

/// Whether a name has nothing in it that nobody sees, or that every reader sees differently. That holds for the joiners of some scripts
/// too: without them a word looks a little different, with them two names may look the same.
#[must_use]
pub fn is_visible(name: &str) -> bool {
    !letters(name).any(is_hidden)
}

/// Whether a name can be given to a user or a token: 1 to [`LONGEST_GIVEN`] characters, plain, without blanks around it.
#[must_use]
pub fn can_be_given(name: &str) -> bool {
    (1..=LONGEST_GIVEN).contains(&name.chars().count()) && name.trim() == name && is_plain(name)
}

/// Whether a name is what it looks like: visible, and without brackets, which stand around what a program adds to a name:
/// `ann (token 17: ci)`.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    let is_bracket = |letter: char| {
        matches!(letter.general_category(), GeneralCategory::OpenPunctuation | GeneralCategory::ClosePunctuation)
    };
    is_visible(name) && !letters(name).any(is_bracket)
}

/// The letters as they are written and those that they stand for: `⑴` is `(1)`.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().chain(name.nfkc())
}

fn folded_once(name: &str) -> String {
    let seen = |letter: &char| letter.is_whitespace() || !is_ignorable(*letter);
    // Up before down: some letters have one capital between them.
    let cased = name.nfkc().filter(seen).flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    let cased: String = cased.nfkc().collect();
    cased.split_whitespace().collect::<Vec<&str>>().join(" ")
}

fn is_hidden(letter: char) -> bool {
    let is_no_letter = matches!(
        letter.general_category(),
        GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    );
    is_no_letter || is_ignorable(letter)
}

/// Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), all of the categories Cc and Cf, and what has no ink although it
/// counts as a symbol: the empty braille cell, the empty note, the place of an object.
fn is_ignorable(letter: char) -> bool {
    matches!(letter.general_category(), GeneralCategory::Control | GeneralCategory::Format)
        || matches!(letter,
            '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{2800}' | '\u{1d159}' | '\u{fffc}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_one_however_its_letters_are_written() {
        for (one, other) in [
            ("Ärger", "ärger"),
            ("Ärger", "A\u{308}RGER"),
            ("admin", "ａｄｍｉｎ"),
            ("admin", "AD\u{ad}MI\u{200b}N\u{fe0f}"),
            ("ann lee", " Ann\u{a0}\u{3000} LEE "),
            ("ann lee", "ann\tlee"),
            ("straße", "STRASSE"),
            ("σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("file", "ﬁle"),
            ("Ⅻ", "xii"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in
            [("ann", "anne"), ("arger", "ärger"), ("李雷", "李蕾"), ("ann lee", "annlee"), ("हिन्दी", "हन्द")]
        {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn attempts_are_counted_under_what_any_directory_may_take_for_one_name() {
        for spelling in ["ann", "ＡＮＮ", "an\u{ad}n", "an\u{200b}n", "ánn", "a\u{301}nñ"] {
            assert_eq!(counted(spelling), "ann", "{spelling}");
        }
        assert_eq!(counted("ann  b"), counted("ann\u{a0}b"));
        assert_eq!(counted("タナカ"), counted("たなか"));
        assert_ne!(counted("李雷"), counted("李蕾"));
    }

    #[test]
    fn ordinary_names_of_all_scripts_are_plain() {
        for name in [
            "Alice",
            "李 雷",
            "o'neill",
            "ann@example.org",
            "Smith, John",
            "EXAMPLE\\ann",
            "Jiří Dvořák",
            "محمد علي",
            "हिन्दी",
            "ภาษาไทย",
            "김철수",
            "たなか ガ",
            "Ελένη",
            "ab",
            "x😀",
        ] {
            assert!(is_plain(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_pretends_or_hides_something_is_not_plain() {
        for mark in [
            "\u{fe0f}",
            "\u{3164}",
            "\u{2800}",
            "\u{e0061}",
            "\u{34f}",
            "\u{180e}",
            "\u{115f}",
            "\u{1160}",
            "\u{ffa0}",
            "\u{200b}",
            "\u{200c}",
            "\u{200d}",
            "\u{202e}",
            "\u{2066}",
            "\u{ad}",
            "\u{feff}",
            "\u{2028}",
            "\u{85}",
            "\t",
            "\0",
            "\u{e000}",
            "\u{2065}",
            "\u{378}",
            "\u{fffc}",
            "\u{1d159}",
            "\u{206f}",
            "\u{17b4}",
        ] {
            assert!(!is_visible(&format!("ad{mark}min")), "{mark:?}");
        }
        for name in
            ["ann (token 17: ci)", "（命令行）", "wil ﹙token 17: ci﹚", "a [b", "a】", "⑴", "❨x", "︵", "⁽x", "「x」"]
        {
            assert!(is_visible(name) && !is_plain(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_folded_name_is_bounded_and_stays_as_it_is(name in "\\PC{0,40}") {
            let folded = fold(&name);
            prop_assert!(folded.chars().count() <= LONGEST);
            prop_assert_eq!(fold(&folded), folded.clone());
            prop_assert_eq!(fold(&name.to_lowercase()), folded);
        }

        #[test]
        fn any_text_can_be_folded(name in any::<String>()) {
            drop((fold(&name), counted(&name), is_plain(&name)));
        }
    }
}
