//! The edges towards the network: proxies, slow callers, callers that guess at secrets, and addresses that nobody should be sent to.

use crate::support::{Admin, Node, PASSWORD, send};
use actix_web::http::Method;
use hzm_job_protocol::hzm::TOKEN_HEADER;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const FORWARDED: &str = "X-Forwarded-For";

async fn login_from(admin: &Admin, forwarded: &str) -> u16 {
    let body = json!({ "name": "admin", "password": PASSWORD }).to_string().into_bytes();
    let headers = [("Content-Type", "application/json"), (FORWARDED, forwarded)];
    send(Method::POST, &format!("{}/api/v1/session", admin.base()), &headers, Some(body)).await.status
}

async fn addresses_of_sessions(admin: &Admin) -> Vec<String> {
    let client = admin.client().await;
    let sessions = client.get("/api/v1/sessions").await.json();
    let address = |session: &Value| session["address"].as_str().unwrap().to_owned();
    sessions["items"].as_array().unwrap().iter().map(address).collect()
}

#[actix_web::test]
async fn what_a_client_says_of_its_address_counts_only_behind_a_proxy_that_was_named() {
    let admin = Admin::start().await;
    assert_eq!(login_from(&admin, "203.0.113.9").await, 200);
    assert!(addresses_of_sessions(&admin).await.iter().all(|address| address == "127.0.0.1"));
    let behind = Admin::start_with(|config| {
        config.admin.http.trusted_proxies = "127.0.0.0/8".parse().unwrap();
    });
    let behind = behind.await;
    assert_eq!(login_from(&behind, "10.0.0.1, 203.0.113.9").await, 200);
    let addresses = addresses_of_sessions(&behind).await;
    assert!(
        addresses.contains(&"203.0.113.9".to_owned()) && !addresses.contains(&"10.0.0.1".to_owned()),
        "{addresses:?}"
    );
    let log = behind.client().await.get("/api/v1/operations").await.json();
    let froms: Vec<&Value> = log["items"].as_array().unwrap().iter().map(|done| &done["address"]).collect();
    assert!(froms.contains(&&json!("203.0.113.9")), "{froms:?}");
}

async fn registers(admin: &Admin, secret: &str, address: &str) -> crate::support::Answer {
    let body = json!({ "appKey": "billing", "executorAddress": address }).to_string().into_bytes();
    let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, secret)];
    send(Method::POST, &format!("{}/api/admin/registry", admin.base()), &headers, Some(body)).await
}

#[actix_web::test]
async fn whoever_guesses_at_a_secret_is_not_listened_to_for_a_while_and_known_executors_are() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    root.executor("billing", Some("the-right-one")).await;
    for guess in 0..60 {
        assert_eq!(registers(&admin, &format!("guess-{guess}"), "http://127.0.0.1:1").await.status, 401);
    }
    let barred = registers(&admin, "the-right-one", "http://127.0.0.1:1").await;
    assert_eq!(barred.status, 429, "even with the right one: {}", barred.text);
    let other = Admin::start().await;
    other.client().await.executor("billing", Some("the-right-one")).await;
    let _node = Node::register(&other, "billing", "the-right-one").await;
    for guess in 0..100 {
        let told = registers(&other, &format!("guess-{guess}"), "http://127.0.0.1:1").await.status;
        assert_eq!(told, if guess < 60 { 401 } else { 429 }, "as about a key that there is not");
    }
    assert_eq!(registers(&other, "the-right-one", "http://127.0.0.1:1").await.status, 200);
}

#[actix_web::test]
async fn invented_app_keys_do_not_lift_the_bar_of_a_real_one() {
    let admin = Admin::start().await;
    admin.client().await.executor("billing", Some("the-right-one")).await;
    for guess in 0..60 {
        assert_eq!(registers(&admin, &format!("guess-{guess}"), "http://127.0.0.1:1").await.status, 401);
    }
    // From here on nothing tells a key that there is from one that there is not.
    let invented = async |number: usize| {
        let body = json!({ "appKey": format!("invented-{number}"), "executorAddress": "http://127.0.0.1:1" });
        let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, "x")];
        let url = format!("{}/api/admin/registry", admin.base());
        send(Method::POST, &url, &headers, Some(body.to_string().into_bytes())).await.status
    };
    let mut statuses = Vec::new();
    for number in 0..100 {
        statuses.push(invented(number).await);
    }
    assert!(statuses.iter().all(|status| *status == 429), "{statuses:?}");
    assert_eq!(registers(&admin, "the-right-one", "http://127.0.0.1:1").await.status, 429);
}

