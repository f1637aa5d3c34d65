//! One connection to a directory: opened, secured, and asked one thing after the other.

use super::address::Address;
use super::ber::{self, SEQUENCE};
use super::message::{Answer, Entry, Request, ResultCode, Search};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt::Display;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The longest message that is read, in bytes: an entry in 2,000 groups with long names comes to a quarter of that.
const LONGEST_MESSAGE: usize = 1024 * 1024;
/// The most bytes that are read in one login.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The longest answer to StartTLS, in bytes: a code and a sentence, and anybody may have sent it.
const LONGEST_REFUSAL: usize = 4 * 1024;
/// The most references to other directories that are passed over in one search.
const MOST_REFERENCES: usize = 100;

/// Why a connection could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is none, or it broke off, or cannot be trusted.
    Away(String),
    /// Something came that cannot be used.
    Nonsense(String),
}

/// How a connection is secured.
pub(super) struct Way {
    /// Where it goes.
    pub(super) address: Address,
    /// For TLS: whom to believe.
    pub(super) tls: Option<ClientConfig>,
    /// Whether it may go to another machine without TLS.
    pub(super) allow_plain: bool,
}

/// What messages go through: TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One connection. Its requests are numbered, and there is one at a time.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// The number of the last request.
    number: u32,
    /// How many more bytes are read.
    left: usize,
}

impl Connection {
    /// Connects, and speaks TLS before anything that matters is said.
    pub(super) async fn open(way: Way) -> Result<Connection, Trouble> {
        let Way { address, tls, allow_plain } = way;
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(away)?;
        // A name such as `localhost` can be made to lead anywhere.
        let is_here = stream.peer_addr().map_err(away)?.ip().is_loopback();
        match tls {
            None if is_here || allow_plain => Ok(Connection::over(stream)),
            None => Err(Trouble::Away("it is on another machine, and the connection has no TLS".to_owned())),
            Some(config) if address.tls => Ok(Connection::over(secured(stream, config, &address).await?)),
            Some(config) => {
                let stream = start_tls(stream).await?;
                Ok(Connection::over(secured(stream, config, &address).await?))
            }
        }
    }

    fn over(stream: impl Stream + 'static) -> Connection {
        Connection { stream: Box::new(stream), number: 0, left: MOST_BYTES }
    }

    /// Asks to be an entry from now on.
    pub(super) async fn bind(&mut self, dn: &str, password: &str) -> Result<ResultCode, Trouble> {
        self.send(&Request::Bind { dn, password }).await?;
        match self.receive().await? {
            Answer::Bound(code) => Ok(code),
            _ => Err(nonsense("another answer than the one to a bind")),
        }
    }

    /// The entries that a search finds, and how it ended. More entries than were asked for are nonsense.
    pub(super) async fn search(&mut self, search: Search<'_>) -> Result<(Vec<Entry>, ResultCode), Trouble> {
        let most = usize::try_from(search.most).unwrap_or(usize::MAX);
        self.send(&Request::Search(search)).await?;
        let (mut entries, mut references) = (Vec::new(), 0);
        loop {
            match self.receive().await? {
                Answer::Entry(_) if entries.len() >= most => {
                    return Err(nonsense("more entries than it was asked for"));
                }
                Answer::Entry(entry) => entries.push(entry),
                Answer::Elsewhere if references < MOST_REFERENCES => references += 1,
                Answer::Found(code) => return Ok((entries, code)),
                _ => return Err(nonsense("another answer than one to a search")),
            }
        }
    }

    /// Says goodbye; whether it arrives does not matter.
    pub(super) async fn close(mut self) {
        let _ = self.send(&Request::Unbind).await;
        let _ = self.stream.shutdown().await;
    }

    async fn send(&mut self, request: &Request<'_>) -> Result<(), Trouble> {
        self.number += 1;
        self.stream.write_all(&request.encode(self.number)).await.map_err(away)?;
        self.stream.flush().await.map_err(away)
    }

    async fn receive(&mut self) -> Result<Answer, Trouble> {
        let content = read_message(&mut self.stream, &mut self.left).await?;
        match Answer::decode(&content).map_err(|_| nonsense("what is no answer of LDAP"))? {
            (number, answer) if number == self.number => Ok(answer),
            // RFC 4511 §4.4: unasked, under the number 0, it says that it ends the connection.
            (0, Answer::Extended(code)) => Err(Trouble::Away(format!("it ended the connection: {code}"))),
            _ => Err(nonsense("an answer to what was not asked")),
        }
    }
}

/// Speaks TLS; the certificate must be for the very host that the settings name.
async fn secured(stream: TcpStream, config: ClientConfig, address: &Address) -> Result<TlsStream<TcpStream>, Trouble> {
    let name = ServerName::try_from(address.host.clone()).map_err(away)?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.map_err(|error| Trouble::Away(format!("TLS: {error}")))
}

/// Asks for TLS over a plain connection. Nothing that came before it is used after it: messages are read to their last byte and
/// no further, so what somebody in between appends would be no TLS.
async fn start_tls(mut stream: TcpStream) -> Result<TcpStream, Trouble> {
    stream.write_all(&Request::StartTls.encode(1)).await.map_err(away)?;
    let mut left = LONGEST_REFUSAL;
    let content = read_message(&mut stream, &mut left).await?;
    match Answer::decode(&content) {
        Ok((1, Answer::Extended(ResultCode::SUCCESS))) => Ok(stream),
        Ok((_, Answer::Extended(code))) => Err(Trouble::Away(format!("it refuses StartTLS: {code}"))),
        _ => Err(nonsense("what is no answer to StartTLS")),
    }
}

/// The content of the next message; what was read is taken off `left`.
async fn read_message(stream: &mut (impl AsyncRead + Unpin + ?Sized), left: &mut usize) -> Result<Vec<u8>, Trouble> {
    let head = [stream.read_u8().await.map_err(away)?, stream.read_u8().await.map_err(away)?];
    let [tag, first] = head;
    let length = match ber::length_bytes(first).map_err(|_| nonsense("what is no LDAP"))? {
        _ if tag != SEQUENCE => return Err(nonsense("what is no LDAP")),
        None => usize::from(first),
        Some(count) => {
            let mut bytes = vec![0; count];
            stream.read_exact(&mut bytes).await.map_err(away)?;
            ber::length(&bytes)
        }
    };
    if length > LONGEST_MESSAGE || length > *left {
        return Err(nonsense("more than is taken"));
    }
    *left -= length;
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.map_err(away)?;
    Ok(content)
}

fn away(error: impl Display) -> Trouble {
    Trouble::Away(error.to_string())
}

fn nonsense(what: &str) -> Trouble {
    Trouble::Nonsense(what.to_owned())
}
