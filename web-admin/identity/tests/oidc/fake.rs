//! A provider of our own: honest unless a test says otherwise.
//!
//! It checks what a provider must check of its client (code, PKCE, redirect address, secret), so that a login through it says that
//! all of these were right.

use crate::keys::{Key, encoded};
use actix_web::dev::ServerHandle;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::digest;
use rustls::ServerConfig;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use url::{Url, form_urlencoded};

/// What time it is in these tests, in seconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000;
/// The client's name.
pub(crate) const CLIENT: &str = "hzm job";
/// The secret of the client, with letters that must be written otherwise in a header.
pub(crate) const SECRET: &str = "cl1ent secret/:%";
/// Where the browser goes back to.
pub(crate) const REDIRECT: &str = "http://127.0.0.1:8888/login/oidc";
/// The one code that is given.
const CODE: &str = "c0de";
/// The one access token that is given.
const ACCESS: &str = "acc3ss";
/// Who logs in.
pub(crate) const SUBJECT: &str = "248289761001";

/// How a token comes about from claims.
type Forge = Box<dyn Fn(&Key, Value) -> String + Send>;
/// An answer of the test's own.
type Reply = Box<dyn Fn() -> HttpResponse + Send>;

/// How the client's secret must come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Header,
    Body,
    None,
}

/// What the provider does.
pub(crate) struct Script {
    issuer: String,
    pub(crate) key: Key,
    /// The keys that it shows.
    pub(crate) shown: Vec<Value>,
    /// Claims of the ID token beyond those that every one has.
    pub(crate) claims: Value,
    /// What it tells when asked for more.
    pub(crate) userinfo: Value,
    pub(crate) forge: Forge,
    /// Changes of the discovery document.
    pub(crate) document: Value,
    /// Answers of the test's own, by path.
    pub(crate) replies: HashMap<&'static str, Reply>,
    pub(crate) proof: Proof,
    /// How often each path was asked.
    asked: HashMap<String, usize>,
    /// What the browser brought, until the code is used up.
    visit: Option<HashMap<String, String>>,
}

/// See the module.
pub(crate) struct Fake {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
    server: ServerHandle,
}

impl Drop for Fake {
    fn drop(&mut self) {
        // The call gives the order; what it returns only waits for the end.
        drop(self.server.stop(false));
    }
}

/// The moment at which everything happens.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// These claims with some changed; `null` takes one away.
pub(crate) fn with(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

impl Fake {
    /// One that speaks HTTP.
    pub(crate) fn start() -> Fake {
        Fake::start_with(None)
    }

    /// One that speaks HTTPS, as `localhost`, when there is a set-up for it.
    pub(crate) fn start_with(tls: Option<ServerConfig>) -> Fake {
        let key = Key::new("one");
        let script = Arc::new(Mutex::new(Script {
            issuer: String::new(),
            shown: vec![key.jwk()],
            key,
            claims: json!({"preferred_username": "Alice", "groups": ["ops", "dev"]}),
            userinfo: json!({"sub": SUBJECT}),
            forge: Box::new(|key, claims| key.signed(&claims)),
            document: json!({}),
            replies: HashMap::new(),
            proof: Proof::Header,
            asked: HashMap::new(),
            visit: None,
        }));
        let shared = Data::from(script.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(serve)));
        let server = server.workers(1).disable_signals();
        let is_tls = tls.is_some();
        let server = match tls {
            None => server.bind(("127.0.0.1", 0)),
            Some(config) => server.bind_rustls_0_23(("127.0.0.1", 0), config),
        };
        let server = server.unwrap();
        let port = server.addrs()[0].port();
        let issuer = if is_tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        script.lock().unwrap().issuer.clone_from(&issuer);
        Fake { issuer, script, server: handle }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Makes ID tokens this way from now on.
    pub(crate) fn forges(&self, forge: impl Fn(&Key, Value) -> String + Send + 'static) {
        self.script().forge = Box::new(forge);
    }

    /// Answers a path this way from now on.
    pub(crate) fn replies(&self, path: &'static str, reply: impl Fn() -> HttpResponse + Send + 'static) {
        self.script().replies.insert(path, Box::new(reply));
    }

    /// How often a path was asked.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.script().asked.get(path).copied().unwrap_or_default()
    }

    /// A browser comes with an address of the client's and logs in; the code and the state that it takes back.
    pub(crate) fn visit(&self, url: &Url) -> (String, String) {
        let brought: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let expected = [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", REDIRECT),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in expected {
            assert_eq!(brought.get(name).map(String::as_str), Some(value), "{name}");
        }
        let state = brought["state"].clone();
        self.script().visit = Some(brought);
        (CODE.to_owned(), state)
    }
}

async fn serve(request: HttpRequest, body: Bytes, script: Data<Mutex<Script>>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    let path = request.path().to_owned();
    *script.asked.entry(path.clone()).or_default() += 1;
    if let Some(reply) = script.replies.get(path.as_str()) {
        return reply();
    }
    match path.as_str() {
        "/.well-known/openid-configuration" => HttpResponse::Ok().json(script.document()),
        "/keys" => HttpResponse::Ok().json(json!({"keys": script.shown})),
        "/token" => script.token(&request, &body),
        "/userinfo" if header(&request) == format!("Bearer {ACCESS}") => HttpResponse::Ok().json(&script.userinfo),
        _ => HttpResponse::NotFound().finish(),
    }
}

fn header(request: &HttpRequest) -> String {
    let found = request.headers().get(AUTHORIZATION);
    found.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

impl Script {
    fn document(&self) -> Value {
        let issuer = &self.issuer;
        let honest = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // A list that would let a client believe passwords, were it to believe the list.
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        });
        with(honest, self.document.clone())
    }

    /// RFC 6749 §4.1.3 and RFC 7636 §4.6, from the provider's side.
    fn token(&mut self, request: &HttpRequest, body: &[u8]) -> HttpResponse {
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        if !self.is_proved(&header(request), &text("client_secret")) {
            return HttpResponse::Unauthorized().json(json!({"error": "invalid_client"}));
        }
        let Some(visit) = self.visit.take() else {
            return HttpResponse::BadRequest().json(json!({"error": "invalid_grant", "error_description": CODE}));
        };
        let challenge = encoded(digest::digest(&digest::SHA256, text("code_verifier").as_bytes()).as_ref());
        let is_right = text("grant_type") == "authorization_code"
            && text("code") == CODE
            && text("redirect_uri") == REDIRECT
            && Some(&challenge) == visit.get("code_challenge");
        if !is_right {
            return HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}));
        }
        let claims = json!({
            "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT, "nonce": visit.get("nonce"),
            "iat": NOW - 5, "exp": NOW + 300,
        });
        let token = (self.forge)(&self.key, with(claims, self.claims.clone()));
        HttpResponse::Ok().json(json!({"access_token": ACCESS, "token_type": "Bearer", "id_token": token}))
    }

    fn is_proved(&self, header: &str, in_body: &str) -> bool {
        let written = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", written(CLIENT), written(SECRET))));
        match self.proof {
            Proof::Header => header == basic && in_body.is_empty(),
            Proof::Body => header.is_empty() && in_body == SECRET,
            Proof::None => header.is_empty() && in_body.is_empty(),
        }
    }
}
