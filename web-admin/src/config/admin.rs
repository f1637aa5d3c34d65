//! What stands under `hzm.job.admin`, a struct per concern, each key with its default.

use super::database::{DatabaseConfig, MySqlConfig};
use super::identity::{GroupRule, LdapConfig, OidcConfig};
use super::secret::Secret;
use super::span;
use crate::key_file;
use chrono::TimeDelta;
use hzm_job_actors::settings::{EgressSettings, SchedulingSettings, Settings, SupervisionSettings};
use hzm_job_scheduler::names;
use hzm_job_scheduler::networks::Networks;
use hzm_job_store::{StoreError, StoreSettings};
use serde::{Deserialize, Serialize};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// What stands under `hzm.job.admin`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct AdminConfig {
    /// The IP address to listen on; default `0.0.0.0`, all of them (in standalone mode `127.0.0.1`).
    pub listen: String,
    /// The TCP port; default 8888. 0 takes a free one, which the log names.
    pub port: u16,
    /// The folder of the lock file and, by default, of the SQLite database; default `hzm-job-data`.
    pub data: PathBuf,
    /// The key itself, 64 hexadecimal digits; in the place of its file, for where secrets come by the environment.
    pub key: Secret,
    /// The file of the key that secrets are encrypted with; default: `hzm-job.key` in the data folder. Made at the first start.
    pub key_file: PathBuf,
    /// The original's way to name a MySQL or MariaDB database; in the place of `database.url`.
    #[serde(deserialize_with = "super::database::block", skip_serializing_if = "Option::is_none")]
    pub mysql: Option<MySqlConfig>,
    /// The database.
    pub database: DatabaseConfig,
    /// The name of the first user, created when there is none; default `admin`.
    pub user: String,
    /// The first user's password; empty: one is generated and shown once, at the first start.
    pub password: Secret,
    /// Sessions of the pages and the API.
    pub session: SessionConfig,
    /// The HTTP server.
    pub http: HttpConfig,
    /// TLS of the pages, the API and what executors call.
    pub tls: TlsConfig,
    /// Where triggers may be sent, and whom TLS believes there.
    pub egress: EgressSettings,
    /// A directory that users log in by.
    pub ldap: LdapConfig,
    /// A provider of OpenID Connect that users log in by.
    pub oidc: OidcConfig,
    /// What the groups of a directory or provider may do here; all rules that match count.
    pub groups: Vec<GroupRule>,
    /// The role of those whom no rule concerns, on all executors; empty (default): they are not let in.
    pub otherwise: String,
    /// Scheduling threads; default 0, one per processor core, at most 8.
    pub threads: u16,
    /// How jobs are fired.
    pub scheduling: SchedulingSettings,
    /// What happens when an actor dies.
    pub supervision: SupervisionSettings,
    /// Switches for tests of the admin itself.
    pub debug: DebugConfig,
}

/// Sessions: `hzm.job.admin.session`. Times such as `30m`, `12h`, `7d`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct SessionConfig {
    /// A session ends after so long without a request; default `12h`.
    #[serde(with = "span")]
    pub idle: TimeDelta,
    /// A session ends after so long in any case; default `7d`.
    #[serde(with = "span")]
    pub absolute: TimeDelta,
    /// Whether browsers may send the cookie over HTTPS only; set it behind an HTTPS proxy. Default `false`, and always so with
    /// `tls`.
    pub secure_cookie: bool,
}

/// The HTTP server: `hzm.job.admin.http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct HttpConfig {
    /// Worker threads; default 0, one per processor core, at most 4.
    pub workers: u16,
    /// How long a connection stays open without a request, or without the client taking anything of an answer; default `75s`, longer
    /// than executors keep theirs.
    #[serde(with = "span")]
    pub keep_alive: TimeDelta,
    /// How long a client may take to send the head of a request, the rest of a body that nobody reads, and its part of a TLS handshake;
    /// default `10s`.
    #[serde(with = "span")]
    pub request_timeout: TimeDelta,
    /// How long a client may take to send the body of a request; default `30s`.
    #[serde(with = "span")]
    pub body_timeout: TimeDelta,
    /// Connections at the same time, in all; default 16,384. Further ones wait to be accepted.
    pub max_connections: u32,
    /// Connections of one address at the same time; default 4,096. Further ones are refused.
    pub connections_per_address: u32,
    /// Networks of the proxies whose `X-Forwarded-For` is believed; default: none.
    pub trusted_proxies: Networks,
}

