//! Makes the nodes known to the admin, as the executors of each language do: hzm-job's call once and then never again (a
//! later call would come from another process, and the admin gives up what the old one had), xxl-job's call all the time.

use std::rc::Rc;
use std::time::Duration;

use super::client::{Client, write_post};
use super::state::State;

/// Between two rounds of xxl-job's executors.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two tries while the admin does not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// Registers every node, and again where its language does so.
pub(super) async fn keep_registered(state: Rc<State>, ports: Vec<u16>) {
    let mut client = Client::new(state.admin_port);
    let mut request = Vec::new();
    loop {
        for port in &ports {
            let (path, body) = state.wire.registration(&state.app_key, *port);
            write_post(&mut request, path, (state.wire.secret_header(), &state.secret), body.as_bytes());
            while !client.call(&request).await.is_ok_and(|status| status == 200) {
                tokio::time::sleep(PAUSE).await;
            }
        }
        if !state.wire.registers_again() {
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}
