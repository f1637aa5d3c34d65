//! The key that this database is used with: secrets of executors are encrypted with it, and the operation log is chained by it.
//!
//! It lies in a file beside the database, never in it, so a copy of the database alone tells no secret, and whoever can write to the
//! database alone cannot mend the chain behind a change. Two keys are derived from it, one for each use (HKDF with SHA-256, RFC 5869).
//!
//! Secrets: ChaCha20-Poly1305 (RFC 8439) under a random nonce; what the secret belongs to is authenticated with it, so that one copied
//! into another row is refused there. Kept as ` 1:` and base64 of nonce, text and tag; a blank is no character of a secret, so one in plain
//! text is told from it. Those from before there was a key are encrypted when the database is tied to it ([`crate::binding`]); one that is
//! in plain text afterwards was put in from outside, and is refused.

use crate::error::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};
use std::fmt;
use std::sync::Arc;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// What stands before an encrypted secret.
const SEALED: &str = " 1:";

/// See the module. Cheap to clone; without a key nothing is encrypted, and the chain is one that anybody can make.
#[derive(Clone, Default)]
pub struct Vault(Option<Arc<Keys>>);

struct Keys {
    secrets: LessSafeKey,
    chain: hmac::Key,
    mark: String,
}

// By hand: it holds keys.
impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "(a key)" } else { "(no key)" })
    }
}

impl PartialEq for Vault {
    fn eq(&self, other: &Vault) -> bool {
        self.mark() == other.mark()
    }
}

impl Eq for Vault {}

impl Vault {
    /// A vault that goes by this key.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the cryptography refuses, which it does for no key of this length.
    pub fn of(key: &[u8; KEY_BYTES]) -> Result<Vault, StoreError> {
        let root = Salt::new(HKDF_SHA256, b"hzm-job").extract(key);
        let secrets =
            UnboundKey::new(&CHACHA20_POLY1305, &derived(&root, b"secrets")?).map_err(|_| refused("the key"))?;
        let chain = hmac::Key::new(hmac::HMAC_SHA256, &derived(&root, b"operations")?);
        let mark = hex(&derived(&root, b"mark")?);
        Ok(Vault(Some(Arc::new(Keys { secrets: LessSafeKey::new(secrets), chain, mark }))))
    }

    /// By what this key is told from another one; `None` without a key. Nothing of the key follows from it.
    #[must_use]
    pub(crate) fn mark(&self) -> Option<&str> {
        self.0.as_deref().map(|keys| keys.mark.as_str())
    }

    /// A secret as it is stored; `of` is what it belongs to.
    pub(crate) fn seal(&self, of: &str, secret: &str) -> Result<String, StoreError> {
        let Some(keys) = self.0.as_deref() else { return Ok(secret.to_owned()) };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| refused("a random number"))?;
        let mut text = secret.as_bytes().to_vec();
        let sealed =
            keys.secrets.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(of), &mut text);
        sealed.map_err(|_| refused(of))?;
        Ok(format!("{SEALED}{}", STANDARD_NO_PAD.encode([&nonce[..], &text].concat())))
    }

    /// A secret that was stored.
    pub(crate) fn open(&self, of: &str, stored: &str) -> Result<String, StoreError> {
        let (keys, sealed) = match (self.0.as_deref(), stored.strip_prefix(SEALED)) {
            (Some(keys), Some(sealed)) => (keys, sealed),
            (None, None) => return Ok(stored.to_owned()),
            (Some(_), None) => return Err(StoreError::Plain { what: of.to_owned() }),
            (None, Some(_)) => return Err(refused(of)),
        };
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| refused(of))?;
        let (nonce, text) = bytes.split_at_checked(NONCE_LEN).ok_or_else(|| refused(of))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused(of))?;
        let mut text = text.to_vec();
        let plain = keys.secrets.open_in_place(nonce, Aad::from(of), &mut text).map_err(|_| refused(of))?;
        String::from_utf8(plain.to_vec()).map_err(|_| refused(of))
    }

    /// Whether a stored secret is to be encrypted yet.
    pub(crate) fn is_plain(&self, stored: &str) -> bool {
        self.0.is_some() && !stored.starts_with(SEALED)
    }

    /// The hash of an entry behind one with the hash `before`: HMAC-SHA-256 in hexadecimal.
    pub(crate) fn chained(&self, before: &str, entry: &[u8]) -> String {
        let without = || hmac::Key::new(hmac::HMAC_SHA256, &[]);
        let mut context = hmac::Context::with_key(&self.0.as_deref().map_or_else(without, |keys| keys.chain.clone()));
        context.update(before.as_bytes());
        context.update(b"\n");
        context.update(entry);
        hex(context.sign().as_ref())
    }
}

