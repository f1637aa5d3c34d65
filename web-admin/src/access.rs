//! Who may do what: the one place where that is decided.
//!
//! A [`Role`] says what a user may do, its [`Reach`] on which executors; jobs, runs and nodes belong to their executor. Every
//! address declares what it takes ([`Need`], beside its handler in [`crate::routes`] and [`crate::ui`]), and [`crate::gate`] looks
//! at the object that the address names before the handler runs. What only the body of a request names (the executor of a job
//! that is created, say) is checked where it is loaded, with `Operator::check`. Whatever is on an executor that was not
//! granted does not exist for the user: it is answered like an object that was never there.
//!
//! `docs/permissions.md` has the table of roles and addresses; a test walks all of them and compares.

mod need;
mod rights;

pub use need::{Need, Object};
pub use rights::{Permission, Reach, Refusal, Rights, Role};
