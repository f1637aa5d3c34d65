//! The port that the driver talks to: `GET /counts`, and `POST /records`, which writes the file of records.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http;
use super::server::whole_answer;
use super::state::State;

/// Serves one connection after another, for ever.
pub(super) async fn accept(listener: TcpListener, state: Rc<State>, records: PathBuf) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // A driver that went away asks again.
        let _ended = serve(stream, &state, &records).await;
    }
}

async fn serve(mut stream: TcpStream, state: &State, records: &std::path::Path) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let request = http::request(&bytes).map_err(|_| io::Error::other("no HTTP"))?;
        let Some((path, _)) = request else { continue };
        let (status, body) = match answer(path, state, records) {
            Ok(body) => (200, body),
            Err(error) => (500, error.to_string()),
        };
        return stream.write_all(whole_answer(status, &body).as_bytes()).await;
    }
}

fn answer(path: &str, state: &State, records: &std::path::Path) -> io::Result<String> {
    match path {
        "/counts" => Ok(serde_json::to_string(&state.counts_now())?),
        "/records" => {
            state.records.borrow().write(records)?;
            Ok(format!("{}", state.records.borrow().len()))
        }
        _ => Err(io::Error::other("there are /counts and /records")),
    }
}
