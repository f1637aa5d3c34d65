//! The YAML file: the original's keys under `hzm.job.client` and `hzm.job.common.log`, and some of our own.
//!
//! Unknown keys within those sections are errors that name the line, because a misspelt key is a setting that does
//! not apply. Other sections of the file (`hzm.job.admin`, those of the user's own program) are not looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::ExecutorError;
use crate::logging::{LogConfig, LogFormat, LogLevel};

/// Larger files are not configuration.
const FILE_LIMIT: u64 = 1024 * 1024;

#[derive(Deserialize)]
struct File {
    hzm: Hzm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hzm {
    job: Sections,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sections {
    client: ClientConfig,
    #[serde(default)]
    common: Option<Common>,
    #[serde(default, rename = "admin")]
    _admin: Option<IgnoredAny>,
}

/// `hzm.job.client`. What is left out has the builder's default. Not `Debug`: it holds the secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ClientConfig {
    /// Port to listen on, on every address.
    pub(crate) port: Option<u16>,
    /// One or several, separated by commas, tried in order.
    pub(crate) admin_address: String,
    pub(crate) app_key: String,
    pub(crate) app_secret: Option<String>,
    /// Address that the admin calls; found out when left out.
    pub(crate) address: Option<String>,
    /// The original's key: only the host of that address, the port is the one listened on.
    localhost: Option<String>,
    /// PEM file with the authorities of an admin at an `https://` address.
    pub(crate) tls_ca: Option<PathBuf>,
    /// Folder of the callbacks that wait.
    pub(crate) data_dir: Option<PathBuf>,
    /// Runs at a time.
    pub(crate) concurrency: Option<usize>,
    /// Runs that wait for their turn.
    pub(crate) queue: Option<usize>,
    /// Seconds.
    pub(crate) cancel_grace_seconds: Option<u64>,
    /// Seconds.
    pub(crate) drain_seconds: Option<u64>,
}

impl ClientConfig {
    /// The address that the admin is told to call, when the file says one.
    pub(crate) fn advertised(&self, default_port: u16) -> Option<String> {
        let by_host = |host: &String| format!("http://{host}:{}", self.port.unwrap_or(default_port));
        self.address.clone().or_else(|| self.localhost.as_ref().map(by_host))
    }

    pub(crate) fn cancel_grace(&self) -> Option<Duration> {
        self.cancel_grace_seconds.map(Duration::from_secs)
    }

    pub(crate) fn drain(&self) -> Option<Duration> {
        self.drain_seconds.map(Duration::from_secs)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    #[serde(default)]
    log: Option<LogSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSection {
    #[serde(default)]
    level: LogLevel,
    #[serde(default, rename = "type")]
    format: LogFormat,
}

/// Reads the file's sections that concern an executor.
///
/// # Errors
///
/// When the file cannot be read, is larger than 1 MiB, is not YAML, lacks a key or has an unknown one.
pub(crate) fn read(path: &Path) -> Result<(ClientConfig, LogConfig), ExecutorError> {
    let unreadable = |source| ExecutorError::ConfigRead { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_LIMIT {
        return Err(ExecutorError::ConfigSyntax { path: path.to_owned(), problem: String::from("larger than 1 MiB") });
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(&text).map_err(|problem| ExecutorError::ConfigSyntax { path: path.to_owned(), problem })
}

fn parse(text: &str) -> Result<(ClientConfig, LogConfig), String> {
    // Without the surrounding lines: the secret may be among them, and errors end up in logs.
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|problem| problem.to_string())?;
    let Sections { client, common, .. } = file.hzm.job;
    let log = common.and_then(|common| common.log).map(|log| LogConfig { level: log.level, format: log.format });
    Ok((client, log.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: &str = "hzm:
  job:
    client:
      port: 7777                    # 客户端健康检查端口
      adminAddress: http://localhost:8888  # 管理服务器地址
      appKey: your-app-key
      appSecret: your-app-secret
    common:
      log:
        level: debug
        type: json
";

    #[test]
    fn the_file_of_the_original_is_understood() {
        let (client, log) = parse(ORIGINAL).unwrap();
        assert_eq!((client.port, client.app_key.as_str()), (Some(7777), "your-app-key"));
        assert_eq!(client.admin_address, "http://localhost:8888");
        assert_eq!(client.app_secret.as_deref(), Some("your-app-secret"));
        assert_eq!(log, LogConfig { level: LogLevel::Debug, format: LogFormat::Json });
    }

    #[test]
    fn our_own_keys_are_understood_and_other_sections_left_alone() {
        let (client, log) = parse(
            "server: {port: 1}
hzm:
  job:
    admin: {port: 8888, mysql: {host: localhost}}
    client: {adminAddress: 'http://a:1,http://b:2', appKey: k, address: 'http://n:1', dataDir: /var/lib/k,
             concurrency: 4, queue: 10, cancelGraceSeconds: 5, drainSeconds: 60}
",
        )
        .unwrap();
        assert_eq!((client.concurrency, client.queue), (Some(4), Some(10)));
        assert_eq!(
            (client.cancel_grace(), client.drain()),
            (Some(Duration::from_secs(5)), Some(Duration::from_secs(60)))
        );
        assert_eq!(client.data_dir.as_deref(), Some(Path::new("/var/lib/k")));
        assert_eq!(log, LogConfig::default());
    }

    #[test]
    fn the_originals_localhost_is_the_host_that_is_advertised() {
        let advertised = |more: &str| {
            parse(&ORIGINAL.replace("      port:", &format!("      {more}\n      port:"))).unwrap().0.advertised(1)
        };
        assert_eq!(advertised("localhost: 10.0.0.7").as_deref(), Some("http://10.0.0.7:7777"));
        assert_eq!(advertised("address: 'http://n:1'").as_deref(), Some("http://n:1"));
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it_and_its_line() {
        for (wrong, line) in [("appSecrett: x", 4), ("drainSeconds: soon", 4)] {
            let text =
                format!("hzm:\n  job:\n    client:\n      {wrong}\n      adminAddress: http://a\n      appKey: k\n");
            let problem = parse(&text).err().unwrap();
            assert!(problem.contains(&format!("line {line}")), "{problem}");
        }
        let problem = parse(&ORIGINAL.replace("level: debug", "level: loud")).err().unwrap();
        assert!(problem.contains("loud") && problem.contains("line 10"), "{problem}");
    }

    #[test]
    fn no_error_shows_the_secret() {
        let problem = parse(&ORIGINAL.replace("appKey:", "apKey:")).err().unwrap();
        assert!(
            problem.contains("apKey") && problem.contains("line 6") && !problem.contains("your-app-secret"),
            "{problem}"
        );
    }

    #[test]
    fn a_missing_key_is_named() {
        let problem = parse("hzm: {job: {client: {adminAddress: 'http://a'}}}").err().unwrap();
        assert!(problem.contains("appKey"), "{problem}");
    }
}
