//! TLS: of the admin's own address, and towards nodes.

use crate::support::{Admin, Answer, PASSWORD};
use actix_web::http::Method;
use actix_web::{App, HttpResponse, HttpServer, web};
use hzm_job_protocol::hzm::{Envelope, JobHandle, TOKEN_HEADER};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// An authority of a test, with what it signs, in a folder.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Authority { issuer, folder }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a certificate for these names and its key, and answers their files.
    fn sign(&self, file: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        let (cert, secret) = (self.path(&format!("{file}.pem")), self.path(&format!("{file}.key")));
        std::fs::write(&cert, signed.pem()).unwrap();
        std::fs::write(&secret, key.serialize_pem()).unwrap();
        (cert, secret)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.path("ca.pem"))).unwrap();
        roots
    }

    /// A client that believes this authority.
    fn client(&self) -> awc::Client {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(self.roots());
        let connector = awc::Connector::new().rustls_0_23(Arc::new(config.with_no_client_auth()));
        awc::Client::builder().connector(connector).timeout(Duration::from_secs(20)).disable_redirects().finish()
    }
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

async fn with_tls(authority: &Authority) -> Admin {
    let (cert, key) = authority.sign("admin", &["localhost", "127.0.0.1"]);
    Admin::start_with(|config| (config.admin.tls.cert, config.admin.tls.key) = (cert, key)).await
}

fn base(admin: &Admin) -> String {
    format!("https://localhost:{}", admin.running.address().port())
}

#[actix_web::test]
async fn pages_and_api_are_served_with_tls_and_cookies_then_go_nowhere_without() {
    let authority = Authority::new();
    let admin = with_tls(&authority).await;
    let login = authority.client().post(format!("{}/api/v1/session", base(&admin)));
    let answer = login.send_json(&json!({ "name": "admin", "password": PASSWORD })).await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
    let stranger = Authority::new().client().get(format!("{}/healthz", base(&admin))).send().await;
    assert!(stranger.is_err(), "whoever does not know the authority does not believe it");
    let plain = awc::Client::default().get(format!("http://{}/healthz", admin.running.address())).send().await;
    assert!(plain.is_err(), "nothing is served without");
}

/// The serial number of the certificate that is shown now.
async fn shown(address: std::net::SocketAddr, roots: RootCertStore) -> Vec<u8> {
    let looked = actix_web::rt::task::spawn_blocking(move || {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let name = "localhost".try_into().unwrap();
        let mut session = rustls::ClientConnection::new(Arc::new(config.with_no_client_auth()), name).unwrap();
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        while session.is_handshaking() {
            session.complete_io(&mut stream).unwrap();
        }
        session.peer_certificates().unwrap()[0].to_vec()
    });
    looked.await.unwrap()
}

#[actix_web::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let authority = Authority::new();
    let admin = with_tls(&authority).await;
    let (address, first) = (admin.running.address(), certificate(&authority.path("admin.pem")).to_vec());
    assert_eq!(shown(address, authority.roots()).await, first);
    // A certificate with the key of another one, as it lies there half way through a renewal.
    let own_key = std::fs::read(authority.path("admin.key")).unwrap();
    authority.sign("other", &["localhost"]);
    let other = std::fs::read(authority.path("other.pem")).unwrap();
    std::fs::write(authority.path("admin.pem"), &other).unwrap();
    actix_web::rt::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(shown(address, authority.roots()).await, first, "{own_key:?}");
    std::fs::copy(authority.path("other.key"), authority.path("admin.key")).unwrap();
    let second = certificate(&authority.path("other.pem")).to_vec();
    for _ in 0..300 {
        if shown(address, authority.roots()).await == second {
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the new certificate was never shown");
}

#[actix_web::test]
async fn a_start_with_a_certificate_that_cannot_be_used_names_its_file() {
    let authority = Authority::new();
    let (cert, _) = authority.sign("one", &["localhost"]);
    let (_, key) = authority.sign("two", &["localhost"]);
    let folder = tempfile::tempdir().unwrap();
    let mut config = crate::support::config(&folder);
    (config.admin.tls.cert, config.admin.tls.key) = (cert, key);
    let clock = Arc::new(hzm_job_actors::SystemClock);
    let Err(refused) = hzm_job_admin::server::start(config, clock, crate::support::quiet()).await else {
        panic!("it started");
    };
    assert!(refused.to_string().contains("tls.key") && refused.to_string().contains("two.key"), "{refused}");
}

/// A node behind TLS that takes triggers; with `asks` it wants to know who calls.
fn node(authority: &Authority, names: &[&str], asks: bool) -> (String, Arc<Mutex<Vec<JobHandle>>>) {
    let (cert, key) = authority.sign("node", names);
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), provider).build().unwrap();
    let builder = if asks { builder.with_client_cert_verifier(verifier) } else { builder.with_no_client_auth() };
    let config =
        builder.with_single_cert(vec![certificate(&cert)], PrivateKeyDer::from_pem_file(&key).unwrap()).unwrap();
    let taken: Arc<Mutex<Vec<JobHandle>>> = Arc::default();
    let seen = taken.clone();
    let server = HttpServer::new(move || {
        let seen = seen.clone();
        let take = move |call: web::Json<JobHandle>| {
            seen.lock().unwrap().push(call.into_inner());
            async { HttpResponse::Ok().json(Envelope::ok(true)) }
        };
        App::new()
            .route("/api/job-handle", web::post().to(take))
            .default_service(web::to(|| async { HttpResponse::Ok().json(Envelope::ok(true)) }))
    });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = server.workers(1).disable_signals().listen_rustls_0_23(listener, config).unwrap();
    actix_web::rt::spawn(server.run());
    (format!("https://localhost:{port}"), taken)
}

