//! Certificates that are made for one test.

use hzm_job_test_servers::Certificate;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use std::path::{Path, PathBuf};

/// An authority with its certificate in a file.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) file: PathBuf,
}

impl Authority {
    pub(crate) fn new(folder: &Path, name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let file = folder.join(format!("{name}.pem"));
        std::fs::write(&file, params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for these hosts.
    pub(crate) fn signs(&self, folder: &Path, hosts: &[&str]) -> Certificate {
        self.sign(folder, params(hosts))
    }

    /// A certificate for these hosts that expired long ago.
    pub(crate) fn signed_once(&self, folder: &Path, hosts: &[&str]) -> Certificate {
        let mut params = params(hosts);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(folder, params)
    }

    fn sign(&self, folder: &Path, params: CertificateParams) -> Certificate {
        let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
        let pair = KeyPair::generate().unwrap();
        std::fs::write(&certificate, params.signed_by(&pair, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        Certificate { certificate, key, authority: self.file.clone() }
    }
}

fn params(hosts: &[&str]) -> CertificateParams {
    CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap()
}
