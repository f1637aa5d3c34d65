//! A real directory with some people in it.

use crate::certificates::Authority;
use hzm_job_identity::ldap::{LdapError, LdapSettings, login};
use hzm_job_identity::{Identity, Secret};
use hzm_job_test_servers::{Certificate, Directory, Problem};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The hosts that the directory's certificate is for, unless a test wants another one.
pub(crate) const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

static PLACES: AtomicU32 = AtomicU32::new(0);

/// A folder of one test that every user may pass through; gone with it.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Place {
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("hzm-job-identity-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Place(folder)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A directory, and the authority that its certificate comes from.
pub(crate) struct World {
    // First, so that it ends before its folder goes.
    pub(crate) directory: Directory,
    pub(crate) authority: PathBuf,
    _place: Place,
}

impl World {
    /// A directory with everybody in it, or a named skip where none is installed.
    pub(crate) fn start() -> Option<World> {
        World::with(|authority, place| authority.signs(&place.0, &HOSTS))
    }

    /// The same with a certificate of the test's own.
    pub(crate) fn with(certificate: impl FnOnce(&Authority, &Place) -> Certificate) -> Option<World> {
        let place = Place::new();
        let authority = Authority::new(&place.0, "authority");
        let certificate = certificate(&authority, &place);
        let directory = match Directory::start(&place.0.join("directory"), &certificate) {
            Ok(directory) => directory,
            Err(Problem::Missing(what)) => {
                writeln!(std::io::stdout(), "skipped: OpenLDAP: {what}").unwrap();
                return None;
            }
            Err(Problem::Failed(why)) => panic!("{why}"),
        };
        directory.add(&everybody()).unwrap();
        Some(World { directory, authority: authority.file, _place: place })
    }

    /// Settings by which users bind themselves below `ou=people`.
    pub(crate) fn settings(&self) -> LdapSettings {
        LdapSettings {
            addr: format!("ldap://127.0.0.1:{}", self.directory.plain_port()),
            dc: Directory::SUFFIX.to_owned(),
            group: "ou=people".to_owned(),
            within: Duration::from_secs(20),
            ..LdapSettings::default()
        }
    }

    /// Settings by which users are searched everywhere, by an attribute.
    pub(crate) fn searching(&self, cnkey: &str) -> LdapSettings {
        LdapSettings {
            group: String::new(),
            cnkey: cnkey.to_owned(),
            bind_dn: Some("cn=reader,dc=example,dc=org".to_owned()),
            bind_password: Secret("reading".to_owned()),
            ..self.settings()
        }
    }
}

/// Logs somebody in who must be let in.
pub(crate) async fn let_in(settings: &LdapSettings, user: &str, password: &str) -> Identity {
    login(settings, user, password).await.unwrap_or_else(|error| panic!("{user}: {error}"))
}

/// Logs in, and why that is refused.
pub(crate) async fn refusal(settings: &LdapSettings, user: &str, password: &str) -> LdapError {
    match login(settings, user, password).await {
        Ok(identity) => panic!("{user:?} was let in as {identity:?}"),
        Err(error) => error,
    }
}

fn person(dn: &str, cn: &str, uids: &[&str], password: &str) -> String {
    let uids: String = uids.iter().map(|uid| format!("uid: {uid}\n")).collect();
    let password = if password.is_empty() { String::new() } else { format!("userPassword: {password}\n") };
    format!("dn: {dn}\nobjectClass: inetOrgPerson\ncn: {cn}\nsn: {cn}\n{uids}{password}\n")
}

fn unit(dn: &str) -> String {
    format!("dn: {dn},dc=example,dc=org\nobjectClass: organizationalUnit\n\n")
}

/// Everybody, as LDIF.
fn everybody() -> String {
    let root = "dn: dc=example,dc=org\nobjectClass: organization\nobjectClass: dcObject\no: Example\n\n".to_owned();
    let units = ["ou=people", "ou=dev,ou=people", "ou=guests", "ou=groups"].map(unit).concat();
    let reader = "dn: cn=reader,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
                  userPassword: reading\n\n";
    let people = [
        person("cn=Alice,ou=people,dc=example,dc=org", "Alice", &["alice"], "wonderland"),
        person("cn=Bob,ou=dev,ou=people,dc=example,dc=org", "Bob", &["bob"], "builder"),
        person(r"cn=Smith\, John (jr.) *,ou=people,dc=example,dc=org", "Smith, John (jr.) *", &["smith*"], "hello"),
        person("cn=Nobody,ou=people,dc=example,dc=org", "Nobody", &["nobody"], ""),
        person("cn=Twin,ou=people,dc=example,dc=org", "Twin", &["twin"], "same"),
        person("cn=Twin,ou=guests,dc=example,dc=org", "Twin", &["twin"], "same"),
        person("cn=Mallory,ou=guests,dc=example,dc=org", "Mallory", &["mallory", "admin"], "hidden"),
        person("uid=eve,ou=guests,dc=example,dc=org", "Eve", &["eve", "root"], "apple"),
    ]
    .concat();
    let elsewhere = "dn: ou=elsewhere,dc=example,dc=org\nobjectClass: referral\nobjectClass: extensibleObject\n\
                     ref: ldap://127.0.0.1:1/dc=elsewhere\n\n";
    let alice = "cn=Alice,ou=people,dc=example,dc=org";
    let groups = format!(
        "dn: cn=Ops,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: Ops\nmember: {alice}\n\n\
         dn: cn=Dev\\, Team,ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: Dev, Team\nmember: {alice}\n\
         member: cn=Bob,ou=dev,ou=people,dc=example,dc=org\n\n\
         dn: cn=Club,ou=groups,dc=example,dc=org\nobjectClass: groupOfUniqueNames\ncn: Club\ncn: Admins\nuniqueMember: {alice}\n\n\
         dn: cn=unix,ou=groups,dc=example,dc=org\nobjectClass: posixGroup\ncn: unix\ngidNumber: 7\nmemberUid: alice\n\n"
    );
    root + &units + reader + &people + elsewhere + &groups
}
