//! What the provider is asked once the browser is back: tokens for the code, and claims that the token lacks.

use super::claims::{self, Claims};
use super::error::OidcError;
use super::provider::{self, Provider};
use super::wire::{Wire, WireError};
use super::{Oidc, word};
use crate::problem::SettingProblem;
use openidconnect::core::{CoreClient, CoreErrorResponseType, CoreTokenResponse};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse, http,
};

/// The library's client with the addresses that a discovery document has.
pub(super) type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Why the token's address gave no token.
type TokenError = RequestTokenError<WireError, StandardErrorResponse<CoreErrorResponseType>>;

impl Oidc {
    /// The library's client.
    pub(super) fn client(&self, provider: &Provider) -> Result<Client, OidcError> {
        let settings = &self.settings;
        let redirect = RedirectUrl::new(settings.redirect_url.clone())
            .map_err(|_| SettingProblem::new("redirectUrl", "give the admin's address of the login's end"))?;
        let secret = settings.client_secret.as_ref().map(|secret| ClientSecret::new(secret.0.clone()));
        let id = ClientId::new(settings.client_id.clone());
        let how = if provider.wants_secret_in_body() { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = CoreClient::from_provider_metadata(provider.metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(how))
    }

    /// Fetches the tokens for a code (RFC 6749 §4.1.3, RFC 7636 §4.5).
    pub(super) async fn exchange(
        &self,
        provider: &Provider,
        wire: &Wire,
        code: &str,
        verifier: &str,
    ) -> Result<CoreTokenResponse, OidcError> {
        let client = self.client(provider)?;
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|_| self.bad("it has no address for tokens"))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()));
        let call = |request| wire.call(request);
        request.request_async(&call).await.map_err(|error| self.judged(error))
    }

    /// The claims with those that the provider gives only when asked (OpenID Connect Core §5.3), where the ID token lacks some.
    pub(super) async fn complete(
        &self,
        provider: &Provider,
        wire: &Wire,
        tokens: &CoreTokenResponse,
        signed: Claims,
    ) -> Result<Claims, OidcError> {
        let Some(address) = provider.userinfo().filter(|_| !claims::suffice(&signed, &self.settings)) else {
            return Ok(signed);
        };
        let request = http::Request::get(address.as_str())
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", tokens.access_token().secret()))
            .body(Vec::new())
            .map_err(|_| self.bad("an access token that no header can carry"))?;
        let answer = wire.call(request).await.map_err(|error| provider::of_wire(&self.settings, &error))?;
        let more: Option<Claims> = serde_json::from_slice(answer.body()).ok();
        let more = more.filter(|_| answer.status() == http::StatusCode::OK);
        let more = more.ok_or_else(|| self.bad(&format!("HTTP {} in the place of more claims", answer.status())))?;
        // §5.3.2: claims of somebody else must not be taken for this user's.
        if more.get(claims::SUBJECT) != signed.get(claims::SUBJECT) {
            return Err(self.bad("claims of somebody else"));
        }
        Ok(claims::joined(signed, more))
    }

    /// What it means that there are no tokens. Never shows what the provider said beyond its word for the error.
    fn judged(&self, error: TokenError) -> OidcError {
        match error {
            RequestTokenError::Request(error) => provider::of_wire(&self.settings, &error),
            RequestTokenError::ServerResponse(said) => match said.error() {
                CoreErrorResponseType::InvalidGrant => self.refused("invalid_grant"),
                CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => {
                    SettingProblem::new(
                        "clientSecret",
                        "the provider does not know this clientId with this clientSecret",
                    )
                    .into()
                }
                other => self.bad(&format!("the error {}", word(other.as_ref()))),
            },
            RequestTokenError::Parse(error, _) => self.bad(&format!("what is no token response: at {}", error.path())),
            RequestTokenError::Other(_) => self.bad("what is no token response"),
        }
    }
}
