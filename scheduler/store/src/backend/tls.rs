//! TLS for the ways to MySQL and PostgreSQL: rustls with ring, no OpenSSL.
//!
//! `prefer` and `require` encrypt but believe any certificate: they keep out who listens, not who stands in between.
//! `verify-full` checks the certificate's name and that an authority of `tlsCa`, or of the web, signed it.

use super::address::TlsMode;
use super::refusal::Refusal;
use mysql_async::SslOpts;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// Makes ring the provider of this process unless another one was chosen: MySQL's driver asks for the process's.
pub(super) fn provide() {
    // Refused only when one is chosen already, which then serves as well.
    let _ = ring::default_provider().install_default();
}

/// The set-up for PostgreSQL; not for `disable`.
pub(super) fn client_config(mode: TlsMode, ca: Option<&Path>) -> Result<ClientConfig, Refusal> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Refusal::lasting(error.to_string()))?;
    Ok(match mode {
        TlsMode::VerifyFull => builder.with_root_certificates(roots(ca)?).with_no_client_auth(),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => {
            let anybody = Arc::new(Anybody(provider));
            builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()
        }
    })
}

/// The set-up for MySQL; `None` for `disable`.
pub(super) fn ssl_opts(mode: TlsMode, ca: Option<&Path>) -> Result<Option<SslOpts>, Refusal> {
    Ok(match mode {
        TlsMode::Disable => None,
        TlsMode::Prefer | TlsMode::Require => Some(SslOpts::default().with_danger_accept_invalid_certs(true)),
        TlsMode::VerifyFull => Some(match ca {
            None => SslOpts::default(),
            Some(path) => {
                roots(Some(path))?; // For the message; the driver reads the file again.
                SslOpts::default().with_root_certs(vec![path.to_owned().into()]).with_disable_built_in_roots(true)
            }
        }),
    })
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, Refusal> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let refuse = |why: String| Refusal::lasting(format!("tlsCa {}: {why}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))? {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() { Err(refuse("it holds no certificate (PEM)".into())) } else { Ok(roots) }
}

/// Believes every certificate; signatures are checked all the same, so that the key is at least the certificate's.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_that_is_missing_or_holds_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for prepare in [false, true] {
            if prepare {
                std::fs::write(&path, "no certificate").unwrap();
            }
            for refusal in [
                client_config(TlsMode::VerifyFull, Some(&path)).err().unwrap(),
                ssl_opts(TlsMode::VerifyFull, Some(&path)).err().unwrap(),
            ] {
                assert!(!refusal.is_passing && refusal.reason.contains("ca.pem"), "{}", refusal.reason);
            }
        }
    }

    #[test]
    fn without_such_a_file_the_authorities_of_the_web_are_trusted() {
        assert!(!roots(None).unwrap().is_empty());
        assert!(client_config(TlsMode::VerifyFull, None).is_ok());
    }
}
