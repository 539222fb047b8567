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
use shared::domain::platform::action::{Action, ActionKind, Actor};
use shared::domain::platform::effect::{Effect, EffectStatus, Request};
use shared::domain::recovery::case::Case;
use shared::domain::recovery::timeline::{CaseFact, CaseFactKind, CaseStatus, EndedBy};
use shared::effects::{self, Outcome};
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::store::error::RecordError;
use shared::store::recovery::record::CaseChange;
use shared::views::Timestamp;
use shared::views::recovery::ending::EndingResultView;

/// A concurrent event may change the case; after three conflicts the fourth one is returned as an error.
const TRIES: u32 = 4;

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
    let (State(app), caller, Path(case_id), intent) = parts;
    let case_id = CaseId::parse(&case_id).map_err(|error| Failure::field("case_id", error.to_string()))?;
    body.object(&[])?;
    let run = |_| end(&app, &caller, case_id, by);
    idempotent(&app, &caller.company, &caller.id, &intent, &body, run).await
}

async fn end(app: &SharedApp, caller: &Caller, case_id: CaseId, by: Ending) -> Result<Answer, Failure> {
    let company = &caller.company;
    let effect = decide(app, caller, case_id, by).await?;
    let now = app.clock.now();
    let outcome =
        effects::execute(company, case_id, effect.clone(), app.effect_clients(), app.ids.next(), now).await?;
    let effect = match outcome {
        Outcome::Recorded(effect) => *effect,
        Outcome::HeldByAnother => effect,
    };
    let case = company.case(case_id).await?.ok_or(Failure::Absent)?;
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

/// Returns the existing action, or decides on a new one.
async fn decide(app: &SharedApp, caller: &Caller, case_id: CaseId, by: Ending) -> Result<Effect, Failure> {
    let company = &caller.company;
    let decided = company.store().retry_on_conflict(&app.ids, TRIES, |_| async {
        let case = company.case(case_id).await?.ok_or(Failure::Absent)?;
        let mut earlier = company.actions(case_id).await?;
        earlier.retain(|effect| effect.action.kind == by.kind());
        match earlier.last() {
            Some(effect) if effect.status != EffectStatus::Rejected => {
                return Ok((Vec::new(), effect.clone()));
            }
            _ => refuse(&case, by)?,
        }
        let now = app.clock.now();
        let effect = ending(caller, &case, by, earlier.len(), now);
        let read = company.membership(&case.membership_id).await?;
        let (cause, source) = (&caller.id, caller.role.into());
        let fact = CaseFact { at: now, what: CaseFactKind::Cancelled { by: by.ended_by() } };
        // If the owner has ended the case already, only the membership is ended.
        let is_ended = case.ended_by.is_some_and(EndedBy::is_by_owner);
        let facts = if is_ended { Vec::new() } else { vec![fact] };
        let change = CaseChange { cause, source, ..CaseChange::of_facts(facts) };
        let mut recording =
            company.record(&case.membership_id, read, change, now).map_err(|error| match error {
                RecordError::TooManyFacts(_) | RecordError::Books(_) => Failure::Conflict(error.to_string()),
                RecordError::Store(error) => error.into(),
            })?;
        // A new request resolves the earlier refusal.
        let refused = earlier.last().filter(|effect| effect.is_refusal_open);
        let resolve = |effect: &Effect| company.resolve_refusal(case_id, &effect.action.operation, now);
        recording.writes.extend(refused.map(resolve));
        let due_at = (!effect.status.is_final()).then_some(now);
        recording.writes.push(company.add_action(case_id, &effect, due_at)?);
        Ok((recording.writes, effect))
    });
    decided.await
}

/// Refuses to end a case that is recovered or over.
fn refuse(case: &Case, by: Ending) -> Result<(), Failure> {
    let allowed = match case.status {
        CaseStatus::Open => true,
        CaseStatus::Recovered => false,
        CaseStatus::Cancelled | CaseStatus::Exhausted | CaseStatus::Lost => by != Ending::CaseCancelled,
    };
    if allowed {
        Ok(())
    } else {
        Err(Failure::Conflict(format!("The case is {} already.", case.status.as_str())))
    }
}

/// How the owner ends a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    CaseCancelled,
    MembershipCancelled,
    MembershipTerminated,
}

impl Ending {
    fn ended_by(self) -> EndedBy {
        match self {
            Self::CaseCancelled => EndedBy::CaseCancelled,
            Self::MembershipCancelled => EndedBy::MembershipCancelled,
            Self::MembershipTerminated => EndedBy::MembershipTerminated,
        }
    }

    fn kind(self) -> ActionKind {
        match self {
            Self::CaseCancelled => ActionKind::CaseCancelled,
            Self::MembershipCancelled => ActionKind::MembershipCancelled,
            Self::MembershipTerminated => ActionKind::MembershipTerminated,
        }
    }
}

fn ending(
    caller: &Caller,
    case: &Case,
    by: Ending,
    earlier: usize,
    now: chrono::DateTime<chrono::Utc>,
) -> Effect {
    let name = match by {
        Ending::CaseCancelled => "case_cancelled",
        Ending::MembershipCancelled => "membership_cancelled",
        Ending::MembershipTerminated => "membership_terminated",
    };
    let operation = if earlier == 0 { name.to_owned() } else { format!("{name}:{}", earlier + 1) };
    let action = Action {
        kind: by.kind(),
        attempt_number: None,
        channel: None,
        offset_days: None,
        template_version: None,
        days: None,
        manual: true,
        actor: Actor::Owner { user_id: caller.id.clone() },
        at: now,
        operation,
    };
    if by == Ending::CaseCancelled {
        return Effect::done(action);
    }
    let at_period_end = by == Ending::MembershipCancelled;
    let request = Request::Cancel { membership_id: case.membership_id.clone(), at_period_end };
    let key = effects::downstream_key(case.case_id, &action.operation);
    Effect::prepared(action, request, key)
}
