//! Everything the pages say, in both languages.
//!
//! A word without arguments is one line of a `catalogue!`, English and Chinese side by side, so a missing translation does
//! not compile and a word that no page uses is reported as dead code. Sentences with arguments are in [`sentences`], states,
//! reasons and actions in [`terms`]. The terms are those of `docs/` and of the field; no page has words of its own.

mod clocks;
mod common;
mod executors;
mod explain;
mod jobs;
mod policies;
mod recorded;
mod refusals;
mod runs;
mod sentences;
pub(crate) mod span;
mod system;
pub(crate) mod telling;
pub(crate) mod terms;
mod users;

use hzm_job_scheduler::describe::Language;

pub(crate) use common::CommonWords;
pub(crate) use executors::ExecutorWords;
pub(crate) use explain::ExplainWords;
pub(crate) use jobs::{JobFormWords, JobWords};
pub(crate) use runs::RunWords;
pub(crate) use system::SystemWords;
pub(crate) use users::UserWords;

/// Makes a struct of words with one constant per language. The two literals of a line are the two translations.
macro_rules! catalogue {
    ($(#[$doc:meta])* $name:ident { $($word:ident: $en:literal, $zh:literal;)* }) => {
        $(#[$doc])*
        pub(crate) struct $name { $(pub(crate) $word: &'static str,)* }

        impl $name {
            pub(super) const EN: $name = $name { $($word: $en,)* };
            pub(super) const ZH: $name = $name { $($word: $zh,)* };
            /// Every word: its name, English, Chinese.
            #[cfg(test)]
            pub(super) const ALL: &'static [(&'static str, &'static str, &'static str)] =
                &[$((stringify!($word), $en, $zh),)*];
        }
    };
}
pub(super) use catalogue;

/// All words in one language.
pub(crate) struct Words {
    pub(crate) language: Language,
    /// The language's tag for `lang` attributes and for the cookie.
    pub(crate) tag: &'static str,
    pub(crate) c: CommonWords,
    pub(crate) j: JobWords,
    pub(crate) jf: JobFormWords,
    pub(crate) r: RunWords,
    pub(crate) e: ExecutorWords,
    pub(crate) s: SystemWords,
    pub(crate) x: ExplainWords,
    pub(crate) u: UserWords,
}

static ENGLISH: Words = Words {
    language: Language::En,
    tag: "en",
    c: CommonWords::EN,
    j: JobWords::EN,
    jf: JobFormWords::EN,
    r: RunWords::EN,
    e: ExecutorWords::EN,
    s: SystemWords::EN,
    x: ExplainWords::EN,
    u: UserWords::EN,
};

static CHINESE: Words = Words {
    language: Language::Zh,
    tag: "zh-CN",
    c: CommonWords::ZH,
    j: JobWords::ZH,
    jf: JobFormWords::ZH,
    r: RunWords::ZH,
    e: ExecutorWords::ZH,
    s: SystemWords::ZH,
    x: ExplainWords::ZH,
    u: UserWords::ZH,
};

/// The words of a language.
pub(crate) fn words(language: Language) -> &'static Words {
    match language {
        Language::En => &ENGLISH,
        Language::Zh => &CHINESE,
    }
}

impl Words {
    /// One of two texts, by the language.
    pub(crate) fn pick<T>(&self, en: T, zh: T) -> T {
        match self.language {
            Language::En => en,
            Language::Zh => zh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
        let lists =
            [CommonWords::ALL, JobWords::ALL, JobFormWords::ALL, RunWords::ALL, ExecutorWords::ALL, SystemWords::ALL];
        let lists = lists.into_iter().chain([ExplainWords::ALL, UserWords::ALL]);
        lists.flatten()
    }

    fn is_han(letter: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&letter)
    }

    #[test]
    fn every_word_is_translated_into_chinese_and_english() {
        // Written alike in both languages.
        let alike = ["en", "zh", "product", "cron", "utc", "json", "api"];
        for (name, en, zh) in all().filter(|(name, ..)| !alike.contains(name)) {
            assert!(!en.trim().is_empty() && !en.chars().any(is_han), "{name}: {en}");
            assert!(zh.chars().any(is_han), "{name}: {zh}");
        }
    }

    #[test]
    fn chinese_uses_full_width_punctuation_and_blanks_beside_latin_words() {
        for (name, _, zh) in all() {
            let letters: Vec<char> = zh.chars().collect();
            for pair in letters.windows(2) {
                let (left, right) = (pair[0], pair[1]);
                let glued =
                    is_han(left) && right.is_ascii_alphanumeric() || left.is_ascii_alphanumeric() && is_han(right);
                assert!(!glued, "{name}: put a blank between {left} and {right} in {zh}");
                assert!(!(is_han(left) && ",;:!?()".contains(right)), "{name}: half-width {right} in {zh}");
            }
        }
    }

    #[test]
    fn english_has_no_exclamation_marks() {
        for (name, en, _) in all() {
            assert!(!en.contains('!'), "{name}: {en}");
        }
    }
}
