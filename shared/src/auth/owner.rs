//! The owner of a company: a user with a valid Whop token whom Whop confirms as the company's administrator.
//!
//! The token names no company, so without the access check any user could act for any company.

use std::sync::PoisonError;

use chrono::Duration;
use http::HeaderMap;

use super::caller::{Caller, one_header};
use crate::app::App;
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::{CompanyId, UserId};
use crate::http::Failure;
use crate::providers::call::CallError;
use crate::providers::whop::client::AccessLevel;
use crate::providers::whop::token::TokenError;

/// How long Whop's answer is cached: a removed administrator loses access within a minute.
const ACCESS_CACHE_SECONDS: i64 = 60;

/// A process serves few users at a time; a full cache is cleared.
const ACCESS_CACHE_ENTRIES: usize = 1_000;

pub(super) const USER_TOKEN: &str = "x-whop-user-token";

pub(super) const COMPANY_ID: &str = "x-company-id";

/// Verifies the user token and that the user administers the named company.
pub(super) async fn authenticate(app: &App, headers: &HeaderMap) -> Result<Caller, Failure> {
    let token = one_header(headers, USER_TOKEN)
        .ok_or(Failure::Unauthorized("The header x-whop-user-token is missing or given twice."))?;
    let company = one_header(headers, COMPANY_ID).and_then(|id| CompanyId::parse(id).ok());
    let company =
        company.ok_or(Failure::Unauthorized("The header x-company-id is missing or names no company."))?;
    let tokens = app.user_tokens.as_ref().ok_or_else(|| Failure::whop_not_configured("WHOP_APP_ID"))?;
    let user_id = tokens.verify(token, app.clock.now()).await.map_err(|error| match error {
        TokenError::Invalid => Failure::Unauthorized("The user token is not valid."),
        TokenError::KeysUnavailable => unavailable(error.to_string()),
    })?;
    if access(app, &user_id, &company).await? != AccessLevel::Admin {
        return Err(Failure::Unauthorized("Whop does not confirm that you administer this company."));
    }
    let company = app.store()?.company(&company);
    Ok(Caller { id: user_id.to_string(), role: Role::Owner, company })
}

async fn access(app: &App, user: &UserId, company: &CompanyId) -> Result<AccessLevel, Failure> {
    let now = app.clock.now();
    let key = (user.clone(), company.clone());
    {
        let cache = app.access_cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((level, at)) = cache.get(&key)
            && now - *at < Duration::seconds(ACCESS_CACHE_SECONDS)
            && *at <= now
        {
            return Ok(*level);
        }
    }
    let whop = app.whop.as_ref().ok_or_else(|| Failure::whop_not_configured("WHOP_API_KEY"))?;
    let level = match whop.access(user, company.as_str()).await {
        Ok(level) => level,
        // Whop knows no such company or user, so the user is no administrator.
        Err(CallError::Absent) => AccessLevel::NoAccess,
        Err(error) => return Err(unavailable(error.reason().to_owned())),
    };
    let mut cache = app.access_cache.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= ACCESS_CACHE_ENTRIES {
        cache.clear();
    }
    cache.insert(key, (level, now));
    Ok(level)
}

fn unavailable(reason: String) -> Failure {
    Failure::Unavailable {
        detail: "Whop does not answer, so you cannot be authenticated. Try again.",
        reason,
    }
}
