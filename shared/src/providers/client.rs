//! The one HTTP client for all providers.

use std::time::Duration;

use super::tls::{self, TrustError};

/// Long enough for a slow provider, short enough for the run that waits: a run has a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Builds it, for whoever believes Mozilla's roots and nobody else.
pub fn client() -> Result<reqwest::Client, TrustError> {
    client_that_trusts(None)
}

/// Builds it; `bundle` is the path of a PEM file of further roots. Redirects are not followed, because a
/// provider's API has none and a credential must not travel.
pub fn client_that_trusts(bundle: Option<&str>) -> Result<reqwest::Client, TrustError> {
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::tls(bundle)?)
        .timeout(CALL_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("justonce/", env!("CARGO_PKG_VERSION")))
        .build();
    client.map_err(|error| TrustError(error.to_string()))
}

/// The body of an answer of at most `max_bytes`; a larger one is not read to its end.
pub async fn read_within(mut response: reqwest::Response, max_bytes: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > max_bytes {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
