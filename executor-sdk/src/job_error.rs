//! Why a run failed, in words.

use std::fmt;

/// Why a run failed, as text for the people who read the admin's pages.
///
/// Made by `?` from any error, and by `.into()` or [`JobError::new`] from text. The text of an error is followed by
/// those of its sources: `cannot write the report: disk full`.
pub struct JobError {
    text: String,
}

impl JobError {
    /// A failure with this text.
    pub fn new(text: impl fmt::Display) -> Self {
        Self { text: text.to_string() }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobError({:?})", self.text)
    }
}

// Not an `Error` itself: that is what lets `?` take every error, as the standard library has no specialisation.
impl<E> From<E> for JobError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn from(error: E) -> Self {
        let error = error.into();
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobResult;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot write the report")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn text_and_any_error_become_a_job_error_with_all_their_causes() {
        assert_eq!(JobError::from("no rows").to_string(), "no rows");
        assert_eq!(JobError::from(String::from("no rows")).to_string(), "no rows");
        let chained = JobError::from(Outer(std::fmt::Error));
        assert_eq!(chained.to_string(), format!("cannot write the report: {}", std::fmt::Error));
    }

    #[test]
    fn the_question_mark_works_in_a_job() {
        fn parse(text: &str) -> JobResult {
            text.parse::<u8>()?;
            Ok(())
        }
        assert!(parse("7").is_ok());
        assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
    }
}
