//! How many rows a second the ledger takes and what each costs: batches of several sizes, every commit durable.
//!
//! `cargo run --release -p hzm-job-store --example ledger_speed -- URL [--rows N] [--server PID] [--sizes 100,1000]`, on a
//! database of yours that nothing else uses: it claims the partitions and leaves its rows behind. `--rows` fills the ledger up
//! to so many rows first; `--server` is the first process of the database, whose processor time is told as well.
//!
//! One connection, one batch after the other. A fire is written as the scheduler does it: one row ahead of its moment, then one
//! change with its outcome about a second later. The jobs of a batch lie far apart, as those that are due at one moment do.

use chrono::{DateTime, TimeDelta, Utc};
use hzm_job_scheduler::run::{Reason, RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::columns::moment;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry, Known, NewRun, RunChange};
use hzm_job_store::{Store, StoreError};
use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long each size is measured, opening and ending together.
const SPAN: Duration = Duration::from_secs(6);
/// How long rows are written before they are ended.
const AHEAD: Duration = Duration::from_millis(700);
/// Jobs that take turns, and how far apart the jobs of two rows in a row are: prime to each other.
const JOBS: i64 = 1_000_000;
const APART: i64 = 618_033;
/// Rows of a batch that fills.
const FILLING: i64 = 1_000;
/// Microseconds of a clock tick, in which the kernel tells processor time: 100 a second on every Linux that is about.
const TICK_US: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read()?;
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let store = Store::open(&options.url, &log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let epoch = store.partition_claim_all("ledger_speed".into(), moment(0)).await?;
        let next = store.run_id_block_lease(0).await?.end;
        let mut bench = Bench { store, epoch, due: moment(1_800_000_000_000 + next) };
        bench.fill(options.rows - next).await?;
        let mut out = std::io::stdout();
        writeln!(out, "| entries in a batch | opened a second, µs of CPU each here and in the server | ended |")?;
        writeln!(out, "| --- | --- | --- |")?;
        for size in options.sizes {
            bench.measure(size, AHEAD, options.server).await?; // Warms up.
            let (opened, ended) = bench.measure(size, SPAN, options.server).await?;
            writeln!(out, "| {size} | {} | {} |", opened.words(), ended.words())?;
        }
        Ok(())
    })
}

/// What is asked for.
struct Options {
    url: String,
    rows: i64,
    server: Option<u32>,
    sizes: Vec<i64>,
}

impl Options {
    fn read() -> Result<Options, Box<dyn Error>> {
        let mut words = std::env::args().skip(1);
        let url = words.next().ok_or("usage: ledger_speed URL [--rows N] [--server PID] [--sizes 100,1000]")?;
        let mut options = Options { url, rows: 0, server: None, sizes: vec![1, 10, 100, 1_000] };
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            match word.as_str() {
                "--rows" => options.rows = value.parse()?,
                "--server" => options.server = Some(value.parse()?),
                "--sizes" => options.sizes = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
                other => return Err(format!("unknown option {other}").into()),
            }
        }
        Ok(options)
    }
}

/// What some rows took.
#[derive(Default)]
struct Cost {
    rows: i64,
    wall: Duration,
    own_us: u64,
    server_us: u64,
}

impl Cost {
    fn words(&self) -> String {
        let rows = self.rows.max(1) as f64;
        let (own, server) = (self.own_us as f64 / rows, self.server_us as f64 / rows);
        format!("{:.0} ({own:.1} + {server:.1})", rows / self.wall.as_secs_f64())
    }
}

struct Bench {
    store: Store,
    epoch: i64,
    due: DateTime<Utc>,
}

impl Bench {
    /// Writes so many rows and ends them.
    async fn fill(&mut self, rows: i64) -> Result<(), StoreError> {
        for _ in 0..(rows.max(0) + FILLING - 1) / FILLING {
            let ids = self.open(FILLING).await?;
            self.end(ids).await?;
        }
        Ok(())
    }

