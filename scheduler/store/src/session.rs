//! Sessions of the pages: kept on the server, known by the hash of a random token.

use crate::backend::{Store, run};
use crate::columns::{millis, moment, storable};
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
    /// The version of the user whose password was looked at; with another one the session lets nobody in.
    pub user_version: i64,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The client's address, for the user to recognise.
    pub address: String,
}

/// A session that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The SHA-256 of its token, in hex: by this it is named; it lets nobody in.
    pub token_hash: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// The client's address at the login.
    pub address: String,
}

/// Sessions that one user may have open; with another one the oldest end.
pub const MOST_SESSIONS: i64 = 100;
/// Sessions that are ended at a time, where an older version let there be more.
const ENDED_AT_ONCE: i64 = 500;
/// Sessions of one user that are listed at most.
const LISTED: i64 = 500;

impl Store {
    /// The sessions of a user that are neither over nor idle since before `idle_since`, newest first, 500 at most.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_list(
        &self,
        user: i64,
        idle_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<OpenSession>, StoreError> {
        type Row = (String, i64, i64, i64, String);
        let rows: Vec<Row> = run!(self, read, async |conn| {
            let mine = session::table.inner_join(user_account::table).filter(session::user_id.eq(user));
            let mine = mine.filter(user_account::version.eq(session::user_version));
            let mine = mine.filter(session::expires_at.gt(millis(now)));
            let mine = mine.filter(session::last_seen_at.ge(millis(idle_since))).order(session::created_at.desc());
            let columns = (
                session::token_hash,
                session::created_at,
                session::last_seen_at,
                session::expires_at,
                session::address,
            );
            Ok(mine.select(columns).limit(LISTED).load(conn).await?)
        })?;
        let open = |(token_hash, created, seen, expires, address): Row| OpenSession {
            token_hash,
            created_at: moment(created),
            last_seen_at: moment(seen),
            expires_at: moment(expires),
            address,
        };
        Ok(rows.into_iter().map(open).collect())
    }

    /// Ends a session of a user; `false`: the user has none of that name.
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_end(&self, user: i64, token_hash: String) -> Result<bool, StoreError> {
        let token_hash = storable(token_hash);
        run!(self, write, async |conn| {
            let mine = session::table.filter(session::token_hash.eq(&token_hash)).filter(session::user_id.eq(user));
            Ok(diesel::delete(mine).execute(conn).await? == 1)
        })
    }

    /// Opens a session, and removes those that are over and the oldest ones of the user beyond [`MOST_SESSIONS`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn session_create(&self, new: NewSession, now: DateTime<Utc>) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            let row = (
                session::token_hash.eq(storable(new.token_hash)),
                session::user_id.eq(new.user),
                session::user_version.eq(new.user_version),
                session::created_at.eq(millis(now)),
                session::last_seen_at.eq(millis(now)),
                session::expires_at.eq(millis(new.expires_at)),
                session::address.eq(storable(new.address)),
            );
            diesel::delete(session::table.filter(session::expires_at.le(millis(now)))).execute(conn).await?;
            let newest_first = session::table.filter(session::user_id.eq(new.user)).order(session::created_at.desc());
            let beyond = newest_first.select(session::token_hash).offset(MOST_SESSIONS - 1).limit(ENDED_AT_ONCE);
            let beyond: Vec<String> = beyond.load(conn).await?;
            if !beyond.is_empty() {
                diesel::delete(session::table.filter(session::token_hash.eq_any(&beyond))).execute(conn).await?;
            }
            diesel::insert_into(session::table).values(row).execute(conn).await?;
            Ok(())
        })
    }

    /// The user, who may log in, of a session that is neither over nor idle since before `idle_since`, and when it was last seen.
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
                .filter(user_account::disabled.eq(false))
                .filter(user_account::version.eq(session::user_version))
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
