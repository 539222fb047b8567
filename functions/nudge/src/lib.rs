//! A reminder by hand.
//!
//! - **Called by** the owner's browser, with one click.
//! - **Reads** the case, the settings, and from Whop the membership and the member's access.
//! - **Writes** the audited action with its frozen request, and the case's count of attempts, in one
//!   transaction; then sends it and writes down what became of it.
//! - **Answers** the action: 200 when it has reached its end, 202 when the sweep will finish it.
//! - **Twice:** with the same `Idempotency-Key` the first answer again and no second message, also
//!   after a crash in the middle: the action is named by the key.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Method;
use serde_json::json;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::action::{Action, Actor, Channel};
use shared::domain::case::Case;
use shared::domain::effect::{Effect, Request};
use shared::domain::id::CaseId;
use shared::domain::message::{TEMPLATE_VERSION, Template};
use shared::domain::provider::Provider;
use shared::domain::settings::Settings;
use shared::domain::time;
use shared::domain::timeline::CaseState;
use shared::effects::{self, Outcome};
use shared::http::once::{Intent, once};
use shared::http::{Answer, Failure, JsonBody};
use shared::reach::{self, Reach};
use shared::store::StoreError;
use shared::store::situation::Situation;

/// The schedule may move the case at the same moment; a fourth time is no coincidence.
const TRIES: u32 = 4;

/// Nobody is reminded a hundred times of one payment.
const MAX_ATTEMPTS: u32 = 100;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("nudge").on(Method::POST, "/api/cases/{case_id}/nudge", nudge).guard(app)
}

async fn nudge(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(case_id): Path<String>,
    intent: Intent,
    body: JsonBody,
) -> Result<Response, Failure> {
    let case_id = CaseId::parse(&case_id).map_err(|error| Failure::field("case_id", error.to_string()))?;
    let wanted = channel(&body)?;
    let run = |operation_id: String| send(&app, &caller, case_id, wanted, format!("nudge:{operation_id}"));
    once(&app, &caller.company, &caller.id, &intent, &body, run).await
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
        effects::perform_read(company, case_id, effect.clone(), app.senders(), app.ids.next(), now).await?;
    let effect = match outcome {
        Outcome::Stands(effect) => *effect,
        Outcome::Elsewhere => effect,
    };
    let answer = json!({
        "case_id": case_id,
        "operation": effect.action.operation,
        "kind": effect.action.kind,
        "state": effect.state,
        "reason": effect.reason,
        "channel": effect.action.channel,
        "attempt_number": effect.action.attempt_number,
        "template_version": effect.action.template_version,
        "manual": effect.action.manual,
        "at": time::write(effect.action.at),
    });
    Ok(if effect.state.is_final() { Answer::ok(answer) } else { Answer::accepted(answer) })
}

/// Decides on the message and writes the decision down, before anything is sent. A retry after a crash finds
/// the decision of the first try and goes on from there.
async fn decide(
    app: &SharedApp,
    caller: &Caller,
    case_id: CaseId,
    wanted: Option<Channel>,
    operation: String,
) -> Result<Effect, Failure> {
    let company = &caller.company;
    let mut tries = 0;
    loop {
        tries += 1;
        let Situation { decided, case, settings, state } = company.situation(case_id, &operation).await?;
        if let Some(effect) = decided {
            return Ok(effect);
        }
        let case = case.ok_or(Failure::Absent)?;
        refuse_closed(&case)?;
        let whop = app.whop.as_ref().ok_or_else(|| unconfigured("WHOP_API_KEY"))?;
        let app_id = app.config.whop_app_id.as_deref().ok_or_else(|| unconfigured("WHOP_APP_ID"))?;
        let push_wanted = wanted != Some(Channel::Dm);
        let experience = async {
            if !push_wanted {
                return Ok(None);
            }
            reach::experience(whop, app_id, company, &state, app.ids.next()).await
        };
        let reach = reach::look(whop, &case, experience).await.map_err(|error| error.of(Provider::Whop))?;
        let now = app.clock.now();
        let effect = message(app, caller, &case, &settings.settings, &reach, wanted, &operation, now)?;
        let advanced = Case { attempts: case.attempts + 1, ..case.clone() };
        let writes = vec![
            company.advance_case(&advanced, case.due_at, now),
            company.add_action(case_id, &effect, Some(now))?,
        ];
        match company.store().commit(app.ids.next(), writes).await {
            Ok(()) => return Ok(effect),
            Err(StoreError::Conflict { .. }) if tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn refuse_closed(case: &Case) -> Result<(), Failure> {
    if case.state != CaseState::Open {
        return Err(Failure::Conflict(format!(
            "The case is {}, so nobody is to be reminded.",
            case.state.as_str()
        )));
    }
    if case.attempts >= MAX_ATTEMPTS {
        return Err(Failure::Conflict(format!("The member was reminded {MAX_ATTEMPTS} times already.")));
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "each is a separate fact of the one decision")]
fn message(
    app: &SharedApp,
    caller: &Caller,
    case: &Case,
    settings: &Settings,
    reach: &Reach,
    wanted: Option<Channel>,
    operation: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Effect, Failure> {
    let template = Template {
        language: settings.language,
        incentive_days: case.incentive_days,
        manage_url: reach.manage_url(case),
    };
    let request = |channel: Channel| -> Option<(Channel, Request)> {
        reach.request(channel, case, template.clone(), &app.config.vault).map(|request| (channel, request))
    };
    let chosen = match wanted {
        Some(channel) => request(channel),
        None => request(Channel::Push).or_else(|| request(Channel::Dm)),
    };
    let Some((channel, request)) = chosen else {
        return Err(Failure::Conflict("The member cannot be reached that way right now.".to_owned()));
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

fn unconfigured(name: &str) -> Failure {
    Failure::Unavailable { detail: "This door is not configured.", reason: format!("{name} is not set") }
}
