//! Operators: the holder of the scheduler's secret, or a person on call with a key of their own.
//!
//! An on-call key is for a terminal: it needs neither a browser nor a domain. It is valid only on routes whose row
//! says so, and acts in the platform's company or in the one that the request names, because whoever is on call
//! looks after every company of the deployment.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::caller::{Caller, one_header};
use super::owner;
use super::scheduler::equal;
use crate::app::{App, SharedApp};
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::http::Failure;

/// A caller of a route that the scheduler's secret opens, and that is no job.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The id for the audit log: `scheduler`, or `on_call:<name>`.
    pub id: String,
}

impl Operator {
    pub(super) fn scheduler() -> Self {
        Self { id: "scheduler".to_owned() }
    }

    /// The person whose on-call key the request carries. Every key is compared, so that the time of an answer
    /// depends on none of them.
    pub(super) fn on_call(app: &App, headers: &HeaderMap) -> Option<Self> {
        // A second credential makes the request ambiguous; the usual authentication refuses it.
        if headers.contains_key(owner::USER_TOKEN) {
            return None;
        }
        let (scheme, sent) = one_header(headers, AUTHORIZATION.as_str())?.split_once(' ')?;
        let known = app.config.on_call_keys.iter().fold(None, |found: Option<&str>, on_call| {
            let is_sent = equal(&on_call.key, sent.trim());
            if is_sent { Some(&on_call.name) } else { found }
        });
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        known.filter(|_| is_bearer).map(|name| Self { id: format!("on_call:{name}") })
    }

    /// The person on call as a caller, for a route with roles. The role is the least of staff's: what a key opens
    /// is decided by the route's row.
    pub(super) fn into_caller(self, app: &App, headers: &HeaderMap) -> Result<Caller, Failure> {
        let company = match headers.contains_key(owner::COMPANY_ID) {
            true => {
                let named = one_header(headers, owner::COMPANY_ID).and_then(|id| CompanyId::parse(id).ok());
                named.ok_or(Failure::Absent)?
            }
            false => app.config.platform_company.clone().ok_or_else(no_company)?,
        };
        Ok(Caller { id: self.id, role: Role::Developer, company: app.store()?.company(&company) })
    }
}

fn no_company() -> Failure {
    Failure::invalid("Name the company in x-company-id: PLATFORM_COMPANY_ID is not set.")
}

/// The authorization layer stores the operator before a handler runs.
impl FromRequestParts<SharedApp> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &SharedApp) -> Result<Self, Failure> {
        let operator = parts.extensions.get::<Self>().cloned();
        operator.ok_or(Failure::Unauthorized("The request carries no valid credentials."))
    }
}
