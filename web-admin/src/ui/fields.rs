//! The fields of a query or of a posted form, as they came: text by name, in order.
//!
//! Forms are not deserialised into structs, because a field that is wrong must come back to its reader as typed.

use super::words::Words;
use crate::error::ApiError;

/// The largest form that is read: parameters of 64 KiB, percent-encoded, and the rest.
pub(crate) const LARGEST_FORM: usize = 256 * 1024;
/// The most fields that are read.
const MOST_FIELDS: usize = 200;

/// Names and texts, in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `name=value&...`, percent-encoded.
    pub(crate) fn parse(text: &[u8]) -> Fields {
        let pairs = url::form_urlencoded::parse(text).take(MOST_FIELDS);
        Fields(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The first field of this name, or empty text.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.as_str())
    }

    /// The field without blanks at its ends; `None` when nothing is left.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// Whether the field is there at all, as a ticked box is.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Every value of this name that is not empty.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, value)| found == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Sets a field, in place of any of this name.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(found, _)| found != name);
        self.0.push((name.to_owned(), value.into()));
    }

    /// Adds a field beside others of its name.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// A number of an address; `None` when it is not there.
    ///
    /// # Errors
    /// 400 for what is no number, with the field and its value.
    pub(crate) fn number(&self, name: &str, w: &Words) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.refuse(name, w))
    }

    /// The refusal of a field of an address.
    pub(crate) fn refuse(&self, name: &str, w: &Words) -> ApiError {
        ApiError::Malformed(w.bad_query(name, &self.get(name).chars().take(64).collect::<String>()))
    }
}

/// An address with these query fields; those without a value are left out.
pub(crate) fn link<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::words::words;
    use hzm_job_scheduler::describe::Language;

    #[test]
    fn a_link_leaves_out_what_is_empty_and_encodes_the_rest() {
        assert_eq!(
            link("/jobs", [("text", "a&b=\"c\" 任务"), ("executor", "")]),
            "/jobs?text=a%26b%3D%22c%22+%E4%BB%BB%E5%8A%A1"
        );
        assert_eq!(link("/jobs", []), "/jobs");
    }

    #[test]
    fn a_number_that_is_none_is_named() {
        let fields = Fields::parse(b"executor=abc&job=7");
        assert_eq!(fields.number("job", words(Language::En)).unwrap(), Some(7));
        let refusal = fields.number("executor", words(Language::En)).unwrap_err().to_string();
        assert!(refusal.contains("executor=abc"), "{refusal}");
    }

    #[test]
    fn fields_read_what_link_wrote() {
        let address = link("/x", [("a", "1 + 1 = 2"), ("b", "<script>")]);
        let fields = Fields::parse(address.split_once('?').unwrap().1.as_bytes());
        assert_eq!((fields.get("a"), fields.get("b")), ("1 + 1 = 2", "<script>"));
    }
}
