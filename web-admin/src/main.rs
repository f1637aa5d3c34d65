//! The binary: configuration, log, admin, and a stop in good order at SIGTERM or SIGINT. Everything else is in the library.

use clap::Parser;
use futures_util::TryStreamExt;
use hzm_job_actors::{Clock, SystemClock};
use hzm_job_admin::api::operations;
use hzm_job_admin::command::{Command, CommandLine, Kept};
use hzm_job_admin::config::Config;
use hzm_job_admin::first_user::{self, FirstUser};
use hzm_job_admin::logging::{self, Logging};
use hzm_job_admin::memory;
use hzm_job_admin::rechain;
use hzm_job_admin::server::{self, Running};
use hzm_job_admin::standalone;
use hzm_job_store::Store;
use hzm_job_store::chain::Verified;
use hzm_job_store::link::Link;
use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Every fire makes and drops some dozens of small values on one thread or another: what glibc's allocator costs there was a sixth of
/// all, see `docs/performance.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is said with the new password of a user whom it does not let in, in the words of the page.
const DISABLED: &str = "\n\nThe user is disabled, so this password opens nothing yet. An administrator lets the user in again: page Users, the user, \
     take the tick from \"May not log in\" (“禁止登录”), or PUT /api/v1/users/ID with \"disabled\": false.";

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let command = CommandLine::parse().command().unwrap_or_else(|usage| usage.exit());
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let chain = hzm_job_admin::error::Failure::of(error.as_ref()).chain;
            // Where standard error is closed there is nobody left to tell; the exit code still does.
            let _ = writeln!(std::io::stderr().lock(), "hzm-job-admin: {chain}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Outcome {
    let config = command.config()?;
    let logging = logging::init(config.common.log);
    let system = actix_rt::System::new();
    match command {
        Command::ResetPassword { user, .. } => {
            let name = user.clone().unwrap_or_else(|| config.admin.user.clone());
            let store = system.block_on(first_user::open_for_changes(&config.admin, &logging.root))?;
            let password = system.block_on(first_user::reset(&store, &name, SystemClock.now()))?;
            let is_disabled = system.block_on(first_user::is_disabled(&store, &name))?;
            say(&format!("user name {name}\npassword  {password}{}", if is_disabled { DISABLED } else { "" }))
        }
        Command::VerifyLog { kept, .. } => system.block_on(async {
            let store = first_user::open_existing(&config.admin, &logging.root).await?;
            verify(&store, kept.clone().map(|Kept(link)| link)).await
        }),
        Command::RechainLog { .. } => {
            let before = system.block_on(rechain::rechain(&config.admin, SystemClock.now(), &logging.root))?;
            let fault = before.fault.map_or("it was whole before".to_owned(), |fault| format!("before: {fault}"));
            say(&format!("the operation log was signed anew as it is; {fault}"))
        }
        Command::ExportLog { .. } => system.block_on(async {
            let store = first_user::open_existing(&config.admin, &logging.root).await?;
            let mut pieces = std::pin::pin!(operations::pieces(store));
            while let Some(lines) = pieces.try_next().await? {
                std::io::stdout().lock().write_all(lines.as_bytes())?;
            }
            Ok(())
        }),
        Command::Serve { .. } | Command::Standalone { .. } => system.block_on(serve(command, config, &logging)),
    }
}

async fn serve(command: &Command, config: Config, logging: &Logging) -> Outcome {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    if let Some(file) = command.file() {
        let watched =
            logging::watch_level(file.to_owned(), config.common.log.level, logging.level.clone(), logging.root.clone());
        actix_rt::spawn(watched);
    }
    actix_rt::spawn(memory::give_back());
    // A start may wait for its database for ever, and must be as easy to stop as what it waits for.
    let admin = tokio::select! {
        started = server::start(config, Arc::new(SystemClock), logging.root.clone()) => started?,
        _ = term.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let is_demo = matches!(command, Command::Standalone { .. });
    let demo = if is_demo { standalone::demonstrate(&admin).await? } else { None };
    welcome(&admin, is_demo)?;
    warn_of_predecessor(&admin)?;
    let broken = tokio::select! {
        _ = term.recv() => None,
        _ = interrupt.recv() => None,
        reason = admin.broken() => Some(reason),
    };
    if let Some(Err(error)) = match demo {
        Some(demo) => Some(demo.close().await),
        None => None,
    } {
        slog::warn!(logging.root, "the demo executor did not stop in good order"; "error" => %error);
    }
    admin.stop().await;
    broken.map_or(Ok(()), |reason| Err(reason.into()))
}

/// Looks through the chain of the operation log and tells what was found; a fault is a failure.
async fn verify(store: &Store, kept: Option<Link>) -> Outcome {
    let Verified { end: Link { place, hash }, fault } = store.operations_verify(kept).await?;
    match fault {
        Some(fault) => Err(format!("the operation log is broken: {fault}").into()),
        None if place == 0 => say("the operation log is whole: it has no entries yet"),
        None => {
            say(&format!("the operation log is whole: {place} entries\nkeep {place}:{hash} for the next time (--kept)"))
        }
    }
}

/// Tells where to go and how to get in; a generated password is shown this once.
fn welcome(admin: &Running, is_demo: bool) -> Outcome {
    let user = &admin.app().config.admin.user;
    let password = match admin.first_user() {
        FirstUser::Generated(password) => format!("{password}   (shown this once)"),
        FirstUser::Configured => "as configured".to_owned(),
        FirstUser::Existed if !is_demo => return say(&format!("hzm-job admin: {}", reachable(admin))),
        FirstUser::Existed => "set at the first start; `hzm-job-admin reset-password` makes a new one".to_owned(),
    };
    say(&format!("hzm-job admin: {}\nuser name: {user}\npassword:  {password}", reachable(admin)))
}

/// Several admins on one database are not served yet: whoever started this one by mistake should see it here, not only in a log.
fn warn_of_predecessor(admin: &Running) -> Outcome {
    let Some(other) = admin.app().scheduler.predecessor() else { return Ok(()) };
    let (name, since) = (&other.name, other.since.format("%Y-%m-%d %H:%M:%S UTC"));
    say(&format!(
        "warning: another admin held this database since {since} ({name}) and did not give it back. If it crashed, all is well. \
         If it still runs, this one has taken over and the other one ends: only one admin may use a database."
    ))
}

/// The address as a browser on this machine can use it: "all addresses" is none that one can go to.
fn reachable(admin: &Running) -> String {
    let address = admin.address();
    let here = if address.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { Ipv6Addr::LOCALHOST.into() };
    let ip = if address.ip().is_unspecified() { here } else { address.ip() };
    let scheme = if admin.app().config.admin.tls.is_on() { "https" } else { "http" };
    format!("{scheme}://{}", SocketAddr::new(ip, address.port()))
}

fn say(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
