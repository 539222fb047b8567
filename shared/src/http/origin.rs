//! Which pages may ask: an exact list of origins, for CORS and against forged requests.

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

/// How long a browser may remember the answer to its question, in seconds: short, so that an origin
/// taken off the list is out soon.
const PREFLIGHT_SECONDS: &str = "600";

/// Where the page that asks comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallingPage {
    /// The request says nothing of a page, so no browser sent it on a page's behalf.
    None,
    /// A page of the list.
    Listed,
    /// Any other page, or headers that contradict each other.
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
        // A browser says which site asks; the list says which origin. Both must agree.
        (Some(_), None | Some(b"same-origin" | b"same-site" | b"none")) if listed => CallingPage::Listed,
        (None, Some(b"same-origin")) => CallingPage::None,
        _ => CallingPage::Foreign,
    }
}

/// The origin of a page of the list; `None` for any other, and where two are named.
pub fn listed<'a>(config: &Config, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    at_most_one(headers, ORIGIN).ok().flatten().filter(|origin| is_listed(config, origin))
}

/// A header that is there several times.
struct Contradiction;

/// A browser sends each of these headers once, so of two nobody could say which counts.
fn at_most_one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, Contradiction> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() { Err(Contradiction) } else { Ok(value) }
}

fn is_listed(config: &Config, origin: &HeaderValue) -> bool {
    config.allowed_origins.iter().any(|known| known.as_bytes() == origin.as_bytes())
}

/// Answers a browser that asks before it asks; `None` for any other request.
pub fn preflight(config: &Config, method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if method != Method::OPTIONS || !asks {
        return None;
    }
    if listed(config, headers).is_none() {
        return Some(Failure::Forbidden("Pages of this origin may not ask.").into_response());
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

/// Lets a page whose origin is `listed` read the answer. Every answer says that it depends on who asks, so that no
/// cache gives one page's answer to another.
pub fn share(listed: Option<HeaderValue>, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = listed else { return };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
}
