//! The way out to nodes: which addresses may be called ([`Egress`]), and whom TLS believes there.
//!
//! A name is looked up anew for each connection, and the connection goes to the very addresses that were looked at: a name that
//! changes what it says in between (DNS rebinding) gains nothing. Redirects are not followed.

use crate::settings::EgressSettings;
use actix_tls::connect::Resolve;
use futures_util::future::LocalBoxFuture;
use hzm_job_scheduler::egress::Egress;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// A file of `hzm.job.admin.egress` that cannot be used.
#[derive(Debug, Error)]
#[error("hzm.job.admin.egress.{key}: {path}: {problem}")]
pub struct OutwardError {
    key: &'static str,
    path: String,
    problem: String,
}

/// See the module. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Outward {
    egress: Arc<Egress>,
    tls: Arc<ClientConfig>,
}

impl Outward {
    /// Reads the certificates that the settings name.
    ///
    /// # Errors
    /// [`OutwardError`] for a file that is missing or holds something else.
    pub(crate) fn load(settings: &EgressSettings) -> Result<Outward, OutwardError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| refusal("tlsCa", &settings.tls_ca)(&error))?
            .with_root_certificates(roots(&settings.tls_ca)?);
        let tls = match own_certificate(settings)? {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| refusal("tlsKey", &settings.tls_key)(&error))?,
        };
        Ok(Outward { egress: Arc::new(settings.egress()), tls: Arc::new(tls) })
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        self.tls.clone()
    }

    /// Why nothing is sent to this node; `None`: what it names by itself may be called.
    pub(crate) fn refusal(&self, node: &str) -> Option<String> {
        self.egress.check_node(node).err().map(|forbidden| forbidden.to_string())
    }

    /// Those of these addresses that may be called; the refusal of the first one where there is none.
    fn permitted(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Box<dyn Error>> {
        let first = found.first().map(|address| self.egress.check(address.ip()));
        let permitted: Vec<_> = found.into_iter().filter(|address| self.egress.check(address.ip()).is_ok()).collect();
        match first {
            Some(Err(forbidden)) if permitted.is_empty() => Err(forbidden.into()),
            _ => Ok(permitted),
        }
    }
}

impl Resolve for Outward {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn Error>>> {
        // An IPv6 address comes here in its brackets, which are none of its own.
        let bare = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
        Box::pin(async move { self.permitted(tokio::net::lookup_host((bare, port)).await?.collect()) })
    }
}

/// The authorities that a node's certificate may come from.
fn roots(path: &Path) -> Result<RootCertStore, OutwardError> {
    let mut roots = RootCertStore::empty();
    if path.as_os_str().is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    }
    let refuse = refusal("tlsCa", path);
    for certificate in certificates("tlsCa", path)? {
        roots.add(certificate).map_err(|error| refuse(&error))?;
    }
    Ok(roots)
}

/// What this admin shows to nodes that ask who it is (mutual TLS).
fn own_certificate(
    settings: &EgressSettings,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, OutwardError> {
    if settings.tls_cert.as_os_str().is_empty() {
        return Ok(None);
    }
    let chain = certificates("tlsCert", &settings.tls_cert)?;
    let key = PrivateKeyDer::from_pem_file(&settings.tls_key);
    Ok(Some((chain, key.map_err(|error| refusal("tlsKey", &settings.tls_key)(&error))?)))
}

fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, OutwardError> {
    let refuse = refusal(key, path);
    let all = CertificateDer::pem_file_iter(path).map_err(|error| refuse(&error))?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(|error| refuse(&error))?;
    if all.is_empty() { Err(refuse(&"it holds no certificate (PEM)")) } else { Ok(all) }
}

fn refusal(key: &'static str, path: &Path) -> impl Fn(&dyn Display) -> OutwardError {
    let path = path.display().to_string();
    move |problem| OutwardError { key, path: path.clone(), problem: problem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outward(allow: &str) -> Outward {
        let settings = EgressSettings { allow: allow.parse().unwrap(), ..EgressSettings::default() };
        Outward::load(&settings).unwrap()
    }

    #[tokio::test]
    async fn a_name_that_leads_where_nothing_may_be_sent_is_refused_when_it_is_looked_up() {
        let refused = outward("10.0.0.0/8").lookup("localhost", 7777).await.unwrap_err().to_string();
        assert!(refused.contains("egress.allow"), "{refused}");
        let found = outward("127.0.0.0/8").lookup("localhost", 7777).await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback() && address.is_ipv4()));
        let found = outward("").lookup("[::1]", 7777).await.unwrap();
        assert_eq!(found, ["[::1]:7777".parse().unwrap()]);
    }

    #[tokio::test]
    async fn an_address_in_a_disguise_that_only_the_resolver_understands_is_refused_all_the_same() {
        // 169.254.169.254 as one number, in hexadecimal, in octal.
        for disguise in ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376"] {
            let looked_up = outward("").lookup(disguise, 80).await;
            let refused = looked_up.as_ref().err().map(ToString::to_string).unwrap_or_default();
            assert!(looked_up.is_err(), "{disguise} leads to {looked_up:?}");
            assert!(!refused.is_empty());
        }
    }

    #[test]
    fn a_file_that_holds_no_certificate_is_named_with_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "nothing").unwrap();
        let settings = EgressSettings { tls_ca: path.clone(), ..EgressSettings::default() };
        let refused = Outward::load(&settings).unwrap_err().to_string();
        assert!(refused.contains("egress.tlsCa") && refused.contains("ca.pem"), "{refused}");
        let settings = EgressSettings { tls_cert: folder.path().join("none.pem"), ..EgressSettings::default() };
        assert!(Outward::load(&settings).unwrap_err().to_string().contains("egress.tlsCert"));
    }
}
