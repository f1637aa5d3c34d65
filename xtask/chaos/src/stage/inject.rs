//! Doing what the plan says, and undoing it.

use std::fs;

use hzm_job_test_servers::Server;
use serde_json::json;

use super::{Stage, text};
use crate::clock::now_ms;
use crate::dice::Dice;
use crate::faults::{Database, Fault};
use crate::history::Happening;
use crate::plan::{Planned, Step};
use crate::relay::callbacks::Mode as Callbacks;
use crate::relay::wire::{Mode, Toward};
use crate::{APP_KEY, APP_SECRET, http};

/// Runs of this number and above do not exist.
const NO_RUN: u64 = 1 << 52;
/// How long one piece takes on a slow way, in milliseconds.
const SLOW_MS: u64 = 150;

impl Stage {
    /// Whether a fault can be had here, and why not.
    #[must_use]
    pub fn obstacle(&self, fault: Fault) -> Option<&'static str> {
        match fault {
            Fault::DiskFull if !self.backing.has_small_disk() => Some("only root may mount a small disk"),
            _ => self.order.obstacle(fault),
        }
    }

    /// Begins or ends a fault of the plan.
    ///
    /// # Errors
    /// When the breaker itself fails.
    pub fn step(&mut self, step: Step, plan: &[Planned]) -> Result<(), String> {
        let (Step::Begin(place) | Step::End(place)) = step;
        let Some(planned) = plan.get(place).copied() else { return Ok(()) };
        if let Step::Begin(_) = step {
            let happening = Happening { fault: planned.fault, node: planned.node, began: now_ms(), ended: i64::MAX };
            let entry = self.happened(happening);
            self.going_on.push((place, entry));
            return self.begin(planned);
        }
        self.end(planned)?;
        let entry = self.going_on.iter().position(|(begun, _)| *begun == place).map(|at| self.going_on.swap_remove(at));
        if let Some(happening) = entry.and_then(|(_, entry)| self.history.happenings.get_mut(entry)) {
            happening.ended = now_ms();
        }
        Ok(())
    }

    fn begin(&mut self, planned: Planned) -> Result<(), String> {
        let mut dice = Dice::new(planned.salt);
        let cut =
            Mode::Cut(if dice.between(0, 1) == 0 { Toward::Server } else { Toward::Client }, dice.between(1, 2_000));
        match planned.fault {
            Fault::AdminKill => {
                self.admin_is_down = true;
                self.admin.kill().map(|_| ()).map_err(text)
            }
            Fault::NodeKill => self.kill_node(planned.node),
            Fault::AdminPause => self.admin.hold(true).map_err(text),
            Fault::NodePause => self.hold_node(planned.node, true),
            Fault::DatabaseKill => self.backing.server(Server::kill),
            Fault::DatabasePause => self.backing.server(|server| server.pause()),
            Fault::DatabaseSlow => self.on_database(Mode::Slow(SLOW_MS)),
            Fault::DatabaseCut => self.on_database(cut),
            Fault::DatabaseRefuse => self.on_database(Mode::Refuse),
            Fault::DatabaseLock => self.backing.hold_lock(true),
            Fault::DiskFull => self.backing.fill(true),
            Fault::TriggerCut => self.on_trigger(planned.node, cut),
            Fault::TriggerSlow => self.on_trigger(planned.node, Mode::Slow(SLOW_MS * 2)),
            Fault::CallbackRepeat => self.on_callbacks(Callbacks::Repeat),
            Fault::CallbackSlow => self.on_callbacks(Callbacks::Slow),
            Fault::CallbackReorder => self.on_callbacks(Callbacks::Reorder),
            Fault::CallbackCut => self.on_callbacks(Callbacks::CutAnswer),
            Fault::CallbackUnknown => self.report_unknown(&mut dice),
            Fault::ClockForward => self.set_clock(self.offset + self.order.jump_ms),
            Fault::ClockBack => self.set_clock(self.offset - self.order.jump_ms),
            Fault::JobChanges => self.change_jobs(true),
        }
    }

    fn end(&mut self, planned: Planned) -> Result<(), String> {
        match planned.fault {
            Fault::AdminKill => {
                self.admin_is_down = false;
                self.admin.start().map_err(text)
            }
            Fault::NodeKill => self.start_node(planned.node),
            Fault::AdminPause => self.admin.hold(false).map_err(text),
            Fault::NodePause => self.hold_node(planned.node, false),
            Fault::DatabaseKill => self.backing.server(Server::restart),
            Fault::DatabasePause => self.backing.server(|server| server.resume()),
            Fault::DatabaseSlow | Fault::DatabaseCut | Fault::DatabaseRefuse => self.on_database(Mode::Pass),
            Fault::DatabaseLock => self.backing.hold_lock(false),
            Fault::DiskFull => self.backing.fill(false),
            Fault::TriggerCut | Fault::TriggerSlow => self.on_trigger(planned.node, Mode::Pass),
            Fault::CallbackRepeat | Fault::CallbackSlow | Fault::CallbackReorder | Fault::CallbackCut => {
                self.on_callbacks(Callbacks::Pass)
            }
            Fault::CallbackUnknown | Fault::ClockForward => Ok(()),
            Fault::ClockBack => self.set_clock(self.offset + self.order.jump_ms),
            Fault::JobChanges => self.change_jobs(false),
        }
    }

    fn change_jobs(&self, begin: bool) -> Result<(), String> {
        self.meddlers.iter().for_each(|meddler| meddler.set_active(begin));
        Ok(())
    }

    fn on_database(&self, mode: Mode) -> Result<(), String> {
        self.backing.relay(mode);
        Ok(())
    }

    fn on_callbacks(&self, mode: Callbacks) -> Result<(), String> {
        self.callbacks.set(mode);
        Ok(())
    }

    fn on_trigger(&self, node: usize, mode: Mode) -> Result<(), String> {
        if let Some(node) = self.nodes.get(node) {
            node.relay.set(mode);
        }
        Ok(())
    }

    fn kill_node(&mut self, node: usize) -> Result<(), String> {
        let Some(node) = self.nodes.get_mut(node) else { return Ok(()) };
        self.history.killed.extend(node.program.kill().map_err(text)?);
        Ok(())
    }

    fn start_node(&mut self, node: usize) -> Result<(), String> {
        self.nodes.get_mut(node).map_or(Ok(()), |node| node.program.start().map_err(text))
    }

    fn hold_node(&self, node: usize, stop: bool) -> Result<(), String> {
        self.nodes.get(node).map_or(Ok(()), |node| node.program.hold(stop).map_err(text))
    }

    /// Moves the admin's clock; the file is replaced at once, so that the admin never reads half a number.
    pub(super) fn set_clock(&mut self, offset: i64) -> Result<(), String> {
        let (file, fresh) = (self.folder.join("clock-offset"), self.folder.join("clock-offset.new"));
        fs::write(&fresh, offset.to_string()).and_then(|()| fs::rename(&fresh, &file)).map_err(text)?;
        if offset != self.offset {
            self.history.offsets.push((now_ms(), offset));
        }
        self.offset = offset;
        Ok(())
    }

    /// Reports the end of runs that do not exist. Whatever the admin answers, it must not be that it took the report.
    fn report_unknown(&mut self, dice: &mut Dice) -> Result<(), String> {
        for _ in 0..5 {
            let run = NO_RUN + dice.between(0, NO_RUN / 2);
            let body = json!({ "logId": run, "appKey": APP_KEY, "handlerCode": 200, "handlerMsg": "of no run" });
            let headers = [("HZM-JOB-ACCESS-TOKEN", APP_SECRET)];
            let call = http::request("POST", "/api/admin/callback", &headers, Some(&body));
            // An admin that another fault holds answers nothing, which is not a promise.
            let status = http::call(self.admin_port, call).map_or(0, |answer| answer.status());
            if status == 200 {
                self.complaints.push(format!("a callback for run {run}, which does not exist, was answered 200"));
            }
        }
        Ok(())
    }

    /// Whether this run is on a server of its own.
    #[must_use]
    pub fn database(&self) -> Database {
        self.order.database
    }
}
