//! Which thread runs which actor: one arbiter per shard (with its jobs, its nodes and some of the executors), one for the
//! journal. With no threads of its own everything runs on the caller's: so tests in paused time see one clock.

use actix::prelude::*;

/// The arbiters of the scheduler.
pub(crate) struct Threads {
    shards: Vec<Arbiter>,
    journal: Option<Arbiter>,
}

impl Threads {
    /// `count` shard threads and one for the journal; 0: the caller's thread for everything.
    pub(crate) fn new(count: usize) -> Threads {
        Threads { shards: (0..count).map(|_| Arbiter::new()).collect(), journal: (count > 0).then(Arbiter::new) }
    }

    /// How many shards there are to be.
    pub(crate) fn count(&self) -> usize {
        self.shards.len().max(1)
    }

    /// Starts an actor on the thread of a shard.
    pub(crate) fn start_on<A>(&self, shard: usize, make: impl FnOnce(&mut Context<A>) -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + 'static,
    {
        start(self.shards.get(shard), make)
    }

    /// Starts the journal on its own thread: commits of many shards meet there.
    pub(crate) fn start_journal<A>(&self, make: impl FnOnce(&mut Context<A>) -> A + Send + 'static) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + 'static,
    {
        start(self.journal.as_ref(), make)
    }

    /// Ends the threads once their actors have handled what they were told before.
    pub(crate) fn stop(&self) {
        for arbiter in self.shards.iter().chain(&self.journal) {
            arbiter.stop();
        }
    }
}

fn start<A>(on: Option<&Arbiter>, make: impl FnOnce(&mut Context<A>) -> A + Send + 'static) -> Addr<A>
where
    A: Actor<Context = Context<A>> + 'static,
{
    match on {
        Some(arbiter) => A::start_in_arbiter(&arbiter.handle(), make),
        None => A::create(make),
    }
}
