//! The demonstration that `standalone` starts with: an executor in this process and three jobs that fire every few seconds.
//!
//! Executor and jobs are created at the very first start of a data folder and belong to the user from then on: later
//! starts run the executor if it is still there, and create nothing.

use crate::first_user::FirstUser;
use crate::server::Running;
use crate::state::App;
use hzm_job_scheduler::executor::{ExecutorDraft, Registration};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::problem::FieldProblem;
use hzm_job_scheduler::schedule::{ScheduleDraft, ScheduleKind};
use hzm_job_store::StoreError;
use hzm_job_store::executor::Executor;
use hzm_job_store::outcome::Change;
use hzmjob::{ExecutorHandle, JobContext, JobResult, job};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use thiserror::Error;

/// The app key of the demonstration.
const APP_KEY: &str = "demo";
/// Who created it, as the operation log shows it.
const AUTHOR: &str = "standalone";

/// Why there is no demonstration; the admin serves all the same.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The database refused.
    #[error("the demonstration could not be written")]
    Store(#[from] StoreError),
    /// The definitions are wrong, which is a mistake of ours.
    #[error("the demonstration's definitions are wrong: {0}")]
    Definition(String),
    /// The scheduler could not be told.
    #[error(transparent)]
    Scheduler(#[from] hzm_job_actors::SchedulerError),
    /// The executor did not start.
    #[error("the demonstration's executor did not start")]
    Executor(#[from] hzmjob::ExecutorError),
    /// The operating system has no random numbers.
    #[error("there are no random numbers for a secret: {0}")]
    Random(String),
}

/// Creates the demonstration at the first start, and runs its executor if it is there.
///
/// # Errors
/// [`DemoError`].
pub async fn demonstrate(admin: &Running) -> Result<Option<ExecutorHandle>, DemoError> {
    let app = admin.app();
    if *admin.first_user() != FirstUser::Existed {
        create(app).await?;
    }
    let known = app.store.executor_list().await?;
    let demo = known.into_iter().find(|executor| executor.spec.draft().app_key == APP_KEY);
    let Some(demo) = demo else { return Ok(None) };
    let before = app.store.node_list(Some(demo.id)).await?;
    let before = before.iter().filter_map(|node| node.address.strip_prefix("http://")?.parse().ok()).next_back();
    Ok(Some(run(admin, &demo, place(before))?))
}

/// Where the executor listens: where it did at the last start, so that it comes back as the same node; else anywhere.
fn place(before: Option<SocketAddr>) -> SocketAddr {
    let anywhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    let is_free = |address: &SocketAddr| address.ip().is_loopback() && std::net::TcpListener::bind(address).is_ok();
    before.filter(is_free).unwrap_or(anywhere)
}

fn run(admin: &Running, demo: &Executor, place: SocketAddr) -> Result<ExecutorHandle, DemoError> {
    let executor = hzmjob::Executor::builder(APP_KEY)
        .admin(format!("http://{}", reachable(admin.address())))
        .secret(demo.spec.draft().app_secret.clone().unwrap_or_default())
        .bind(place.to_string())
        .data_dir(admin.folder().path().join("demo-callbacks"))
        .logger(admin.app().log.new(slog::o!("component" => "demo executor")))
        .job::<hello>()
        .job::<daily_report>()
        .job::<now_and_then>()
        .spawn()?;
    Ok(executor)
}

/// The address that reaches the admin from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

async fn create(app: &App) -> Result<(), DemoError> {
    let secret = crate::auth::random_secret().map_err(|error| DemoError::Random(error.to_string()))?;
    let draft = ExecutorDraft {
        name: "Demo 演示".to_owned(),
        app_key: APP_KEY.to_owned(),
        app_secret: Some(secret),
        registration: Registration::Automatic,
        addresses: Vec::new(),
    };
    let spec = draft.check().map_err(wrong)?;
    // Taken: somebody made an executor of that key before; then nothing is ours to create.
    let Change::Done(executor) = app.store.executor_create(spec, app.by(AUTHOR, "")).await? else { return Ok(()) };
    app.scheduler.executor_changed(executor.id).await?;
    for draft in jobs(&executor) {
        let spec = draft.check().map_err(wrong)?;
        let Change::Done(made) = app.store.job_create(spec, app.by(AUTHOR, "")).await? else { return Ok(()) };
        app.store.job_enable(made.job.id, true, app.by(AUTHOR, "")).await?;
        app.scheduler.job_changed(made.job.id).await?;
    }
    slog::info!(app.log, "demonstration created"; "executor" => executor.id.0);
    Ok(())
}

fn wrong(problems: Vec<FieldProblem>) -> DemoError {
    DemoError::Definition(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// Three jobs that show a rate, a cron expression with parameters, and failures that are tried again.
fn jobs(executor: &Executor) -> [JobDraft; 3] {
    let schedule =
        |kind, expression: &str| ScheduleDraft { kind, expression: expression.to_owned(), ..ScheduleDraft::default() };
    let mut hello = JobDraft::new(executor.id, "Hello 你好");
    hello.handler = "hello".to_owned();
    hello.description = "Says hello every two seconds. 每两秒打一次招呼。".to_owned();
    hello.schedule = schedule(ScheduleKind::FixedRate, "2s");
    let mut report = JobDraft::new(executor.id, "Daily report 日报");
    report.handler = "daily-report".to_owned();
    report.description = "Works for half a second on its parameters. 按参数工作半秒钟。".to_owned();
    report.schedule = schedule(ScheduleKind::Cron, "*/5 * * * * ?");
    report.parameters = Some("{\"topic\": \"sales\", \"rows\": 42}".to_owned());
    let mut flaky = JobDraft::new(executor.id, "Now and then 时好时坏");
    flaky.handler = "now-and-then".to_owned();
    flaky.description = "Fails at every third run and is tried again. 每三次失败一次，随后自动重试。".to_owned();
    flaky.schedule = schedule(ScheduleKind::Cron, "*/10 * * * * ?");
    let mut jobs = [hello, report, flaky];
    for job in &mut jobs {
        // Also bridges the moment after a restart in which this process schedules already and executes not yet.
        job.retry.retries = 2;
        job.retry.interval_ms = 1_000;
    }
    jobs
}

/// Says hello.
#[job]
async fn hello(run: JobContext) -> JobResult {
    run.message("hello");
    Ok(())
}

/// What the report is about.
#[derive(Deserialize)]
struct Report {
    topic: String,
    rows: u32,
}

/// Works for half a second.
#[job("daily-report")]
async fn daily_report(run: JobContext, report: Report) -> JobResult {
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    run.message(format_args!("{}: {} rows", report.topic, report.rows));
    Ok(())
}

/// Fails at every third run.
#[job("now-and-then")]
async fn now_and_then(run: JobContext) -> JobResult {
    if run.run_id() % 3 == 0 {
        return Err("this one fails on purpose, so that you can see a retry".into());
    }
    run.message("fine this time");
    Ok(())
}
