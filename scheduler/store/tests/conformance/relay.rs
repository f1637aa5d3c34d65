//! A server that goes away and comes back, played by a relay that is cut, refuses, and lets through again.

use crate::database::{Database, servers};
use crate::support::{at, due, until};
use crate::wire::{Way, through_relay};
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Batch, Checkpoints, Entry};
use std::time::Duration;

/// Longer than a server that is there ever takes, also on a busy machine.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_store_whose_server_went_away_says_so_and_serves_again_when_it_is_back() {
    for server in servers() {
        let database = Database::on(&server);
        let (store, relay) = through_relay(&database, CONNECT_WITHIN);
        let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();
        let batch = |id| Batch {
            epoch,
            journal: 0,
            entries: vec![Entry::Open(due(JobId(7), id))],
            first_id: id,
            checkpoints: Checkpoints::default(),
        };
        store.ledger_commit(batch(1)).await.unwrap();
        for round in 0..2 {
            relay.set(Way::Closed);
            let error = store.ledger_commit(batch(10 + round)).await.unwrap_err();
            assert!(error.is_away(), "{error:?}");
            let error = store.ping().await.unwrap_err();
            assert!(error.is_away(), "{error:?}");
            relay.set(Way::Open);
            until(async || store.ping().await.is_ok()).await;
            store.ledger_commit(batch(20 + round)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn connections_that_broke_while_idle_are_given_to_nobody() {
    for server in servers() {
        let database = Database::on(&server);
        let (store, relay) = through_relay(&database, CONNECT_WITHIN);
        for _ in 0..3 {
            let (a, b, c) = tokio::join!(store.user_count(), store.user_count(), store.user_count());
            assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (0, 0, 0));
            relay.set(Way::Closed);
            relay.set(Way::Open);
        }
    }
}
