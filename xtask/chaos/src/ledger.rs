//! Rows of the ledger as the admin's API tells them.

use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::api::Api;

/// One row: an attempt at one fire.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// The run.
    pub id: i64,
    /// Its job.
    pub job: i64,
    /// `scheduled` or `manual`.
    pub kind: String,
    /// The moment it was due, like all moments here in milliseconds since 1970 by the admin's clock.
    #[serde(deserialize_with = "moment")]
    pub scheduled_at: i64,
    /// 0 for the first attempt.
    pub attempt: i32,
    /// Where it stands.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Not to be sent before.
    #[serde(deserialize_with = "moment")]
    pub not_before: i64,
    /// The address it was sent to.
    pub node: Option<String>,
    /// When the row was written.
    #[serde(deserialize_with = "moment")]
    pub created_at: i64,
    /// When the trigger left.
    #[serde(deserialize_with = "perhaps")]
    pub sent_at: Option<i64>,
    /// When the node accepted it.
    #[serde(deserialize_with = "perhaps")]
    pub accepted_at: Option<i64>,
    /// When its cancellation was asked for.
    #[serde(deserialize_with = "perhaps")]
    pub cancel_at: Option<i64>,
    /// When it ended.
    #[serde(deserialize_with = "perhaps")]
    pub finished_at: Option<i64>,
    /// What was said about its end.
    pub message: Option<String>,
}

impl Row {
    /// Whether it has an outcome.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !["planned", "waiting", "dispatched", "running"].contains(&self.state.as_str())
    }

    /// Whether it is a fire of the job's schedule.
    #[must_use]
    pub fn is_scheduled(&self) -> bool {
        self.kind == "scheduled"
    }

    /// Whether the scheduler gave it up without knowing its end.
    #[must_use]
    pub fn was_given_up(&self) -> bool {
        ["lost", "timed_out", "cancelled"].contains(&self.state.as_str())
    }

    /// Its key and state in a few words, for findings.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "run {} (attempt {}, {}/{}, written {})",
            self.id, self.attempt, self.state, self.reason, self.created_at
        )
    }
}

/// All rows of the ledger that fit a query such as `job=3`.
///
/// # Errors
/// When the admin refuses, stays away, or tells something that is no row.
pub fn rows(api: &mut Api, query: &str) -> Result<Vec<Row>, String> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.call("GET", &format!("/runs?size=500&{query}{cursor}"), None)?;
        let items = page.get("items").cloned().unwrap_or_default();
        rows.extend(serde_json::from_value::<Vec<Row>>(items).map_err(|error| format!("GET /runs: {error}"))?);
        match page.get("older").and_then(Value::as_str) {
            Some(older) => cursor = format!("&cursor={older}"),
            None => return Ok(rows),
        }
    }
}

/// A moment of the API as milliseconds.
///
/// # Errors
/// When the text is no RFC 3339 time.
pub fn millis(text: &str) -> Result<i64, String> {
    let parsed = DateTime::parse_from_rfc3339(text).map_err(|error| format!("{text:?} is no moment: {error}"))?;
    Ok(parsed.timestamp_millis())
}

fn moment<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    millis(&String::deserialize(input)?).map_err(serde::de::Error::custom)
}

fn perhaps<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    let text: Option<String> = Option::deserialize(input)?;
    text.map(|text| millis(&text)).transpose().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_the_api_tells_it() {
        let row: Row = serde_json::from_str(
            r#"{"id":5,"job":2,"executor":1,"kind":"scheduled","scheduled_at":"2026-11-22T08:00:01Z","attempt":0,
            "state":"succeeded","reason":"none","not_before":"2026-11-22T08:00:01.500Z","node":null,"pinned":false,
            "parameters":null,"requested_by":null,"created_at":"2026-11-22T08:00:01.002Z","sent_at":null,
            "accepted_at":null,"cancel_at":null,"finished_at":"2026-11-22T08:00:02Z","code":200,"message":"x"}"#,
        )
        .unwrap();
        assert!(row.has_ended() && row.is_scheduled() && !row.was_given_up());
        assert_eq!((row.not_before - row.scheduled_at, row.sent_at), (500, None));
    }
}
