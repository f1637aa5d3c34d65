//! The log: text for people or JSON for programs, one line each to standard error, with a level that can change while the
//! admin runs. `docs/logging.md` says what a line has.
//!
//! Lines are written by a thread of their own behind a bounded queue; when it is full, lines are dropped and a line says
//! how many. What actix and others write through the `log` crate is carried along from `info` on.

mod tame;
mod watch;

pub use watch::watch_level;

use crate::config::{LogConfig, LogKind, LogLevel};
use slog::{Drain, Level, Logger, OwnedKVList, Record, o};
use slog_term::{Decorator, FullFormat};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tame::Tame;

/// Lines that may wait to be written.
const QUEUE: usize = 4_096;

/// The log of the process. Dropping it writes what waits.
pub struct Logging {
    /// The root of all loggers.
    pub root: Logger,
    /// The handle that changes the level.
    pub level: LevelSwitch,
    // Dropped in this order: first the scope that still uses the drain, then the drain's thread.
    _scope: Option<slog_scope::GlobalLoggerGuard>,
    _writer: slog_async::AsyncGuard,
}

/// Changes the level of a log that is in use.
#[derive(Debug, Clone)]
pub struct LevelSwitch(Arc<AtomicUsize>);

impl LevelSwitch {
    fn new(level: LogLevel) -> LevelSwitch {
        LevelSwitch(Arc::new(AtomicUsize::new(slog_level(level).as_usize())))
    }

    /// Writes lines of this importance and above from now on.
    pub fn set(&self, level: LogLevel) {
        self.0.store(slog_level(level).as_usize(), Ordering::Relaxed);
    }

    fn lets_pass(&self, level: Level) -> bool {
        level.as_usize() <= self.0.load(Ordering::Relaxed)
    }
}

/// A drain that drops what is less important than its switch says.
struct Leveled<D> {
    inner: D,
    switch: LevelSwitch,
}

impl<D: Drain> Drain for Leveled<D> {
    type Ok = Option<D::Ok>;
    type Err = D::Err;

    fn log(&self, record: &Record<'_>, values: &OwnedKVList) -> Result<Self::Ok, Self::Err> {
        if self.switch.lets_pass(record.level()) { self.inner.log(record, values).map(Some) } else { Ok(None) }
    }

    fn is_enabled(&self, level: slog::Level) -> bool {
        self.switch.lets_pass(level)
    }
}

/// Has every panic logged once, with its place, in the place of Rust's own report.
fn log_panics(root: &Logger) {
    let log = root.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or("no words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        slog::error!(log, "panic"; "said" => said, "at" => place, "thread" => std::thread::current().name());
    }));
}

/// Sets the log up, once in the life of the process.
#[must_use]
pub fn init(config: LogConfig) -> Logging {
    let level = LevelSwitch::new(config.level);
    let (writer, guard) = match config.kind {
        LogKind::Text => queue(text(slog_term::TermDecorator::new().stderr().build()).ignore_res()),
        LogKind::Json => queue(json(io::stderr()).ignore_res()),
    };
    let drain = Leveled { inner: writer, switch: level.clone() };
    let root = Logger::root(drain.ignore_res(), o!());
    let scope = carry_foreign_lines(&root);
    log_panics(&root);
    Logging { root, level, _scope: scope, _writer: guard }
}

/// A line for people, whatever stands in it.
fn text<D: Decorator>(out: D) -> FullFormat<Tame<D>> {
    FullFormat::new(Tame(out)).use_utc_timestamp().build()
}

/// One JSON object a line: `msg`, `level`, `ts`, and every key of the line.
fn json<W: io::Write>(out: W) -> slog_json::Json<W> {
    slog_json::Json::default(out)
}

fn queue<D>(drain: D) -> (slog::Fuse<slog_async::Async>, slog_async::AsyncGuard)
where
    D: Drain<Ok = (), Err = slog::Never> + Send + 'static,
{
    let queue = slog_async::Async::new(drain)
        .chan_size(QUEUE)
        .overflow_strategy(slog_async::OverflowStrategy::DropAndReport)
        .thread_name("hzm-log".to_owned());
    let (writer, guard) = queue.build_with_guard();
    (writer.fuse(), guard)
}

