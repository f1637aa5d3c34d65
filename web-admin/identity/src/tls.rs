//! TLS towards directories and providers: rustls with ring, the certificate and its name always checked.

use crate::problem::SettingProblem;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use tokio::io::AsyncReadExt;

/// The largest file of authorities, in bytes; the bundles of whole operating systems have a quarter of that.
const LARGEST_FILE: u64 = 1024 * 1024;

/// A client that believes the authorities of `ca`, a PEM file; without one those that browsers believe.
///
/// # Errors
/// A problem with the key `ca`.
pub(crate) async fn client(ca: Option<&Path>) -> Result<ClientConfig, SettingProblem> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => add_authorities(&mut roots, path).await?,
    }
    // Not the process's provider: this must not depend on who else chose one.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingProblem::new("ca", error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn add_authorities(roots: &mut RootCertStore, path: &Path) -> Result<(), SettingProblem> {
    let refuse = |why: &dyn std::fmt::Display| SettingProblem::new("ca", format!("{}: {why}", path.display()));
    let pem = read(path).await.map_err(|error| refuse(&error))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refuse(&error))?;
        roots.add(certificate).map_err(|error| refuse(&error))?;
    }
    if roots.is_empty() { Err(refuse(&"it holds no certificate (PEM)")) } else { Ok(()) }
}

async fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    tokio::fs::File::open(path).await?.take(LARGEST_FILE).read_to_end(&mut pem).await?;
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_of_authorities_that_is_missing_or_holds_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for prepare in [false, true] {
            if prepare {
                std::fs::write(&path, "no certificate").unwrap();
            }
            let problem = client(Some(&path)).await.unwrap_err();
            assert!(problem.key == "ca" && problem.advice.contains("ca.pem"), "{problem}");
        }
    }

    #[tokio::test]
    async fn without_a_file_the_authorities_of_the_web_are_believed() {
        assert!(client(None).await.is_ok());
    }
}
