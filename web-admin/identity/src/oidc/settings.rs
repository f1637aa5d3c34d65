//! Which provider, and which of its claims count.

use crate::problem::{self, SettingProblem};
use crate::secret::Secret;
use std::path::PathBuf;
use std::time::Duration;
use url::{Host, Url};

/// The most scopes that are asked for.
const MOST_SCOPES: usize = 32;
/// The longest name of a claim, in bytes.
const LONGEST_CLAIM: usize = 256;

/// Which provider, and which of its claims count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcSettings {
    /// The provider's name for itself, exactly as its discovery document says it: `https://login.example.org/realms/work`.
    pub issuer: String,
    /// The name under which the admin is registered there.
    pub client_id: String,
    /// The secret of that registration; `None` for one that is public and proves itself by PKCE alone.
    pub client_secret: Option<Secret>,
    /// Where the provider sends the browser back to, as registered there.
    pub redirect_url: String,
    /// What is asked for besides `openid`; default `profile`, `email`.
    pub scopes: Vec<String>,
    /// The claim that holds the user's name. `None`: `preferred_username`, else a verified `email`, else `sub`.
    pub name_claim: Option<String>,
    /// The claim that holds the user's groups, a list of texts or one text; default `groups`. `a.b` means `b` within `a`.
    pub groups_claim: String,
    /// A PEM file of the authorities that the certificate may come from; `None`: those that browsers trust.
    pub ca: Option<PathBuf>,
    /// How long the provider may take for all that one step of a login asks of it, 100 ms to 60 s.
    pub within: Duration,
}

impl Default for OidcSettings {
    fn default() -> Self {
        OidcSettings {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: None,
            redirect_url: String::new(),
            scopes: ["profile", "email"].map(str::to_owned).into(),
            name_claim: None,
            groups_claim: "groups".to_owned(),
            ca: None,
            within: Duration::from_secs(5),
        }
    }
}

impl OidcSettings {
    /// Whether these settings can be used at all. The provider is not asked.
    ///
    /// # Errors
    /// The first value that cannot be used, by its key.
    pub fn check(&self) -> Result<(), SettingProblem> {
        problem::first([
            (
                "issuer",
                is_issuer(&self.issuer),
                "give the https:// address that the provider calls its issuer, without ? and # (http:// on this machine only)",
            ),
            ("clientId", is_text(&self.client_id), "give the name under which the admin is registered at the provider"),
            (
                "clientSecret",
                self.client_secret.as_ref().is_none_or(|secret| is_text(&secret.0)),
                "give the secret of that registration, or leave it out for a public client",
            ),
            (
                "redirectUrl",
                is_redirect(&self.redirect_url),
                "give the admin's address of the login's end, http(s)://...",
            ),
            (
                "scopes",
                self.scopes.len() <= MOST_SCOPES && self.scopes.iter().all(|scope| is_scope(scope)),
                "give at most 32 words without blanks",
            ),
            ("nameClaim", self.name_claim.as_deref().is_none_or(is_claim), "give the name of a claim, or leave it out"),
            ("groupsClaim", is_claim(&self.groups_claim), "give the name of a claim such as groups"),
            (
                "within",
                (Duration::from_millis(100)..=Duration::from_secs(60)).contains(&self.within),
                "give 100ms to 60s",
            ),
        ])
    }
}

/// OpenID Connect Discovery §3: https, without query and fragment.
fn is_issuer(text: &str) -> bool {
    let plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    Url::parse(text).is_ok_and(|url| is_safe(&url) && plain(&url))
}

/// RFC 6749 §3.1.2: absolute, without fragment.
fn is_redirect(text: &str) -> bool {
    let is_http = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    Url::parse(text).is_ok_and(|url| is_http(&url) && url.fragment().is_none())
}

/// Whether what is said there can be read by nobody else: TLS, or this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name.eq_ignore_ascii_case("localhost"),
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

fn is_text(text: &str) -> bool {
    (1..=1_024).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// RFC 6749 §3.3.
fn is_scope(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (1..=256).contains(&text.len()) && text.bytes().all(fits)
}

fn is_claim(text: &str) -> bool {
    (1..=LONGEST_CLAIM).contains(&text.len()) && !text.chars().any(|letter| letter.is_control() || letter == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(change: impl FnOnce(&mut OidcSettings)) -> &'static str {
        let mut settings = OidcSettings {
            issuer: "https://login.example.org/realms/work".into(),
            client_id: "hzm".into(),
            redirect_url: "http://jobs.example.org:8888/login/oidc".into(),
            ..OidcSettings::default()
        };
        change(&mut settings);
        settings.check().map_or_else(|problem| problem.key, |()| "")
    }

    #[test]
    fn impossible_values_are_refused_by_their_keys() {
        assert_eq!(key(|_| ()), "");
        assert_eq!(key(|settings| settings.client_id = String::new()), "clientId");
        assert_eq!(key(|settings| settings.client_secret = Some(Secret::default())), "clientSecret");
        for redirect in ["", "/login", "ftp://a/b", "https://a/b#c"] {
            assert_eq!(key(|settings| settings.redirect_url = redirect.into()), "redirectUrl", "{redirect}");
        }
        assert_eq!(key(|settings| settings.scopes = vec!["a b".into()]), "scopes");
        assert_eq!(key(|settings| settings.scopes = vec!["a".into(); 33]), "scopes");
        assert_eq!(key(|settings| settings.name_claim = Some(String::new())), "nameClaim");
        assert_eq!(key(|settings| settings.groups_claim = "my groups".into()), "groupsClaim");
        assert_eq!(key(|settings| settings.within = Duration::ZERO), "within");
    }

    #[test]
    fn a_provider_is_reached_by_tls_or_on_this_machine() {
        for issuer in ["https://a", "http://127.0.0.1:9", "http://localhost:9/x", "http://[::1]:9"] {
            assert_eq!(key(|settings| settings.issuer = issuer.into()), "", "{issuer}");
        }
        for issuer in [
            "",
            "login.example.org",
            "http://login.example.org",
            "http://localhost.example.org",
            "http://127.0.0.1.example.org",
            "https://a?b",
            "https://a#b",
            "https://u:p@a",
            "ldap://a",
        ] {
            assert_eq!(key(|settings| settings.issuer = issuer.into()), "issuer", "{issuer}");
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        let settings = OidcSettings { client_secret: Some(Secret("s3cret".into())), ..OidcSettings::default() };
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
