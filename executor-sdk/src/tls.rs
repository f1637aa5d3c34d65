//! TLS towards an admin at an `https://` address: rustls with ring; certificates are checked.

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What a client goes by that believes the authorities of a PEM file, or those that browsers trust.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn client(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let problem = |why: String| format!("tlsCa {}: {why}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| problem(error.to_string()))? {
                let certificate = certificate.map_err(|error| problem(error.to_string()))?;
                roots.add(certificate).map_err(|error| problem(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(problem("it holds no certificate (PEM)".to_owned()));
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for prepare in [false, true] {
            if prepare {
                std::fs::write(&path, "nothing").unwrap();
            }
            assert!(client(Some(&path)).unwrap_err().contains("ca.pem"));
        }
        assert!(client(None).is_ok());
    }
}
