//! Checks of texts that jobs and executors share.

use crate::problem::{FieldProblem, Problem};

/// The longest name, in characters.
pub(crate) const LONGEST_NAME: usize = 128;

/// Takes the blanks off both ends.
pub(crate) fn trim(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}

/// A name: not empty, at most [`LONGEST_NAME`] characters, no control characters.
pub(crate) fn check_name(field: &'static str, text: &str, problems: &mut Vec<FieldProblem>) {
    if text.is_empty() {
        problems.push(FieldProblem { field, problem: Problem::Required });
    }
    check_text(field, text, LONGEST_NAME, problems);
}

/// A text of one line: at most `most` characters, no control characters.
pub(crate) fn check_text(field: &'static str, text: &str, most: usize, problems: &mut Vec<FieldProblem>) {
    let found = text.chars().count();
    if found > most {
        problems.push(FieldProblem { field, problem: Problem::TooManyCharacters { found, most } });
    }
    if let Some(index) = text.chars().position(char::is_control) {
        problems.push(FieldProblem { field, problem: Problem::ControlCharacter { position: index + 1 } });
    }
}
