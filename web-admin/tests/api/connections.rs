//! How long a connection may be held without a complete request.

use crate::support::Admin;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a test waits for what should have come long before.
const PATIENCE: Duration = Duration::from_secs(20);

const WHOLE: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// An admin whose callers have a second for a head or a body, and that keeps idle connections for a minute and more.
async fn strict() -> Admin {
    Admin::start_with(|config| {
        config.admin.http.body_timeout = chrono::TimeDelta::seconds(1);
        config.admin.http.request_timeout = chrono::TimeDelta::seconds(1);
    })
    .await
}

/// Sends these pieces, each after something was answered to the one before, and reads until the end. Answers what came and whether it
/// was ended from there.
async fn held(address: SocketAddr, pieces: &'static [&'static [u8]]) -> (String, bool) {
    let holding = actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut told, mut room) = (Vec::new(), [0; 8 << 10]);
        for piece in pieces {
            stream.write_all(piece).unwrap();
            let read = stream.read(&mut room).unwrap();
            told.extend_from_slice(&room[..read]);
        }
        let ended = stream.read_to_end(&mut told);
        let is_ended = ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        (String::from_utf8_lossy(&told).into_owned(), is_ended)
    });
    holding.await.unwrap()
}

#[actix_web::test]
async fn the_head_of_a_second_request_has_no_more_time_than_that_of_the_first() {
    let admin = strict().await;
    let begun = Instant::now();
    // The last piece is answered by nothing but the end.
    let (told, is_ended) = held(admin.running.address(), &[WHOLE, b"GET /healthz HTTP/1.1\r\nX: 1\r\n"]).await;
    assert!(told.starts_with("HTTP/1.1 200") && is_ended, "{told}");
    assert!(begun.elapsed() < PATIENCE);
}

#[actix_web::test]
async fn a_body_that_nobody_reads_holds_no_connection_by_whatever_method() {
    let admin = strict().await;
    for request in [
        b"GET /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" as &[u8],
        b"HEAD /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"GET /login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
        b"GET /api/admin/registry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"DELETE /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ] {
        let (told, is_ended) = held(admin.running.address(), Box::leak(Box::new([request]))).await;
        assert!(told.starts_with("HTTP/1.1 ") && is_ended, "{}: {told}", String::from_utf8_lossy(request));
    }
}

#[actix_web::test]
async fn a_connection_is_kept_for_the_next_request_when_nothing_is_missing_of_the_last_one() {
    let admin = Admin::start_with(|config| {
        config.admin.http.request_timeout = chrono::TimeDelta::seconds(1);
        config.admin.http.keep_alive = chrono::TimeDelta::seconds(4);
    })
    .await;
    const CHUNKED: &[u8] =
        b"POST /api/admin/registry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    for request in [WHOLE, CHUNKED] {
        let begun = Instant::now();
        let (told, is_ended) = held(admin.running.address(), Box::leak(Box::new([request, request]))).await;
        assert!(told.matches("HTTP/1.1 ").count() == 2 && is_ended, "{told}");
        assert!(begun.elapsed() >= Duration::from_millis(3_900), "kept for as long as it says");
    }
}
