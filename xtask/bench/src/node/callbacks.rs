//! The side that results go out on: so many tasks, each with a connection of its own, take the oldest results in turn.
//!
//! A result that the admin did not take is put back and told again, as executors that keep their results do.

use std::rc::Rc;
use std::time::Duration;

use hzm_job_test_rig::clock::now_us;

use super::client::{Client, write_post};
use super::state::{Done, State};
use super::wire::Trigger;

/// After a failed try; the admin may be away.
const PAUSE: Duration = Duration::from_millis(200);

/// Reports for ever.
pub(super) async fn send(state: Rc<State>) {
    let mut client = Client::new(state.admin_port);
    let (mut taken, mut body, mut request) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        state.take(&mut taken);
        if taken.is_empty() {
            state.news.notified().await;
            continue;
        }
        write_request(&state, &taken, &mut body, &mut request);
        match client.call(&request).await {
            Ok(200) => told(&state, &taken),
            Ok(410 | 422) => state.count(|counts| counts.refused += taken.len() as u64),
            _ => {
                state.count(|counts| counts.failed_tries += 1);
                state.put_back(&mut taken);
                tokio::time::sleep(PAUSE).await;
            }
        }
        taken.clear();
    }
}

fn write_request(state: &State, taken: &[Done], body: &mut Vec<u8>, request: &mut Vec<u8>) {
    let runs: Vec<Trigger> = taken.iter().map(|(trigger, _)| *trigger).collect();
    body.clear();
    state.wire.write_results(&state.app_key, &runs, body);
    write_post(request, state.wire.callback_path(), (state.wire.secret_header(), &state.secret), body);
}

fn told(state: &State, taken: &[Done]) {
    let now = now_us();
    let mut records = state.records.borrow_mut();
    taken.iter().filter_map(|(_, place)| *place).for_each(|place| records.taken(place, now));
    state.count(|counts| counts.taken += taken.len() as u64);
}
