//! What every handler works with: [`App`], one per process, handed out as `web::Data<App>`.
//!
//! It holds handles only. What is true is in the store, what happens is decided by the actors.

use crate::auth::password::Passwords;
use crate::auth::providing::Providing;
use crate::auth::throttle::Throttle;
use crate::config::Config;
use crate::edge::budget::Budget;
use crate::edge::strangers::Strangers;
use crate::readiness::Readiness;
use chrono::{DateTime, Utc};
use hzm_job_actors::Scheduler;
use hzm_job_identity::ldap::LdapSettings;
use hzm_job_scheduler::egress::Egress;
use hzm_job_store::Store;
use hzm_job_store::operation::By;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Live streams served at the same time; each costs a connection and a timer.
const MOST_STREAMS: usize = 256;

/// The handles of a running admin.
pub struct App {
    /// The database.
    pub store: Store,
    /// The front door of the actors.
    pub scheduler: Scheduler,
    /// The configuration the process was started with.
    pub config: Arc<Config>,
    /// The root of all loggers.
    pub log: slog::Logger,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) strangers: Strangers,
    /// Failed attempts of strangers that may be recorded yet, those of users, and log lines about nodes.
    pub(crate) refusals: Budget,
    pub(crate) users_refusals: Budget,
    pub(crate) told: Budget,
    pub(crate) egress: Egress,
    /// The directory that is asked about names without a password here.
    pub(crate) directory: Option<LdapSettings>,
    /// The provider by which one can log in.
    pub(crate) provider: Option<Providing>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) readiness: Readiness,
    closing: watch::Sender<bool>,
    rights: watch::Sender<()>,
}

impl App {
    /// Ties the handles together.
    pub(crate) fn new(
        store: Store,
        scheduler: Scheduler,
        provider: Option<Providing>,
        config: Arc<Config>,
        log: slog::Logger,
    ) -> App {
        let egress = config.admin.egress.egress();
        let directory = config.admin.ldap.settings();
        App {
            store,
            scheduler,
            config,
            log,
            passwords: Passwords::default(),
            throttle: Throttle::default(),
            strangers: Strangers::default(),
            refusals: Budget::default(),
            users_refusals: Budget::default(),
            told: Budget::default(),
            egress,
            directory,
            provider,
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            readiness: Readiness::default(),
            closing: watch::Sender::new(false),
            rights: watch::Sender::new(()),
        }
    }

    /// The time by the clock that the actors go by; the web layer knows no other.
    pub fn now(&self) -> DateTime<Utc> {
        self.scheduler.clock().now()
    }

    /// Who asks for a change, when, and from which address, as the operation log records it.
    pub fn by(&self, user: &str, address: &str) -> By {
        By { user: user.to_owned(), at: self.now(), address: address.to_owned(), account: None }
    }

    /// Tells those who go on for long that somebody may do less than before, or is logged in no more: they look again.
    pub(crate) fn rights_changed(&self) {
        self.rights.send_replace(());
    }

    /// Changes whenever that may be so.
    pub(crate) fn rights(&self) -> watch::Receiver<()> {
        self.rights.subscribe()
    }

    /// Tells the streams that never end by themselves to end: the server is about to stop.
    pub fn close_streams(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes `true` when the server is about to stop.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }
}
