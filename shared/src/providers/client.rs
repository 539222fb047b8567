//! The HTTP client that all providers share.

use std::time::Duration;

use super::tls::{self, TrustError};

/// Long enough for a slow provider, short enough for a run, which has a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Builds a client that trusts Mozilla's root certificates only.
pub fn client() -> Result<reqwest::Client, TrustError> {
    client_that_trusts(None)
}

/// Builds a client that also trusts the root certificates in the PEM file at `bundle`. Redirects are not
/// followed, because no provider's API uses them and credentials must not reach another host.
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

/// Reads a body of at most `max_bytes`; `None` for a larger or broken one.
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
