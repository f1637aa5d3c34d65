//! Keys that sign ID tokens, and tokens made by hand.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A key of the kind ES256.
pub(crate) struct Key {
    pub(crate) id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new(id: &str) -> Key {
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(kind, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &SystemRandom::new()).unwrap();
        Key { id: id.to_owned(), pair }
    }

    /// Its public half, as the point of the curve.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.pair.public_key().as_ref().to_vec()
    }

    /// Its public half as providers show it.
    pub(crate) fn jwk(&self) -> Value {
        let public = self.public();
        let (x, y) = (encoded(&public[1..33]), encoded(&public[33..]));
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": x, "y": y})
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "JWT", "kid": self.id})
    }

    /// A token as it should be.
    pub(crate) fn signed(&self, claims: &Value) -> String {
        self.signed_under(&self.header(), claims)
    }

    /// A token of this key under another header.
    pub(crate) fn signed_under(&self, header: &Value, claims: &Value) -> String {
        token(header, claims, |text| self.pair.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec())
    }
}

/// A token with whatever signature.
pub(crate) fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", encoded(&signature))
}

/// The signature HS256 with these bytes as the password.
pub(crate) fn with_password(password: &[u8]) -> impl Fn(&[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, password);
    move |text| hmac::sign(&key, text).as_ref().to_vec()
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
