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
use chrono::{DateTime, Utc};
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::id::CaseId;
use shared::domain::kernel::message::{TEMPLATE_VERSION, Template};
use shared::domain::kernel::provider::Provider;
use shared::domain::platform::action::{Action, Actor, Channel};
use shared::domain::platform::effect::Effect;
use shared::domain::recovery::case::{Case, Hold};
use shared::domain::recovery::contact::{ContactDecision, EndReason, HoldReason};
use shared::domain::recovery::settings::Settings;
use shared::domain::recovery::timeline::CaseStatus;
use shared::effects::{self, Outcome};
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::recovery::{self, AssessError, Assessment, EndError, MemberChannels, RecoveryClients};
use shared::store::StoreError;
use shared::store::recovery::case_snapshot::CaseSnapshot;
use shared::views::Timestamp;
use shared::views::recovery::nudge::NudgeResultView;

/// The schedule may change the case; after three conflicts the fourth one is returned as an error.
const TRIES: u32 = 4;

/// A limit that no reasonable use reaches.
const MAX_ATTEMPTS: u32 = 100;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("nudge").on(Method::POST, "/api/cases/{case_id}/nudge", nudge).into_router(app)
}

async fn nudge(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(case_id): Path<String>,
    intent: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let case_id = CaseId::parse(&case_id).map_err(|error| Failure::field("case_id", error.to_string()))?;
    let wanted = channel(&body)?;
    let run = |operation_id: String| send(&app, &caller, case_id, wanted, format!("nudge:{operation_id}"));
    idempotent(&app, &caller.company, &caller.id, &intent, &body, run).await
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

async fn send(
    app: &SharedApp,
    caller: &Caller,
    case_id: CaseId,
    wanted: Option<Channel>,
    operation: String,
) -> Result<Answer, Failure> {
    let company = &caller.company;
    let effect = decide(app, caller, case_id, wanted, operation).await?;
    let now = app.clock.now();
    let outcome =
        effects::execute(company, case_id, effect.clone(), app.effect_clients(), app.ids.next(), now).await?;
    let effect = match outcome {
        Outcome::Recorded(effect) => *effect,
        Outcome::HeldByAnother => effect,
    };
    let is_final = effect.status.is_final();
    let answer = NudgeResultView {
        case_id,
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

/// Decides on the message and records the decision before anything is sent. A retry after a crash finds the
/// recorded decision and continues from there.
async fn decide(
    app: &SharedApp,
    caller: &Caller,
    case_id: CaseId,
    wanted: Option<Channel>,
    operation: String,
) -> Result<Effect, Failure> {
    let company = &caller.company;
    let decided = company.store().retry_on_conflict(&app.ids, TRIES, |_| async {
        let CaseSnapshot { decided, case, settings, sweep_record } =
            company.case_snapshot(case_id, &operation).await?;
        if let Some(effect) = decided {
            return Ok((Vec::new(), effect));
        }
        let case = case.ok_or(Failure::Absent)?;
        refuse_closed(&case)?;
        let whop = app.whop.as_ref().ok_or_else(|| not_configured("WHOP_API_KEY"))?;
        let app_id = app.config.whop_app_id.as_deref().ok_or_else(|| not_configured("WHOP_APP_ID"))?;
        // Mail is only the fallback of scheduled messages: a person chooses a push or a direct message.
        let clients = RecoveryClients { whop, vault: &app.config.vault, mail_configured: false };
        let channels = wanted.map_or_else(|| vec![Channel::Push, Channel::Dm], |channel| vec![channel]);
        let experience = recovery::load_experience(whop, app_id, company, &sweep_record, app.ids.next());
        let assessed = recovery::assess(clients, company, &case, &channels, experience).await;
        let Assessment { decision, channels } = assessed.map_err(|error| match error {
            AssessError::Unanswered(unanswered) => unanswered.error.of(Provider::Whop).into(),
            AssessError::Store(error) => Failure::from(error),
        })?;
        let now = app.clock.now();
        let channel = match decision {
            ContactDecision::Write(chosen) => chosen.first().copied(),
            ContactDecision::Hold(reason) => return Err(hold(app, caller, &case, reason, now).await?),
            ContactDecision::End(reason) => return Err(end(app, caller, &case, &reason, now).await?),
        };
        let effect = message(app, caller, &case, &settings.settings, &channels, channel, &operation, now)?;
        let collection_paused = channels.collection_paused(&case);
        let advanced = Case { attempts: case.attempts + 1, hold: None, collection_paused, ..case.clone() };
        let writes = vec![
            company.advance_case(&advanced, case.due_at, now),
            company.add_action(case_id, &effect, Some(now))?,
        ];
        Ok((writes, effect))
    });
    decided.await
}

/// Answers why no message is sent now. The reason is stored with the case unless the schedule has stored it
/// already.
async fn hold(
    app: &SharedApp,
    caller: &Caller,
    case: &Case,
    reason: HoldReason,
    now: DateTime<Utc>,
) -> Result<Failure, Failure> {
    let hold = Hold::new(case.hold.as_ref(), reason, now);
    // An unreachable channel says nothing about the channels of the schedule.
    if reason != HoldReason::Unreachable && case.hold.as_ref() != Some(&hold) {
        let held = Case { hold: Some(hold), ..case.clone() };
        let write = caller.company.advance_case(&held, case.due_at, now);
        match caller.company.store().commit(app.ids.next(), vec![write]).await {
            // Another process changed the case, so decide again.
            Ok(()) | Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Failure::Conflict(reason.sentence().to_owned()))
}

/// There is nothing left to recover: the case ends, and the reason is the answer.
async fn end(
    app: &SharedApp,
    caller: &Caller,
    case: &Case,
    reason: &EndReason,
    now: DateTime<Utc>,
) -> Result<Failure, Failure> {
    let (company, token) = (&caller.company, app.ids.next());
    let source = caller.role.into();
    match recovery::record_end(company, case, reason, source, &caller.id, token, now).await {
        // Another process changed the case, so decide again.
        Ok(()) | Err(EndError::Store(StoreError::Conflict { .. })) => {}
        Err(EndError::Store(error)) => return Err(error.into()),
        Err(error) => return Err(Failure::Conflict(error.to_string())),
    }
    Ok(Failure::Conflict(format!("{} The case is closed.", reason.sentence())))
}

fn refuse_closed(case: &Case) -> Result<(), Failure> {
    if case.status != CaseStatus::Open {
        return Err(Failure::Conflict(format!(
            "The case is {}, so nobody is to be reminded.",
            case.status.as_str()
        )));
    }
    if case.attempts >= MAX_ATTEMPTS {
        return Err(Failure::Conflict(format!("The member was reminded {MAX_ATTEMPTS} times already.")));
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "each is a separate fact of the one decision")]
fn message(
    app: &SharedApp,
    caller: &Caller,
    case: &Case,
    settings: &Settings,
    channels: &MemberChannels,
    channel: Option<Channel>,
    operation: &str,
    now: DateTime<Utc>,
) -> Result<Effect, Failure> {
    let template = Template {
        language: settings.language,
        incentive_days: case.incentive_days,
        manage_url: channels.manage_url(case),
    };
    let request = channel.and_then(|channel| channels.request(channel, case, template, &app.config.vault));
    let Some((channel, request)) = channel.zip(request) else {
        return Err(Failure::Conflict(HoldReason::Unreachable.sentence().to_owned()));
    };
    let action = Action {
        operation: operation.to_owned(),
        kind: channel.action(),
        attempt_number: Some(case.attempts + 1),
        channel: Some(channel),
        offset_days: None,
        template_version: Some(TEMPLATE_VERSION),
        days: None,
        manual: true,
        actor: Actor::Owner { user_id: caller.id.clone() },
        at: now,
    };
    Ok(Effect::prepared(action, request, effects::downstream_key(case.case_id, operation)))
}

fn not_configured(variable: &'static str) -> Failure {
    Failure::NotConfigured { service: "Whop", variable }
}
