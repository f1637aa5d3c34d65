//! Which thread runs which actor: one arbiter per shard (with its jobs, its nodes and some of the executors), one for the
//! journal. With no threads of its own everything runs on the caller's: so tests in paused time see one clock.

use actix::prelude::*;
use std::cell::RefCell;

thread_local! {
    /// What this thread is for. actix names its threads after its own numbers of them, and takes no other name.
    static NAME: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The name of this thread, as people should read it.
pub(crate) fn thread_name() -> String {
    let told = NAME.with_borrow(Clone::clone);
    told.unwrap_or_else(|| std::thread::current().name().unwrap_or("main").to_owned())
}

/// An arbiter whose thread is called so.
fn arbiter(name: String) -> Arbiter {
    let arbiter = Arbiter::new();
    // Before anything that is started there. It refuses only when it has ended already, and then nobody asks for its name.
    arbiter.spawn_fn(move || NAME.set(Some(name)));
    arbiter
}

/// The arbiters of the scheduler.
pub(crate) struct Threads {
    shards: Vec<Arbiter>,
    journal: Option<Arbiter>,
}

impl Threads {
    /// `count` shard threads and one for the journal; 0: the caller's thread for everything.
    pub(crate) fn new(count: usize) -> Threads {
        let shards = (0..count).map(|index| arbiter(format!("scheduler-{}", index + 1))).collect();
        Threads { shards, journal: (count > 0).then(|| arbiter("journal".into())) }
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
