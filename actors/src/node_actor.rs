//! One per address and thread: sends triggers, cancellations and beats, and knows how many are under way.
//!
//! Each thread that dispatches has its own (load spreads over threads even when all jobs belong to one executor), each with
//! a client of its own: one slow node cannot take another one's connections, and dropping the actor closes its sockets.

use crate::dispatch::{Wire, hzm};
use crate::messages::{Delivered, DispatchRun, EndActor, ProbeNode, SendCancel};
use crate::obituary::{ActorGone, Obituary};
use actix::prelude::*;
use hzm_job_protocol::hzm::{HeartBeat, JobCancel, paths};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Triggers that may wait in the mailbox. Beyond, the caller's `try_send` says no and the ledger is what gets retried.
pub(crate) const MAILBOX: usize = 8_192;

/// See the module.
pub(crate) struct NodeActor {
    address: Arc<str>,
    client: Wire,
    _obituary: Obituary<Arc<str>>,
}

impl NodeActor {
    /// Starts the actor of `address` on this thread; its death is told to `parent`.
    pub(crate) fn start(
        address: Arc<str>,
        connections: usize,
        answer_within: Duration,
        parent: Recipient<ActorGone<Arc<str>>>,
    ) -> Addr<NodeActor> {
        NodeActor {
            client: hzm::client(connections, answer_within),
            _obituary: Obituary::new(address.clone(), parent),
            address,
        }
        .start()
    }

    fn call(
        &self,
        path: &'static str,
        secret: Option<Arc<str>>,
        body: impl Serialize + 'static,
    ) -> ResponseFuture<Delivered> {
        let (client, address) = (self.client.clone(), self.address.clone());
        Box::pin(async move { hzm::call(&client, &address, path, secret.as_deref(), &body).await })
    }
}

impl Actor for NodeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<DispatchRun> for NodeActor {
    type Result = ResponseFuture<Delivered>;

    fn handle(&mut self, run: DispatchRun, _: &mut Self::Context) -> Self::Result {
        let called = self.call(paths::JOB_HANDLE, run.secret, run.trigger);
        Box::pin(async move {
            fault_point!("node.before_send", Delivered::Unknown("a fault was injected before the request left".into()));
            let answer = called.await;
            fault_point!("node.after_answer", Delivered::Unknown("a fault was injected after the answer".into()));
            answer
        })
    }
}

impl Handler<SendCancel> for NodeActor {
    type Result = ResponseFuture<Delivered>;

    fn handle(&mut self, cancel: SendCancel, _: &mut Self::Context) -> Self::Result {
        self.call(paths::JOB_CANCEL, cancel.secret, JobCancel { log_id: cancel.run.0 })
    }
}

impl Handler<ProbeNode> for NodeActor {
    type Result = ResponseFuture<Delivered>;

    fn handle(&mut self, probe: ProbeNode, _: &mut Self::Context) -> Self::Result {
        self.call(paths::HEART_BEAT, probe.secret, HeartBeat {})
    }
}

impl Handler<EndActor> for NodeActor {
    type Result = ();

    fn handle(&mut self, _: EndActor, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
