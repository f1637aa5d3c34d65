//! One per address and thread: sends triggers, cancellations and beats, and knows how many are under way.
//!
//! Each thread that dispatches has its own (load spreads over threads even when all jobs belong to one executor), each with
//! a client of its own: one slow node cannot take another one's connections, and dropping the actor closes its sockets.

mod together;

use crate::dispatch::outward::Outward;
use crate::dispatch::{Wire, hzm};
use crate::messages::{ActorReport, Delivered, DispatchRun, EndActor, ListActors, ProbeNode, SendCancel};
use crate::obituary::{ActorGone, Obituary};
use actix::prelude::*;
use hzm_job_protocol::hzm::{HeartBeat, JobCancel, paths};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use together::{Dispatched, Together};

/// Triggers that may wait in the mailbox. Beyond, the caller's `try_send` says no and the ledger is what gets retried.
pub(crate) const MAILBOX: usize = 8_192;

/// See the module.
pub(crate) struct NodeActor {
    address: Arc<str>,
    wire: Wire,
    handled: u64,
    /// Requests that were sent and not answered yet.
    under_way: Rc<Cell<usize>>,
    /// Triggers that leave in company.
    together: Rc<RefCell<Together>>,
    _obituary: Obituary<Arc<str>>,
}

impl NodeActor {
    /// Starts the actor of `address` on this thread; its death is told to `parent`.
    pub(crate) fn start(
        address: Arc<str>,
        connections: usize,
        answer_within: Duration,
        outward: &Outward,
        parent: Recipient<ActorGone<Arc<str>>>,
    ) -> Addr<NodeActor> {
        NodeActor {
            wire: Wire::new(address.clone(), connections, answer_within, outward),
            handled: 0,
            under_way: Rc::default(),
            together: Rc::default(),
            _obituary: Obituary::new(address.clone(), parent),
            address,
        }
        .start()
    }

    fn call(
        &mut self,
        path: &'static str,
        secret: Option<Arc<str>>,
        body: impl Serialize + 'static,
    ) -> ResponseFuture<Delivered> {
        self.handled += 1;
        let (wire, under_way) = (self.wire.clone(), self.under_way.clone());
        Box::pin(async move {
            under_way.set(under_way.get() + 1);
            let answer = hzm::call(&wire, path, secret.as_deref(), &body).await;
            under_way.set(under_way.get().saturating_sub(1));
            answer
        })
    }
}

impl Actor for NodeActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<DispatchRun> for NodeActor {
    type Result = Dispatched;

    fn handle(&mut self, run: DispatchRun, _: &mut Self::Context) -> Self::Result {
        if run.together && self.together.borrow().is_spoken() {
            self.handled += 1;
            return Dispatched::Queued(self.together.clone(), run);
        }
        let called = self.call(paths::JOB_HANDLE, run.secret, run.trigger);
        Dispatched::Alone(Box::pin(async move {
            fault_point!("node.before_send", Delivered::Unknown("a fault was injected before the request left".into()));
            let answer = called.await;
            fault_point!("node.after_answer", Delivered::Unknown("a fault was injected after the answer".into()));
            answer
        }))
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

impl Handler<ListActors> for NodeActor {
    type Result = MessageResult<ListActors>;

    fn handle(&mut self, _: ListActors, _: &mut Self::Context) -> Self::Result {
        MessageResult(vec![ActorReport {
            name: format!("node/{}", self.address),
            kind: "node",
            thread: crate::threads::thread_name(),
            waiting: self.under_way.get() + self.together.borrow().waiting(),
            mailbox_limit: MAILBOX,
            handled: self.handled,
            restarts: 0,
            state: "running",
            last_error: None,
            last_error_at: None,
        }])
    }
}

impl Handler<EndActor> for NodeActor {
    type Result = ();

    fn handle(&mut self, end: EndActor, ctx: &mut Self::Context) {
        end.carry_out(ctx);
    }
}
