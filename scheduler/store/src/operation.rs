//! What people did: one row per change, written in the transaction that makes it, with the differences field by field.

use crate::backend::{Store, run};
use crate::columns::{millis, moment, storable};
use crate::error::StoreError;
use crate::link::{Fault, Link};
use crate::page::{Cursor, Page, size};
use crate::schema::operation;
use crate::vault::Vault;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest address that is kept, in characters: as long as any of IPv6.
const LONGEST_ADDRESS: usize = 64;

/// Who asks for a change; recorded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// The user's name.
    pub user: String,
    /// When, by the admin's clock.
    pub at: DateTime<Utc>,
    /// From where, by the client's address; empty for what is done at the machine itself.
    pub address: String,
    /// The number of the user's account and the version that was let in; `None`: nobody who logged in. Changes of accounts are made
    /// only while it is at that version.
    pub account: Option<(i64, i64)>,
}

/// One field that a change touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's name as in the API, such as `schedule.expression`.
    pub field: String,
    /// Its value before; null where there was none.
    pub before: Value,
    /// Its value after; null where there is none.
    pub after: Value,
}

/// A recorded change.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its number.
    pub id: i64,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who made it.
    pub user: String,
    /// From where, by the client's address; `None`: at the machine itself, or not known.
    pub address: Option<String>,
    /// What was done: `create`, `update`, `delete`, `start`, `stop`, `run_now`, `cancel`, `clear`, `login`, ...
    pub action: String,
    /// To what: `job`, `executor`, `run`, `user`, `token`.
    pub object_kind: String,
    /// Its id.
    pub object_id: i64,
    /// Its name at that time.
    pub object_name: String,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// Its place in the chain and the hash there; `None`: it was written before there was a chain.
    pub link: Option<Link>,
}

/// A row of `operation`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = operation)]
pub(crate) struct OperationRow {
    id: i64,
    at: i64,
    user_name: String,
    action: String,
    object_kind: String,
    object_id: i64,
    object_name: String,
    changes: String,
    address: Option<String>,
    place: Option<i64>,
    hash: Option<String>,
}

/// What a change was made to.
pub(crate) struct Object<'a> {
    pub(crate) kind: &'static str,
    pub(crate) id: i64,
    pub(crate) name: &'a str,
}

impl OperationRow {
    /// About how many bytes it takes in a statement.
    pub(crate) fn bytes(&self) -> usize {
        256 + self.object_name.len() + self.changes.len()
    }

    /// The row of a change made now; `before` and `after` are the object's definition as JSON (null: did not exist).
    pub(crate) fn of(
        id: i64,
        by: &By,
        action: &str,
        object: &Object<'_>,
        before: &Value,
        after: &Value,
    ) -> OperationRow {
        OperationRow {
            id,
            at: millis(by.at),
            user_name: storable(by.user.clone()),
            action: storable(action.to_owned()),
            object_kind: object.kind.to_owned(),
            object_id: object.id,
            object_name: storable(object.name.to_owned()),
            changes: serde_json::to_string(&differences(before, after)).unwrap_or_else(|_| "[]".into()),
            address: Some(by.address.chars().take(LONGEST_ADDRESS).collect()).filter(|text: &String| !text.is_empty()),
            place: None,
            hash: None,
        }
    }

    /// Gives the row its place behind the one with the hash `before`, and answers its own hash.
    pub(crate) fn chain(&mut self, place: i64, before: &str, vault: &Vault) -> String {
        let hash = self.hashed(place, before, vault);
        (self.place, self.hash) = (Some(place), Some(hash.clone()));
        hash
    }

    /// Its number, its place and the hash there.
    pub(crate) fn placed(&self) -> (i64, Option<i64>, Option<String>) {
        (self.id, self.place, self.hash.clone())
    }

    /// The hash that the row has at this place. Every column goes into it, so that none can be changed.
    fn hashed(&self, place: i64, before: &str, vault: &Vault) -> String {
        let numbers = (place, self.id, self.at, self.object_id);
        let texts = (&self.user_name, &self.action, &self.object_kind, &self.object_name, &self.changes, &self.address);
        // Texts and numbers only: it cannot fail.
        vault.chained(before, &serde_json::to_vec(&(numbers, texts)).unwrap_or_default())
    }

    /// Whether the row follows `at` in its chain, and the link it makes there.
    pub(crate) fn follow(&self, at: &Link, kept: Option<&Link>, vault: &Vault) -> Result<Link, Fault> {
        let place = at.place + 1;
        let Some(hash) = self.hash.as_ref().filter(|_| self.place == Some(place)) else {
            return Err(Fault::Missing(place));
        };
        if self.hashed(place, &at.hash, vault) != *hash {
            return Err(Fault::Changed(place));
        }
        if kept.is_some_and(|kept| kept.place == place && kept.hash != *hash) {
            return Err(Fault::Replaced(place));
        }
        Ok(Link { place, hash: hash.clone() })
    }
}

/// What was done to one object, newest first: found by the index over both and the id, however much was done to others.
#[diesel::dsl::auto_type]
pub(crate) fn of_object(kind: &'static str, id: i64) -> _ {
    let kind_is: diesel::dsl::Eq<operation::object_kind, &'static str> = operation::object_kind.eq(kind);
    let id_is: diesel::dsl::Eq<operation::object_id, i64> = operation::object_id.eq(id);
    operation::table.filter(kind_is).filter(id_is).order(operation::id.desc())
}

