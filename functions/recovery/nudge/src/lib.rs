//! Sends a reminder by hand.
//!
//! - **Called by** the owner's browser, with one click.
//! - **Reads** the case, the settings, the member's later purchases, and from Whop the membership and the
//!   member's access.
//! - **Writes** the audited action with its stored request and the case's count of attempts, in one transaction;
//!   then sends it and records the outcome. Or the reason why no message is sent: the hold, or the end of the
//!   case.
//! - **Answers** the action: 200 if it is finished, 202 if the sweep will finish it; 409 with the reason if no
//!   message is sent.
//! - **Twice:** with the same `Idempotency-Key` the first answer again and no second message, also after a crash:
//!   the action's id comes from the key.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::provider::Provider;
use shared::domain::platform::action::Channel;
use shared::domain::recovery::operation::nudge_operation;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::recovery::{MAX_ATTEMPTS, NudgeError, NudgeRequest, Originator};
use shared::store::error::RecordError;
use shared::views::Timestamp;
use shared::views::recovery::nudge::NudgeResultView;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("nudge").on(Method::POST, "/api/cases/{case_id}/nudge", nudge).into_router(app)
}

async fn nudge(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(case_id): Path<String>,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let case_id = CaseId::parse(&case_id).map_err(|error| Failure::field("case_id", error.to_string()))?;
    let channel = channel(&body)?;
    let originator = Originator { source: caller.role.into(), cause: &caller.id };
    let run = |operation_id: String| {
        let operation = nudge_operation(&operation_id);
        send(&app, &caller, NudgeRequest { case_id, channel, operation, originator })
    };
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

fn channel(body: &JsonBody) -> Result<Option<Channel>, Failure> {
    match body.object(&["channel"])?.get("channel") {
        None => Ok(None),
        Some(value) => match value.as_str() {
            Some("push") => Ok(Some(Channel::Push)),
            Some("dm") => Ok(Some(Channel::Dm)),
            _ => Err(Failure::field("channel", "expected push or dm")),
        },
    }
}

async fn send(app: &SharedApp, caller: &Caller, request: NudgeRequest<'_>) -> Result<Answer, Failure> {
    let company = &caller.company;
    let sent = app.recovery(company.store()).nudge(company, &request).await;
    let effect = sent.map_err(failure)?;
    let is_final = effect.status.is_final();
    let answer = NudgeResultView {
        case_id: request.case_id,
        operation: effect.action.operation,
        kind: effect.action.kind,
        status: effect.status,
        reason: effect.reason,
        channel: effect.action.channel,
        attempt_number: effect.action.attempt_number,
        template_version: effect.action.template_version,
        manual: effect.action.manual,
        at: Timestamp(effect.action.at),
    };
    Ok(if is_final { Answer::ok(answer) } else { Answer::accepted(answer) })
}

fn failure(error: NudgeError) -> Failure {
    match error {
        NudgeError::CaseAbsent => Failure::Absent,
        NudgeError::CaseClosed(status) => {
            Failure::Conflict(format!("The case is {}, so no reminder is sent.", status.as_str()))
        }
        NudgeError::SwitchedOff => Failure::Conflict(
            "Reminders are switched off. GET /api/operations/switches says since when and why.".to_owned(),
        ),
        NudgeError::TooManyAttempts => {
            Failure::Conflict(format!("The member was reminded {MAX_ATTEMPTS} times already."))
        }
        NudgeError::Held(reason) => Failure::Conflict(reason.sentence().to_owned()),
        NudgeError::Ended(reason) => Failure::Conflict(format!("{} The case is closed.", reason.sentence())),
        NudgeError::Unanswered(unanswered) => unanswered.error.of(Provider::Whop).into(),
        NudgeError::NotConfigured { variable } => Failure::whop_not_configured(variable),
        NudgeError::Record(RecordError::Store(error)) => error.into(),
        NudgeError::Record(error) => Failure::Conflict(error.to_string()),
    }
}
