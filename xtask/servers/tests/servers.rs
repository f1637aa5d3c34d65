//! Real servers, treated badly.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use hzm_job_test_servers::{Kind, Problem, Server};

/// A folder of one test; gone with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let place = std::env::temp_dir().join(format!("hzm-job-servers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        Place(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The server, or a named skip where it is not installed.
fn start(kind: Kind, place: &Place) -> Option<Server> {
    match Server::start(kind, &place.0.join("server")) {
        Ok(server) => Some(server),
        Err(Problem::Missing(what)) => {
            writeln!(std::io::stdout(), "skipped: {}: {what}", kind.name()).unwrap();
            None
        }
        Err(Problem::Failed(why)) => panic!("{why}"),
    }
}

fn keeps_what_was_committed_when_it_is_killed(kind: Kind) {
    let place = Place::new(kind.name());
    let Some(mut server) = start(kind, &place) else { return };
    let (url, create) = (server.url(), "CREATE DATABASE kept");
    server.execute(create).unwrap();
    server.kill().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", server.port())).is_err(), "a killed server takes no connection");
    server.restart().unwrap();
    assert_eq!(server.url(), url, "it comes back at the same place");
    let again = server.execute(create).unwrap_err().to_string();
    assert!(again.contains("exists"), "what was committed is still there: {again}");
    server.pause().unwrap();
    server.resume().unwrap();
    server.execute("SELECT 1").unwrap();
    server.stop().unwrap();
    assert!(server.execute("SELECT 1").is_err(), "a stopped server answers nothing");
}

#[test]
fn a_mariadb_keeps_what_was_committed_when_it_is_killed() {
    keeps_what_was_committed_when_it_is_killed(Kind::MariaDb);
}

#[test]
fn a_postgresql_keeps_what_was_committed_when_it_is_killed() {
    keeps_what_was_committed_when_it_is_killed(Kind::Postgres);
}

#[test]
fn a_folder_that_the_servers_user_cannot_reach_is_named_with_what_to_do() {
    let place = Place::new("closed");
    std::fs::set_permissions(&place.0, std::fs::Permissions::from_mode(0o700)).unwrap();
    match Server::start(Kind::MariaDb, &place.0.join("server")) {
        Err(Problem::Missing(what)) => writeln!(std::io::stdout(), "skipped: MariaDB: {what}").unwrap(),
        Err(Problem::Failed(why)) => {
            assert!(why.contains(&place.0.join("server").display().to_string()) && why.contains("TMPDIR"), "{why}");
            assert_eq!(why.lines().count(), 1, "nothing of an installer: {why}");
        }
        // Without root a server runs as the folder's own user.
        Ok(server) => drop(server),
    }
}

#[test]
fn a_server_is_gone_with_its_owner() {
    let place = Place::new("owner");
    let Some(server) = start(Kind::Postgres, &place) else { return };
    let port = server.port();
    drop(server);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
