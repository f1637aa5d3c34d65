//! Why a server did not let us in: what it was, and whether trying again may help.

use super::address::Server;
use crate::error::{StoreError, chain, says_no_right};
use std::error::Error;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A connection that was not made.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Whether the same attempt may succeed later.
    pub(super) is_passing: bool,
    /// What happened and, where somebody can do something about it, what.
    pub(super) reason: String,
    /// The same in a few words that name neither place nor user: for strangers.
    pub(super) brief: &'static str,
}

impl Refusal {
    pub(super) fn passing(reason: impl Into<String>) -> Refusal {
        Refusal { is_passing: true, reason: reason.into(), brief: "it cannot be reached" }
    }

    pub(super) fn lasting(reason: impl Into<String>) -> Refusal {
        Refusal { is_passing: false, reason: reason.into(), brief: "it cannot be opened" }
    }

    fn briefly(self, brief: &'static str) -> Refusal {
        Refusal { brief, ..self }
    }

    pub(super) fn too_slow(within: Duration, server: &Server) -> Refusal {
        Refusal::passing(format!(
            "it did not answer within {within:?}; is the address right, is a {} server there, and does a firewall stand between?",
            server.kind
        ))
        .briefly("no answer in time")
    }

    /// What the operating system or TLS said, wherever in the chain it is; `None` when neither did.
    pub(super) fn of_transport(error: &(dyn Error + 'static), server: &Server) -> Option<Refusal> {
        let mut link = Some(error);
        while let Some(error) = link {
            if let Some(io) = error.downcast_ref::<io::Error>() {
                return Some(Refusal::of_io(io, server));
            }
            if error.is::<rustls::Error>() {
                return Some(Refusal::of_tls(&chain(error)));
            }
            link = error.source();
        }
        None
    }

    fn of_io(error: &io::Error, server: &Server) -> Refusal {
        let Server { host, port, .. } = server;
        match error.kind() {
            // rustls hands a certificate that it does not trust on as invalid data.
            ErrorKind::InvalidData | ErrorKind::InvalidInput => Refusal::of_tls(&error.to_string()),
            ErrorKind::ConnectionRefused => Refusal::passing(format!(
                "nothing listens on port {port} of {host} (connection refused); is the server running?"
            ))
            .briefly("connection refused"),
            // Names are looked up by the system, whose failures have no kind of their own.
            _ if error.to_string().contains("lookup") => {
                Refusal::passing(format!("the host {host:?} is not known ({error}); is its name right?"))
                    .briefly("the name of its host is not known")
            }
            _ => Refusal::passing(error.to_string()),
        }
    }

    fn of_tls(said: &str) -> Refusal {
        Refusal::lasting(format!(
            "no trusted TLS connection ({said}); check the server's certificate, tlsCa and sslmode"
        ))
        .briefly("no trusted TLS connection")
    }

    pub(super) fn wrong_login(said: &str) -> Refusal {
        Refusal::lasting(format!("the server does not let this user in ({said}); check the user and the password"))
            .briefly("it does not let the user in")
    }

    pub(super) fn missing_database(server: &Server, create: &str) -> Refusal {
        Refusal::lasting(format!("the database {:?} does not exist; create it with `{create}`", server.database))
            .briefly("the database does not exist")
    }

    /// MySQL does not tell a database that is not there from one that this user has no right to.
    pub(super) fn no_database_for(server: &Server, said: &str) -> Refusal {
        Refusal::lasting(format!(
            "the database {:?} does not exist, or this user has no rights on it ({said}); create it, or grant the rights with \
             `GRANT ALL ON `{}`.* TO …`",
            server.database, server.database
        ))
        .briefly("the database does not exist, or the user has no rights on it")
    }

    pub(super) fn small_packets(bytes: i64, least: i64) -> Refusal {
        Refusal::lasting(format!(
            "its max_allowed_packet is {bytes} bytes; set it to {least} (1M) or more, 16M is usual"
        ))
        .briefly("its max_allowed_packet is too small")
    }

    /// What could not be stored in it would become question marks, or keep a fire from being written.
    pub(super) fn wrong_charset(found: &str, helps: &str) -> Refusal {
        Refusal::lasting(format!(
            "its texts are {found}, so that what it cannot store of a job's or a run's texts would be lost; {helps}"
        ))
        .briefly("its character set is not UTF-8")
    }

    pub(super) fn no_tls() -> Refusal {
        Refusal::lasting("the server offers no TLS; set it up there, or write sslmode=disable to go without")
            .briefly("it offers no TLS")
    }

    pub(super) fn into_error(self, server: &Server) -> StoreError {
        let (what, reason, brief) = (server.to_string(), self.reason, self.brief);
        if self.is_passing { StoreError::Away { what, reason, brief } } else { StoreError::Open { what, reason } }
    }
}

/// A schema that cannot be changed for want of rights, with the statement that grants them.
pub(super) fn with_grant(error: StoreError, grant: &str) -> StoreError {
    match error {
        StoreError::Migration { reason } if says_no_right(&reason) => StoreError::Migration {
            reason: format!("{reason}; its tables are made by the user of the URL, who needs the rights to: {grant}"),
        },
        other => other,
    }
}
