//! Where one HTTP/1.1 message ends and the next begins, in bytes that came over a kept connection.
//!
//! Bodies must have a length: that is what executors and admins send. Heads have at most 32 fields, messages 1 MiB.

/// The most fields of a head.
const FIELDS: usize = 32;
/// The longest message, in bytes.
const LONGEST: usize = 1 << 20;

/// The start of one message.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Where the body begins.
    pub body: usize,
    /// Where the message ends.
    pub end: usize,
    /// Whether the other side closes the connection after it.
    pub closes: bool,
}

/// Bytes that are no message we understand.
#[derive(Debug, PartialEq, Eq)]
pub struct Garbled;

/// The request at the start of `bytes`: its path and its extent; `None` while it is not all there.
///
/// # Errors
/// [`Garbled`] when it is no such message.
pub fn request(bytes: &[u8]) -> Result<Option<(&str, Head)>, Garbled> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let Ok(status) = request.parse(bytes) else { return Err(Garbled) };
    let httparse::Status::Complete(body) = status else { return too_long(bytes) };
    let path = request.path.unwrap_or_default();
    Ok(extent(body, request.headers, bytes.len())?.map(|head| (path, head)))
}

/// The answer at the start of `bytes`: its status and its extent; `None` while it is not all there.
///
/// # Errors
/// [`Garbled`] when it is no such message.
pub fn answer(bytes: &[u8]) -> Result<Option<(u16, Head)>, Garbled> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let Ok(status) = answer.parse(bytes) else { return Err(Garbled) };
    let httparse::Status::Complete(body) = status else { return too_long(bytes) };
    let code = answer.code.unwrap_or_default();
    Ok(extent(body, answer.headers, bytes.len())?.map(|head| (code, head)))
}

fn too_long<T>(bytes: &[u8]) -> Result<Option<T>, Garbled> {
    if bytes.len() > LONGEST { Err(Garbled) } else { Ok(None) }
}

fn extent(body: usize, fields: &[httparse::Header<'_>], there: usize) -> Result<Option<Head>, Garbled> {
    let (mut length, mut closes) = (0, false);
    for field in fields {
        if field.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(field.value).map_err(|_| Garbled)?;
            length = text.trim().parse().map_err(|_| Garbled)?;
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(Garbled);
        } else if field.name.eq_ignore_ascii_case("connection") {
            closes = field.value.eq_ignore_ascii_case(b"close");
        }
    }
    if length > LONGEST {
        return Err(Garbled);
    }
    let end = body + length;
    Ok((there >= end).then_some(Head { body, end, closes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_requests_in_one_piece_are_told_apart() {
        let bytes = b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET /b HTTP/1.1\r\nConnection: close\r\n\r\n";
        let (path, first) = request(bytes).unwrap().unwrap();
        assert_eq!((path, &bytes[first.body..first.end], first.closes), ("/a", &b"{}"[..], false));
        let (path, second) = request(&bytes[first.end..]).unwrap().unwrap();
        assert_eq!((path, second.closes), ("/b", true));
        assert_eq!(first.end + second.end, bytes.len());
    }

    #[test]
    fn a_message_that_is_not_all_there_is_waited_for() {
        assert_eq!(request(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n{}"), Ok(None));
        assert_eq!(answer(b"HTTP/1.1 200 O"), Ok(None));
    }

    #[test]
    fn the_status_of_an_answer_is_read() {
        let (status, head) = answer(b"HTTP/1.1 410 Gone\r\ncontent-length: 1\r\n\r\nx").unwrap().unwrap();
        assert_eq!((status, head.end - head.body), (410, 1));
    }

    #[test]
    fn what_has_no_length_or_is_no_http_is_refused() {
        assert_eq!(request(b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Garbled));
        assert_eq!(answer(b"\x01\x02\x03"), Err(Garbled));
        assert_eq!(request(b"POST /a HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"), Err(Garbled));
    }
}
