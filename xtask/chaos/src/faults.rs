//! What can be broken: the one list of faults, with what each needs.

pub use hzm_job_test_rig::database::Database;

/// What a fault happens to; of two faults with the same target only one is on at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// The admin's process.
    Admin,
    /// The first or the second node's process.
    Node(usize),
    /// The database, or the way to it.
    Database,
    /// The way from the admin to a node.
    Trigger(usize),
    /// The way from the nodes to the admin.
    Callback,
    /// The admin's clock.
    Clock,
    /// The definitions of jobs.
    Jobs,
}

macro_rules! faults {
    ($($variant:ident = $name:literal, $meaning:literal;)*) => {
        /// One kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $(#[doc = $meaning] $variant,)*
        }

        impl Fault {
            /// Every kind.
            pub const ALL: &[Fault] = &[$(Fault::$variant),*];

            /// Its name on the command line and in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name),* }
            }

            /// What it does, in a few words.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Fault::$variant => $meaning),* }
            }
        }
    };
}

faults! {
    AdminKill = "admin-kill", "kill -9 of the admin";
    AdminPause = "admin-pause", "the admin stands still for longer than every timeout";
    NodeKill = "node-kill", "kill -9 of an executor node";
    NodePause = "node-pause", "a node stands still for longer than every timeout";
    DatabaseKill = "database-kill", "kill -9 of the database server";
    DatabasePause = "database-pause", "the database server stands still";
    DatabaseSlow = "database-slow", "every piece of the way to the database takes long";
    DatabaseCut = "database-cut", "connections to the database break in the middle of a request or an answer";
    DatabaseRefuse = "database-refuse", "the database takes no connection and drops those it has";
    DatabaseLock = "database-lock", "another process holds SQLite's write lock for longer than the busy timeout";
    DiskFull = "disk-full", "no space is left for SQLite";
    TriggerCut = "trigger-cut", "connections to a node break in the middle of a request or an answer";
    TriggerSlow = "trigger-slow", "every piece of the way to a node takes long";
    CallbackRepeat = "callback-repeat", "every callback arrives twice";
    CallbackSlow = "callback-slow", "callbacks arrive late";
    CallbackReorder = "callback-reorder", "callbacks arrive in another order";
    CallbackCut = "callback-cut", "callbacks arrive, and their answers are lost";
    CallbackUnknown = "callback-unknown", "callbacks come for runs that do not exist";
    ClockForward = "clock-forward", "the admin's clock jumps ahead and stays there";
    ClockBack = "clock-back", "the admin's clock jumps back for a while";
    JobChanges = "job-changes", "somebody starts, stops, edits, deletes and runs jobs, whatever else is broken";
}

impl Fault {
    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Fault> {
        Fault::ALL.iter().copied().find(|fault| fault.name() == name)
    }

    /// Whether it kills a process; the plan of `--kills` is made of these.
    #[must_use]
    pub fn is_kill(self) -> bool {
        matches!(self, Fault::AdminKill | Fault::NodeKill | Fault::DatabaseKill)
    }

    /// Whether there is such a fault with this database.
    #[must_use]
    pub fn exists_with(self, database: Database) -> bool {
        use Fault as F;
        let embedded = database == Database::Sqlite;
        match self {
            F::DatabaseKill | F::DatabasePause | F::DatabaseSlow | F::DatabaseCut | F::DatabaseRefuse => !embedded,
            F::DatabaseLock | F::DiskFull => embedded,
            _ => true,
        }
    }

    /// What it happens to; `node` is the one that chance chose.
    #[must_use]
    pub fn target(self, node: usize) -> Target {
        use Fault as F;
        match self {
            F::AdminKill | F::AdminPause => Target::Admin,
            F::NodeKill | F::NodePause => Target::Node(node),
            F::TriggerCut | F::TriggerSlow => Target::Trigger(node),
            F::ClockForward | F::ClockBack => Target::Clock,
            F::JobChanges => Target::Jobs,
            F::CallbackRepeat | F::CallbackSlow | F::CallbackReorder | F::CallbackCut | F::CallbackUnknown => {
                Target::Callback
            }
            _ => Target::Database,
        }
    }

    /// How long it lasts, in milliseconds, from the shortest to the longest. A pause outlasts every timeout of the
    /// configuration that the admin runs with.
    #[must_use]
    pub fn lasts_ms(self) -> (u64, u64) {
        use Fault as F;
        match self {
            F::AdminKill | F::NodeKill | F::DatabaseKill => (100, 2_500),
            F::AdminPause | F::NodePause | F::DatabasePause | F::DatabaseLock => (6_500, 8_000),
            F::CallbackUnknown => (0, 0),
            F::ClockForward => (0, 0),
            // Long enough to begin before most other faults and to outlast them.
            F::JobChanges => (6_000, 12_000),
            _ => (1_500, 5_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name() {
        assert!(Fault::ALL.iter().all(|fault| Fault::named(fault.name()) == Some(*fault)));
        assert_eq!(Fault::named("earthquake"), None);
    }

    #[test]
    fn an_embedded_database_has_no_server_to_kill_and_a_server_no_lock_file() {
        assert!(
            !Fault::DatabaseKill.exists_with(Database::Sqlite) && Fault::DatabaseLock.exists_with(Database::Sqlite)
        );
        assert!(Fault::DatabaseKill.exists_with(Database::Mysql) && !Fault::DiskFull.exists_with(Database::Postgres));
    }
}
