//! Only with the cargo feature `faults`: a test lets the actor panic that asks a node for its beats.

use super::ExecutorActor;
use crate::messages::{EndActor, InjectPanic};
use actix::prelude::*;

impl Handler<InjectPanic> for ExecutorActor {
    type Result = bool;

    fn handle(&mut self, inject: InjectPanic, _: &mut Self::Context) -> bool {
        let named = |address: &str| self.probe_name(address) == inject.actor;
        self.probes().any(|(address, probe)| named(&address) && probe.try_send(EndActor::Panic).is_ok())
    }
}
