//! How the protocol's requests travel: with the one HTTP client of all providers.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use serde::Deserialize;
use shared::json::{TRUSTED, read_trusted, rename_reserved};
use shared::providers::client::read_within;
use shared::providers::tokens::header::check_parts;

use crate::identity::MAX_TOKEN_BYTES;

/// An answer of an issuer is a few kilobytes; more is not one.
pub(crate) const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Somebody waits for it at the browser.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// The issuer gave no answer that counts. It says nothing of what was sent or came back.
#[derive(Debug, thiserror::Error)]
#[error("the issuer does not answer")]
pub(crate) struct NoAnswer;

/// Sends one request. A server's trouble is no answer, whatever its body says.
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
    *answer.body_mut() = make_safe(&body).ok_or(NoAnswer)?;
    Ok(answer)
}

/// What the protocol's library may parse of an answer; `None` for what it may not. The library parses an id token's
/// claims together with the answer and before it checks the signature, so both are judged here.
fn make_safe(body: &[u8]) -> Option<Vec<u8>> {
    #[derive(Deserialize)]
    struct WithToken {
        #[serde(default)]
        id_token: Option<String>,
    }
    let body = rename_reserved(body, TRUSTED).ok()?;
    // An answer of another shape has no token that the library would find either.
    let token = read_trusted(&body).ok().and_then(|answer: WithToken| answer.id_token);
    let is_safe = token.is_none_or(|token| check_parts(&token, MAX_TOKEN_BYTES).is_ok());
    is_safe.then(|| body.into_owned())
}