/// TLS of the admin itself: `hzm.job.admin.tls`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct TlsConfig {
    /// A PEM file with the certificate and those between it and its authority; default: none, and HTTP without TLS. Read again
    /// when it changes.
    pub cert: PathBuf,
    /// The PEM file with its key.
    pub key: PathBuf,
}

/// Switches for tests of the admin itself: `hzm.job.admin.debug`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct DebugConfig {
    /// Serves `POST /api/v1/actors/jobs/{id}/fail`, which makes a job's actor panic; default `false`.
    pub fault_injection: bool,
}

impl TlsConfig {
    /// Whether there is a certificate to show.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.cert.as_os_str().is_empty()
    }
}

impl Default for AdminConfig {
    fn default() -> Self {
        AdminConfig {
            listen: "0.0.0.0".to_owned(),
            port: 8888,
            data: PathBuf::from("hzm-job-data"),
            key: Secret::default(),
            key_file: PathBuf::new(),
            mysql: None,
            database: DatabaseConfig::default(),
            user: "admin".to_owned(),
            password: Secret::default(),
            session: SessionConfig::default(),
            http: HttpConfig::default(),
            tls: TlsConfig::default(),
            egress: EgressSettings::default(),
            ldap: LdapConfig::default(),
            oidc: OidcConfig::default(),
            groups: Vec::new(),
            otherwise: String::new(),
            threads: 0,
            scheduling: SchedulingSettings::default(),
            supervision: SupervisionSettings::default(),
            debug: DebugConfig::default(),
        }
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        SessionConfig { idle: TimeDelta::hours(12), absolute: TimeDelta::days(7), secure_cookie: false }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        HttpConfig {
            workers: 0,
            keep_alive: TimeDelta::seconds(75),
            request_timeout: TimeDelta::seconds(10),
            body_timeout: TimeDelta::seconds(30),
            max_connections: 16_384,
            connections_per_address: 4_096,
            trusted_proxies: Networks::default(),
        }
    }
}

impl AdminConfig {
    /// The URL of the database in use.
    pub fn database_url(&self) -> String {
        match &self.mysql {
            Some(mysql) => mysql.url(),
            None if self.database.url.is_empty() => format!("sqlite://{}", self.data.join("ledger.sqlite").display()),
            None => self.database.url.clone(),
        }
    }

    /// Where the key is.
    pub fn key_path(&self) -> PathBuf {
        if self.key_file.as_os_str().is_empty() { self.data.join("hzm-job.key") } else { self.key_file.clone() }
    }

    /// How the database is opened.
    pub fn store_settings(&self) -> StoreSettings {
        let database = &self.database;
        StoreSettings {
            pool_size: u32::from(database.pool_size),
            connect_within: Duration::from_millis(database.connect_within_ms),
            statement_within: Duration::from_millis(database.statement_within_ms),
            tls_ca: Some(database.tls_ca.clone()).filter(|file| !file.as_os_str().is_empty()),
            ..StoreSettings::new(self.database_url())
        }
    }

    /// The settings of the actors.
    pub fn actor_settings(&self) -> Settings {
        Settings {
            scheduling: self.scheduling.clone(),
            supervision: self.supervision.clone(),
            egress: self.egress.clone(),
            threads: per_core(self.threads, 8),
        }
    }

    /// Whether browsers send cookies over HTTPS only.
    pub fn has_secure_cookies(&self) -> bool {
        self.session.secure_cookie || self.tls.is_on()
    }

    /// Whether browsers keep no session unless somebody else speaks HTTPS for this admin, and nothing says that somebody does.
    pub fn loses_cookies(&self) -> bool {
        self.session.secure_cookie && !self.tls.is_on() && self.http.trusted_proxies.is_empty()
    }

    /// Worker threads of the HTTP server.
    pub fn http_workers(&self) -> usize {
        per_core(self.http.workers, 4)
    }

