//! As much HTTP/1.1 as programs need that look at an admin from outside: one request, one answer, and the same from the other side for its relay.
//!
//! Bodies have a length or come in chunks; everything is bounded in size and time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Neither our requests nor our answers come near this; in bytes.
const LONGEST: usize = 64 * 1024 * 1024;
/// How long an answer may take; a fault must not hold its maker for longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A request or an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The status of an answer; 0 when it has none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The path of a request; empty when it has none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// Reads one message; `None` when the other side closed before it began.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is no HTTP.
    pub fn read(input: &mut BufReader<TcpStream>) -> io::Result<Option<Message>> {
        let mut message = Message { start: line(input)?, ..Message::default() };
        if message.start.is_empty() {
            return Ok(None);
        }
        loop {
            let header = line(input)?;
            let Some((name, value)) = header.split_once(':') else { break };
            message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        message.body = message.read_body(input)?;
        Ok(Some(message))
    }

    fn read_body(&self, input: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
        if self.header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
            return chunks(input);
        }
        let length = self.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        exactly(input, length)
    }

    /// Writes the message with the length of its body.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut text = format!("{}\r\n", self.start);
        let framing = ["content-length", "transfer-encoding"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !framing.contains(&name.as_str())) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n", self.body.len()));
        out.write_all(&[text.as_bytes(), &self.body].concat())?;
        out.flush()
    }
}

/// Sends a request to a loopback port on a connection of its own.
///
/// # Errors
/// When there is no connection, it breaks, or no answer comes in time.
pub fn call(port: u16, mut request: Message) -> io::Result<Message> {
    request.headers.retain(|(name, _)| name != "connection");
    request.headers.push(("connection".to_owned(), "close".to_owned()));
    let stream = connect(port)?;
    request.write(&mut &stream)?;
    Message::read(&mut BufReader::new(stream))?.ok_or_else(closed)
}

/// A connection that is used again and again, and made anew after it broke.
pub struct Kept {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

impl Kept {
    /// To a loopback port; the connection comes with the first call.
    #[must_use]
    pub fn new(port: u16) -> Kept {
        Kept { port, stream: None }
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// As [`call`]; also when the other side closed the connection meanwhile, which the next call mends.
    pub fn call(&mut self, request: &Message) -> io::Result<Message> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.port)?),
        };
        request.write(stream.get_mut())?;
        let answer = Message::read(&mut stream)?.ok_or_else(closed)?;
        if answer.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn closed() -> io::Error {
    io::Error::other("the connection was closed instead of an answer")
}

/// A request with a JSON body, or none.
#[must_use]
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&serde_json::Value>) -> Message {
    let mut message = Message { start: format!("{method} {path} HTTP/1.1"), ..Message::default() };
    message.headers.push(("host".to_owned(), "127.0.0.1".to_owned()));
    message.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    if let Some(body) = body {
        message.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        message.body = body.to_string().into_bytes();
    }
    message
}

fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.take(64 * 1024).read_until(b'\n', &mut bytes)?;
    String::from_utf8(bytes).map(|text| text.trim_end().to_owned()).map_err(io::Error::other)
}

fn exactly(input: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    if length > LONGEST {
        return Err(io::Error::other(format!("a body of {length} bytes")));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(body)
}

fn chunks(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(line(input)?.trim(), 16).map_err(io::Error::other)?;
        body.extend(exactly(input, size)?);
        line(input)?;
        if size == 0 || body.len() > LONGEST {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(raw: &'static [u8]) -> io::Result<Message> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            Message::read(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
            stream.write_all(raw).unwrap();
        });
        call(port, request("GET", "/x", &[], None))
    }

    #[test]
    fn an_answer_with_a_length_is_read_whole() {
        let answer = answered(b"HTTP/1.1 201 Created\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc").unwrap();
        assert_eq!((answer.status(), answer.body.as_slice(), answer.header("x-a")), (201, &b"abc"[..], Some("b")));
    }

    #[test]
    fn an_answer_in_chunks_is_read_whole() {
        let answer =
            answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").unwrap();
        assert_eq!(answer.body, b"abc");
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        assert!(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc").is_err());
        assert!(answered(b"").is_err());
    }
}
