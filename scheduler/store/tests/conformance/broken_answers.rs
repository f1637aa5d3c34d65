//! Answers that never arrive whole: a connection that ends in the middle of one, and one whose asker gave up waiting.
//!
//! The answer to a question is the right one or an error, never a part of it, and never the answer to another question.

use crate::database::{Database, servers};
use crate::support::{at, by, due, executor, until};
use crate::wire::{Relay, Way, through_relay};
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Answer, Batch, Checkpoints, Entry};
use hzm_job_store::{Store, StoreError};
use std::time::Duration;

/// Rows of the list that is asked for.
const EXECUTORS: usize = 5;
/// From one cut to the next, in bytes; prime, so that the cuts fall on every part of rows that are all alike.
const STEP: usize = 11;
/// More bytes than any answer here has.
const PLENTY: usize = 1 << 20;

/// A store through a relay, with a list and an epoch.
async fn filled(database: &Database, connect_within: Duration) -> (Store, Relay, i64) {
    let (store, relay) = through_relay(database, connect_within);
    for number in 0..EXECUTORS {
        store.executor_create(executor(&format!("key-{number}")).check().unwrap(), by("ann", 1)).await.unwrap();
    }
    let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();
    (store, relay, epoch)
}

/// A batch of one fire.
fn batch(epoch: i64, number: i64) -> Batch {
    let entries = vec![Entry::Open(due(JobId(7), number))];
    Batch { epoch, journal: 0, entries, first_id: number, checkpoints: Checkpoints::default() }
}

/// Asks while the way is cut after more and more bytes of what the server answers, until all of it passed; answers
/// the last cut.
async fn at_each_cut(store: &Store, relay: &Relay, by_reset: bool, ask: impl AsyncFn(usize)) -> usize {
    for after in (0..PLENTY).step_by(STEP) {
        // A connection that is whole waits in the pool, so that it is the question whose answer is cut.
        store.ping().await.unwrap();
        relay.set(Way::Cut { after, by_reset });
        ask(after).await;
        if relay.way() != Way::Open {
            relay.set(Way::Open);
            return after;
        }
    }
    panic!("the answers have no end");
}

#[tokio::test]
async fn a_list_that_was_cut_off_is_no_shorter_list() {
    for server in servers() {
        for by_reset in [false, true] {
            let database = Database::on(&server);
            let (store, relay, _) = filled(&database, Duration::from_secs(10)).await;
            at_each_cut(&store, &relay, by_reset, async |after| match store.executor_list().await {
                Ok(list) => assert_eq!(list.len(), EXECUTORS, "cut after {after} bytes"),
                Err(error) => assert!(error.is_away(), "cut after {after} bytes: {error:?}"),
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_batch_whose_answers_were_cut_off_is_never_taken_for_a_fenced_one() {
    for server in servers() {
        for by_reset in [false, true] {
            let database = Database::on(&server);
            let (store, relay, epoch) = filled(&database, Duration::from_secs(10)).await;
            let last = at_each_cut(&store, &relay, by_reset, async |after| {
                match store.ledger_commit(batch(epoch, 1 + after as i64)).await {
                    Ok(answers) => assert_eq!(answers.len(), 1, "cut after {after} bytes"),
                    Err(error) => assert!(error.is_away(), "cut after {after} bytes: {error:?}"),
                }
            })
            .await;
            for number in (1..=1 + last as i64).step_by(STEP) {
                let again = store.ledger_commit(batch(epoch, number)).await.unwrap();
                let is_there =
                    matches!(again[..], [Answer::Opened(run) | Answer::Existed { run, .. }] if run.0 == number);
                assert!(is_there, "fire {number}: {again:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_whose_sign_of_life_was_not_waited_for_is_given_to_nobody() {
    for server in servers() {
        let database = Database::on(&server);
        let (store, relay, epoch) = filled(&database, Duration::from_secs(2)).await;
        for round in 0..2 {
            relay.set(Way::Held);
            let (list, users, ids) =
                tokio::join!(store.executor_list(), store.user_count(), store.run_id_block_lease(1));
            for error in [list.err().unwrap(), users.err().unwrap(), ids.err().unwrap()] {
                assert!(
                    matches!(error, StoreError::PoolExhausted | StoreError::Broken(_)),
                    "the server stood still: {error:?}"
                );
            }
            relay.set(Way::Open);
            until(async || store.ping().await.is_ok()).await;
            for number in 1..9 {
                let (list, users) = tokio::join!(store.executor_list(), store.user_count());
                assert_eq!((list.unwrap().len(), users.unwrap()), (EXECUTORS, 0), "round {round}");
                store.ledger_commit(batch(epoch, 10 * round + number)).await.unwrap();
            }
        }
    }
}