/// The length of what is derived.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

fn derived(root: &hkdf::Prk, purpose: &[u8]) -> Result<[u8; KEY_BYTES], StoreError> {
    let mut key = [0; KEY_BYTES];
    root.expand(&[purpose], Length).and_then(|made| made.fill(&mut key)).map_err(|_| refused("the key"))?;
    Ok(key)
}

fn refused(what: &str) -> StoreError {
    StoreError::Sealed { what: what.to_owned() }
}

/// By digits: a hundred thousand entries at a time are chained where many jobs are created.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vault(byte: u8) -> Vault {
        Vault::of(&[byte; KEY_BYTES]).unwrap()
    }

    proptest! {
        #[test]
        fn a_secret_comes_back_under_its_key_and_for_its_owner_only(secret in "[!-~]{1,256}", owner in 1_i64..1_000) {
            let of = format!("executor {owner}");
            let stored = vault(1).seal(&of, &secret).unwrap();
            prop_assert!(stored.len() <= 512 && !stored.contains(&secret) || secret.len() < 4);
            prop_assert_eq!(vault(1).open(&of, &stored).unwrap(), secret);
            prop_assert!(vault(2).open(&of, &stored).is_err(), "another key");
            prop_assert!(vault(1).open("executor 0", &stored).is_err(), "another row");
            prop_assert!(Vault::default().open(&of, &stored).is_err(), "no key");
        }

        #[test]
        fn a_stored_secret_that_was_touched_is_refused(place in 0_usize..60, letter in "[A-Za-z0-9+/]") {
            let stored = vault(1).seal("executor 1", "correct-horse-battery-staple").unwrap();
            let at = SEALED.len() + place % (stored.len() - SEALED.len() - 1);
            let mut touched = stored.clone();
            touched.replace_range(at..=at, &letter);
            prop_assume!(touched != stored);
            prop_assert!(vault(1).open("executor 1", &touched).is_err());
        }

        #[test]
        fn no_text_breaks_the_reading(text in ".{0,100}") {
            drop(vault(1).open("executor 1", &text));
            drop(vault(1).open("executor 1", &format!("{SEALED}{text}")));
        }
    }

    #[test]
    fn what_is_in_plain_text_is_known_for_it_and_read_without_a_key_only() {
        assert!(matches!(vault(1).open("executor 1", "plain"), Err(StoreError::Plain { .. })));
        assert_eq!(Vault::default().open("executor 1", "plain").unwrap(), "plain");
        assert!(vault(1).is_plain("plain") && !vault(1).is_plain(&vault(1).seal("executor 1", "plain").unwrap()));
        assert!(!Vault::default().is_plain("plain"), "without a key there is nothing to be done");
    }

    #[test]
    fn the_same_secret_is_never_stored_twice_alike() {
        let [first, second] = [(); 2].map(|()| vault(1).seal("executor 1", "plain").unwrap());
        assert_ne!(first, second);
    }

    #[test]
    fn a_chain_is_another_one_under_another_key_and_after_another_entry() {
        let hash = vault(1).chained("a", b"entry");
        assert_eq!(hash.len(), 64);
        for other in [vault(2).chained("a", b"entry"), vault(1).chained("b", b"entry"), vault(1).chained("a", b"Entry")]
        {
            assert_ne!(hash, other);
        }
        assert!(!format!("{:?}", vault(7)).contains('7'));
    }
}
