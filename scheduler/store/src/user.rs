//! Users of the pages and the API. Passwords are kept as argon2id hashes only; hashing is the caller's.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::executor::taken_or;
use crate::outcome::Change;
use crate::schema::{session, user_account};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_account)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// The name to log in with.
    pub name: String,
    /// The argon2id hash of the password, in the PHC string format.
    pub password_hash: String,
    /// What the user may do: `administrator` (the only role so far).
    pub role: String,
    /// When it was created, epoch milliseconds.
    pub created_at: i64,
    /// When it was last changed, epoch milliseconds.
    pub updated_at: i64,
}

impl Store {
    /// Creates a user; `Taken` when the name is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_create(
        &self,
        name: String,
        password_hash: String,
        role: &'static str,
        now: DateTime<Utc>,
    ) -> Result<Change<User>, StoreError> {
        let id = self.id_next("user").await?;
        let at = millis(now);
        let user =
            User { id, name: storable(name), password_hash, role: role.to_owned(), created_at: at, updated_at: at };
        let row = user.clone();
        let written = run!(self, write, async |conn| {
            diesel::insert_into(user_account::table).values(&row).execute(conn).await?;
            Ok(())
        });
        taken_or(written, || Change::Done(user))
    }

    /// The user of this name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_by_name(&self, name: String) -> Result<Option<User>, StoreError> {
        let name = storable(name);
        run!(self, read, async |conn| {
            let wanted = user_account::table.filter(user_account::name.eq(&name));
            Ok(wanted.select(User::as_select()).first(conn).await.optional()?)
        })
    }

    /// How many users there are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_count(&self) -> Result<i64, StoreError> {
        run!(self, read, async |conn| { Ok(user_account::table.count().get_result(conn).await?) })
    }

    /// Sets a user's password and ends all sessions of that user but the one named. `false`: there is no such user.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_set_password(
        &self,
        id: i64,
        password_hash: String,
        keep_session: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let set = (user_account::password_hash.eq(&password_hash), user_account::updated_at.eq(millis(now)));
                let changed = diesel::update(user_account::table.find(id)).set(set).execute(conn).await?;
                let others = session::table.filter(session::user_id.eq(id));
                let others = others.filter(session::token_hash.ne(keep_session.as_deref().unwrap_or("")));
                diesel::delete(others).execute(conn).await?;
                Ok::<bool, StoreError>(changed == 1)
            })
            .await
        })
    }
}