/// What the executor of this test does.
#[hzmjob::job]
async fn nothing(_: hzmjob::JobContext) -> hzmjob::JobResult {
    Ok(())
}

#[actix_web::test]
async fn an_executor_of_our_sdk_works_for_an_admin_with_tls() {
    let authority = Authority::new();
    let admin = with_tls(&authority).await;
    let client = authority.client();
    let login = client.post(format!("{}/api/v1/session", base(&admin)));
    let mut answer = login.send_json(&json!({ "name": "admin", "password": PASSWORD })).await.unwrap();
    let cookie = answer.headers().get("set-cookie").unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
    let csrf = answer.json::<Value>().await.unwrap()["csrf"].as_str().unwrap().to_owned();
    let call = async |path: &str, body: Value| {
        let request = client.post(format!("{}{path}", base(&admin)));
        let request = request.insert_header(("Cookie", cookie.as_str())).insert_header(("X-CSRF-Token", csrf.as_str()));
        request.send_json(&body).await.unwrap().json::<Value>().await.unwrap()
    };
    let made = call("/api/v1/executors", json!({ "name": "x", "app_key": "x", "secret": "s3cret" })).await;
    let folder = tempfile::tempdir().unwrap();
    let executor = hzmjob::Executor::builder("x")
        .admin(base(&admin))
        .secret("s3cret")
        .bind("127.0.0.1:0")
        .data_dir(folder.path())
        .tls_ca(authority.path("ca.pem"))
        .job::<nothing>();
    let running = executor.spawn().unwrap();
    let job = call("/api/v1/jobs", json!({ "executor": made["id"], "name": "nothing" })).await;
    let store = &admin.running.app().store;
    for _ in 0..1_000 {
        if !store.node_list(None).await.unwrap().is_empty() {
            break;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    let run = call(&format!("/api/v1/jobs/{}/runs", job["id"]), json!({})).await["run"].as_i64().unwrap();
    for _ in 0..1_000 {
        let row = store.run_get(hzm_job_scheduler::RunId(run)).await.unwrap().unwrap();
        if row.state == hzm_job_scheduler::run::RunState::Succeeded {
            running.close().await.unwrap();
            return;
        }
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("its result never came");
}

/// Has a job run on the node and answers the run, once something is told of it.
async fn run_on(admin: &Admin, address: &str) -> (i64, Value) {
    let root = admin.client().await;
    let executor = root.executor("billing", Some("s3cret")).await;
    let body = json!({ "appKey": "billing", "executorAddress": address }).to_string().into_bytes();
    let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, "s3cret")];
    let url = format!("{}/api/admin/registry", admin.base());
    let hello: Answer = crate::support::send(Method::POST, &url, &headers, Some(body)).await;
    assert_eq!(hello.status, 200, "{}", hello.text);
    let job = root.job(executor).await;
    let run = root.post(&format!("/api/v1/jobs/{job}/runs"), json!({})).await.json()["run"].as_i64().unwrap();
    let known = |run: &Value| run["state"] == "running" || run["message"].is_string();
    (run, root.until(&format!("/api/v1/runs/{run}"), known).await)
}

#[actix_web::test]
async fn a_trigger_goes_to_a_node_whose_authority_is_configured() {
    let authority = Authority::new();
    let (address, taken) = node(&authority, &["localhost"], false);
    let admin = Admin::start_with(|config| config.admin.egress.tls_ca = authority.path("ca.pem")).await;
    let (run, told) = run_on(&admin, &address).await;
    assert_eq!(told["state"], "running", "{told}");
    assert_eq!(taken.lock().unwrap()[0].log_id, run);
}

#[actix_web::test]
async fn no_secret_goes_to_a_node_that_shows_a_certificate_of_another_authority_or_name() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (address, taken) in [node(&other, &["localhost"], false), node(&authority, &["elsewhere"], false)] {
        let admin = Admin::start_with(|config| config.admin.egress.tls_ca = authority.path("ca.pem")).await;
        let (_, told) = run_on(&admin, &address).await;
        assert!(told["message"].as_str().unwrap_or_default().contains("certificate"), "{told}");
        assert!(taken.lock().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn a_node_that_asks_who_calls_is_shown_the_admins_own_certificate() {
    let authority = Authority::new();
    let (cert, key) = authority.sign("caller", &["hzm-job-admin"]);
    let (address, taken) = node(&authority, &["localhost"], true);
    let admin = Admin::start_with(|config| {
        config.admin.egress.tls_ca = authority.path("ca.pem");
        (config.admin.egress.tls_cert, config.admin.egress.tls_key) = (cert, key);
    });
    let (_, told) = run_on(&admin.await, &address).await;
    assert_eq!(told["state"], "running", "{told}");
    let (address, _) = node(&authority, &["localhost"], true);
    let admin = Admin::start_with(|config| config.admin.egress.tls_ca = authority.path("ca.pem")).await;
    let (_, told) = run_on(&admin, &address).await;
    assert_ne!(told["state"], "running", "without one it is not let in: {told}");
    assert_eq!(taken.lock().unwrap().len(), 1);
}
