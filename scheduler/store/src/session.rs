//! Sessions of the pages: kept on the server, known by the hash of a random token.

use crate::backend::{Store, run};
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::schema::{session, user_account};
use crate::user::User;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The SHA-256 of the token that only the browser has, in hex.
    pub token_hash: String,
    /// Whose.
    pub user: i64,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The client's address, for the user to recognise.
    pub address: String,
}

impl Store {
    /// Opens a session, and removes those that are over.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_create(&self, new: NewSession, now: DateTime<Utc>) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            let row = (
                session::token_hash.eq(storable(new.token_hash)),
                session::user_id.eq(new.user),
                session::created_at.eq(millis(now)),
                session::last_seen_at.eq(millis(now)),
                session::expires_at.eq(millis(new.expires_at)),
                session::address.eq(storable(new.address)),
            );
            diesel::delete(session::table.filter(session::expires_at.le(millis(now)))).execute(conn).await?;
            diesel::insert_into(session::table).values(row).execute(conn).await?;
            Ok(())
        })
    }

    /// The user of a session that is neither over nor idle since before `idle_since`, and when it was last seen.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_user(
        &self,
        token_hash: String,
        idle_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<(User, i64)>, StoreError> {
        let token_hash = storable(token_hash);
        run!(self, read, async |conn| {
            let alive = session::table
                .inner_join(user_account::table)
                .filter(session::token_hash.eq(&token_hash))
                .filter(session::expires_at.gt(millis(now)))
                .filter(session::last_seen_at.ge(millis(idle_since)));
            Ok(alive.select((User::as_select(), session::last_seen_at)).first(conn).await.optional()?)
        })
    }

    /// Notes that a session is in use. Call it once a minute at most: it writes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_touch(&self, token_hash: String, now: DateTime<Utc>) -> Result<(), StoreError> {
        let token_hash = storable(token_hash);
        run!(self, write, async |conn| {
            let mine = session::table.find(&token_hash);
            diesel::update(mine).set(session::last_seen_at.eq(millis(now))).execute(conn).await?;
            Ok(())
        })
    }

    /// Ends a session; ending one that is over already is no error.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_delete(&self, token_hash: String) -> Result<(), StoreError> {
        let token_hash = storable(token_hash);
        run!(self, write, async |conn| {
            diesel::delete(session::table.find(&token_hash)).execute(conn).await?;
            Ok(())
        })
    }
}
