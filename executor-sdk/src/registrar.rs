//! Tells the admins that this node is up, again and again, and at the end that it leaves.
//!
//! Our admin takes a repeated registration as a sign of life; an original one refreshes the node's row, which brings
//! back a node that it has deleted after failed probes. Liveness itself is the admin's business: it probes.

use std::time::Duration;

use hzm_job_protocol::batch;
use hzm_job_protocol::hzm::{Envelope, Offline, Registry, paths};
use slog::{Logger, debug, info, warn};

use crate::advertise::Advertised;
use crate::outbound::{Admins, CallError};

/// The first word of `agent`; behind it stands what this node takes beside hzm-job's own form.
const SDK: &str = concat!("hzmjob/", env!("CARGO_PKG_VERSION"));

/// Who registers, where, and how often.
pub(crate) struct Registrar {
    pub(crate) admins: Admins,
    pub(crate) app_key: String,
    pub(crate) advertised: Advertised,
    /// The UUID of this executor's life, made anew at every start.
    pub(crate) instance: String,
    /// Between two registrations when the last one succeeded.
    pub(crate) every: Duration,
    /// Between two attempts when the last one failed.
    pub(crate) retry: Duration,
    pub(crate) log: Logger,
}

impl Registrar {
    /// Registers for ever; dropped when the executor leaves.
    pub(crate) async fn keep_registered(&self) {
        let mut registered = false;
        loop {
            let pause = match self.register().await {
                Ok(address) if registered => {
                    debug!(self.log, "registered again"; "address" => address);
                    self.every
                }
                Ok(address) => {
                    info!(self.log, "registered"; "address" => address);
                    registered = true;
                    self.every
                }
                Err(problem) => {
                    warn!(self.log, "not registered, it will be tried again";
                        "error" => problem, "in_ms" => self.retry.as_millis() as u64);
                    registered = false;
                    self.retry
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn register(&self) -> Result<String, String> {
        let executor_address = self.advertised.resolve().await.map_err(|problem| problem.to_string())?;
        let call = Registry {
            app_key: self.app_key.clone(),
            executor_address: executor_address.clone(),
            agent: Some(format!("{SDK} {}", batch::FORM)),
            instance: Some(self.instance.clone()),
        };
        accepted(self.admins.register(&call).await).map(|()| executor_address)
    }

    /// Says goodbye, once: an admin that does not hear it notices by its probes.
    pub(crate) async fn leave(&self) {
        let [path, _] = paths::OFFLINE;
        let result = match self.advertised.resolve().await {
            Ok(executor_address) => {
                let call = Offline { app_key: self.app_key.clone(), executor_address };
                accepted(self.admins.call(path, &call).await)
            }
            Err(problem) => Err(problem.to_string()),
        };
        match result {
            Ok(()) => info!(self.log, "left"),
            Err(problem) => warn!(self.log, "no admin was told that this node leaves"; "error" => problem),
        }
    }
}

/// An original admin answers some refusals with HTTP status 200; here the body decides.
fn accepted(answer: Result<Envelope<bool>, CallError>) -> Result<(), String> {
    let answer = answer.map_err(|problem| problem.to_string())?;
    if answer.success { Ok(()) } else { Err(answer.msg.unwrap_or_else(|| String::from("refused without a reason"))) }
}
