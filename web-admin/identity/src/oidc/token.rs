//! The ID token: which signatures are believed, and what must be true of it (OpenID Connect Core §3.1.3.7).
//!
//! Only signatures with a private key are believed. `alg: none` and the HMAC family are not in the list, so neither a token
//! without a signature nor one signed with the provider's *public* key as a password, or with the client's secret, proves
//! anything.

use super::claims::Claims;
use super::pending::Pending;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreProviderMetadata};
use openidconnect::{ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError};

/// How far the provider's clock may be off ours.
const LEEWAY: TimeDelta = TimeDelta::minutes(1);

/// What is told of a token that somebody else asked for.
const FOREIGN: &str = "it is for another client";

/// The signatures that are believed.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It names a key that the provider did not have when it was last asked.
    UnknownKey,
    /// Whatever else: asking again will not help.
    Lasting(String),
}

/// The claims of a token that proves them to the client of this name.
///
/// # Errors
/// [`Doubt`]; never shows what stands in the token.
pub(super) fn verified(
    token: &CoreIdToken,
    client: &str,
    metadata: &CoreProviderMetadata,
    pending: &Pending,
    now: DateTime<Utc>,
) -> Result<Claims, Doubt> {
    let in_time = move |issued: DateTime<Utc>| {
        if issued <= now + LEEWAY { Ok(()) } else { Err("it was issued in the future".to_owned()) }
    };
    // As for a public client even where there is a secret: that one refuses passwords as keys once more.
    let id = ClientId::new(client.to_owned());
    let verifier = CoreIdTokenVerifier::new_public_client(id, metadata.issuer().clone(), metadata.jwks().clone())
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || now - LEEWAY)
        .set_issue_time_verifier_fn(in_time);
    token.claims(&verifier, &Nonce::new(pending.nonce.clone())).map_err(|error| doubt(&error))?;
    let claims =
        payload(&token.to_string()).ok_or_else(|| Doubt::Lasting("its claims are no JSON object".to_owned()))?;
    if is_ours(&claims, client) { Ok(claims) } else { Err(Doubt::Lasting(FOREIGN.to_owned())) }
}

/// Whether a token was issued to this client: one that names another one as its authorized party was made for that one's logins, also
/// where we are among its readers (§3.1.3.7, 4 and 5). Of several readers none is let in: the library takes one alone.
fn is_ours(claims: &Claims, client: &str) -> bool {
    claims.get("azp").filter(|party| !party.is_null()).is_none_or(|party| party.as_str() == Some(client))
}

/// What is wrong, in our own words: those of the library repeat values of the token.
fn doubt(error: &ClaimsVerificationError) -> Doubt {
    let reason = match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            return Doubt::UnknownKey;
        }
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoSignature) => {
            "it has no signature"
        }
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::DisallowedAlg(_)) => {
            "its kind of signature is not believed"
        }
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::AmbiguousKeyId(_)) => {
            "it does not say which of the provider's keys signed it"
        }
        ClaimsVerificationError::SignatureVerification(_) => "its signature is wrong",
        ClaimsVerificationError::Expired(_) => "it has expired, or was issued in the future",
        ClaimsVerificationError::InvalidAudience(_) => FOREIGN,
        ClaimsVerificationError::InvalidIssuer(_) => "it is of another issuer",
        ClaimsVerificationError::InvalidNonce(_) => "it belongs to another login",
        _ => "it is of a form that is not understood",
    };
    Doubt::Lasting(reason.to_owned())
}

/// The claims of a token whose signature was looked at already.
fn payload(token: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}
