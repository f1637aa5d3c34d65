//! Only with the cargo feature `faults`: a test lets the actor panic that sends to a node.

use super::Shard;
use super::handlers::node_name;
use crate::messages::{EndActor, InjectPanic};
use actix::prelude::*;

impl Handler<InjectPanic> for Shard {
    type Result = bool;

    fn handle(&mut self, inject: InjectPanic, _: &mut Self::Context) -> bool {
        let address = inject.actor.strip_prefix(&node_name(self.index, ""));
        let nodes = self.place.nodes();
        nodes.iter().any(|(known, node)| Some(known.as_ref()) == address && node.try_send(EndActor::Panic).is_ok())
    }
}
