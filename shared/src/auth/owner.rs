//! The owner of a company: a user proven by Whop's token, who administers the company by Whop's word.
//!
//! The token names no company. Without the second question any user could ask for any company.

use std::sync::PoisonError;

use axum::extract::FromRequestParts;
use chrono::Duration;
use http::HeaderMap;
use http::request::Parts;

use crate::app::{App, SharedApp};
use crate::domain::id::{CompanyId, UserId};
use crate::http::Failure;
use crate::providers::whop::client::AccessLevel;
use crate::providers::whop::token::TokenError;
use crate::store::Company;

/// How long Whop's word on a user and a company is believed: someone who was removed is out a minute later.
const ACCESS_CACHE_SECONDS: i64 = 60;

/// One process serves few people at a time; beyond this the cache starts anew.
const ACCESS_CACHE_ENTRIES: usize = 1_000;

/// A proven owner, with the part of the table it may touch.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Who asks.
    pub user_id: UserId,
    /// Its company.
    pub company: Company,
}

impl FromRequestParts<SharedApp> for Owner {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Failure> {
        let token = one_header(&parts.headers, "x-whop-user-token")
            .ok_or(Failure::Unproven("The header x-whop-user-token is missing or given twice."))?;
        let company = one_header(&parts.headers, "x-company-id").and_then(|id| CompanyId::parse(id).ok());
        let company =
            company.ok_or(Failure::Unproven("The header x-company-id is missing or names no company."))?;
        let tokens = app.user_tokens.as_ref().ok_or_else(|| unconfigured("WHOP_APP_ID"))?;
        let user_id = tokens.verify(token, app.clock.now()).await.map_err(|error| match error {
            TokenError::Invalid => Failure::Unproven("The user token is not valid."),
            TokenError::KeysUnavailable => unavailable(error.to_string()),
        })?;
        if access(app, &user_id, &company).await? != AccessLevel::Admin {
            return Err(Failure::Unproven("Whop does not confirm that you administer this company."));
        }
        Ok(Self { user_id, company: app.store()?.company(&company) })
    }
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
    let whop = app.whop.as_ref().ok_or_else(|| unconfigured("WHOP_API_KEY"))?;
    let level =
        whop.access(user, company.as_str()).await.map_err(|error| unavailable(error.reason().to_owned()))?;
    let mut cache = app.access_cache.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= ACCESS_CACHE_ENTRIES {
        cache.clear();
    }
    cache.insert(key, (level, now));
    Ok(level)
}

/// A header that is there once and readable.
fn one_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?.trim();
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

fn unconfigured(name: &str) -> Failure {
    Failure::Unavailable { detail: "This door is not configured.", reason: format!("{name} is not set") }
}

fn unavailable(reason: String) -> Failure {
    Failure::Unavailable { detail: "Whop does not answer, so nobody can be let in. Try again.", reason }
}
