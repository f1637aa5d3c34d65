//! Opening the database at start, however long it takes: tries until it answers, and tells why it waits.
//!
//! A database that cannot be reached is waited for, for ever: whoever starts machine and database at the same time must
//! not have to start the admin twice. A mistake that trying again cannot mend (a wrong password, a database that does not
//! exist, a schema of a newer version) ends the start at once.

use crate::config::Config;
use crate::first_user::{self, FirstUser, UserError};
use crate::key_file::{KeyError, KeyFile};
use crate::startup_error::StartupError;
use crate::tls::Certificates;
use crate::waiting::{Outage, Waiting};
use actix_web::web;
use hzm_job_actors::{Clock, Scheduler, StartError};
use hzm_job_store::vault::Vault;
use hzm_job_store::{Store, StoreSettings};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The first pause between two tries, and the longest one; each is twice the one before, less up to a fifth by chance.
const FIRST_PAUSE_MS: u64 = 500;
const LONGEST_PAUSE_MS: u64 = 10_000;
/// A reason that stays the same is logged so often.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// A database that answers within this needs nobody to answer in its place.
const SOON: Duration = Duration::from_millis(300);

/// What is open, and whoever answered meanwhile; to be stopped once the real server listens.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) scheduler: Scheduler,
    pub(crate) first_user: FirstUser,
    pub(crate) waiting: Option<Waiting>,
}

/// Opens the database and starts the actors; while that takes long, a waiting server answers on `listener`'s socket.
///
/// # Errors
/// A lasting one of [`StartupError`]; then nothing is left running.
pub(crate) async fn open(
    config: &Config,
    clock: Arc<dyn Clock>,
    log: &slog::Logger,
    (listener, certificates): (&TcpListener, Option<&Arc<Certificates>>),
) -> Result<Opened, StartupError> {
    let outage = Arc::new(Outage::new(clock.clone()));
    let attempt = async || begin(config, clock.clone(), log).await;
    let mut opening = std::pin::pin!(until_open(attempt, away, &outage, log));
    let early = tokio::time::timeout(SOON, &mut opening).await;
    let (begun, waiting) = match early {
        Ok(begun) => (begun, None),
        Err(_) => {
            let failed = |source| StartupError::Listen { address: "the address".to_owned(), source };
            let waiting =
                Waiting::serve(listener.try_clone().map_err(failed)?, certificates, outage.clone()).map_err(failed)?;
            if let Ok(address) = listener.local_addr() {
                slog::info!(log, "the database has not answered yet; this address tells so meanwhile"; "address" => %address);
            }
            (opening.await, Some(waiting))
        }
    };
    match (begun, waiting) {
        (Ok((store, scheduler, first_user)), waiting) => Ok(Opened { store, scheduler, first_user, waiting }),
        (Err(error), None) => Err(error),
        (Err(error), Some(waiting)) => {
            waiting.stop().await;
            Err(error)
        }
    }
}

/// One try: the database, the first user, the actors.
async fn begin(
    config: &Config,
    clock: Arc<dyn Clock>,
    log: &slog::Logger,
) -> Result<(Store, Scheduler, FirstUser), StartupError> {
    let admin = &config.admin;
    let key = KeyFile::find(admin, log)?;
    let store = open_store(config, key.vault.clone(), log).await?;
    key.settle(&store).await?;
    store.names_fold().await?;
    let first_user = first_user::ensure(&store, &admin.user, &admin.password.0, clock.now()).await?;
    if first_user != FirstUser::Existed && key.was_there() {
        slog::warn!(log, "the key file was there already and the database had no users: this is a new installation. Was it to be one that is put \
            back? Then stop, and put back the whole database, of SQLite also the -wal beside its file (docs/backup.md)";
            "key_file" => %admin.key_path().display());
    }
    let actors_log = log.new(slog::o!("component" => "actors"));
    let scheduler = hzm_job_actors::start(store.clone(), admin.actor_settings(), clock, actors_log).await?;
    Ok((store, scheduler, first_user))
}

/// Opens the database on a thread that may wait.
async fn open_store(config: &Config, vault: Vault, log: &slog::Logger) -> Result<Store, StartupError> {
    let (settings, log) = (StoreSettings { vault, ..config.admin.store_settings() }, log.clone());
    let opened = web::block(move || Store::open_with(&settings, &log)).await;
    Ok(opened.map_err(|error| StartupError::Interrupted(error.to_string()))??)
}

