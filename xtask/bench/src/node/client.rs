//! One kept connection to the admin: a request goes out, its answer comes in, then the next.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http;

/// A connection that is made when it is needed.
pub struct Client {
    port: u16,
    stream: Option<TcpStream>,
    bytes: Vec<u8>,
}

impl Client {
    /// To a loopback port; nothing is connected yet.
    #[must_use]
    pub fn new(port: u16) -> Client {
        Client { port, stream: None, bytes: Vec::with_capacity(4 * 1024) }
    }

    /// Sends a whole request; the status of its answer. A connection that breaks is made anew by the next call.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no HTTP.
    pub async fn call(&mut self, request: &[u8]) -> io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?,
        };
        stream.set_nodelay(true)?;
        stream.write_all(request).await?;
        self.bytes.clear();
        loop {
            if stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let answer = http::answer(&self.bytes).map_err(|_| io::Error::other("the answer is no HTTP"))?;
            if let Some((status, head)) = answer {
                if !head.closes {
                    self.stream = Some(stream);
                }
                return Ok(status);
            }
        }
    }
}

/// Writes a whole `POST` into `out`, which is emptied first.
pub fn write_post(out: &mut Vec<u8>, path: &str, header: (&str, &str), body: &[u8]) {
    let (name, value) = header;
    let length = body.len();
    out.clear();
    out.extend_from_slice(
        format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{name}: {value}\r\nContent-Length: {length}\r\n\r\n"
        )
        .as_bytes(),
    );
    out.extend_from_slice(body);
}
