//! Entries of the operation log that stand for themselves: of what changes no row of ours.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::error::StoreError;
use crate::operation::{By, Object, OperationRow};
use serde_json::Value;

impl Store {
    /// Records something done that changes no row of ours by itself (a login, a run cancelled, runs cleared).
    ///
    /// # Errors
    /// What the database says.
    pub async fn operation_record(
        &self,
        by: By,
        action: &'static str,
        object: (&'static str, i64, String),
        after: Value,
    ) -> Result<(), StoreError> {
        let id = self.id_next("operation").await?;
        let (kind, object_id, name) = object;
        let row = OperationRow::of(id, &by, action, &Object { kind, id: object_id, name: &name }, &Value::Null, &after);
        let vault = self.vault.clone();
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| Ok::<_, StoreError>(conn.enter(&vault, vec![row]).await?)).await
        })
    }
}
