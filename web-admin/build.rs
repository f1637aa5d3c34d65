//! How the program is linked.

use std::env;
use std::process::Command;

/// The first glibc that can read packed addresses: with an older one the program would not start.
const PACKED_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if runs_here() && glibc().is_some_and(|version| version >= PACKED_SINCE) {
        // A program that may lie anywhere in memory has a list of its own addresses: 2.2 MB here, read at each start and then kept
        // for nothing; packed it is a hundredth of that. A linker that does not know the form leaves the list as it is.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the program is for Linux with glibc, and for machines like this one.
fn runs_here() -> bool {
    let is = |key, value: &str| env::var(key).is_ok_and(|there| there == value);
    is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && env::var("HOST") == env::var("TARGET")
}

/// The version of this machine's glibc, if it says one.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
