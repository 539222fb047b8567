//! Sessions of browsers: opened at sign-in, found by their cookie, ended here and not in the browser.
//!
//! The clock decides what has expired; that DynamoDB clears old rows away is housekeeping only.

mod cookie;
mod proof;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Duration, Utc};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use crate::app::{App, SharedApp};
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::http::rate_limit_charge::Charged;
use crate::http::{Answer, Failure, RateLimitCharge};
use crate::rate_limit::Limiter;
use crate::store::StoreError;
use crate::store::accounts::session::SessionRow;
use crate::store::keys::AccountKey;

pub use cookie::expired as expired_cookie;

/// Money is at hand, and people walk away from their screens: half an hour is the longest that OWASP's
/// session sheet allows an application of middling risk.
const IDLE_MINUTES: i64 = 30;

/// A working day. A stolen cookie is worth no more than what is left of it.
const ABSOLUTE_HOURS: i64 = 12;

/// A session in use is written at most so often: reading costs a sixth of writing.
const EXTEND_EVERY_MINUTES: i64 = 5;

/// Somebody else may touch the same rows at the same moment; a third time is no coincidence.
const OPEN_TRIES: u32 = 3;

/// A session that counts.
#[derive(Clone)]
pub struct Session {
    pub account: AccountKey,
    /// What that account may do.
    pub role: Role,
    /// The company it does that in.
    pub company: CompanyId,
    /// What a changing request has to bring in `x-csrf-token`.
    pub csrf_token: String,
    /// When somebody signed in.
    pub created_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// When it ends if nobody uses it.
    pub idle_expires_at: DateTime<Utc>,
    id_hash: String,
}

/// An account whose owner has just proven to be it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenAccount {
    pub account: AccountKey,
    /// What it may do.
    pub role: Role,
    /// The company it does that in.
    pub company: CompanyId,
    /// The generation of its sessions, read before the proof: whoever changes the password meanwhile
    /// ends this session too.
    pub generation: u64,
}

/// The session of a request. `None` says that there is none that counts, and never why.
pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Session>, Failure> {
    let Some(id_hash) = cookie::id_hash(headers) else { return Ok(None) };
    let store = app.store()?;
    let now = app.clock.now();
    let Some(row) = store.session(&id_hash).await? else { return Ok(None) };
    let over = row.ended_at.is_some() || row.absolute_until <= now || row.idle_until <= now;
    if over || !proof::is_unchanged(&app.config, &row) {
        return Ok(None);
    }
    if store.generation(&row.account).await? != Some(row.generation) {
        return Ok(None);
    }
    let Some(csrf_token) = proof::csrf_token(&app.config, &id_hash) else { return Ok(None) };
    let row = extend(app, &id_hash, row, now).await?;
    Ok(Some(Session::of(row, id_hash, csrf_token)))
}

async fn extend(
    app: &App,
    id_hash: &str,
    row: SessionRow,
    now: DateTime<Utc>,
) -> Result<SessionRow, Failure> {
    let idle_until = idle_until(now, row.absolute_until);
    if idle_until - row.idle_until < Duration::minutes(EXTEND_EVERY_MINUTES) {
        return Ok(row);
    }
    app.store()?.extend_session(id_hash, row.idle_until, idle_until).await?;
    Ok(SessionRow { idle_until, ..row })
}

fn idle_until(now: DateTime<Utc>, absolute_until: DateTime<Utc>) -> DateTime<Utc> {
    (now + Duration::minutes(IDLE_MINUTES)).min(absolute_until)
}

/// Whether sessions can be opened at all; asked before a password is checked, so that the answer
/// tells nothing about a password.
pub fn configured(app: &App) -> Result<(), Failure> {
    if app.config.session_secrets.is_empty() { Err(not_configured("SESSION_SECRET")) } else { Ok(()) }
}

/// Opens a session under a new id and gives the cookie that carries it. The session that the request's
/// own cookie names ends in the same step: an id from before signing in never becomes one from after.
pub async fn open(
    app: &App,
    proven: &ProvenAccount,
    previous: &HeaderMap,
) -> Result<(Session, HeaderValue), Failure> {
    open_refunding(app, proven, previous, None).await
}

