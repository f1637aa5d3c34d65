//! A server that goes away and comes back, played by a relay that is cut, refuses, and lets through again.

use crate::database::{Database, servers};
use crate::support::{at, due, silence, until};
use hzm_job_scheduler::JobId;
use hzm_job_store::ledger::{Batch, Entry};
use hzm_job_store::{Store, StoreSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Passes connections on to a server, or closes all of them and every new one.
struct Relay {
    port: u16,
    is_open: watch::Sender<bool>,
    runtime: Option<Runtime>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Relay {
    fn to(server: String) -> Relay {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (is_open, seen) = watch::channel(true);
        runtime.spawn(accept(listener, Arc::new(server), seen));
        Relay { port, is_open, runtime: Some(runtime) }
    }

    fn let_through(&self, is_open: bool) {
        self.is_open.send(is_open).unwrap();
    }
}

async fn accept(listener: std::net::TcpListener, server: Arc<String>, mut is_open: watch::Receiver<bool>) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        if !*is_open.borrow_and_update() {
            continue; // Closed as soon as it was accepted.
        }
        let (server, mut is_open) = (server.clone(), is_open.clone());
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(server.as_str()).await else { return };
            let (mut near, mut far) = (near, far);
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = is_open.wait_for(|is_open| !is_open) => {}
            }
        });
    }
}

/// A store that reaches its database through a relay.
fn through_relay(database: &Database) -> (Store, Relay) {
    let mut url = url::Url::parse(&database.url).unwrap();
    let relay = Relay::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap()));
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(relay.port)).unwrap();
    let settings = StoreSettings { connect_within: Duration::from_secs(2), ..StoreSettings::new(url) };
    (Store::open_with(&settings, &silence()).unwrap(), relay)
}

#[tokio::test]
async fn a_store_whose_server_went_away_says_so_and_serves_again_when_it_is_back() {
    for server in servers() {
        let database = Database::on(&server);
        let (store, relay) = through_relay(&database);
        let epoch = store.partition_claim_all("one".into(), at(1)).await.unwrap();
        let batch = |id| Batch {
            epoch,
            journal: 0,
            entries: vec![Entry::Open(due(JobId(7), id))],
            first_id: id,
            checkpoints: Vec::new(),
        };
        store.ledger_commit(batch(1)).await.unwrap();
        for round in 0..2 {
            relay.let_through(false);
            let error = store.ledger_commit(batch(10 + round)).await.unwrap_err();
            assert!(error.is_away(), "{error:?}");
            let error = store.ping().await.unwrap_err();
            assert!(error.is_away(), "{error:?}");
            relay.let_through(true);
            until(async || store.ping().await.is_ok()).await;
            store.ledger_commit(batch(20 + round)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn connections_that_broke_while_idle_are_given_to_nobody() {
    for server in servers() {
        let database = Database::on(&server);
        let (store, relay) = through_relay(&database);
        for _ in 0..3 {
            let (a, b, c) = tokio::join!(store.user_count(), store.user_count(), store.user_count());
            assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (0, 0, 0));
            relay.let_through(false);
            relay.let_through(true);
        }
    }
}