#[actix_web::test]
async fn no_executor_has_an_address_at_which_a_cloud_tells_its_secrets() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    root.executor("billing", Some("s3cret")).await;
    for address in [
        "http://169.254.169.254",
        "http://[::ffff:169.254.169.254]:80",
        "http://100.100.100.200:80",
        "http://0.0.0.0:1",
    ] {
        let refused = registers(&admin, "s3cret", address).await;
        assert_eq!(refused.status, 403, "{address}: {}", refused.text);
        assert!(refused.text.contains("egress"), "{}", refused.text);
        let typed = json!({ "name": "x", "app_key": "x", "registration": "manual", "addresses": [address] });
        let refused = root.post("/api/v1/executors", typed).await.wrong_fields();
        assert_eq!(refused, [("addresses".to_owned(), "forbidden_address".to_owned())], "{address}");
    }
}

#[actix_web::test]
async fn a_trigger_goes_nowhere_that_the_configuration_does_not_allow_whatever_a_name_leads_to() {
    let admin = Admin::start_with(|config| {
        config.admin.egress.allow = "10.0.0.0/8".parse().unwrap();
    });
    let admin = admin.await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    // A name passes at the door; where it leads is looked at for each connection.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    assert_eq!(registers(&admin, "s3cret", &address).await.status, 200);
    let job = root.job(executor).await;
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].clone();
    let told = root.until(&format!("/api/v1/runs/{run}"), |run| run["message"].is_string()).await;
    assert!(told["message"].as_str().unwrap().contains("egress.allow"), "{told}");
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nothing was sent there");
}

#[actix_web::test]
async fn an_executor_gone_bad_does_not_fill_the_table_of_nodes() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    for node in 0..1_000 {
        let hello = registers(&admin, "s3cret", &format!("http://127.0.0.1:{}", 1 + node)).await;
        assert_eq!(hello.status, 200, "{}", hello.text);
    }
    let refused = registers(&admin, "s3cret", "http://127.0.0.1:5000").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(registers(&admin, "s3cret", "http://127.0.0.1:7").await.status, 200, "one that is known");
    let nodes = root.get(&format!("/api/v1/executors/{executor}/nodes")).await.json();
    assert_eq!(nodes["items"].as_array().unwrap().len(), 1_000);
}

/// What comes back on a plain connection; waits outside of the server's thread.
async fn said(address: std::net::SocketAddr, request: Vec<u8>) -> String {
    let asked = actix_web::rt::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&request).unwrap();
        let mut text = String::new();
        // A server that closes what it does not read to its end may reset the connection after its answer.
        drop(stream.read_to_string(&mut text));
        text
    });
    asked.await.unwrap()
}

#[actix_web::test]
async fn a_client_that_never_ends_its_request_is_sent_away() {
    let admin = Admin::start_with(|config| {
        config.admin.http.body_timeout = chrono::TimeDelta::seconds(1);
        config.admin.http.request_timeout = chrono::TimeDelta::seconds(1);
    });
    let admin = admin.await;
    let address = admin.running.address();
    let body = b"POST /api/admin/registry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{".to_vec();
    let told = said(address, body).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("did not arrive within 1 s"), "{told}");
    let login =
        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
            .to_vec();
    let told = said(address, login).await;
    assert!(told.starts_with("HTTP/1.1 408") && told.contains("too-slow"), "{told}");
    // A page's form as well: it is refused, or the connection closed.
    let form = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=".to_vec();
    let told = said(address, form).await;
    assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{told}");
    let told = said(address, b"GET / HTTP/1.1\r\nHost: x\r\n".to_vec()).await;
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
}

/// The status of a request on a connection that stays open; `None`: it was closed.
fn asked(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    Some(String::from_utf8(head.to_vec()).unwrap())
}

#[actix_web::test]
async fn one_address_holds_so_many_connections_and_no_more() {
    let admin = Admin::start_with(|config| config.admin.http.connections_per_address = 8).await;
    let address = admin.running.address();
    let hold = move || {
        let mut held: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(address).unwrap()).collect();
        let statuses: Vec<_> = held.iter_mut().map(asked).collect();
        (held, statuses)
    };
    let one = async || {
        let asked = move || asked(&mut TcpStream::connect(address).unwrap());
        actix_web::rt::task::spawn_blocking(asked).await.unwrap()
    };
    let (held, first) = actix_web::rt::task::spawn_blocking(hold).await.unwrap();
    let fine = Some("HTTP/1.1 200".to_owned());
    assert!(first.iter().all(|status| *status == fine), "{first:?}");
    assert_ne!(one().await, fine);
    // One that says nothing holds no place either.
    let silent = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.read(&mut [0]).map_err(|error| error.kind())
    };
    let closed = actix_web::rt::task::spawn_blocking(silent).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(std::io::ErrorKind::ConnectionReset)), "{closed:?}");
    drop(held);
    // Whoever gives them back may come again, as soon as the server has noticed.
    for _ in 0..500 {
        if one().await == fine {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the seats were never given back");
}
