//! How a change to a definition can end without being anybody's failure.

/// The end of a change to a job, an executor or a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// It was made; this is the object as it is now.
    Done(T),
    /// There is no such object, or it was deleted.
    NotFound,
    /// Somebody else changed the object since the caller read it; its version is now this one.
    Stale {
        /// The version to read before trying again.
        version: i64,
    },
    /// Another object holds the name or key that must be unique.
    Taken,
    /// Other objects depend on it: so many jobs.
    InUse {
        /// How many.
        jobs: i64,
    },
}

impl<T> Change<T> {
    /// The same end, of another kind of object.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Change::Done(object) => Change::Done(view(object)),
            Change::NotFound => Change::NotFound,
            Change::Stale { version } => Change::Stale { version },
            Change::Taken => Change::Taken,
            Change::InUse { jobs } => Change::InUse { jobs },
        }
    }
}