    /// The same of the database: one of the two ways to name it, not both.
    fn check_database(&self) -> Result<(), (String, String)> {
        self.database.check().map_err(|(key, advice)| (format!("database.{key}"), advice.to_owned()))?;
        if let Some(mysql) = &self.mysql {
            if !self.database.url.is_empty() {
                let advice = "the database is named twice, here and by hzm.job.admin.database.url; remove one of them";
                return Err(("mysql".to_owned(), advice.to_owned()));
            }
            mysql.check().map_err(|(key, advice)| (format!("mysql.{key}"), advice.to_owned()))?;
        }
        self.check_store()
    }

    /// The same of what only the store can tell: whether the URL can be read, and goes with the rest.
    fn check_store(&self) -> Result<(), (String, String)> {
        let url = if self.mysql.is_some() { "mysql" } else { "database.url" };
        self.store_settings().check().map_err(|error| match error {
            StoreError::Url { reason, .. } => (url.to_owned(), reason),
            StoreError::Setting { name, reason } => (format!("database.{name}"), reason),
            other => (url.to_owned(), other.to_string()),
        })
    }

    /// The first value that cannot be used: its key below `hzm.job.admin`, and what to do.
    pub(super) fn check(&self) -> Result<(), (String, String)> {
        self.check_database()?;
        super::identity::check(&self.ldap, &self.oidc, (&self.groups, &self.otherwise))?;
        let password = &self.password.0;
        let checks = [
            (
                "listen",
                self.listen.parse::<std::net::IpAddr>().is_ok(),
                "give an IP address such as 0.0.0.0 or 127.0.0.1",
            ),
            (
                "user",
                names::can_be_given(&self.user),
                "give a name of 1 to 128 characters, without blanks around it, brackets or characters that cannot be seen",
            ),
            (
                "password",
                password.is_empty() || (8..=256).contains(&password.len()),
                "give 8 to 256 characters, or none",
            ),
            (
                "key",
                self.key.0.trim().is_empty() || key_file::digits(self.key.0.trim()).is_some(),
                "give 64 hexadecimal digits, or none",
            ),
            (
                "keyFile",
                self.key.0.trim().is_empty() || self.key_file.as_os_str().is_empty(),
                "the key is given twice, here and by hzm.job.admin.key; remove one of them",
            ),
            ("session.idle", self.session.idle >= TimeDelta::minutes(1), "give at least 1m"),
            ("session.absolute", self.session.absolute >= self.session.idle, "give no less than session.idle"),
            ("http.workers", self.http.workers <= 64, "give a number from 0 to 64"),
            ("http.keepAlive", self.http.keep_alive >= TimeDelta::seconds(1), "give at least 1s"),
            ("http.requestTimeout", self.http.request_timeout >= TimeDelta::seconds(1), "give at least 1s"),
            ("http.bodyTimeout", self.http.body_timeout >= TimeDelta::seconds(1), "give at least 1s"),
            (
                "http.maxConnections",
                (16..=1_000_000).contains(&self.http.max_connections),
                "give a number from 16 to 1000000",
            ),
            (
                "http.connectionsPerAddress",
                (8..=1_000_000).contains(&self.http.connections_per_address),
                "give a number from 8 to 1000000",
            ),
            (
                "tls.key",
                self.tls.cert.as_os_str().is_empty() || !self.tls.key.as_os_str().is_empty(),
                "the key of tls.cert is missing; name its PEM file",
            ),
            (
                "tls.cert",
                self.tls.key.as_os_str().is_empty() || !self.tls.cert.as_os_str().is_empty(),
                "the certificate of tls.key is missing; name its PEM file",
            ),
            ("threads", self.threads <= 64, "give a number from 0 to 64"),
        ];
        if let Some((key, _, advice)) = checks.into_iter().find(|(_, is_fine, _)| !is_fine) {
            return Err((key.to_owned(), advice.to_owned()));
        }
        let egress = self.egress.problem().map(|(key, text)| (format!("egress.{key}"), text));
        let scheduling = self.scheduling.problems().into_iter().map(|(key, text)| (format!("scheduling.{key}"), text));
        let supervision =
            self.supervision.problems().into_iter().map(|(key, text)| (format!("supervision.{key}"), text));
        egress.into_iter().chain(scheduling).chain(supervision).next().map_or(Ok(()), Err)
    }
}

/// A number of threads; 0 stands for one per processor core, at most `most`.
fn per_core(configured: u16, most: usize) -> usize {
    match configured {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get).min(most),
        wanted => usize::from(wanted),
    }
}
