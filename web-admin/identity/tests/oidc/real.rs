//! Logins by a real provider: `oidc-provider`, certified by the OpenID Foundation, run by Node.
//!
//! It comes from the npm registry into cargo's folder for tests, where the next run finds it again.

use actix_web::cookie::Cookie;
use chrono::{DateTime, Utc};
use hzm_job_identity::oidc::{Oidc, OidcError, OidcSettings};
use hzm_job_identity::{Identity, Secret};
use hzm_job_test_servers::free_port;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use url::Url;

const VERSION: &str = "9.13.3";
const SCRIPT: &str = include_str!("provider.mjs");
const REDIRECT: &str = "http://127.0.0.1:8888/login/oidc";
/// The most pages between the beginning of a login and its end.
const MOST_PAGES: usize = 20;

/// The provider; it ends when this is dropped.
struct Provider {
    issuer: String,
    child: Child,
    /// Kept open: Node ends when it cannot say what it has to say.
    said: BufReader<ChildStdout>,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder with the package; the first test that asks installs it.
fn package() -> Result<PathBuf, String> {
    static PACKAGE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PACKAGE.get_or_init(installed).clone()
}

/// The folder with the package, installed where it is missing.
fn installed() -> Result<PathBuf, String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("oidc-provider-{VERSION}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    // Installed aside and moved, so that it is there whole or not at all.
    let aside = folder.with_extension(std::process::id().to_string());
    std::fs::create_dir_all(&aside).map_err(|error| error.to_string())?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&aside);
    npm.arg(format!("oidc-provider@{VERSION}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let installed = npm.status().is_ok_and(|status| status.success());
    if !installed || (std::fs::rename(&aside, &folder).is_err() && !folder.is_dir()) {
        let _ = std::fs::remove_dir_all(&aside);
        return Err(format!("`npm install oidc-provider@{VERSION}` did not work; it needs npm and its registry"));
    }
    let _ = std::fs::remove_dir_all(&aside);
    Ok(folder)
}

/// The provider with its claims in the `token` or told on asking (`userinfo`); a named skip where it cannot be had.
fn start(place: &str) -> Option<Provider> {
    let skip = |why: String| {
        writeln!(std::io::stdout(), "skipped: OpenID provider: {why}").unwrap();
    };
    if Command::new("node").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip("node is not installed; on Debian: `apt-get install nodejs npm`".to_owned());
        return None;
    }
    let folder = package().map_err(skip).ok()?;
    let script = tempfile::Builder::new().suffix(".mjs").tempfile().unwrap();
    std::fs::write(script.path(), SCRIPT).unwrap();
    let port = free_port().unwrap();
    let mut node = Command::new("node");
    node.arg(script.path()).arg(folder).arg(port.to_string()).arg(place);
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = node.spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let mut provider = Provider { issuer: format!("http://127.0.0.1:{port}"), child, said };
    let mut line = String::new();
    while line.trim() != "ready" {
        line.clear();
        assert!(provider.said.read_line(&mut line).unwrap() > 0, "the provider did not come up");
    }
    Some(provider)
}

async fn client(provider: &Provider, client_id: &str, client_secret: Option<&str>) -> Oidc {
    let settings = OidcSettings {
        issuer: provider.issuer.clone(),
        client_id: client_id.to_owned(),
        client_secret: client_secret.map(|secret| Secret(secret.to_owned())),
        redirect_url: REDIRECT.to_owned(),
        scopes: ["profile", "groups"].map(str::to_owned).into(),
        within: Duration::from_secs(30),
        ..OidcSettings::default()
    };
    Oidc::new(settings).await.unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the provider is a program of its own and lives by the clock on the wall"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// What the provider gives to a person who goes there with a browser, logs in as `alice` and agrees to everything.
async fn visit(begin: &Url) -> HashMap<String, String> {
    let client = awc::Client::builder().disable_redirects().timeout(Duration::from_secs(30)).finish();
    let mut cookies: HashMap<String, String> = HashMap::new();
    let (mut url, mut form) = (begin.clone(), None::<&str>);
    for _ in 0..MOST_PAGES {
        if url.as_str().starts_with(REDIRECT) {
            return url.query_pairs().into_owned().collect();
        }
        let method = if form.is_some() { "POST" } else { "GET" };
        let mut request = client.request(method.parse().unwrap(), url.as_str());
        let sent: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.insert_header(("cookie", sent.join("; ")));
        request = request.insert_header(("content-type", "application/x-www-form-urlencoded"));
        let mut answer = request.send_body(form.unwrap_or_default()).await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let cookie = Cookie::parse(set.to_str().unwrap().to_owned()).unwrap();
            cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
        }
        let page = String::from_utf8(answer.body().await.unwrap().to_vec()).unwrap();
        (url, form) = match answer.headers().get("location") {
            Some(target) => (url.join(target.to_str().unwrap()).unwrap(), None),
            None if page.contains("value=\"login\"") => (url, Some("prompt=login&login=alice&password=x")),
            None if page.contains("value=\"consent\"") => (url, Some("prompt=consent")),
            None => panic!("HTTP {} at {url}: {page}", answer.status()),
        };
    }
    panic!("the login does not end");
}

async fn log_in(oidc: &Oidc) -> Result<Identity, OidcError> {
    let (url, pending) = oidc.begin(now()).await?;
    let brought = visit(&url).await;
    oidc.finish(pending, &brought["code"], &brought["state"], now()).await
}

async fn lets_in(place: &str) {
    let Some(provider) = start(place) else { return };
    for (id, secret) in [("with-secret", Some("s3cret")), ("public", None)] {
        let identity = log_in(&client(&provider, id, secret).await).await.unwrap();
        assert_eq!((identity.name.as_str(), identity.subject.as_str()), ("Alice", "alice"), "{id}");
        assert_eq!(identity.groups, ["dev", "ops"], "{id}");
    }
}

#[actix_rt::test]
async fn a_real_provider_that_puts_claims_into_its_tokens_lets_in() {
    lets_in("token").await;
}

#[actix_rt::test]
async fn a_real_provider_that_tells_claims_on_asking_lets_in() {
    lets_in("userinfo").await;
}

#[actix_rt::test]
async fn a_real_provider_refuses_a_wrong_secret_a_used_code_and_anothers_verifier() {
    let Some(provider) = start("token") else { return };
    let wrong = log_in(&client(&provider, "with-secret", Some("guess")).await).await.unwrap_err();
    assert!(matches!(&wrong, OidcError::Misconfigured(problem) if problem.key == "clientSecret"), "{wrong}");
    let oidc = client(&provider, "public", None).await;
    let (url, pending) = oidc.begin(now()).await.unwrap();
    let brought = visit(&url).await;
    let (code, state) = (&brought["code"], &brought["state"]);
    oidc.finish(pending.clone(), code, state, now()).await.unwrap();
    let used = oidc.finish(pending, code, state, now()).await.unwrap_err();
    assert!(matches!(used, OidcError::Refused { .. }), "{used}");
    let (url, _) = oidc.begin(now()).await.unwrap();
    let code = visit(&url).await["code"].clone();
    let (_, other) = oidc.begin(now()).await.unwrap();
    let state = other.state.clone();
    let stolen = oidc.finish(other, &code, &state, now()).await.unwrap_err();
    assert!(matches!(stolen, OidcError::Refused { .. }), "{stolen}");
}

#[actix_rt::test]
async fn a_token_of_a_real_provider_is_for_one_login_and_one_time() {
    let Some(provider) = start("token") else { return };
    let oidc = client(&provider, "public", None).await;
    let (url, mut pending) = oidc.begin(now()).await.unwrap();
    let brought = visit(&url).await;
    pending.nonce.push('x');
    let refused = oidc.finish(pending, &brought["code"], &brought["state"], now()).await.unwrap_err();
    assert!(matches!(refused, OidcError::BadToken { .. }), "{refused}");
}
