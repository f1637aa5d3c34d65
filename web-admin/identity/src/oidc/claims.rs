//! From claims to an identity. Pure.

use super::settings::OidcSettings;
use crate::identity::{Identity, MOST_GROUPS};
use serde_json::{Map, Value};

/// What a provider says about a user.
pub(super) type Claims = Map<String, Value>;

/// The claim that never changes and is always there.
pub(super) const SUBJECT: &str = "sub";

/// Whether everything that the settings want is among these claims, so that nothing more need be asked for.
pub(super) fn suffice(claims: &Claims, settings: &OidcSettings) -> bool {
    let name = settings.name_claim.as_deref().unwrap_or("preferred_username");
    at(claims, name).is_some() && at(claims, &settings.groups_claim).is_some()
}

/// The claims of both; those of the ID token, which are signed, count where both have one.
pub(super) fn joined(signed: Claims, mut more: Claims) -> Claims {
    more.extend(signed);
    more
}

/// Who the claims speak of.
///
/// # Errors
/// What is missing or cannot be used; names claims, never their values.
pub(super) fn identity(claims: &Claims, settings: &OidcSettings) -> Result<Identity, String> {
    let subject = text(claims, SUBJECT).ok_or("the claim sub is missing")?;
    let name = match settings.name_claim.as_deref() {
        Some(claim) => {
            named(claims, claim).ok_or_else(|| format!("the claim {claim} is missing, empty or not verified"))?
        }
        None => named(claims, "preferred_username").or_else(|| named(claims, "email")).unwrap_or(subject),
    };
    let groups = groups(claims, &settings.groups_claim)?;
    Identity::new(name, subject.to_owned(), groups).map_err(str::to_owned)
}

/// A claim that may serve as a name. An address that its owner never confirmed is nobody's.
fn named<'c>(claims: &'c Claims, claim: &str) -> Option<&'c str> {
    // Some providers write truth values as texts.
    let is_verified = matches!(claims.get("email_verified"), Some(Value::Bool(true)))
        || claims.get("email_verified").and_then(Value::as_str) == Some("true");
    text(claims, claim).filter(|_| claim != "email" || is_verified)
}

fn text<'c>(claims: &'c Claims, claim: &str) -> Option<&'c str> {
    at(claims, claim).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// A claim by its name, or by its path within others: `realm_access.roles`.
fn at<'c>(claims: &'c Claims, claim: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(claim) {
        return Some(found);
    }
    let (first, rest) = claim.split_once('.')?;
    at(claims.get(first)?.as_object()?, rest)
}

fn groups(claims: &Claims, claim: &str) -> Result<Vec<String>, String> {
    match at(claims, claim) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(several)) if several.len() <= MOST_GROUPS => {
            let texts: Option<Vec<String>> = several.iter().map(|group| group.as_str().map(str::to_owned)).collect();
            texts.ok_or_else(|| format!("the claim {claim} is no list of texts"))
        }
        Some(Value::Array(_)) => Err("the user is in more than 2,000 groups".to_owned()),
        Some(_) => Err(format!("the claim {claim} is no list of texts")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    fn name(value: Value) -> String {
        identity(&claims(value), &OidcSettings::default()).unwrap().name
    }

    #[test]
    fn the_name_is_the_preferred_one_else_a_verified_address_else_the_subject() {
        let all = json!({"sub": "7", "preferred_username": "Ann", "email": "a@x", "email_verified": true});
        assert_eq!(name(all), "Ann");
        assert_eq!(name(json!({"sub": "7", "email": "a@x", "email_verified": true})), "a@x");
        assert_eq!(name(json!({"sub": "7", "email": "a@x", "email_verified": "true"})), "a@x");
        for verified in [json!(false), json!("false"), json!(1), json!(null)] {
            assert_eq!(name(json!({"sub": "7", "email": "a@x", "email_verified": verified})), "7");
        }
        assert_eq!(name(json!({"sub": "7", "preferred_username": " ", "email": "a@x"})), "7");
    }

    #[test]
    fn a_claim_that_was_named_must_be_there() {
        let settings = OidcSettings { name_claim: Some("email".into()), ..OidcSettings::default() };
        let unverified = claims(json!({"sub": "7", "preferred_username": "Ann", "email": "a@x"}));
        assert!(identity(&unverified, &settings).unwrap_err().contains("email"));
        let settings = OidcSettings { name_claim: Some("account.name".into()), ..settings };
        assert_eq!(identity(&claims(json!({"sub": "7", "account": {"name": "Ann"}})), &settings).unwrap().name, "Ann");
        assert!(identity(&claims(json!({"sub": "7", "account": "Ann"})), &settings).is_err());
    }

    #[test]
    fn without_a_subject_there_is_nobody() {
        assert!(identity(&claims(json!({"preferred_username": "Ann"})), &OidcSettings::default()).is_err());
    }

    #[test]
    fn groups_are_a_list_or_one_text_or_within_another_claim() {
        let groups = |value: Value, claim: &str| {
            let settings = OidcSettings { groups_claim: claim.into(), ..OidcSettings::default() };
            identity(&claims(value), &settings).map(|identity| identity.groups)
        };
        assert_eq!(groups(json!({"sub": "7", "groups": ["b", "a"]}), "groups").unwrap(), ["a", "b"]);
        assert_eq!(groups(json!({"sub": "7", "groups": "a"}), "groups").unwrap(), ["a"]);
        assert!(groups(json!({"sub": "7"}), "groups").unwrap().is_empty());
        let keycloak = json!({"sub": "7", "realm_access": {"roles": ["ops"]}});
        assert_eq!(groups(keycloak, "realm_access.roles").unwrap(), ["ops"]);
        assert_eq!(groups(json!({"sub": "7", "https://x.org/g": ["a"]}), "https://x.org/g").unwrap(), ["a"]);
        for wrong in [json!(7), json!({"a": 1}), json!(["a", 7]), json!(vec!["a"; MOST_GROUPS + 1])] {
            assert!(groups(json!({"sub": "7", "groups": wrong}), "groups").is_err());
        }
    }

    #[test]
    fn what_is_signed_counts_more_than_what_is_only_said() {
        let joined =
            joined(claims(json!({"sub": "7", "groups": ["a"]})), claims(json!({"groups": ["root"], "name": "n"})));
        assert_eq!((joined["groups"].clone(), joined["name"].clone()), (json!(["a"]), json!("n")));
    }
}
