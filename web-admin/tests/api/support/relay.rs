//! A way to a server that can be cut: a TCP relay on a loopback port of its own.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// See the module. It ends with the test's runtime.
pub(crate) struct Relay {
    url: Url,
    open: watch::Sender<bool>,
}

impl Relay {
    /// A relay to the server of this URL, open or cut.
    pub(crate) async fn to(url: &str, is_open: bool) -> Relay {
        let mut url = Url::parse(url).unwrap();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let open = watch::Sender::new(is_open);
        let state = open.subscribe();
        actix_rt::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Cut, it hangs up at once: for the client the server is not there.
                if *state.borrow() {
                    actix_rt::spawn(relayed(client, server.clone(), state.clone()));
                }
            }
        });
        Relay { url, open }
    }

    /// The URL of the server, by way of the relay.
    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    /// Opens the way, or cuts it and every connection on it.
    pub(crate) fn let_through(&self, is_open: bool) {
        self.open.send_replace(is_open);
    }
}

async fn relayed(mut client: TcpStream, server: (String, u16), mut open: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = open.wait_for(|is_open| !*is_open) => {}
    }
}
