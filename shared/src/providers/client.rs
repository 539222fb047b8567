//! The one HTTP client for all providers.

use std::time::Duration;

/// Long enough for a slow provider, short enough for the run that waits: a run has a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Builds it. Roots are compiled in, because reading the system's costs every cold start; redirects
/// are not followed, because a provider's API has none and a credential must not travel.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    // A second start in one process finds the provider already there, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
    let roots = roots.filter_map(|root| reqwest::Certificate::from_der(root).ok());
    reqwest::Client::builder()
        .tls_certs_only(roots)
        .timeout(CALL_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("justonce/", env!("CARGO_PKG_VERSION")))
        .build()
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
