//! The allowed origins of pages: an exact list, used for CORS and for CSRF protection.

use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::failure::Failure;
use crate::config::Config;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

const METHODS: &str = "GET, POST, PUT";
const REQUEST_HEADERS: &str =
    "authorization, content-type, idempotency-key, x-company-id, x-csrf-token, x-whop-user-token";
const ANSWER_HEADERS: &str = "idempotency-replayed, ratelimit, ratelimit-policy, retry-after, x-rate-limit-remaining, x-rate-limit-reset, x-rate-limit-skipped, x-request-id";

/// How long a browser may cache a preflight's answer, in seconds: short, so that removing an origin from the list
/// takes effect soon.
const PREFLIGHT_SECONDS: &str = "600";

/// The page that triggered the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallingPage {
    /// No page: the headers are missing, so the request does not come from a page in a browser.
    None,
    /// A page of an allowed origin.
    Listed,
    /// A page of another origin, or contradictory headers.
    Foreign,
}

/// Reads `Origin` and `Sec-Fetch-Site`.
pub fn page(config: &Config, headers: &HeaderMap) -> CallingPage {
    let (Ok(origin), Ok(site)) = (at_most_one(headers, ORIGIN), at_most_one(headers, SITE)) else {
        return CallingPage::Foreign;
    };
    let listed = origin.is_some_and(|origin| is_listed(config, origin));
    match (origin, site.map(HeaderValue::as_bytes)) {
        (None, None | Some(b"none")) => CallingPage::None,
        // `Sec-Fetch-Site` names the relation of the sites and `Origin` the origin; both must agree.
        (Some(_), None | Some(b"same-origin" | b"same-site" | b"none")) if listed => CallingPage::Listed,
        (None, Some(b"same-origin")) => CallingPage::None,
        _ => CallingPage::Foreign,
    }
}

/// The allowed origin of the request; `None` for any other, and for a repeated header.
pub fn listed<'a>(config: &Config, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    at_most_one(headers, ORIGIN).ok().flatten().filter(|origin| is_listed(config, origin))
}

/// A header occurs several times.
struct Contradiction;

/// A browser sends each of these headers once; if there are two, it is unclear which one counts.
fn at_most_one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, Contradiction> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() { Err(Contradiction) } else { Ok(value) }
}

fn is_listed(config: &Config, origin: &HeaderValue) -> bool {
    config.allowed_origins.iter().any(|known| known.as_bytes() == origin.as_bytes())
}

/// Answers a CORS preflight; `None` for any other request.
pub fn preflight(config: &Config, method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if method != Method::OPTIONS || !asks {
        return None;
    }
    if listed(config, headers).is_none() {
        return Some(Failure::Forbidden("This origin may not call the API.").into_response());
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// Lets a page of the `listed` origin read the answer. Every answer varies by `Origin`, so that no cache serves
/// one page's answer to another.
pub fn allow_origin(listed: Option<HeaderValue>, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = listed else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
}