/// Why it is worth trying again, in a few words for strangers; `None`: it is not.
fn away(error: &StartupError) -> Option<&'static str> {
    match error {
        StartupError::Store(error)
        | StartupError::Scheduler(StartError::Store(error))
        | StartupError::Key(KeyError::Store(error))
        | StartupError::User(UserError::Store(error)) => error.away().map(|(brief, _)| brief),
        _ => None,
    }
}

/// Tries until it succeeds or fails for good.
async fn until_open<T, E: std::error::Error + 'static>(
    mut attempt: impl AsyncFnMut() -> Result<T, E>,
    away: impl Fn(&E) -> Option<&'static str>,
    outage: &Outage,
    log: &slog::Logger,
) -> Result<T, E> {
    let mut pause_ms = FIRST_PAUSE_MS;
    let mut told: Option<(String, Instant)> = None;
    loop {
        let error = match attempt().await {
            Ok(open) => {
                if told.is_some() {
                    slog::info!(log, "the database answers now"; "away_since" => outage.since().to_rfc3339());
                }
                return Ok(open);
            }
            Err(error) => error,
        };
        let Some(brief) = away(&error) else { return Err(error) };
        let reason = crate::error::Failure::of(&error).chain;
        let pause = shortened(pause_ms);
        outage.failed(brief, i64::try_from(pause).unwrap_or(i64::MAX));
        if told.as_ref().is_none_or(|(before, at)| *before != reason || at.elapsed() >= TELL_AGAIN) {
            slog::warn!(log, "waiting for the database"; "reason" => &reason, "since" => outage.since().to_rfc3339());
            told = Some((reason, Instant::now()));
        }
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pause_ms = (pause_ms * 2).min(LONGEST_PAUSE_MS);
    }
}

/// A pause less up to a fifth, so that several admins do not come all at once. Without chance: the whole pause.
fn shortened(pause_ms: u64) -> u64 {
    let chance = getrandom::u32().map_or(0, u64::from);
    pause_ms - pause_ms / 5 * (chance % 1_000) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use hzm_job_actors::SystemClock;
    use slog::Drain;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Away(&'static str);

    /// A log that only counts its lines.
    fn counting(lines: &Arc<AtomicUsize>) -> slog::Logger {
        let lines = lines.clone();
        let drain = slog::Filter::new(slog::Discard, move |_| lines.fetch_add(1, Ordering::Relaxed) > usize::MAX - 1);
        slog::Logger::root(drain.ignore_res(), slog::o!())
    }

    #[tokio::test(start_paused = true)]
    async fn it_tries_with_growing_pauses_until_the_database_answers() {
        let (outage, lines) = (Outage::new(Arc::new(SystemClock)), Arc::new(AtomicUsize::new(0)));
        let (begun, mut tries) = (Instant::now(), Vec::new());
        let attempt = async || {
            tries.push(begun.elapsed().as_millis());
            if tries.len() < 10 { Err(Away("connection refused")) } else { Ok(7) }
        };
        let open = until_open(attempt, |_| Some("away"), &outage, &counting(&lines)).await;
        assert_eq!(open.unwrap(), 7);
        let pauses: Vec<u128> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!((400..=501).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 10_001) && pauses[8] >= 8_000, "{pauses:?}");
        assert_eq!(lines.load(Ordering::Relaxed), 2, "one line when it went away, one when it is back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_when_it_changes_and_once_a_minute() {
        let (outage, lines) = (Outage::new(Arc::new(SystemClock)), Arc::new(AtomicUsize::new(0)));
        let begun = Instant::now();
        let attempt = async || match begun.elapsed().as_secs() {
            0..5 => Err::<(), Away>(Away("connection refused")),
            5..120 => Err(Away("the server is starting up")),
            _ => Ok(()),
        };
        until_open(attempt, |_| Some("away"), &outage, &counting(&lines)).await.unwrap();
        assert_eq!(lines.load(Ordering::Relaxed), 4, "two reasons, one of them again after a minute, and the end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_mistake_that_lasts_ends_the_start_at_once() {
        let outage = Outage::new(Arc::new(SystemClock));
        let mut tries = 0;
        let attempt = async || {
            tries += 1;
            Err::<(), Away>(Away("wrong password"))
        };
        let log = slog::Logger::root(slog::Discard, slog::o!());
        assert!(until_open(attempt, |_| None, &outage, &log).await.is_err());
        assert_eq!(tries, 1);
    }
}
