//! A private OpenLDAP directory: its own data, a free loopback port for `ldap://` and another one for `ldaps://`.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Problem, failed};
use crate::{command, port, processes, programs};

/// How long a directory may take to come up; generous, because a loaded machine is slow and not wrong.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often other free ports are tried when somebody took the ones before.
const TRIES: usize = 3;
/// Where Debian keeps the descriptions of attributes.
const SCHEMAS: &str = "/etc/ldap/schema";
/// Where Debian keeps slapd's parts.
const MODULES: &str = "/usr/lib/ldap";

/// What the directory shows to clients of TLS; PEM files that any user may read.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its certificate.
    pub certificate: PathBuf,
    /// The certificate's key.
    pub key: PathBuf,
    /// Who signed it.
    pub authority: PathBuf,
}

/// A private directory; it ends when this is dropped. Its folder is the caller's to remove.
#[derive(Debug)]
pub struct Directory {
    folder: PathBuf,
    plain_port: u16,
    tls_port: u16,
    child: Child,
    log: PathBuf,
}

impl Directory {
    /// Debian's packages with all programs that this needs.
    pub const PACKAGES: [&str; 2] = ["slapd", "ldap-utils"];
    /// The entry below which everything is; it must be added like the others.
    pub const SUFFIX: &str = "dc=example,dc=org";
    /// Who may do everything.
    pub const ROOT: &str = "cn=root,dc=example,dc=org";
    /// The password of [`Directory::ROOT`], which only loopback reaches.
    pub const ROOT_PASSWORD: &str = "root";

    /// Sets up a directory in `folder` (made when missing, given to the user `nobody` when we are root; its parents must let
    /// that user pass) and starts it without entries. Whoever has bound sees everything but passwords; groups of the class
    /// `groupOfNames` show in their members' `memberOf`.
    ///
    /// # Errors
    /// [`Problem::Missing`] when it is not installed, [`Problem::Failed`] with what it said otherwise.
    pub fn start(folder: &Path, certificate: &Certificate) -> Result<Directory, Problem> {
        let missing = Self::missing();
        if !missing.is_empty() {
            let advice = Self::PACKAGES.join(" ");
            return Err(Problem::Missing(format!(
                "{} not installed; on Debian: `apt-get install {advice}`",
                missing.join(" and ")
            )));
        }
        command::hand_over(&folder.join("data"))?;
        command::hand_over(folder)?;
        let folder = folder.canonicalize()?;
        fs::write(folder.join("slapd.conf"), configuration(&folder, certificate))?;
        let mut problem = failed("slapd", "was not tried");
        for _ in 0..TRIES {
            match Self::come_up(&folder, port::free_port()?, port::free_port()?) {
                Ok(directory) => return Ok(directory),
                Err(why) => problem = why,
            }
        }
        Err(problem)
    }

    /// The programs that are missing.
    #[must_use]
    pub fn missing() -> Vec<&'static str> {
        ["slapd", "ldapadd"].into_iter().filter(|program| programs::find(program).is_none()).collect()
    }

    /// The port of `ldap://` and StartTLS.
    #[must_use]
    pub fn plain_port(&self) -> u16 {
        self.plain_port
    }

    /// The port of `ldaps://`.
    #[must_use]
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// Adds entries, written as LDIF.
    ///
    /// # Errors
    /// When the directory refuses one, with what it said.
    pub fn add(&self, entries: &str) -> Result<(), Problem> {
        let file = self.folder.join("entries.ldif");
        fs::write(&file, entries)?;
        let mut add = client("ldapadd", self.plain_port)?;
        add.args(["-D", Self::ROOT, "-w", Self::ROOT_PASSWORD, "-f"]).arg(&file);
        command::finish(add, &self.folder.with_extension("entries.log"))
    }

    /// Stops it in its tracks: connections are taken by the kernel, and nothing answers.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn pause(&self) -> Result<(), Problem> {
        Ok(processes::signal("STOP", &[self.child.id()])?)
    }

    /// Lets a paused directory go on.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn resume(&self) -> Result<(), Problem> {
        Ok(processes::signal("CONT", &[self.child.id()])?)
    }

    fn come_up(folder: &Path, plain_port: u16, tls_port: u16) -> Result<Directory, Problem> {
        let log = folder.with_extension("log");
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        let mut serve = program("slapd")?;
        // Any level of debugging keeps it in the foreground; 256 is one line a connection and operation.
        serve.args(["-d", "256", "-h"]);
        serve.arg(format!("ldap://127.0.0.1:{plain_port} ldaps://127.0.0.1:{tls_port}"));
        serve.arg("-f").arg(folder.join("slapd.conf")).current_dir(folder);
        serve.stdout(Stdio::null()).stderr(output).process_group(0);
        let child = serve.spawn().map_err(|error| failed(format!("cannot start {serve:?}"), error))?;
        let mut directory = Directory { folder: folder.to_owned(), plain_port, tls_port, child, log };
        directory.wait()?;
        Ok(directory)
    }

    fn wait(&mut self) -> Result<(), Problem> {
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(failed(format!("slapd ended with {status}"), command::tail(&self.log)));
            }
            let mut ask = client("ldapwhoami", self.plain_port)?;
            ask.args(["-D", Self::ROOT, "-w", Self::ROOT_PASSWORD]);
            if ask.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
            if Instant::now() > patience_ends {
                return Err(failed("slapd does not answer", command::tail(&self.log)));
            }
            command::pause();
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // Nobody is left to tell, and the kernel ends it with our thread in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, certificate: &Certificate) -> String {
    let schemas = ["core", "cosine", "inetorgperson", "nis"].map(|name| format!("include {SCHEMAS}/{name}.schema\n"));
    let Certificate { certificate, key, authority } = certificate;
    let (suffix, root, password) = (Directory::SUFFIX, Directory::ROOT, Directory::ROOT_PASSWORD);
    let data = folder.join("data");
    schemas.concat()
        + &format!(
            "modulepath {MODULES}\nmoduleload back_mdb\nmoduleload memberof\n\
             TLSCertificateFile {}\nTLSCertificateKeyFile {}\nTLSCACertificateFile {}\nTLSVerifyClient never\n\
             sizelimit unlimited\n\
             database mdb\nsuffix {suffix}\nrootdn {root}\nrootpw {password}\ndirectory {}\nmaxsize 33554432\n\
             dbnosync\n\
             overlay memberof\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by users read by anonymous auth\n",
            certificate.display(),
            key.display(),
            authority.display(),
            data.display(),
        )
}

/// A client of the directory on this port, without anybody's own settings.
fn client(name: &str, port: u16) -> Result<Command, Problem> {
    let mut client = program(name)?;
    client.env("LDAPNOINIT", "1").args(["-x", "-o", "nettimeout=5", "-H"]).arg(format!("ldap://127.0.0.1:{port}"));
    Ok(client)
}

/// Programs without rights.
fn program(name: &str) -> Result<Command, Problem> {
    let package = if name == "slapd" { "slapd" } else { "ldap-utils" };
    command::unprivileged(&programs::needed(programs::find(name), name, package)?)
}
