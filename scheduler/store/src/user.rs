//! Users of the pages and the API. Passwords are kept as argon2id hashes only; hashing is the caller's.

use crate::asker::may_ask;
use crate::backend::{ImmediateTransaction, Store, run};
use crate::chain::Enter;
use crate::columns::{millis, storable};
use crate::error::StoreError;
use crate::operation::{By, Object, OperationRow};
use crate::schema::{api_token, session, user_account};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

/// A user, as logging in needs it; what it may work on is in its [`Account`](crate::account::Account).
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_account)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// The name to log in with.
    pub name: String,
    /// The argon2id hash of the password, in the PHC string format.
    pub password_hash: String,
    /// The word of what the user may do; which roles there are is the admin's affair.
    pub role: String,
    /// When it was created, epoch milliseconds.
    pub created_at: i64,
    /// When it was last changed, epoch milliseconds.
    pub updated_at: i64,
    /// Whether it may work on every executor, those to come among them; else on those granted.
    pub all_executors: bool,
    /// Whether the password is to be changed before anything else, because somebody else chose or read it.
    pub must_change: bool,
    /// Whether it may not log in.
    pub disabled: bool,
    /// Raised by every change of the password and of what the user may do; a writer names the version it read.
    pub version: i64,
    /// Who vouches for it: `local` (a password here), `ldap` or `oidc`.
    pub origin: String,
    /// By what they know it; `None` for a local one.
    pub subject: Option<String>,
}

/// The origin of users who have a password here.
pub const LOCAL: &str = "local";

impl Store {
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

    /// Sets the password of a user who is at this version and ends all sessions of that user but the one named. `must_change`:
    /// somebody else knows it, so it is to be changed before anything else, and the user's tokens end too. `asks`: the account of
    /// somebody else who asks for it, and the version that was let in. `false`: there is no such user, or one of the two was changed
    /// meanwhile. Recorded as done by `by`, in the same transaction.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_set_password(
        &self,
        (id, version): (i64, i64),
        (password_hash, must_change): (String, bool),
        keep_session: Option<String>,
        by: By,
        asks: Option<(i64, i64)>,
    ) -> Result<bool, StoreError> {
        let (log_id, vault) = (self.id_next("operation").await?, self.vault.clone());
        run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                if let Some((asker, version)) = asks {
                    let same = user_account::version.eq(user_account::version);
                    if diesel::update(may_ask(asker, version)).set(same).execute(conn).await? == 0 {
                        return Ok(false);
                    }
                }
                let set = (
                    user_account::password_hash.eq(&password_hash),
                    user_account::must_change.eq(must_change),
                    user_account::version.eq(version + 1),
                    user_account::updated_at.eq(millis(by.at)),
                );
                let seen = user_account::table.find(id).filter(user_account::version.eq(version));
                if diesel::update(seen).set(set).execute(conn).await? == 0 {
                    return Ok(false);
                }
                // Whoever has lost control of the account may have lost its tokens with it.
                if must_change {
                    diesel::delete(api_token::table.filter(api_token::user_id.eq(id))).execute(conn).await?;
                }
                let kept = keep_session.as_deref().unwrap_or("");
                let mine = session::table.filter(session::user_id.eq(id));
                diesel::delete(mine.filter(session::token_hash.ne(kept))).execute(conn).await?;
                let one = session::table.filter(session::token_hash.eq(kept)).filter(session::user_id.eq(id));
                diesel::update(one).set(session::user_version.eq(version + 1)).execute(conn).await?;
                let name: String = user_account::table.find(id).select(user_account::name).first(conn).await?;
                let object = Object { kind: "user", id, name: &name };
                let changed = json!({ "password": "changed" });
                let note = OperationRow::of(log_id, &by, "update", &object, &Value::Null, &changed);
                conn.enter(&vault, vec![note]).await?;
                Ok::<bool, StoreError>(true)
            })
            .await
        })
    }
}