/// The same for who was charged for the attempt: what proved right is given back in the same step.
pub async fn open_refunding(
    app: &App,
    proven: &ProvenAccount,
    previous: &HeaderMap,
    refund: Option<(&RateLimitCharge, &Charged)>,
) -> Result<(Session, HeaderValue), Failure> {
    let store = app.store()?;
    let now = app.clock.now();
    let absolute_until = now + Duration::hours(ABSOLUTE_HOURS);
    let row = SessionRow {
        account: proven.account.clone(),
        role: proven.role,
        company: proven.company.clone(),
        generation: proven.generation,
        fingerprint: proof::fingerprint(&app.config, &proven.account),
        created_at: now,
        absolute_until,
        idle_until: idle_until(now, absolute_until),
        ended_at: None,
    };
    let previous = cookie::id_hash(previous);
    let mut tries = 0;
    loop {
        tries += 1;
        let id = cookie::Id::new()?;
        let id_hash = id.hash();
        let csrf_token =
            proof::csrf_token(&app.config, &id_hash).ok_or_else(|| not_configured("SESSION_SECRET"))?;
        let mut writes = vec![store.add_session(&id_hash, &row)?];
        if let Some(previous) = &previous
            && store.session(previous).await?.is_some_and(|row| row.ended_at.is_none())
        {
            writes.push(store.end_session(previous, now));
        }
        // Others are charged at the same rows: rather lose a token than refuse the sign-in.
        let refund = refund.filter(|_| tries < OPEN_TRIES);
        if let Some((_, charged)) = refund {
            writes.extend(Limiter::refund(&charged.charges()));
        }
        match store.commit(app.ids.next(), writes).await {
            Ok(()) => {
                if let Some((rate_limit_charge, charged)) = refund {
                    rate_limit_charge.record_refund(app, charged);
                }
                let cookie = cookie::carrying(&id, Duration::hours(ABSOLUTE_HOURS))?;
                return Ok((Session::of(row, id_hash, csrf_token), cookie));
            }
            Err(StoreError::Conflict { .. }) if tries < OPEN_TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Ends the session that the request's cookie names, whether or not it still counts.
pub async fn end(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    match cookie::id_hash(headers) {
        Some(id_hash) => Ok(app.store()?.commit_session_end(&id_hash, app.clock.now()).await?),
        None => Ok(()),
    }
}

/// Ends every session of an account.
pub async fn end_all(app: &App, account: &AccountKey) -> Result<(), Failure> {
    Ok(app.store()?.end_generation(account).await?)
}

/// The answer to whoever is signed in no more.
pub fn left() -> Response {
    let mut response = Answer::ok(json!({})).into_response();
    response.headers_mut().insert(header::SET_COOKIE, expired_cookie());
    response
}

/// Whether a request bears the session's own token in `x-csrf-token`. Tokens of every secret that is
/// still listed are good, so that secrets rotate without a gap.
pub fn is_csrf_token(app: &App, session: &Session, headers: &HeaderMap) -> bool {
    proof::is_csrf_token(&app.config, &session.id_hash, headers)
}

impl Session {
    /// What its owner is shown: who is signed in, until when, and the token for changing requests.
    pub fn shown(&self) -> Value {
        json!({
            "account": {
                "account_id": self.account,
                "role": self.role,
                "company_id": self.company,
            },
            "csrf_token": self.csrf_token,
            "created_at": time::format(self.created_at),
            "expires_at": time::format(self.expires_at),
            "idle_expires_at": time::format(self.idle_expires_at),
        })
    }

    /// The answer to whoever has just signed in.
    pub fn entered(&self, cookie: HeaderValue) -> Response {
        let mut response = Answer::ok(self.shown()).into_response();
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        response
    }

    fn of(row: SessionRow, id_hash: String, csrf_token: String) -> Self {
        Self {
            account: row.account,
            role: row.role,
            company: row.company,
            csrf_token,
            created_at: row.created_at,
            expires_at: row.absolute_until,
            idle_expires_at: row.idle_until,
            id_hash,
        }
    }
}

/// The guard has found the session before a handler runs; without it there is none.
impl FromRequestParts<SharedApp> for Session {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::Unauthorized("You are not signed in."))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} as {})", self.account, self.role.as_str())
    }
}

/// Accounts are off, because a variable that they need is not set.
pub fn not_configured(variable: &'static str) -> Failure {
    Failure::NotConfigured { service: "Signing in", variable }
}
