//! The settings of an executor, checked: a [`Settings`] that exists can be run with.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::error::ExecutorError;
use crate::tls;

/// The longest of all waiting times that can be set.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait before the next attempt: from `initial`, doubled each time, up to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub(crate) initial: Duration,
    pub(crate) max: Duration,
}

impl Backoff {
    /// The delay after the attempt of this number, counted from 1. `dice` in [0, 1) spreads it over its upper half,
    /// so that the nodes of an executor do not all come back at once; 1 is the whole delay.
    pub(crate) fn delay(&self, attempt: u32, dice: f64) -> Duration {
        let doubled = self.initial.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
        doubled.min(self.max).mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
    }
}

/// The port to listen on unless another one is asked for; the original's default.
pub(crate) const DEFAULT_PORT: u16 = 7777;

/// What an executor runs with. Defaults are those of [`ExecutorBuilder`](crate::ExecutorBuilder).
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) app_key: String,
    /// Empty: no secret, and callers are not checked.
    pub(crate) secret: String,
    pub(crate) admins: Vec<String>,
    /// The authorities of an admin at an `https://` address; `None`: those that browsers trust.
    pub(crate) tls_ca: Option<PathBuf>,
    pub(crate) address: Option<String>,
    pub(crate) bind: String,
    pub(crate) data_dir: Option<PathBuf>,
    /// Runs at a time.
    pub(crate) concurrency: usize,
    /// Runs that wait for their turn.
    pub(crate) queue: usize,
    pub(crate) cancel_grace: Duration,
    pub(crate) drain: Duration,
    pub(crate) register_every: Duration,
    pub(crate) register_retry: Duration,
    pub(crate) callback_retry: Backoff,
}

