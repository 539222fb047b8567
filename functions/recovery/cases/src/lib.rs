//! Cases, their actions, and the CSV export.
//!
//! - **Called by** the owner's browser; by staff, who read cases and do not export them.
//! - **Reads** a page of the company's case list and the cases behind it; one case; its actions.
//! - **Writes** nothing.
//! - **Answers** JSON, or a CSV that is streamed page by page and safe to open in a spreadsheet.
//! - **Twice:** the same answer.

mod export;

use axum::Router;
use axum::extract::Path;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::id::CaseId;
use shared::domain::platform::effect::Effect;
use shared::domain::recovery::case::{Case, Hold};
use shared::domain::recovery::timeline::{CaseStatus, OtherPayment};
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::company::CaseCursor;
use shared::views::recovery::action::ActionView;
use shared::views::recovery::case::{CaseView, HoldView, OtherPaymentView};
use shared::views::{ListView, Timestamp};

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("cases")
        .on(Method::GET, "/api/dashboard/cases", list)
        .on(Method::GET, "/api/cases/export", export::export)
        .on(Method::GET, "/api/cases/{case_id}", read)
        .on(Method::GET, "/api/cases/{case_id}/actions", list_actions)
        .into_router(app)
}

async fn list(caller: Caller, parameters: Parameters) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["status", "limit", "cursor"])?;
    let status = status(&parameters)?;
    let after = parameters.cursor(CaseCursor::parse)?;
    let (cases, next) = caller.company.cases(status, parameters.limit()?, after.as_ref()).await?;
    let data = cases.iter().map(show).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

async fn read(caller: Caller, Path(case_id): Path<String>) -> Result<Answer, Failure> {
    let case = caller.company.case(parse(&case_id)?).await?.ok_or(Failure::Absent)?;
    Ok(Answer::ok(show(&case)))
}

async fn list_actions(
    caller: Caller,
    Path(case_id): Path<String>,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let limit = usize::from(parameters.limit()?);
    let skip =
        parameters.cursor(|text| text.strip_prefix("action:")?.parse::<usize>().ok())?.unwrap_or_default();
    let case_id = parse(&case_id)?;
    let actions = caller.company.actions(case_id).await?;
    if actions.is_empty() && caller.company.case(case_id).await?.is_none() {
        return Err(Failure::Absent);
    }
    let data: Vec<ActionView> = actions.iter().skip(skip).take(limit).map(show_action).collect();
    let next = skip + data.len();
    let next_cursor = (next < actions.len()).then(|| cursor(&format!("action:{next}")));
    Ok(Answer::ok(ListView { data, next_cursor }))
}

fn parse(case_id: &str) -> Result<CaseId, Failure> {
    CaseId::parse(case_id).map_err(|error| Failure::field("case_id", error.to_string()))
}

fn status(parameters: &Parameters) -> Result<Option<CaseStatus>, Failure> {
    let Some(text) = parameters.get("status") else { return Ok(None) };
    let wrong = || Failure::field("status", "expected open, recovered, cancelled, exhausted or lost");
    CaseStatus::parse(text).map(Some).ok_or_else(wrong)
}

/// The view of a case, without the counters that only the schedule needs.
fn show(case: &Case) -> CaseView {
    CaseView {
        case_id: case.case_id,
        company_id: case.company_id.clone(),
        membership_id: case.membership_id.clone(),
        user_id: case.user_id.clone(),
        status: case.status,
        first_failure_at: Timestamp(case.first_failure_at),
        last_failure_at: Timestamp(case.last_failure_at),
        failures: case.failures,
        payment_id: case.payment_id.clone(),
        amount: case.amount,
        currency: case.currency.clone(),
        recovered_at: case.recovered_at.map(Timestamp),
        recovered_amount: case.recovered_amount,
        recovered_currency: case.recovered_currency.clone(),
        returned_amount: case.returned_amount,
        ended_by: case.ended_by,
        other_payments: case.other_payments.iter().map(show_other_payment).collect(),
        hold: case.hold.as_ref().map(show_hold),
        attempts: case.attempts,
        last_offset_days: case.last_offset_days,
        incentive_days: case.incentive_days,
        due_at: case.due_at.map(Timestamp),
        last_error: case.last_error.clone(),
        updated_at: Timestamp(case.updated_at),
    }
}

/// Something else that the member paid: shown, and no part of what came back.
fn show_other_payment(other: &OtherPayment) -> OtherPaymentView {
    OtherPaymentView {
        payment_id: other.payment_id.clone(),
        amount: other.money.as_ref().map(|money| money.amount),
        currency: other.money.as_ref().map(|money| money.currency.clone()),
        at: Timestamp(other.at),
    }
}

/// Why no message was sent when this was decided last.
fn show_hold(hold: &Hold) -> HoldView {
    HoldView { reason: hold.reason, message: hold.reason.sentence(), since: Timestamp(hold.since) }
}

/// An action as it is shown: what was done and what became of it, never what was said.
fn show_action(effect: &Effect) -> ActionView {
    ActionView {
        operation: effect.action.operation.clone(),
        kind: effect.action.kind,
        status: effect.status,
        reason: effect.reason.clone(),
        attempt_number: effect.action.attempt_number,
        channel: effect.action.channel,
        offset_days: effect.action.offset_days,
        template_version: effect.action.template_version,
        days: effect.action.days,
        manual: effect.action.manual,
        actor: effect.action.actor.clone(),
        tries: effect.tries,
        at: Timestamp(effect.action.at),
        ended_at: effect.ended_at.map(Timestamp),
    }
}
