//! Who waits for the hash function: a lane for each name and for each address, so that one caller alone cannot take all places.
//!
//! A lane exists as long as somebody is in it. So many of it are at work at a time, so many more wait their turn, and whoever comes
//! beyond that is told to come again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The lanes of one kind.
#[derive(Debug)]
pub(super) struct Lanes {
    at_work: usize,
    most: usize,
    open: Mutex<HashMap<String, (Arc<Semaphore>, usize)>>,
}

/// A place in a lane, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    lanes: &'a Lanes,
    key: String,
    turn: Arc<Semaphore>,
}

impl Lanes {
    /// Lanes that hold `most` each, of whom `at_work` are let on at a time.
    pub(super) fn new(at_work: usize, most: usize) -> Lanes {
        Lanes { at_work, most, open: Mutex::default() }
    }

    /// A place in the lane of `key`; `None`: it is full.
    pub(super) fn enter(&self, key: &str) -> Option<Place<'_>> {
        let mut open = self.lock();
        let fresh = || (Arc::new(Semaphore::new(self.at_work)), 0);
        let (turn, taken) = open.entry(key.to_owned()).or_insert_with(fresh);
        if *taken >= self.most {
            return None;
        }
        *taken += 1;
        Some(Place { lanes: self, key: key.to_owned(), turn: turn.clone() })
    }

    /// The map is sound after a panic elsewhere: each change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Arc<Semaphore>, usize)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Waits until it is this one's turn; `None` never comes, for no lane is closed.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.acquire().await.ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.lanes.lock();
        if let Some((_, taken)) = open.get_mut(&self.key) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                open.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_lane_concerns_nobody_else_and_is_gone_with_its_last_place() {
        let lanes = Lanes::new(1, 2);
        let (first, second) = (lanes.enter("a").unwrap(), lanes.enter("a").unwrap());
        assert!(lanes.enter("a").is_none() && lanes.enter("b").is_some());
        let at_work = first.turn().await.unwrap();
        assert!(futures_util::FutureExt::now_or_never(second.turn()).is_none(), "it waits");
        drop(at_work);
        drop(first);
        assert!(second.turn().await.is_some());
        drop(second);
        assert!(lanes.lock().is_empty());
    }
}
