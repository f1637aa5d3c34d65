//! How the program is linked.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key, value: &str| env::var(key).is_ok_and(|there| there == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // A program that may lie anywhere in memory has a list of its own addresses: 2.2 MB here, read at each start and then kept
        // for nothing; packed it is a hundredth of that. glibc knows the form since 2.36; a linker that does not leaves it.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
