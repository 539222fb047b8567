//! The current state of a membership at Whop.
//!
//! - **Called by** the owner's browser.
//! - **Reads** Whop; nothing of the table.
//! - **Writes** nothing.
//! - **Answers** its status and dates, or the link by which the member manages it. Another company's membership
//!   gets 404. No name and no email address is passed on.
//! - **Twice:** the same answer.

use axum::Router;
use axum::extract::{Path, State};
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::id::MembershipId;
use shared::domain::kernel::provider::Provider;
use shared::http::{Answer, Failure};
use shared::providers::whop::membership::MembershipAnswer;
use shared::recovery;
use shared::views::Timestamp;
use shared::views::recovery::membership::{ManageUrlView, MembershipView};

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("memberships")
        .on(Method::GET, "/api/memberships/{membership_id}", read)
        .on(Method::GET, "/api/memberships/{membership_id}/manage-url", read_manage_url)
        .into_router(app)
}

async fn read(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    let (membership_id, answer) = find(&app, &caller, &id).await?;
    let manage_url = recovery::manage_url(&answer, &membership_id);
    let membership = &answer.membership;
    Ok(Answer::ok(MembershipView {
        membership_id,
        company_id: caller.company.id().clone(),
        user_id: membership.user_id.clone(),
        product_id: membership.product_id.clone(),
        status: membership.status.clone(),
        cancel_at_period_end: membership.cancel_at_period_end,
        collection_paused: membership.collection_paused,
        renewal_period_start: membership.period_started_at.map(Timestamp),
        renewal_period_end: membership.period_ends_at.map(Timestamp),
        manage_url,
    }))
}

async fn read_manage_url(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Failure> {
    let (membership_id, answer) = find(&app, &caller, &id).await?;
    let manage_url = recovery::manage_url(&answer, &membership_id);
    Ok(Answer::ok(ManageUrlView { membership_id, manage_url }))
}

async fn find(
    app: &SharedApp,
    caller: &Caller,
    id: &str,
) -> Result<(MembershipId, MembershipAnswer), Failure> {
    let id = MembershipId::parse(id).map_err(|error| Failure::field("membership_id", error.to_string()))?;
    let whop = app.whop.as_ref().ok_or(Failure::whop_not_configured("WHOP_API_KEY"))?;
    let answer = whop.membership(&id).await.map_err(|error| error.of(Provider::Whop))?;
    if answer.membership.company_id.as_ref() != Some(caller.company.id()) {
        return Err(Failure::Absent);
    }
    Ok((id, answer))
}
