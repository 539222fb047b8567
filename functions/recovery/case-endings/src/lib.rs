//! Ends a recovery by hand.
//!
//! - **Called by** the owner's browser.
//! - **Reads** the case and its actions, and the membership's history.
//! - **Writes** the end of the case and the audited action in one transaction; to end the membership it then
//!   calls Whop and records the outcome.
//! - **Answers** the action: 200 if it is finished, 202 if the sweep will finish it.
//! - **Twice:** an existing action is returned; nothing is ended twice. One that Whop refused may be requested
//!   again.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::id::CaseId;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::recovery::{Ending, EndingError, Originator};
use shared::store::error::RecordError;
use shared::views::Timestamp;
use shared::views::recovery::ending::EndingResultView;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("case-endings")
        .on(Method::POST, "/api/cases/{case_id}/cancel", cancel)
        .on(Method::POST, "/api/cases/{case_id}/cancel-membership", cancel_membership)
        .on(Method::POST, "/api/cases/{case_id}/terminate", terminate)
        .into_router(app)
}

type Parts = (State<SharedApp>, Caller, Path<String>, IdempotencyKey);

async fn cancel(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, Ending::CaseCancelled).await
}

async fn cancel_membership(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, Ending::MembershipCancelled).await
}

async fn terminate(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, Ending::MembershipTerminated).await
}

async fn respond(parts: Parts, body: JsonBody, by: Ending) -> Result<Response, Failure> {
    let (State(app), caller, Path(case_id), idempotency_key) = parts;
    let case_id = CaseId::parse(&case_id).map_err(|error| Failure::field("case_id", error.to_string()))?;
    body.object(&[])?;
    let run = |_| end(&app, &caller, case_id, by);
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

async fn end(app: &SharedApp, caller: &Caller, case_id: CaseId, ending: Ending) -> Result<Answer, Failure> {
    let company = &caller.company;
    let originator = Originator { source: caller.role.into(), cause: &caller.id };
    let ended = app.recovery(company.store()).end_by_hand(company, case_id, ending, originator).await;
    let (case, effect) = ended.map_err(failure)?;
    let is_final = effect.status.is_final();
    let answer = EndingResultView {
        case_id,
        case_status: case.status,
        ended_by: case.ended_by,
        operation: effect.action.operation,
        kind: effect.action.kind,
        status: effect.status,
        reason: effect.reason,
        manual: effect.action.manual,
        at: Timestamp(effect.action.at),
    };
    Ok(if is_final { Answer::ok(answer) } else { Answer::accepted(answer) })
}

fn failure(error: EndingError) -> Failure {
    match error {
        EndingError::CaseAbsent => Failure::Absent,
        EndingError::CaseClosed(status) => {
            Failure::Conflict(format!("The case is {} already.", status.as_str()))
        }
        EndingError::Record(RecordError::Store(error)) => error.into(),
        EndingError::Record(error) => Failure::Conflict(error.to_string()),
    }
}
