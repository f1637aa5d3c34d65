//! The command line: `serve`, `standalone`, `reset-password`, `verify-log`, `export-log`, `rechain-log`.

use crate::config::{AdminConfig, Config, ConfigError};
use clap::{Parser, Subcommand};
use hzm_job_store::link::Link;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What `--version` says; a program that can be made to fail on purpose says so.
const VERSION: &str =
    if cfg!(feature = "faults") { concat!(env!("CARGO_PKG_VERSION"), "+faults") } else { env!("CARGO_PKG_VERSION") };

/// The hzm-job admin: a distributed job scheduler with its web pages.
#[derive(Debug, Parser)]
#[command(name = "hzm-job-admin", version = VERSION, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration file: `hzm-job-admin -f hzm-job.yaml` is short for `serve -f hzm-job.yaml`.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What the admin is to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve, as a configuration file says.
    Serve {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Serve with an embedded database, a demo executor and three demo jobs; nothing else is needed.
    Standalone {
        /// The TCP port; 0 takes a free one. Default 8888.
        #[arg(long)]
        port: Option<u16>,
        /// The IP address to listen on. Default 127.0.0.1.
        #[arg(long)]
        listen: Option<IpAddr>,
        /// The folder of the database. Default ./hzm-job-data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Give a user a new password, print it, and end the user's sessions.
    ResetPassword {
        /// The configuration file of the admin.
        #[arg(short, long, value_name = "FILE", conflicts_with = "data")]
        file: Option<PathBuf>,
        /// The data folder of the admin. Default ./hzm-job-data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// The user; by default the one that the configuration names.
        #[arg(long)]
        user: Option<String>,
    },
    /// Look through the operation log: whether an entry was changed, taken out or put in between.
    VerifyLog {
        /// The configuration file of the admin.
        #[arg(short, long, value_name = "FILE", conflicts_with = "data")]
        file: Option<PathBuf>,
        /// The data folder of the admin. Default ./hzm-job-data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// What an earlier look told to keep: also looks whether that is still there.
        #[arg(long, value_name = "PLACE:HASH")]
        kept: Option<Kept>,
    },
    /// Sign the operation log anew as it is, and tie the database to the key: after you looked into a fault that verify-log or the start
    /// told of. The admin must be stopped.
    RechainLog {
        /// The configuration file of the admin.
        #[arg(short, long, value_name = "FILE", conflicts_with = "data")]
        file: Option<PathBuf>,
        /// The data folder of the admin. Default ./hzm-job-data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Write the operation log to standard output, oldest first, one JSON object a line.
    ExportLog {
        /// The configuration file of the admin.
        #[arg(short, long, value_name = "FILE", conflicts_with = "data")]
        file: Option<PathBuf>,
        /// The data folder of the admin. Default ./hzm-job-data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// A place of the operation log and the hash there, as `PLACE:HASH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept(pub Link);

impl FromStr for Kept {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Kept, &'static str> {
        let advice = "write PLACE:HASH as an earlier look told it, such as 17:0f3a...";
        let (place, hash) = text.split_once(':').ok_or(advice)?;
        let place = place.parse().map_err(|_| advice)?;
        if !Link::is_sound(place, hash) {
            return Err(
                "the place counts from 1, and the hash has 64 hexadecimal digits: write them as an earlier look told them",
            );
        }
        Ok(Kept(Link { place, hash: hash.to_ascii_lowercase() }))
    }
}

impl CommandLine {
    /// What is to be done; `Err` with what to write when the command line names nothing.
    ///
    /// # Errors
    /// A usage text.
    pub fn command(self) -> Result<Command, clap::Error> {
        match (self.command, self.file) {
            (Some(command), _) => Ok(command),
            (None, Some(file)) => Ok(Command::Serve { file }),
            (None, None) => {
                let mut usage = <CommandLine as clap::CommandFactory>::command();
                let help = "say what to do: standalone, serve -f FILE, reset-password, verify-log or export-log; --help tells more";
                Err(usage.error(clap::error::ErrorKind::MissingSubcommand, help))
            }
        }
    }
}

impl Command {
    /// The configuration that the command works with.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn config(&self) -> Result<Config, ConfigError> {
        match self {
            Command::Serve { file } => Config::load(file, std::env::vars()),
            Command::ResetPassword { file: Some(file), .. }
            | Command::VerifyLog { file: Some(file), .. }
            | Command::RechainLog { file: Some(file), .. }
            | Command::ExportLog { file: Some(file), .. } => Config::load(file, std::env::vars()),
            Command::ResetPassword { data, .. }
            | Command::VerifyLog { data, .. }
            | Command::RechainLog { data, .. }
            | Command::ExportLog { data, .. } => {
                let mut config = Config::from_environment(std::env::vars())?;
                config.admin.data = chosen(data.as_deref(), config.admin.data);
                Ok(config)
            }
            Command::Standalone { port, listen, data } => {
                let mut config = Config::from_environment(std::env::vars())?;
                if config.admin.listen == AdminConfig::default().listen {
                    config.admin.listen = "127.0.0.1".to_owned();
                }
                config.admin.listen = listen.map_or(config.admin.listen, |listen| listen.to_string());
                config.admin.port = port.unwrap_or(config.admin.port);
                config.admin.data = chosen(data.as_deref(), config.admin.data);
                Ok(config)
            }
        }
    }

    /// The configuration file, if the command has one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Command::Serve { file } => Some(file),
            _ => None,
        }
    }
}

fn chosen(wanted: Option<&Path>, configured: PathBuf) -> PathBuf {
    wanted.map_or(configured, Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, clap::Error> {
        CommandLine::try_parse_from(["hzm-job-admin"].iter().chain(arguments))?.command()
    }

    #[test]
    fn the_originals_way_to_start_is_understood() {
        let serve = Command::Serve { file: "hzm-job.yaml".into() };
        assert_eq!(parsed(&["-f", "hzm-job.yaml"]).unwrap(), serve);
        assert_eq!(parsed(&["serve", "-f", "hzm-job.yaml"]).unwrap(), serve);
    }

    #[test]
    fn a_command_line_that_says_nothing_gets_an_answer() {
        assert!(parsed(&[]).unwrap_err().to_string().contains("standalone"));
        assert!(parsed(&["serve"]).is_err());
        assert!(parsed(&["standalone", "--listen", "nowhere"]).is_err());
    }

    #[test]
    fn a_standalone_admin_is_for_this_machine_only_unless_told_otherwise() {
        let config = parsed(&["standalone", "--port", "0", "--data", "x"]).unwrap().config().unwrap();
        assert_eq!((config.admin.listen.as_str(), config.admin.port), ("127.0.0.1", 0));
        assert_eq!(config.admin.database_url(), "sqlite://x/ledger.sqlite");
        let config = parsed(&["standalone", "--listen", "0.0.0.0"]).unwrap().config().unwrap();
        assert_eq!(config.admin.listen, "0.0.0.0");
    }
}
