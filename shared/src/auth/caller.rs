//! Authentication of the caller by Whop's user token, a bearer token or a session cookie.
//!
//! A request with two explicit tokens is refused, because it would be unclear which one counts. A cookie beside a
//! token is ignored, because browsers send cookies with every request.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::owner;
use super::session::{self, Session};
use crate::app::{App, SharedApp};
use crate::bearer::TokenError;
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::http::Failure;
use crate::store::Company;

/// An authenticated caller with access to its company's part of the table.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whop's user id, an account's key, or issuer and subject of a bearer token.
    pub id: String,
    pub role: Role,
    pub company: Company,
}

pub(super) struct Authenticated {
    pub(super) caller: Caller,
    pub(super) session: Option<Session>,
}

const NO_PROOF: Failure = Failure::Unauthorized("The request carries no valid credentials.");

pub(super) async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Authenticated, Failure> {
    let by_whop = headers.contains_key(owner::USER_TOKEN);
    match (by_whop, headers.contains_key(AUTHORIZATION)) {
        (true, true) => Err(Failure::Unauthorized("Send one kind of credentials, not two.")),
        (true, false) => {
            Ok(Authenticated { caller: owner::authenticate(app, headers).await?, session: None })
        }
        (false, true) => Ok(Authenticated { caller: by_bearer(app, headers).await?, session: None }),
        (false, false) => by_session(app, headers).await,
    }
}

async fn by_bearer(app: &App, headers: &HeaderMap) -> Result<Caller, Failure> {
    let value = one_header(headers, AUTHORIZATION.as_str()).ok_or(NO_PROOF)?;
    let (scheme, token) = value.split_once(' ').ok_or(NO_PROOF)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NO_PROOF);
    }
    let bearer = app.bearer_tokens.verify(token.trim(), app.clock.now()).await;
    let bearer = bearer.map_err(|error| match error {
        TokenError::Invalid => Failure::Unauthorized("The bearer token is not valid."),
        TokenError::KeysUnavailable => Failure::Unavailable {
            detail: "The issuer of the token does not answer, so you cannot be authenticated. Try again.",
            reason: error.to_string(),
        },
    })?;
    check_company(&bearer.company, headers)?;
    let company = app.store()?.company(&bearer.company);
    Ok(Caller { id: bearer.subject, role: bearer.role, company })
}

async fn by_session(app: &App, headers: &HeaderMap) -> Result<Authenticated, Failure> {
    let session = session::find(app, headers).await?.ok_or(NO_PROOF)?;
    check_company(&session.company, headers)?;
    let company = app.store()?.company(&session.company);
    let caller = Caller { id: session.account.to_string(), role: session.role, company };
    Ok(Authenticated { caller, session: Some(session) })
}

/// A company named in the request must be the caller's own. Any other gets 404, whether it exists or not.
fn check_company(own: &CompanyId, headers: &HeaderMap) -> Result<(), Failure> {
    let named = headers.get_all(owner::COMPANY_ID).iter();
    if named.into_iter().all(|named| named.as_bytes() == own.as_str().as_bytes()) {
        return Ok(());
    }
    Err(Failure::Absent)
}

/// The header's value; `None` if the header is missing, repeated, empty or not text.
pub(super) fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

/// The authorization layer stores the caller before a handler runs; without it the request is unauthenticated.
impl FromRequestParts<SharedApp> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(NO_PROOF)
    }
}
