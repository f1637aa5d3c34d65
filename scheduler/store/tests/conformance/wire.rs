//! A relay between a store and its server, so that a test can cut, hold or refuse what passes.
//!
//! What the store says always passes at once; what the server answers passes as [`Way`] says at that moment.

use crate::database::Database;
use crate::support::silence;
use hzm_job_store::{Store, StoreSettings};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// What becomes of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Every connection ends, and each new one as soon as it was accepted.
    Closed,
    /// Answers wait until the way is another one.
    Held,
    /// So many bytes of answers pass, of all connections together. The connection of the next byte then ends, by a reset
    /// if so asked for, and the way is open again for the others.
    Cut {
        after: usize,
        by_reset: bool,
    },
}

pub(crate) struct Relay {
    port: u16,
    way: watch::Sender<Way>,
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
        let way = watch::Sender::new(Way::Open);
        runtime.spawn(accept(listener, Arc::new(server), way.clone()));
        Relay { port, way, runtime: Some(runtime) }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    pub(crate) fn way(&self) -> Way {
        *self.way.borrow()
    }
}

async fn accept(listener: std::net::TcpListener, server: Arc<String>, way: watch::Sender<Way>) {
    listener.set_nonblocking(true).unwrap();
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (near, _) = listener.accept().await.unwrap();
        if *way.borrow() == Way::Closed {
            continue; // Closed as soon as it was accepted.
        }
        let (server, way) = (server.clone(), way.clone());
        tokio::spawn(async move {
            let Ok(far) = TcpStream::connect(server.as_str()).await else { return };
            if near.set_nodelay(true).and(far.set_nodelay(true)).is_err() {
                return; // It is closed already.
            }
            let ((mut asks, near), (far, mut asked)) = (near.into_split(), far.into_split());
            let mut closed = way.subscribe();
            tokio::select! {
                _ = tokio::io::copy(&mut asks, &mut asked) => {}
                _ = answers(far, near, way) => {}
                _ = closed.wait_for(|way| *way == Way::Closed) => {}
            }
        });
    }
}

/// Passes answers on until one side ends or the way does.
async fn answers(mut far: OwnedReadHalf, mut near: OwnedWriteHalf, way: watch::Sender<Way>) -> std::io::Result<()> {
    let (mut bytes, mut seen) = ([0; 4096], way.subscribe());
    loop {
        let read = far.read(&mut bytes).await?;
        if read == 0 || seen.wait_for(|way| *way != Way::Held).await.is_err() {
            return Ok(());
        }
        let Some(end) = cut(&way, read) else {
            near.write_all(&bytes[..read]).await?;
            continue;
        };
        if end.by_reset {
            near.as_ref().set_zero_linger()?;
        }
        near.write_all(&bytes[..end.passes]).await?;
        return Ok(());
    }
}

/// The end of a connection.
struct End {
    /// How many bytes still pass.
    passes: usize,
    by_reset: bool,
}

/// Takes these bytes from what may pass.
fn cut(way: &watch::Sender<Way>, bytes: usize) -> Option<End> {
    let mut end = None;
    way.send_modify(|way| {
        let Way::Cut { after, by_reset } = *way else { return };
        if after >= bytes {
            *way = Way::Cut { after: after - bytes, by_reset };
            return;
        }
        end = Some(End { passes: after, by_reset });
        *way = Way::Open;
    });
    end
}

/// A store that reaches its database through a relay, and waits so long for connections.
pub(crate) fn through_relay(database: &Database, connect_within: Duration) -> (Store, Relay) {
    let mut url = url::Url::parse(&database.url).unwrap();
    let relay = Relay::to(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap()));
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(relay.port)).unwrap();
    let settings = StoreSettings { connect_within, ..StoreSettings::new(url) };
    (Store::open_with(&settings, &silence()).unwrap(), relay)
}
