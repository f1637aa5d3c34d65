//! The side that triggers come in on: kept connections, requests behind each other, one write for all that came at once.

use std::io;
use std::rc::Rc;

use hzm_job_test_rig::clock::now_us;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http::{self, Garbled};
use super::state::State;

/// Room for what comes in one piece, in bytes.
const PIECE: usize = 16 * 1024;

/// Takes connections for ever.
pub(super) async fn accept(listener: TcpListener, state: Rc<State>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let state = Rc::clone(&state);
                tokio::task::spawn_local(async move {
                    // A connection that breaks is the admin's to make anew.
                    let _ended = serve(stream, &state).await;
                });
            }
            Err(_) => state.count(|counts| counts.strange += 1),
        }
    }
}

async fn serve(mut stream: TcpStream, state: &Rc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = whole_answer(200, state.wire.yes());
    let (mut bytes, mut out) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let arrived_us = now_us();
        out.clear();
        let Ok((used, closes)) = take_requests(&bytes, state, arrived_us, &answer, &mut out) else {
            state.count(|counts| counts.strange += 1);
            return stream.write_all(whole_answer(400, "").as_bytes()).await;
        };
        bytes.drain(..used);
        stream.write_all(&out).await?;
        if closes {
            return Ok(());
        }
    }
}

/// Serves every request that is all there: how many bytes they were, and whether the last one closes the connection.
fn take_requests(
    bytes: &[u8],
    state: &Rc<State>,
    arrived_us: i64,
    answer: &str,
    out: &mut Vec<u8>,
) -> Result<(usize, bool), Garbled> {
    let (mut used, mut closes) = (0, false);
    while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
        let Some((path, head)) = http::request(rest)? else { break };
        let body = rest.get(head.body..head.end).unwrap_or_default();
        if path == state.wire.trigger_path() {
            for trigger in state.wire.triggers(body).map_err(|_| Garbled)? {
                state.begin(trigger, arrived_us);
            }
        }
        out.extend_from_slice(answer.as_bytes());
        used += head.end;
        closes = head.closes;
    }
    Ok((used, closes))
}

/// An answer with its head.
#[must_use]
pub fn whole_answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}
