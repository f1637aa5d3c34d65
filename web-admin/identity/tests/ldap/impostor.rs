//! What pretends to be a directory: it answers each request with bytes of the test's choice, and remembers what it heard.

use hzm_job_identity::ldap::LdapSettings;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How an impostor answers the wish for TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StartTls {
    /// It says no.
    Refuses,
    /// It says yes and answers the beginning of TLS as if it were a bind.
    AgreesAndGoesOnWithout,
    /// It says yes, and that the bind, which nobody asked for yet, worked.
    AgreesAndAppends,
}

/// A success: to a bind, in answer to the request of this number.
pub(crate) fn bound(number: u8) -> Vec<u8> {
    vec![0x30, 12, 2, 1, number, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0]
}

fn extended(code: u8) -> Vec<u8> {
    vec![0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, code, 4, 0, 4, 0]
}

/// See the module. It ends with the connection.
pub(crate) struct Impostor {
    port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Impostor {
    /// One that gives these answers, one a request, and then stays silent.
    pub(crate) fn new(answers: Vec<Vec<u8>>) -> Impostor {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let remembered = heard.clone();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut answers = answers.into_iter();
            let mut request = [0; 16 * 1024];
            // Whoever is done closes.
            while let Ok(length @ 1..) = stream.read(&mut request) {
                remembered.lock().unwrap().extend_from_slice(&request[..length]);
                if let Some(answer) = answers.next() {
                    let _ = stream.write_all(&answer);
                }
            }
        });
        Impostor { port, heard }
    }

    /// One that is asked for TLS.
    pub(crate) fn of_start_tls(how: StartTls) -> Impostor {
        Impostor::new(match how {
            StartTls::Refuses => vec![extended(2), bound(2)],
            StartTls::AgreesAndGoesOnWithout => vec![extended(0), bound(2), bound(3)],
            StartTls::AgreesAndAppends => vec![[extended(0), bound(1), bound(2)].concat()],
        })
    }

    /// Settings that lead to it.
    pub(crate) fn settings(&self) -> LdapSettings {
        LdapSettings {
            addr: format!("ldap://127.0.0.1:{}", self.port),
            dc: "dc=example,dc=org".to_owned(),
            within: Duration::from_secs(2),
            ..LdapSettings::default()
        }
    }

    /// All that was said to it.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}
