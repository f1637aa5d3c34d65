//! Users for whom somebody else vouches: a directory or a provider. They come about with their first login, and have the rights that it
//! gives them from one login to the next.

use crate::account::{Account, NewUser, Rights};
use crate::account_change::AccountChange;
use crate::backend::{Store, run};
use crate::error::StoreError;
use crate::operation::By;
use crate::outcome::Change;
use crate::schema::{session, user_account};
use crate::user::{LOCAL, User};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// What stands where a password hash would: nothing that any password has.
const NO_PASSWORD: &str = "!";

/// How often a login is tried again that met another change of the same user.
const TIMES: usize = 3;

/// Somebody for whom somebody else vouches.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Who vouches: `ldap` or `oidc`; never `local`.
    pub origin: &'static str,
    /// By what they know the user.
    pub subject: String,
    /// The user's name.
    pub name: String,
    /// Whether the user is known again by its name (its subject may change), rather than by its subject (its name may).
    pub by_name: bool,
    /// What it may do from now on.
    pub rights: Rights,
}

/// How a login ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// The user is known, and has these rights now.
    Known(User),
    /// The name is that of a user for whom somebody else vouches, or who has a password here.
    NameTaken,
    /// The user was disabled here.
    Disabled,
    /// One of the executors does not exist.
    NoExecutor,
    /// Somebody else changed the user again and again.
    Busy,
}

impl Store {
    /// Lets somebody in for whom somebody else vouches, with the rights that this gives.
    ///
    /// # Errors
    /// What the database says.
    pub async fn guest_enter(&self, guest: &Guest, by: &By) -> Result<Entered, StoreError> {
        for _ in 0..TIMES {
            let entered = match self.guest_find(guest).await? {
                Some(known) => self.guest_renew(known, guest, by).await?,
                None => self.guest_create(guest, by).await?,
            };
            if let Some(entered) = entered {
                return Ok(entered);
            }
        }
        Ok(Entered::Busy)
    }

    async fn guest_find(&self, guest: &Guest) -> Result<Option<User>, StoreError> {
        let (origin, subject, name, by_name) = (guest.origin, guest.subject.clone(), guest.name.clone(), guest.by_name);
        run!(self, read, async |conn| {
            let mine = user_account::table.filter(user_account::origin.eq(origin)).into_boxed();
            let mine = match by_name {
                true => mine.filter(user_account::name.eq(name)),
                false => mine.filter(user_account::subject.eq(Some(subject))),
            };
            Ok(mine.select(User::as_select()).first(conn).await.optional()?)
        })
    }

    /// Ends the sessions of somebody for whom nobody vouches any more, or whose groups may do nothing here any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn guest_expel(&self, guest: &Guest) -> Result<(), StoreError> {
        let Some(known) = self.guest_find(guest).await? else { return Ok(()) };
        run!(self, write, async |conn| {
            diesel::delete(session::table.filter(session::user_id.eq(known.id))).execute(conn).await?;
            Ok(())
        })
    }

    /// `None`: somebody was first, look again.
    async fn guest_create(&self, guest: &Guest, by: &By) -> Result<Option<Entered>, StoreError> {
        // Of two names that differ in how their letters are written only, people see one.
        if self.user_like(&guest.name).await?.is_some() {
            return Ok(Some(Entered::NameTaken));
        }
        let new = NewUser {
            name: guest.name.clone(),
            password_hash: NO_PASSWORD.to_owned(),
            must_change: false,
            rights: guest.rights.clone(),
            origin: guest.origin.to_owned(),
            subject: Some(guest.subject.clone()),
        };
        Ok(match self.account_create(new, Some(by.clone()), by.at).await? {
            Change::Done(made) => Some(Entered::Known(made.user)),
            Change::NotFound => Some(Entered::NoExecutor),
            Change::Taken | Change::Stale { .. } | Change::InUse { .. } => None,
        })
    }

    /// `None`: it was changed meanwhile, look again.
    async fn guest_renew(&self, known: User, guest: &Guest, by: &By) -> Result<Option<Entered>, StoreError> {
        if known.disabled {
            return Ok(Some(Entered::Disabled));
        }
        let Some(before) = self.account_get(known.id).await? else { return Ok(None) };
        let after = Account::of(before.user.clone(), &guest.rights);
        if after == before {
            return Ok(Some(Entered::Known(known)));
        }
        Ok(match self.account_update(known.id, known.version, guest.rights.clone(), by.clone()).await? {
            AccountChange::Done(now) => Some(Entered::Known(now.user)),
            AccountChange::NoExecutor => Some(Entered::NoExecutor),
            AccountChange::NotFound
            | AccountChange::Stale { .. }
            | AccountChange::LastAdministrator
            | AccountChange::Overtaken => None,
        })
    }
}

impl User {
    /// Whether the user has a password here.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.origin == LOCAL
    }
}
