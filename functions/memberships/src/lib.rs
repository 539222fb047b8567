//! A membership as Whop knows it now.
//!
//! - **Called by** the owner's browser.
//! - **Reads** Whop; nothing of the table.
//! - **Writes** nothing.
//! - **Answers** its state and dates, or the link by which the member manages it. Another company's
//!   membership is answered as an absent one. No name and no mail address is passed on.
//! - **Twice:** the same answer.

use axum::Router;
use axum::extract::{Path, State};
use http::Method;
use serde_json::json;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::id::MembershipId;
use shared::domain::provider::Provider;
use shared::domain::time;
use shared::http::{Answer, Failure};
use shared::providers::whop::client::Membership;
use shared::reach;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("memberships")
        .on(Method::GET, "/api/memberships/{membership_id}", read)
        .on(Method::GET, "/api/memberships/{membership_id}/manage-url", read_manage_url)
        .guard(app)
}

async fn read(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    let membership = find(&app, &caller, &id).await?;
    Ok(Answer::ok(json!({
        "membership_id": membership.id,
        "company_id": caller.company.id(),
        "user_id": membership.user.as_ref().map(|user| &user.id),
        "status": membership.status,
        "cancel_at_period_end": membership.cancel_at_period_end,
        "renewal_period_start": membership.renewal_period_start.map(time::write),
        "renewal_period_end": membership.renewal_period_end.map(time::write),
        "manage_url": reach::manage_url(&membership),
    })))
}

async fn read_manage_url(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    let membership = find(&app, &caller, &id).await?;
    let manage_url = reach::manage_url(&membership).ok_or(Failure::Absent)?;
    Ok(Answer::ok(json!({"membership_id": membership.id, "manage_url": manage_url})))
}

async fn find(app: &SharedApp, caller: &Caller, id: &str) -> Result<Membership, Failure> {
    let id = MembershipId::parse(id).map_err(|error| Failure::field("membership_id", error.to_string()))?;
    let whop = app.whop.as_ref().ok_or(Failure::Unavailable {
        detail: "This door is not configured.",
        reason: "WHOP_API_KEY is not set".to_owned(),
    })?;
    let membership = whop.membership(&id).await.map_err(|error| error.of(Provider::Whop))?;
    if membership.company_id() != Some(caller.company.id().as_str()) {
        return Err(Failure::Absent);
    }
    Ok(membership)
}
