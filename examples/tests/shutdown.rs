//! The programs as a service manager treats them: started with settings from the environment, ended by a signal.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// A program that is killed when its test fails.
struct Program(std::process::Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when all went well.
        self.0.kill().ok();
    }
}

fn example(folder: &tempfile::TempDir, port: &str) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello"));
    // Nobody listens on port 1, so the goodbye is refused at once.
    command.env("HZM_JOB_ADMIN", "http://127.0.0.1:1").env("HZM_JOB_PORT", port);
    Program(command.current_dir(folder).stderr(Stdio::piped()).spawn().expect("the example"))
}

#[test]
fn each_signal_that_asks_to_end_is_followed_in_order_and_with_status_0() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut program = example(&folder, "0");
        let mut log = BufReader::new(program.0.stderr.take().unwrap());
        let mut line = String::new();
        // The attempt to register comes after the signal handlers are in place.
        while !line.contains("not registered") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended by itself");
        }
        let killed = Command::new("kill").arg(format!("-{signal}")).arg(program.0.id().to_string()).status().unwrap();
        assert!(killed.success());
        let mut rest = String::new();
        log.read_to_string(&mut rest).unwrap();
        assert!(program.0.wait().unwrap().success(), "{rest}");
        assert!(rest.contains("shutting down") && rest.contains("no admin was told"), "{rest}");
        assert!(folder.path().join("hzm-job-callbacks/hello").is_dir());
    }
}

#[test]
fn a_setting_that_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = example(&folder, "seven");
    let mut log = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!program.0.wait().unwrap().success());
    assert!(log.contains("HZM_JOB_PORT") && log.contains("not a port"), "{log}");
}
