//! Makes the nodes known to the admin, and keeps them known.

use std::rc::Rc;
use std::time::Duration;

use super::client::{Client, write_post};
use super::state::State;

/// Between two rounds, once all nodes are known; xxl-job's executors take 30 s.
const PERIOD: Duration = Duration::from_secs(20);
/// Between two rounds before that.
const PAUSE: Duration = Duration::from_millis(200);

/// Registers every node, again and again.
pub(super) async fn keep_registered(state: Rc<State>, ports: Vec<u16>) {
    let mut client = Client::new(state.admin_port);
    let mut request = Vec::new();
    loop {
        let mut known = 0;
        for port in &ports {
            let (path, body) = state.wire.registration(&state.app_key, *port);
            write_post(&mut request, path, (state.wire.secret_header(), &state.secret), body.as_bytes());
            known += usize::from(client.call(&request).await.is_ok_and(|status| status == 200));
        }
        tokio::time::sleep(if known == ports.len() { PERIOD } else { PAUSE }).await;
    }
}