/// The fields in which two definitions differ, nested ones by their path, in the order of their names. Secrets are shown
/// as stars: that one changed is worth knowing, what it is or was is nobody's business.
#[must_use]
pub fn differences(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    collect("", before, after, &mut changes);
    changes
}

fn collect(path: &str, before: &Value, after: &Value, changes: &mut Vec<FieldChange>) {
    if before == after {
        return;
    }
    let empty = serde_json::Map::new();
    let (old, new) = match (before, after) {
        (Value::Object(old), Value::Object(new)) => (old, new),
        (Value::Object(old), Value::Null) => (old, &empty),
        (Value::Null, Value::Object(new)) => (&empty, new),
        _ => return changes.push(leaf(path, before, after)),
    };
    let fields: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for field in fields {
        let inner = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        collect(&inner, old.get(field).unwrap_or(&Value::Null), new.get(field).unwrap_or(&Value::Null), changes);
    }
}

fn leaf(path: &str, before: &Value, after: &Value) -> FieldChange {
    let shown = |value: &Value| match value {
        Value::String(text) if path.ends_with("secret") && !text.is_empty() => Value::from("******"),
        other => other.clone(),
    };
    FieldChange { field: path.to_owned(), before: shown(before), after: shown(after) }
}

impl Store {
    /// Which jobs and executors were changed by the operations after `after`, oldest first, at most `limit`: (operation, kind
    /// of the object, its id). Operations may become visible a little out of the order of their ids.
    ///
    /// # Errors
    /// What the database says.
    pub async fn operation_objects(&self, after: i64, limit: i64) -> Result<Vec<(i64, String, i64)>, StoreError> {
        run!(self, read, async |conn| {
            let changed = operation::table.filter(operation::id.gt(after)).order(operation::id.asc()).limit(limit);
            Ok(changed.select((operation::id, operation::object_kind, operation::object_id)).load(conn).await?)
        })
    }

    /// The id of the newest operation; 0 when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub async fn operation_newest(&self) -> Result<i64, StoreError> {
        run!(self, read, async |conn| {
            let newest: Option<i64> = operation::table.select(diesel::dsl::max(operation::id)).first(conn).await?;
            Ok(newest.unwrap_or(0))
        })
    }

    /// The newest operations, a page at a time.
    ///
    /// # Errors
    /// What the database says.
    pub async fn operation_page(&self, cursor: Cursor, wanted: i64) -> Result<Page<Operation>, StoreError> {
        let limit = size(wanted);
        let rows: Vec<OperationRow> = run!(self, read, async |conn| {
            let all = operation::table.select(OperationRow::as_select()).limit(limit + 1).into_boxed();
            let query = match cursor {
                Cursor::Newest => all.order(operation::id.desc()),
                Cursor::Before(id) => all.filter(operation::id.lt(id)).order(operation::id.desc()),
                Cursor::After(id) => all.filter(operation::id.gt(id)).order(operation::id.asc()),
            };
            Ok(query.load(conn).await?)
        })?;
        Ok(Page::cut(rows, cursor, limit as usize, |row| row.id).map(Operation::from))
    }
}

impl From<OperationRow> for Operation {
    fn from(row: OperationRow) -> Operation {
        Operation {
            id: row.id,
            at: moment(row.at),
            user: row.user_name,
            action: row.action,
            object_kind: row.object_kind,
            object_id: row.object_id,
            object_name: row.object_name,
            // Written by us as a list; anything else is shown as a change without details rather than hiding the rest.
            changes: serde_json::from_str(&row.changes).unwrap_or_default(),
            address: row.address,
            link: row.place.zip(row.hash).map(|(place, hash)| Link { place, hash }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query_plan::plan_of;
    use serde_json::json;

    #[test]
    fn differences_name_nested_fields_by_their_path() {
        let before = json!({"name": "a", "schedule": {"zone": "UTC", "expression": "* * * * * ?"}});
        let after = json!({"name": "a", "schedule": {"zone": "Asia/Shanghai", "expression": "* * * * * ?"}});
        let expected =
            FieldChange { field: "schedule.zone".into(), before: json!("UTC"), after: json!("Asia/Shanghai") };
        assert_eq!(differences(&before, &after), vec![expected]);
    }

    #[test]
    fn a_created_object_differs_in_every_field() {
        assert_eq!(differences(&Value::Null, &json!({"a": 1, "b": {"c": 2}})).len(), 2);
    }

    #[test]
    fn a_secret_is_never_written_down() {
        let changes = differences(&json!({"app_secret": "old"}), &json!({"app_secret": "new"}));
        let text = serde_json::to_string(&changes).unwrap();
        assert!(!text.contains("old") && !text.contains("new"), "{text}");
        assert_eq!(changes.len(), 1, "that it changed is recorded");
    }

    #[test]
    fn what_was_done_to_one_object_is_found_by_its_index_in_order() {
        let newest = of_object("job", 17).select(OperationRow::as_select()).limit(500);
        let near = of_object("executor", 3).filter(operation::at.between(1, 2)).limit(20);
        let changes = of_object("job", 17).filter(operation::action.eq_any(["create", "update"])).limit(500);
        for plan in [plan_of(&newest), plan_of(&near), plan_of(&changes)] {
            let by_index = "USING INDEX operation_object (object_kind=? AND object_id=?)";
            assert!(plan.contains(by_index) && !plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
        }
    }
}
