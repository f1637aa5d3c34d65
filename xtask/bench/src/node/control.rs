//! The port that the driver talks to: `GET /counts`, and `POST /records`, which writes the file of records.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http;
use super::server::whole_answer;

/// Serves one connection after another on this loopback port, for ever; `answer` is asked with the path.
///
/// # Errors
/// When the port cannot be had.
pub async fn accept(port: u16, answer: impl Fn(&str) -> io::Result<String>) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A driver that went away asks again.
        let _ended = serve(stream, &answer).await;
    }
}

/// The answer to a path that is neither of the two.
#[must_use]
pub fn unknown() -> io::Error {
    io::Error::other("there are /counts and /records")
}

async fn serve(mut stream: TcpStream, answer: impl Fn(&str) -> io::Result<String>) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let request = http::request(&bytes).map_err(|_| io::Error::other("no HTTP"))?;
        let Some((path, _)) = request else { continue };
        let (status, body) = match answer(path) {
            Ok(body) => (200, body),
            Err(error) => (500, error.to_string()),
        };
        return stream.write_all(whole_answer(status, &body).as_bytes()).await;
    }
}
