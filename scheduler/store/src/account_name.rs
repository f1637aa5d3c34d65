//! Names of users: each is one however its letters are written, see [`hzm_job_scheduler::names`]. The folded name stands in a column of its
//! own, because no database folds as directories do.
//!
//! Users from before that column may have names that are one. They keep them: whoever is here must be able to log in. The first of them
//! has the name to itself, the others are its twins, and no further user gets such a name while one of them is there.

use crate::backend::{Store, run};
use crate::columns::storable;
use crate::error::StoreError;
use crate::executor::taken_or;
use crate::outcome::Change;
use crate::schema::user_account;
use crate::user::{LOCAL, User};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::names;

/// Users looked at in one go when names are folded.
const AT_ONCE: i64 = 1_000;

/// What is stored of a name: its number of a twin is 0 where the name is its own.
type Kept = (i64, String, Option<String>, i64);

/// The folded name as it is stored.
pub(crate) fn folded(name: &str) -> String {
    storable(names::fold(name))
}

impl Store {
    /// A user whose name is this one however its letters are written; one who has a password here before all others.
    ///
    /// # Errors
    /// What the database says.
    pub async fn user_like(&self, name: &str) -> Result<Option<User>, StoreError> {
        let name = folded(name);
        run!(self, read, async |conn| {
            let alike = user_account::table.filter(user_account::folded.eq(Some(&name)));
            let alike = alike.order((user_account::origin.ne(LOCAL), user_account::twin));
            Ok(alike.select(User::as_select()).first(conn).await.optional()?)
        })
    }

    /// Folds the names of all users as this version does. To be called at each start: users of older versions have no folded name, and
    /// a twin whose like is gone has its name to itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn names_fold(&self) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let some: Vec<Kept> = run!(self, read, async |conn| {
                let next =
                    user_account::table.filter(user_account::id.gt(after)).order(user_account::id).limit(AT_ONCE);
                let kept = (user_account::id, user_account::name, user_account::folded, user_account::twin);
                Ok(next.select(kept).load(conn).await?)
            })?;
            let Some((last, ..)) = some.last() else { return Ok(()) };
            after = *last;
            for kept in some {
                self.name_fold(kept).await?;
            }
        }
    }

    async fn name_fold(&self, (id, name, stored, twin): Kept) -> Result<(), StoreError> {
        let new = folded(&name);
        if stored.as_deref() == Some(new.as_str()) && twin == 0 {
            return Ok(());
        }
        if self.name_keep(id, new.clone(), 0).await? {
            return Ok(());
        }
        slog::warn!(self.log, "two users have names that are one; rename by creating another user and deleting this one";
            "user" => &name, "number" => id);
        self.name_keep(id, new, id).await?;
        Ok(())
    }

    /// Whether the folded name could be written, which somebody else may have.
    async fn name_keep(&self, id: i64, folded: String, twin: i64) -> Result<bool, StoreError> {
        let written: Result<(), StoreError> = run!(self, write, async |conn| {
            let set = (user_account::folded.eq(Some(&folded)), user_account::twin.eq(twin));
            diesel::update(user_account::table.find(id)).set(set).execute(conn).await?;
            Ok(())
        });
        Ok(taken_or(written, || Change::Done(()))? == Change::Done(()))
    }
}
