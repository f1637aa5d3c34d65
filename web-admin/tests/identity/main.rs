//! Users for whom a directory or a provider vouches, from the login to what they may do: a real admin, a real OpenLDAP, and the provider
//! of the identity crate's own tests.

// Helpers outside #[test] functions count as test code for clippy only below this.
#![cfg(test)]

#[path = "../../identity/tests/ldap/certificates.rs"]
#[expect(dead_code, reason = "shared with the tests of the identity crate, which use all of it")]
mod certificates;
#[path = "../../identity/tests/oidc/fake.rs"]
#[expect(dead_code, reason = "shared with the tests of the identity crate, which use all of it")]
mod fake;
#[path = "../../identity/tests/oidc/keys.rs"]
#[expect(dead_code, reason = "shared with the tests of the identity crate, which use all of it")]
mod keys;
mod ldap;
mod oidc;
#[path = "../api/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "shared with the tests of the API, which use all of it")]
mod support;
#[path = "../../identity/tests/ldap/world.rs"]
#[expect(dead_code, reason = "shared with the tests of the identity crate, which use all of it")]
mod world;
