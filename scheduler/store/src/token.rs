//! Tokens with which programs call the API. Only their hashes are here; what a token may do is looked up together with what its
//! user may do at the time of the call.

use crate::asker::may_ask;
use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::{millis, moment, storable};
use crate::error::StoreError;
use crate::operation::{By, Object, OperationRow};
use crate::schema::{api_token, user_account};
use crate::user::User;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ExecutorId;
use serde_json::{Value, json};

/// Tokens that one user may have.
pub const MOST_TOKENS: i64 = 100;
/// A token that has ended is listed for so long, and goes when its user next makes one.
const KEPT_AFTER_END: TimeDelta = TimeDelta::days(30);

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose.
    pub user: i64,
    /// The version of the user that was let in; at another one it makes no token.
    pub user_version: i64,
    /// What it is for, in its user's words.
    pub name: String,
    /// The SHA-256 of the token, in hex.
    pub token_hash: String,
    /// The word of the role it may use at most.
    pub role: String,
    /// The executors it may be used for; `None`: all that its user may work on.
    pub executors: Option<Vec<ExecutorId>>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// How making a token ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MadeToken {
    /// It was made.
    Done(Token),
    /// Its user has a hundred already.
    TooMany,
    /// Its user was changed since it was let in: a new password, other rights, or its end.
    Overtaken,
}

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub user: i64,
    /// What it is for.
    pub name: String,
    /// The word of the role it may use at most.
    pub role: String,
    /// The executors it may be used for; `None`: all that its user may work on.
    pub executors: Option<Vec<ExecutorId>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_token)]
struct TokenRow {
    id: i64,
    user_id: i64,
    name: String,
    token_hash: String,
    role: String,
    executors: Option<String>,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Token {
        // Written by us as a list of numbers; what cannot be read grants nothing.
        let list = |text: &String| serde_json::from_str::<Vec<i64>>(text).unwrap_or_default();
        let executors = row.executors.as_ref().map(list);
        Token {
            id: row.id,
            user: row.user_id,
            name: row.name,
            role: row.role,
            executors: executors.map(|ids| ids.into_iter().map(ExecutorId).collect()),
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
            last_used_at: row.last_used_at.map(moment),
        }
    }
}

impl Store {
    /// Makes a token of a user who is still what it was when it was let in. Recorded as done by `by`, in the same transaction.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token_create(&self, new: NewToken, by: By) -> Result<MadeToken, StoreError> {
        let now = by.at;
        let noted =
            json!({ "name": new.name, "role": new.role, "executors": new.executors, "expires_at": new.expires_at });
        let ids = new.executors.map(|ids| ids.iter().map(|id| id.0).collect::<Vec<i64>>());
        let row = TokenRow {
            id: self.id_next("token").await?,
            user_id: new.user,
            name: storable(new.name),
            token_hash: new.token_hash,
            role: new.role,
            executors: ids.map(|ids| serde_json::to_string(&ids).unwrap_or_else(|_| "[]".to_owned())),
            created_at: millis(now),
            expires_at: millis(new.expires_at),
            last_used_at: None,
        };
        let (made, version) = (row.clone(), new.user_version);
        let object = Object { kind: "token", id: row.id, name: &row.name };
        let note = OperationRow::of(self.id_next("operation").await?, &by, "create", &object, &Value::Null, &noted);
        let vault = self.vault.clone();
        let long_over = millis(now - KEPT_AFTER_END);
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                // Written as it is, which locks the row: of two requests at once the second one counts what the first made.
                let same = user_account::version.eq(user_account::version);
                if diesel::update(may_ask(row.user_id, version)).set(same).execute(conn).await? == 0 {
                    return Ok(MadeToken::Overtaken);
                }
                let mine = api_token::table.filter(api_token::user_id.eq(row.user_id));
                diesel::delete(mine.filter(api_token::expires_at.lt(long_over))).execute(conn).await?;
                let has: i64 = mine.count().get_result(conn).await?;
                if has >= MOST_TOKENS {
                    return Ok(MadeToken::TooMany);
                }
                diesel::insert_into(api_token::table).values(&row).execute(conn).await?;
                conn.enter(&vault, vec![note]).await?;
                Ok::<_, StoreError>(MadeToken::Done(made.into()))
            })
            .await
        })
    }

    /// A token that has not ended, by its hash, and its user, who may log in.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token_user(
        &self,
        token_hash: String,
        now: DateTime<Utc>,
    ) -> Result<Option<(Token, User)>, StoreError> {
        let token_hash = storable(token_hash);
        let found: Option<(TokenRow, User)> = run!(self, read, async |conn| {
            let alive = api_token::table
                .inner_join(user_account::table)
                .filter(api_token::token_hash.eq(&token_hash))
                .filter(user_account::disabled.eq(false))
                .filter(api_token::expires_at.gt(millis(now)));
            Ok(alive.select((TokenRow::as_select(), User::as_select())).first(conn).await.optional()?)
        })?;
        Ok(found.map(|(token, user)| (token.into(), user)))
    }

    /// Notes that a token is in use. Call it once a minute at most: it writes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token_touch(&self, id: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        run!(self, write, async |conn| {
            let used = api_token::last_used_at.eq(Some(millis(now)));
            diesel::update(api_token::table.find(id)).set(used).execute(conn).await?;
            Ok(())
        })
    }

    /// The tokens of a user, newest first, those that have ended too.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token_list(&self, user: i64) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<TokenRow> = run!(self, read, async |conn| {
            let mine = api_token::table.filter(api_token::user_id.eq(user)).order(api_token::id.desc());
            Ok(mine.select(TokenRow::as_select()).limit(MOST_TOKENS).load(conn).await?)
        })?;
        Ok(rows.into_iter().map(Token::from).collect())
    }

    /// Ends a token of a user and answers its name; `None`: the user has none of that number. Recorded as done by `by`, in the same
    /// transaction.
    ///
    /// # Errors
    /// What the database says.
    pub async fn token_delete(&self, user: i64, id: i64, by: By) -> Result<Option<String>, StoreError> {
        let (log_id, vault) = (self.id_next("operation").await?, self.vault.clone());
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let mine = api_token::table.filter(api_token::id.eq(id)).filter(api_token::user_id.eq(user));
                let name: Option<String> = mine.select(api_token::name).first(conn).await.optional()?;
                let Some(name) = name else { return Ok(None) };
                if diesel::delete(mine).execute(conn).await? == 0 {
                    return Ok(None);
                }
                let object = Object { kind: "token", id, name: &name };
                let note = OperationRow::of(log_id, &by, "delete", &object, &Value::Null, &json!({}));
                conn.enter(&vault, vec![note]).await?;
                Ok::<_, StoreError>(Some(name))
            })
            .await
        })
    }
}
