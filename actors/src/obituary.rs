//! How a death is noticed: every actor owns an [`Obituary`], whose drop tells the parent that the actor is gone, whether it
//! panicked and with which words. It arrives for panics in handlers, panics in futures of the actor and for ordinary stops
//! alike (actix's own `Supervisor` notices none of the panics).

use actix::prelude::*;
use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

/// An actor is gone.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct ActorGone<I: fmt::Debug + Send + 'static> {
    /// Which one.
    pub(crate) who: I,
    /// The words of the panic that ended it; `None`: it stopped in good order.
    pub(crate) panic: Option<String>,
}

/// Tells the parent when it is dropped.
pub(crate) struct Obituary<I: fmt::Debug + Clone + Send + Unpin + 'static> {
    who: I,
    parent: Recipient<ActorGone<I>>,
}

impl<I: fmt::Debug + Clone + Send + Unpin + 'static> Obituary<I> {
    pub(crate) fn new(who: I, parent: Recipient<ActorGone<I>>) -> Obituary<I> {
        Obituary { who, parent }
    }
}

impl<I: fmt::Debug + Clone + Send + Unpin + 'static> Drop for Obituary<I> {
    #[expect(clippy::disallowed_methods, reason = "an obituary must arrive however full the parent's mailbox is")]
    fn drop(&mut self) {
        let panic = std::thread::panicking().then(last_words);
        self.parent.do_send(ActorGone { who: self.who.clone(), panic });
    }
}

thread_local! {
    static LAST_WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn last_words() -> String {
    LAST_WORDS.with_borrow_mut(Option::take).unwrap_or_else(|| "a panic without words".into())
}

/// Keeps the words of every panic for the obituary of the actor that it ends, then passes the panic on to whoever listened
/// before: the admin, which logs it, or a test's own report.
pub(crate) fn listen_to_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let said = panic.payload_as_str().unwrap_or("no words");
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            LAST_WORDS.with_borrow_mut(|words| *words = Some(format!("{said} ({place})")));
            before(panic);
        }));
    });
}
