//! Browser sessions: created at sign-in, identified by their cookie, ended on the server and not in the browser.
//!
//! The clock decides whether a session has expired; DynamoDB's TTL only deletes old rows.

mod cookie;
mod proof;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Duration, Utc};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::app::{App, SharedApp};
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::http::rate_limit_charge::Charged;
use crate::http::{Answer, Failure, RateLimitCharge};
use crate::rate_limit::Limiter;
use crate::store::accounts::session::SessionRow;
use crate::store::keys::AccountKey;
use crate::views::accounts::session::{AccountView, SessionView};
use crate::views::{EmptyView, Timestamp};

pub use cookie::expired as expired_cookie;

/// The service handles money, and people leave screens unattended: half an hour is the longest that OWASP's
/// session cheat sheet allows for a medium-risk application.
const IDLE_MINUTES: i64 = 30;

/// A working day; also limits how long a stolen cookie works.
const ABSOLUTE_HOURS: i64 = 12;

/// The idle time of a session in use is extended at most this often, because a write costs six times a read.
const EXTEND_EVERY_MINUTES: i64 = 5;

/// Concurrent requests may change the same rows; after two conflicts the third one is returned as an error.
const OPEN_TRIES: u32 = 3;

#[derive(Clone)]
pub struct Session {
    pub account: AccountKey,
    pub role: Role,
    pub company: CompanyId,
    /// Changing requests must send it in `x-csrf-token`.
    pub csrf_token: String,
    pub created_at: DateTime<Utc>,
    /// The absolute end, even for a session in use.
    pub expires_at: DateTime<Utc>,
    /// The end if no further request arrives.
    pub idle_expires_at: DateTime<Utc>,
    id_hash: String,
}

/// An account whose owner has just authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticatedAccount {
    pub account: AccountKey,
    /// What it may do.
    pub role: Role,
    pub company: CompanyId,
    /// The generation of the account's sessions, read before the password check: a concurrent change of the
    /// password ends this session too.
    pub generation: u64,
}

/// The valid session of a request. `None` does not say why there is none.
pub async fn find(app: &App, headers: &HeaderMap) -> Result<Option<Session>, Failure> {
    let Some(id_hash) = cookie::id_hash(headers) else { return Ok(None) };
    let store = app.store()?;
    let now = app.clock.now();
    let Some(row) = store.session(&id_hash).await? else { return Ok(None) };
    let has_ended = row.ended_at.is_some() || row.absolute_until <= now || row.idle_until <= now;
    if has_ended || !proof::is_unchanged(&app.config, &row) {
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

/// Fails if sessions are not configured. Called before a password is checked, so that the answer reveals nothing
/// about the password.
pub fn configured(app: &App) -> Result<(), Failure> {
    if app.config.session_secrets.is_empty() { Err(not_configured("SESSION_SECRET")) } else { Ok(()) }
}

/// Creates a session with a new id and returns its cookie. Ends the session of the request's own cookie in the
/// same transaction, so that an id from before the sign-in is never authenticated (session fixation).
pub async fn open(
    app: &App,
    authenticated: &AuthenticatedAccount,
    previous: &HeaderMap,
) -> Result<(Session, HeaderValue), Failure> {
    open_refunding(app, authenticated, previous, None).await
}

/// Like [`open`], and refunds the rate limit charge of the successful attempt in the same transaction.
pub async fn open_refunding(
    app: &App,
    authenticated: &AuthenticatedAccount,
    previous: &HeaderMap,
    refund: Option<(&RateLimitCharge, &Charged)>,
) -> Result<(Session, HeaderValue), Failure> {
    let store = app.store()?;
    let now = app.clock.now();
    let absolute_until = now + Duration::hours(ABSOLUTE_HOURS);
    let row = SessionRow {
        account: authenticated.account.clone(),
        role: authenticated.role,
        company: authenticated.company.clone(),
        generation: authenticated.generation,
        fingerprint: proof::fingerprint(&app.config, &authenticated.account),
        created_at: now,
        absolute_until,
        idle_until: idle_until(now, absolute_until),
        ended_at: None,
    };
    let (previous, row) = (cookie::id_hash(previous), &row);
    let previous = previous.as_deref();
    let opened = store.retry_on_conflict(&app.ids, OPEN_TRIES, |attempt| async move {
        let id = cookie::Id::new()?;
        let id_hash = id.hash();
        let csrf_token =
            proof::csrf_token(&app.config, &id_hash).ok_or_else(|| not_configured("SESSION_SECRET"))?;
        let mut writes = vec![store.add_session(&id_hash, row)?];
        if let Some(previous) = previous
            && store.session(previous).await?.is_some_and(|row| row.ended_at.is_none())
        {
            writes.push(store.end_session(previous, now));
        }
        // Concurrent charges change the same rows: the last attempt gives up the refund to let the sign-in
        // succeed.
        let refund = refund.filter(|_| attempt + 1 < OPEN_TRIES);
        if let Some((_, charged)) = refund {
            writes.extend(Limiter::refund(&charged.charges()));
        }
        Ok::<_, Failure>((writes, (id, id_hash, csrf_token, refund)))
    });
    let (id, id_hash, csrf_token, refund) = opened.await?;
    if let Some((rate_limit_charge, charged)) = refund {
        rate_limit_charge.record_refund(app, charged);
    }
    let cookie = cookie::with_id(&id, Duration::hours(ABSOLUTE_HOURS))?;
    Ok((Session::of(row.clone(), id_hash, csrf_token), cookie))
}

/// Ends the session of the request's cookie, whether or not it is still valid.
pub async fn end(app: &App, headers: &HeaderMap) -> Result<(), Failure> {
    match cookie::id_hash(headers) {
        Some(id_hash) => Ok(app.store()?.commit_session_end(&id_hash, app.clock.now()).await?),
        None => Ok(()),
    }
}

pub async fn end_all(app: &App, account: &AccountKey) -> Result<(), Failure> {
    Ok(app.store()?.end_generation(account).await?)
}

/// The answer after signing out: removes the cookie.
pub fn signed_out_response() -> Response {
    let mut response = Answer::ok(EmptyView {}).into_response();
    response.headers_mut().insert(header::SET_COOKIE, expired_cookie());
    response
}

/// Whether the request's `x-csrf-token` belongs to the session. Tokens of every listed secret are valid, so that
/// secrets rotate without a gap.
pub fn is_csrf_token(app: &App, session: &Session, headers: &HeaderMap) -> bool {
    proof::is_csrf_token(&app.config, &session.id_hash, headers)
}

impl Session {
    /// The JSON view for the browser: account, expiry times and the CSRF token.
    pub fn to_view(&self) -> SessionView {
        let (account_id, company_id) = (self.account.clone(), self.company.clone());
        SessionView {
            account: AccountView { account_id, role: self.role, company_id },
            csrf_token: self.csrf_token.clone(),
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
            idle_expires_at: Timestamp(self.idle_expires_at),
        }
    }

    /// The answer after signing in: sets the cookie.
    pub fn signed_in_response(&self, cookie: HeaderValue) -> Response {
        let mut response = Answer::ok(self.to_view()).into_response();
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

/// The authorization layer stores the session before a handler runs; without it there is no session.
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

/// 503: signing in is off, because this variable is not set.
pub fn not_configured(variable: &'static str) -> Failure {
    Failure::NotConfigured { service: "Signing in", variable }
}