    /// Opens rows for a while and then ends them, again and again; what each took.
    async fn measure(
        &mut self,
        size: i64,
        span: Duration,
        server: Option<u32>,
    ) -> Result<(Cost, Cost), Box<dyn Error>> {
        let (mut opened, mut ended) = (Cost::default(), Cost::default());
        while opened.wall + ended.wall < span {
            let (began, cpu) = (Instant::now(), Cpu::now(server)?);
            let mut batches = Vec::new();
            while began.elapsed() < AHEAD {
                batches.push(self.open(size).await?);
                opened.rows += size;
            }
            opened.add(began, cpu, server)?;
            let (began, cpu) = (Instant::now(), Cpu::now(server)?);
            for ids in batches {
                self.end(ids).await?;
                ended.rows += size;
            }
            ended.add(began, cpu, server)?;
        }
        Ok((opened, ended))
    }

    /// A batch of new rows, ahead of their moment.
    async fn open(&mut self, size: i64) -> Result<std::ops::Range<i64>, StoreError> {
        let ids = self.store.run_id_block_lease(size).await?;
        self.due += TimeDelta::milliseconds(1);
        let entries = ids.clone().map(|id| Entry::Open(self.new_run(id))).collect();
        self.commit(entries, ids.start).await?;
        Ok(ids)
    }

    /// A batch of outcomes.
    async fn end(&self, ids: std::ops::Range<i64>) -> Result<(), StoreError> {
        let first_id = ids.start;
        self.commit(ids.map(|id| Entry::Change(self.outcome(id))).collect(), first_id).await
    }

    async fn commit(&self, entries: Vec<Entry>, first_id: i64) -> Result<(), StoreError> {
        let batch = Batch { epoch: self.epoch, journal: 0, entries, first_id, checkpoints: Checkpoints::default() };
        self.store.ledger_commit(batch).await.map(drop)
    }

    fn new_run(&self, number: i64) -> NewRun {
        NewRun {
            job: JobId(number.wrapping_mul(APART).rem_euclid(JOBS)),
            executor: ExecutorId(1),
            kind: RunKind::Scheduled,
            scheduled_at: self.due,
            attempt: 0,
            state: RunState::Planned,
            reason: Reason::None,
            not_before: self.due,
            node: Some("http://10.0.0.7:7777".into()),
            pinned: false,
            parameters: Some(r#"{"report":"monthly","region":"north"}"#.into()),
            requested_by: None,
            request_key: None,
            created_at: self.due - TimeDelta::milliseconds(700),
            message: None,
        }
    }

    fn outcome(&self, run: i64) -> RunChange {
        let known = Known { sent_at: Some(self.due), accepted_at: Some(self.due), code: Some(200), ..Known::default() };
        let (from, to) = (RunState::Planned, RunState::Succeeded);
        RunChange { run: RunId(run), from, to, reason: Reason::Reported, at: self.due, known, then: None }
    }
}

impl Cost {
    fn add(&mut self, began: Instant, before: Cpu, server: Option<u32>) -> Result<(), Box<dyn Error>> {
        let after = Cpu::now(server)?;
        self.wall += began.elapsed();
        self.own_us += after.own_us - before.own_us;
        self.server_us += after.server_us.saturating_sub(before.server_us);
        Ok(())
    }
}

/// Processor time so far.
struct Cpu {
    own_us: u64,
    server_us: u64,
}

impl Cpu {
    /// That of this process, and of the server's first process with its children (each connection is one on PostgreSQL).
    fn now(server: Option<u32>) -> Result<Cpu, Box<dyn Error>> {
        let own_us = used(std::process::id(), None)?;
        let mut server_us = 0;
        for process in std::fs::read_dir("/proc").into_iter().flatten().flatten().filter(|_| server.is_some()) {
            let process = process.file_name().to_string_lossy().parse::<u32>();
            // One that ends while it is looked at does no work that counts.
            server_us += process.map_or(0, |process| used(process, server).unwrap_or(0));
        }
        Ok(Cpu { own_us, server_us })
    }
}

/// The processor time of a process in microseconds; 0 where it is not `family` or a child of it.
fn used(process: u32, family: Option<u32>) -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name, which may contain anything: state, parent, and further on user and system time.
    let (_, rest) = stat.rsplit_once(')').ok_or("a process without a name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    let is_of = |family: u32| process == family || number(1) == u64::from(family);
    Ok(if family.is_none_or(is_of) { (number(11) + number(12)) * TICK_US } else { 0 })
}
