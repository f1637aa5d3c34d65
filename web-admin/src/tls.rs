//! TLS of the admin's own address (`hzm.job.admin.tls`): rustls with ring, TLS 1.2 and 1.3.
//!
//! The files are looked at every few seconds, and a new certificate is shown from the next handshake on; connections go on. Files that
//! cannot be used (half written, a key of another certificate) change nothing: the log says why, and the old certificate stays.

use crate::config::TlsConfig;
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use thiserror::Error;

/// A connection with TLS as actix hands it to us.
pub(crate) type Stream = actix_tls::accept::rustls_0_23::TlsStream<TcpStream>;

/// What a connection may speak, as its handshake names it.
pub(crate) const HTTP_2: &[u8] = b"h2";
pub(crate) const HTTP_1: &[u8] = b"http/1.1";

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Why a certificate or its key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("hzm.job.admin.tls.{key}: {path}: {problem}")]
pub struct TlsError {
    key: &'static str,
    path: String,
    problem: String,
}

/// The certificate that is shown, and what its files held when they were last read.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: TlsConfig,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`], which names the file.
    pub(crate) fn read(files: &TlsConfig) -> Result<Arc<Certificates>, TlsError> {
        let shown = Contents::read(files)?.certified(files)?;
        Ok(Arc::new(Certificates { files: files.clone(), shown: RwLock::new(Arc::new(shown)) }))
    }

    /// What a server that shows them goes by.
    ///
    /// # Errors
    /// A version of TLS that the provider does not know: none of ours.
    pub(crate) fn server_config(self: &Arc<Certificates>) -> Result<ServerConfig, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
        Ok(builder.with_cert_resolver(self.clone()))
    }

    /// Looks at the files for ever, and shows what is new in them.
    pub(crate) async fn keep(self: Arc<Certificates>, log: slog::Logger) {
        let mut known = Contents::read(&self.files);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Contents::read(&self.files);
            if now != known {
                self.renew(&now, &log);
                known = now;
            }
        }
    }

    fn renew(&self, contents: &Result<Contents, TlsError>, log: &slog::Logger) {
        match contents.clone().and_then(|contents| contents.certified(&self.files)) {
            Ok(certified) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                slog::info!(log, "a new TLS certificate is shown from now on"; "cert" => %self.files.cert.display());
            }
            Err(error) => {
                slog::error!(log, "the new TLS certificate cannot be used; the old one is shown on"; "error" => %error);
            }
        }
    }
}

/// What the two files hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    fn read(files: &TlsConfig) -> Result<Contents, TlsError> {
        Ok(Contents { cert: bytes("cert", &files.cert)?, key: bytes("key", &files.key)? })
    }

    fn certified(&self, files: &TlsConfig) -> Result<CertifiedKey, TlsError> {
        let of_cert = |problem: String| refusal("cert", &files.cert, problem);
        let of_key = |problem: String| refusal("key", &files.key, problem);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.cert).collect();
        let chain = chain.map_err(|error| of_cert(error.to_string()))?;
        if chain.is_empty() {
            return Err(of_cert("it holds no certificate (PEM)".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| {
            of_key(format!("it holds no private key (PEM) that can be read without a passphrase: {error}"))
        })?;
        let key = ring::sign::any_supported_type(&key).map_err(|error| of_key(error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|_| of_key("it is not the key of the certificate in tls.cert".to_owned()))?;
        Ok(certified)
    }
}

fn bytes(key: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let problem = |error: std::io::Error| refusal(key, path, error.to_string());
    if std::fs::metadata(path).map_err(problem)?.len() > LARGEST {
        return Err(refusal(key, path, "it is larger than 1 MiB".to_owned()));
    }
    std::fs::read(path).map_err(problem)
}

fn refusal(key: &'static str, path: &Path, problem: String) -> TlsError {
    TlsError { key, path: path.display().to_string(), problem }
}