impl Settings {
    pub(crate) fn new(app_key: String) -> Self {
        Self {
            app_key,
            secret: String::new(),
            admins: Vec::new(),
            tls_ca: None,
            address: None,
            bind: format!("0.0.0.0:{DEFAULT_PORT}"),
            data_dir: None,
            concurrency: 64,
            queue: 1_000,
            cancel_grace: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            register_every: Duration::from_secs(30),
            register_retry: Duration::from_secs(10),
            callback_retry: Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(60) },
        }
    }

    /// Where callbacks are kept: what was set, else a folder of the app key's name below the working directory.
    pub(crate) fn data_dir(&self) -> PathBuf {
        let default = || PathBuf::from("hzm-job-callbacks").join(folder_name(&self.app_key));
        self.data_dir.clone().unwrap_or_else(default)
    }

    /// Brings addresses into one form and finds everything that is wrong, not only the first.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Settings`] with one line per problem.
    pub(crate) fn checked(mut self) -> Result<Self, ExecutorError> {
        let mut problems = self.problems();
        for admin in self.admins.iter_mut().chain(self.address.iter_mut()) {
            match normal_address(admin) {
                Ok(normal) => *admin = normal,
                Err(problem) => problems.push(problem),
            }
        }
        problems.extend(tls::client(self.tls_ca.as_deref()).err());
        if problems.is_empty() { Ok(self) } else { Err(ExecutorError::Settings(problems)) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut demand = |met: bool, text: &str| {
            if !met {
                problems.push(text.to_owned());
            }
        };
        let key_length = self.app_key.chars().count();
        let key_is_clean = !self.app_key.contains(char::is_control) && self.app_key.trim() == self.app_key;
        demand(
            (1..=128).contains(&key_length) && key_is_clean,
            "app key: 1 to 128 characters without line breaks or surrounding spaces are needed, as shown in the admin",
        );
        demand(
            self.secret.len() <= 256 && self.secret.bytes().all(|byte| byte.is_ascii_graphic()),
            "app secret: at most 256 visible ASCII characters; it is sent as an HTTP header",
        );
        demand(!self.admins.is_empty(), "admin address: at least one is needed, such as http://127.0.0.1:8888");
        demand((1..=10_000).contains(&self.concurrency), "concurrency: 1 to 10,000 runs at a time");
        demand(self.queue <= 100_000, "queue: at most 100,000 waiting runs");
        for (name, time) in self.times() {
            demand(time <= LONGEST, &format!("{name}: at most 24 hours"));
        }
        for (name, time) in self.times().into_iter().skip(2) {
            demand(time >= Duration::from_millis(10), &format!("{name}: at least 10 milliseconds"));
        }
        demand(
            self.callback_retry.initial <= self.callback_retry.max,
            "callback retry: the first delay exceeds the longest",
        );
        problems
    }

    /// The two that may be zero come first.
    fn times(&self) -> [(&'static str, Duration); 6] {
        [
            ("cancel grace", self.cancel_grace),
            ("drain", self.drain),
            ("registration interval", self.register_every),
            ("registration retry", self.register_retry),
            ("callback retry, first delay", self.callback_retry.initial),
            ("callback retry, longest delay", self.callback_retry.max),
        ]
    }
}

/// `http(s)://host[:port][/prefix]` without a slash at the end.
fn normal_address(address: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("address {address:?}: {why}; it should look like http://10.0.0.7:7777");
    let url = Url::parse(address.trim()).map_err(|problem| wrong(&problem.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("only http:// and https:// are supported"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("user names, queries and fragments have no place in it"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The app key as the name of a folder: everything but letters, digits, `-`, `_` and inner dots is escaped as `%XX`.
fn folder_name(app_key: &str) -> String {
    let mut name = String::new();
    for byte in app_key.bytes() {
        match byte {
            b'.' if !name.is_empty() => name.push('.'),
            b'-' | b'_' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let mut settings = Settings::new("billing".into());
        settings.admins.push("http://127.0.0.1:8888/".into());
        settings
    }

    fn problems(settings: Settings) -> Vec<String> {
        match settings.checked() {
            Err(ExecutorError::Settings(problems)) => problems,
            other => panic!("unexpected: {:?}", other.err()),
        }
    }

    #[test]
    fn delays_double_from_the_first_to_the_longest_and_are_spread() {
        let backoff = settings().callback_retry;
        let whole: Vec<u64> = (1..=8).map(|attempt| backoff.delay(attempt, 1.0).as_secs()).collect();
        assert_eq!(whole, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.delay(2, 0.0), Duration::from_secs(1));
        assert_eq!(backoff.delay(u32::MAX, 1.0), Duration::from_secs(60));
    }

    #[test]
    fn addresses_lose_their_last_slash_and_keep_a_prefix() {
        assert_eq!(settings().checked().ok().unwrap().admins, ["http://127.0.0.1:8888"]);
        assert_eq!(normal_address("http://h/scheduler/").unwrap(), "http://h/scheduler");
    }

    #[test]
    fn addresses_that_cannot_be_called_are_refused_with_the_reason() {
        for (address, reason) in [
            ("127.0.0.1:8888", "relative URL"),
            ("ftp://h", "only http:// and https://"),
            ("http://u:p@h", "user names"),
            ("http://h?a", "queries"),
        ] {
            let problem = normal_address(address).unwrap_err();
            assert!(problem.contains(reason) && problem.contains(address), "{problem}");
        }
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let mut wrong = settings();
        wrong.app_key = " ".into();
        wrong.secret = "two words".into();
        wrong.admins.clear();
        wrong.concurrency = 0;
        wrong.drain = Duration::MAX;
        wrong.register_every = Duration::ZERO;
        let problems = problems(wrong);
        let told: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert_eq!(told, ["app key", "app secret", "admin address", "concurrency", "drain", "registration interval"]);
    }

    #[test]
    fn no_app_key_leads_out_of_the_callbacks_folder() {
        for (key, name) in
            [("billing", "billing"), ("..", "%2E."), ("a/../b", "a%2F..%2Fb"), ("a.b", "a.b"), ("任", "%E4%BB%BB")]
        {
            assert_eq!(folder_name(key), name);
        }
    }
}
