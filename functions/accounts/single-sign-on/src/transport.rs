//! Sends the protocol's requests with the shared HTTP client.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use shared::json::{TRUSTED, rename_reserved};
use shared::providers::client::read_within;

/// An issuer's answers have a few kilobytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// A person waits for it at the browser.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// The issuer gave no usable answer. The error quotes nothing of request and answer.
#[derive(Debug, thiserror::Error)]
#[error("the issuer does not answer")]
pub(crate) struct NoAnswer;

/// Sends one request. A 5xx counts as no answer, whatever its body.
pub(crate) async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
    let mut request = reqwest::Request::try_from(request).map_err(|_| NoAnswer)?;
    *request.timeout_mut() = Some(TIMEOUT);
    let response = http.execute(request).await.map_err(|_| NoAnswer)?;
    let status = response.status();
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(NoAnswer);
    }
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = status;
    *answer.headers_mut() = response.headers().clone();
    let body = read_within(response, MAX_ANSWER_BYTES).await.ok_or(NoAnswer)?;
    // The library parses the body, so reserved names are renamed first.
    *answer.body_mut() = rename_reserved(&body, TRUSTED).map_err(|_| NoAnswer)?.into_owned();
    Ok(answer)
}
