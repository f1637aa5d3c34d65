//! The secret of an executor: generated here, shown once after saving, never again.

use crate::auth::random_secret;
use crate::edge::client;
use crate::error::{ApiError, Failure};
use crate::state::App;
use crate::ui::frame::{Frame, Place};
use crate::ui::visit::{Answer, Visit, html};
use crate::ui::words::Words;
use actix_web::{HttpRequest, web};
use askama::Template;
use hzm_job_store::executor::Executor;

#[derive(Template)]
#[template(path = "executors/secret.html")]
struct SecretPage {
    f: Frame,
    w: &'static Words,
    id: i64,
    name: String,
    secret: String,
    snippet: String,
}

/// The page that shows a new secret, this one time. It answers the form itself instead of redirecting, so that the secret
/// goes through no cookie and no address.
pub(crate) fn shown_once(visit: &Visit, executor: &Executor, secret: &str, admin: &str) -> Answer {
    let draft = executor.spec.draft();
    let page = SecretPage {
        f: visit.frame(Place::Executors, draft.name.as_str()),
        w: visit.w,
        id: executor.id.0,
        name: draft.name.clone(),
        secret: secret.to_owned(),
        snippet: snippet(admin, &draft.app_key, Some(secret)),
    };
    html(&page)
}

/// A new secret: 32 random bytes as 43 characters of base64url.
///
/// # Errors
/// A failure of ours when the system gives no random bytes.
pub(crate) fn generate() -> Result<String, ApiError> {
    random_secret().map_err(|error| ApiError::Internal(Failure::because(error.to_string())))
}

/// The address under which this request reached the admin, as executors may use it too. Of what was asked of a proxy only a proxy that
/// `http.trustedProxies` names is believed: the secret would be sent to whatever stands there.
pub(crate) fn own_address(request: &HttpRequest) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let told = |name| client::asked_of_proxy(request, name);
    let has_tls = request.app_data::<web::Data<App>>().is_some_and(|app| app.config.admin.tls.is_on());
    let direct = if has_tls { "https" } else { "http" };
    let scheme = told("X-Forwarded-Proto").filter(|scheme| ["http", "https"].contains(scheme)).unwrap_or(direct);
    let asked = || header("Host").or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let host = told("X-Forwarded-Host").or_else(asked).unwrap_or_default();
    format!("{scheme}://{host}")
}

/// The executor's configuration file. Texts are quoted, for a key or secret may look like a number.
pub(crate) fn snippet(admin: &str, app_key: &str, secret: Option<&str>) -> String {
    let secret = secret.map(|secret| format!("      appSecret: \"{secret}\"\n")).unwrap_or_default();
    format!(
        "hzm:\n  job:\n    client:\n      port: 7777\n      adminAddress: \"{admin}\"\n      appKey: \"{app_key}\"\n{secret}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_leaves_out_a_secret_that_is_none() {
        assert!(!snippet("http://127.0.0.1:8888", "billing", None).contains("appSecret"));
        let with = snippet("http://127.0.0.1:8888", "0123", Some("s3cret"));
        assert!(with.contains("appKey: \"0123\"") && with.contains("appSecret: \"s3cret\""), "{with}");
    }
}
