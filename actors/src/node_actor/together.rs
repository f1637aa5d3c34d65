//! Triggers that travel together, towards a node that takes many in one request.
//!
//! Nobody waits for company: what there is leaves as soon as fewer than [`UNDER_WAY`] requests are out, and what comes while
//! they are goes together with the next one that may leave. So batches grow with the load and are one trigger long without it.

use super::NodeActor;
use crate::dispatch::batch::{self, Sent};
use crate::dispatch::{Wire, hzm};
use crate::messages::{Delivered, DispatchRun};
use actix::dev::{MessageResponse, OneshotSender};
use actix::prelude::*;
use hzm_job_protocol::hzm::{JobHandle, paths};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Batches that may be under way to one node from one thread. More would only make them smaller.
const UNDER_WAY: usize = 4;

/// A node that said that it knows no batches gets single requests for so long; it registers again every ten seconds.
const SINGLE_FOR: Duration = Duration::from_secs(30);

/// Who waits for what becomes of a trigger.
type Asker = Option<OneshotSender<Delivered>>;

fn tell(asker: Asker, fate: Delivered) {
    // Whoever asked may have died; the ledger knows what it was about.
    if let Some(asker) = asker {
        drop(asker.send(fate));
    }
}

struct Waiting {
    trigger: JobHandle,
    secret: Option<Arc<str>>,
    asker: Asker,
}

/// The triggers of one request, and who asked for each.
struct Leaving {
    secret: Option<Arc<str>>,
    triggers: Vec<JobHandle>,
    askers: Vec<Asker>,
}

/// What leaves next.
#[derive(Default)]
pub(crate) struct Together {
    waiting: VecDeque<Waiting>,
    under_way: usize,
    /// Somebody looks at it as soon as the mailbox is empty.
    is_called: bool,
    single_until: Option<Instant>,
}

impl Together {
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the node takes batches, as far as is known.
    pub(super) fn is_spoken(&self) -> bool {
        self.single_until.is_none_or(|until| Instant::now() >= until)
    }

    /// What the next request takes along: triggers at the front that go under one secret and fit.
    fn take(&mut self) -> Option<Leaving> {
        let secret = self.waiting.front()?.secret.clone();
        let alike = self.waiting.iter().take_while(|next| next.secret == secret);
        let count = batch::fitting(alike.map(|next| &next.trigger));
        let (triggers, askers) = self.waiting.drain(..count).map(|one| (one.trigger, one.asker)).unzip();
        Some(Leaving { secret, triggers, askers })
    }

    fn is_full(&self) -> bool {
        self.under_way >= UNDER_WAY
    }
}

/// The answer to `DispatchRun`: given when the trigger's fate is known.
pub(crate) enum Dispatched {
    /// On its own, in this request.
    Alone(ResponseFuture<Delivered>),
    /// In company, as soon as a request may leave.
    Queued(Rc<RefCell<Together>>, DispatchRun),
}

impl MessageResponse<NodeActor, DispatchRun> for Dispatched {
    fn handle(self, ctx: &mut Context<NodeActor>, answer: Option<OneshotSender<Delivered>>) {
        match self {
            Dispatched::Alone(called) => {
                <ResponseFuture<Delivered> as MessageResponse<NodeActor, DispatchRun>>::handle(called, ctx, answer);
            }
            Dispatched::Queued(together, DispatchRun { trigger, secret, .. }) => {
                let mut queue = together.borrow_mut();
                queue.waiting.push_back(Waiting { trigger, secret, asker: answer });
                if !std::mem::replace(&mut queue.is_called, true) {
                    // Polled once the mailbox is empty: what lies in it already comes along.
                    ctx.spawn(fut::ready(()).map(|(), node: &mut NodeActor, ctx| node.depart(ctx)));
                }
            }
        }
    }
}

impl NodeActor {
    /// Sends what waits, as far as requests may leave.
    fn depart(&mut self, ctx: &mut Context<Self>) {
        let mut queue = self.together.borrow_mut();
        queue.is_called = false;
        while !queue.is_full()
            && let Some(leaving) = queue.take()
        {
            queue.under_way += 1;
            let sent = self.send_together(leaving);
            ctx.spawn(sent.into_actor(self).map(|(), node, ctx| {
                node.together.borrow_mut().under_way -= 1;
                node.depart(ctx);
            }));
        }
    }

    fn send_together(&self, leaving: Leaving) -> impl Future<Output = ()> + use<> {
        let (wire, under_way, together) = (self.wire.clone(), self.under_way.clone(), self.together.clone());
        async move {
            let Leaving { secret, triggers, askers } = leaving;
            fault_point!("node.before_send", tell_all(askers, "a fault was injected before the request left"));
            under_way.set(under_way.get() + askers.len());
            let sent = batch::send(&wire, secret.as_deref(), triggers).await;
            under_way.set(under_way.get().saturating_sub(askers.len()));
            fault_point!("node.after_answer", tell_all(askers, "a fault was injected after the answer"));
            match sent {
                Sent::Judged(fates) => askers.into_iter().zip(fates).for_each(|(asker, fate)| tell(asker, fate)),
                Sent::NotSpoken(triggers) => {
                    together.borrow_mut().single_until = Some(Instant::now() + SINGLE_FOR);
                    for (trigger, asker) in triggers.into_iter().zip(askers) {
                        actix_rt::spawn(send_alone(wire.clone(), secret.clone(), trigger, asker));
                    }
                }
            }
        }
    }
}

/// For a node that turned out to know no batches.
async fn send_alone(wire: Wire, secret: Option<Arc<str>>, trigger: JobHandle, asker: Asker) {
    let fate = hzm::call(&wire, paths::JOB_HANDLE, secret.as_deref(), &trigger).await;
    tell(asker, fate);
}

#[cfg(feature = "faults")]
fn tell_all(askers: Vec<Asker>, what: &str) {
    askers.into_iter().for_each(|asker| tell(asker, Delivered::Unknown(what.into())));
}