/// Sends what others write through the `log` crate to `root`; `None` when somebody took that place before.
fn carry_foreign_lines(root: &Logger) -> Option<slog_scope::GlobalLoggerGuard> {
    let scope = slog_scope::set_global_logger(root.new(o!("component" => "foreign")));
    // Debug lines of the HTTP machinery would be many per request.
    slog_stdlog::init_with_level(log::Level::Info).ok().map(|()| scope)
}

fn slog_level(level: LogLevel) -> Level {
    match level {
        LogLevel::Debug => Level::Debug,
        LogLevel::Info => Level::Info,
        LogLevel::Warn => Level::Warning,
        LogLevel::Error => Level::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Counts the lines that arrive.
    struct Counter(Arc<Mutex<u32>>);

    impl Drain for Counter {
        type Ok = ();
        type Err = slog::Never;

        fn log(&self, _: &Record<'_>, _: &OwnedKVList) -> Result<(), slog::Never> {
            *self.0.lock().unwrap() += 1;
            Ok(())
        }
    }

    /// A file in memory.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_for_programs_is_one_json_object_whatever_stands_in_it() {
        let page = Page::default();
        let log = Logger::root(Mutex::new(json(page.clone())).ignore_res(), o!("component" => "test"));
        slog::info!(log, "run by hand"; "job" => 17, "user" => "two\nlines \"and\" 任务");
        slog::error!(log, "panic"; "said" => Option::<&str>::None);
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [first, second] = lines.as_slice() else { panic!("two lines, each an object: {text}") };
        assert_eq!((first["msg"].as_str(), first["level"].as_str()), (Some("run by hand"), Some("INFO")));
        assert_eq!((first["job"].as_i64(), first["component"].as_str()), (Some(17), Some("test")));
        assert_eq!(first["user"], "two\nlines \"and\" 任务");
        assert!(chrono::DateTime::parse_from_rfc3339(first["ts"].as_str().unwrap()).is_ok(), "{first}");
        assert_eq!(second["level"], "ERRO");
    }

    #[test]
    fn a_line_for_people_is_one_line_whatever_strangers_put_into_it() {
        let page = Page::default();
        let lines = text(slog_term::PlainSyncDecorator::new(page.clone()));
        let log = Logger::root(lines.ignore_res(), o!("component" => "test\u{2029}"));
        let forged = "x\r\nNov 28 99:99:99.999 INFO logged in, user: admin\u{1b}[31m\u{202e}\u{85}\u{2028}\u{2066}\u{200f}\u{7f}";
        slog::warn!(log, "a node was turned away: {}", forged; "app_key" => forged, "error" => %forged, "said" => "任务 \"ok\"");
        slog::info!(log, "\n"; "empty" => "", "lines" => "\n");
        let written = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = written.split_terminator('\n').collect();
        let [first, second] = lines.as_slice() else { panic!("two lines: {written:?}") };
        assert!(!first.chars().chain(second.chars()).any(tame::is_wild), "{written:?}");
        assert_eq!(
            first
                .matches(r"x\r\nNov 28 99:99:99.999 INFO logged in, user: admin\u{1b}[31m\u{202e}\u{85}\u{2028}")
                .count(),
            3
        );
        assert!(first.contains("任务 \"ok\"") && first.contains(r"component: test\u{2029}"), "{first}");
        assert!(second.contains(r" \n") && second.contains(r"lines: \n"), "{second}");
    }

    #[test]
    fn the_level_can_be_changed_while_the_log_is_in_use() {
        let (count, switch) = (Arc::new(Mutex::new(0)), LevelSwitch::new(LogLevel::Info));
        let drain = Leveled { inner: Counter(Arc::clone(&count)), switch: switch.clone() };
        let log = Logger::root(drain.ignore_res(), o!());
        slog::debug!(log, "dropped");
        slog::info!(log, "written");
        switch.set(LogLevel::Debug);
        slog::debug!(log, "written");
        switch.set(LogLevel::Error);
        slog::warn!(log, "dropped");
        assert_eq!(*count.lock().unwrap(), 2);
    }
}
