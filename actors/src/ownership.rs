//! Whether this process still owns its jobs: asked before anything is sent on the strength of a row that was written ahead.
//!
//! A row written at its moment is committed under the epoch, so a process that lost its jobs finds out before it sends. One
//! written ahead was committed earlier: the question makes up for that. Many jobs of one moment share one question, and an
//! answer counts only for those who asked before the question was put.

use crate::error::SchedulerError;
use hzm_job_store::Store;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use tokio::sync::oneshot;

type Answer = Result<(), SchedulerError>;

/// Of one thread.
#[derive(Clone)]
pub(crate) struct Ownership {
    store: Store,
    epoch: i64,
    waiting: Rc<RefCell<Vec<oneshot::Sender<Answer>>>>,
    asking: Rc<Cell<bool>>,
}

impl Ownership {
    pub(crate) fn new(store: Store, epoch: i64) -> Ownership {
        Ownership { store, epoch, waiting: Rc::default(), asking: Rc::default() }
    }

    /// Asks the ledger. Must be called on the thread it belongs to.
    pub(crate) fn confirm(&self) -> impl Future<Output = Answer> + use<> {
        let (answer, confirmed) = oneshot::channel();
        self.waiting.borrow_mut().push(answer);
        if !self.asking.replace(true) {
            actix_rt::spawn(self.clone().ask());
        }
        async { confirmed.await.unwrap_or(Err(SchedulerError::Busy)) }
    }

    async fn ask(self) {
        loop {
            let asked = self.waiting.take();
            if asked.is_empty() {
                self.asking.set(false);
                return;
            }
            let answer = self.question().await;
            // Whoever stopped waiting does not send.
            asked.into_iter().for_each(|one| drop(one.send(answer.clone())));
        }
    }

    async fn question(&self) -> Answer {
        #[cfg(feature = "faults")]
        crate::faults::judged(&[]).await?;
        Ok(self.store.partition_confirm(self.epoch).await?)
    }
}
