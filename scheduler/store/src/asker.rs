//! Whoever asks for a change of users or tokens must still be what it was when it was let in.

use crate::schema::user_account;
use diesel::prelude::*;

/// The account of whoever asks for a change of accounts or tokens, if it is still what it was when it was let in: writing it as it is
/// locks it, so that a new password, fewer rights or its end come before the change or after it, and never between.
#[diesel::dsl::auto_type]
pub(crate) fn may_ask(id: i64, version: i64) -> _ {
    let one: diesel::dsl::Find<user_account::table, i64> = user_account::table.find(id);
    let same: diesel::dsl::Eq<user_account::version, i64> = user_account::version.eq(version);
    let may_log_in: diesel::dsl::Eq<user_account::disabled, bool> = user_account::disabled.eq(false);
    let is_own: diesel::dsl::Eq<user_account::must_change, bool> = user_account::must_change.eq(false);
    one.filter(same).filter(may_log_in).filter(is_own)
}
