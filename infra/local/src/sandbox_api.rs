//! The sandbox's own routes under `/sandbox`: move the clock, list effects, send events as Whop does.

mod mails;
mod payments;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{Duration, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::{CompanyId, MembershipId};
use shared::domain::kernel::time;
use shared::http::{Answer, Failure, JsonBody};

use crate::demo;
use crate::service::Service;
use crate::ticker::{MAX_STEP_DAYS, Ticker};
use stand_ins::whop::{APP_ID, Shape};

/// The state behind the routes under `/sandbox`: clock, stand-ins, faults and jobs.
#[derive(Clone)]
pub struct SandboxApi {
    pub service: Arc<Service>,
    pub ticker: Arc<Ticker>,
}

pub fn router(sandbox_api: SandboxApi) -> Router {
    let faults = sandbox_api.service.sandbox.faults.router();
    Router::new()
        .route("/sandbox/clock", get(read_clock).post(move_clock))
        .route("/sandbox/outbox", get(read_outbox))
        .route("/sandbox/events", get(read_events))
        .route("/sandbox/analytics", get(read_analytics))
        .route("/sandbox/watchers", get(read_watchers))
        .route("/sandbox/token", get(make_token))
        .route("/sandbox/bearer", get(make_bearer))
        .route("/sandbox/renewals", post(play_renewal))
        .route("/sandbox/whop", post(choose_shape))
        .route("/sandbox/mails", post(mails::play_mail))
        .route("/sandbox/payments", post(payments::play_payment))
        .route("/sandbox/accounts", post(payments::play_account))
        .with_state(sandbox_api)
        .merge(faults)
}

async fn read_clock(State(sandbox_api): State<SandboxApi>) -> Answer {
    let now = sandbox_api.service.sandbox.clock.now();
    Answer::ok(json!({"now": time::format(now), "unix_seconds": now.timestamp()}))
}

/// `{"advance": "25h"}` or `{"set": "<time>"}`.
async fn move_clock(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    match target(&sandbox_api, &body) {
        Ok(target) => Answer::ok(sandbox_api.ticker.move_to(target).await).into_response(),
        Err(failure) => refuse(&failure),
    }
}

fn target(sandbox_api: &SandboxApi, body: &JsonBody) -> Result<chrono::DateTime<Utc>, Failure> {
    let fields = body.object(&["advance", "set"])?;
    let now = sandbox_api.service.sandbox.clock.now();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let target = match (text("advance"), text("set")) {
        (Some(step), None) => step_of(step).map(|step| now + step).ok_or_else(|| {
            Failure::field(
                "advance",
                format!("expected a number and a unit s, m, h or d, up to {MAX_STEP_DAYS}d"),
            )
        })?,
        (None, Some(at)) => {
            time::parse(at).ok_or_else(|| Failure::field("set", "expected an RFC 3339 time"))?
        }
        _ => return Err(Failure::invalid(r#"Send {"advance": "25h"} or {"set": "<time>"}."#)),
    };
    if (target - now).abs() > Duration::days(MAX_STEP_DAYS) {
        return Err(Failure::invalid(format!("The clock moves {MAX_STEP_DAYS} days at a time at most.")));
    }
    Ok(target)
}

fn step_of(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u32 = digits.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let step = Duration::seconds(i64::from(number) * seconds);
    (step <= Duration::days(MAX_STEP_DAYS)).then_some(step)
}

async fn read_outbox(State(sandbox_api): State<SandboxApi>) -> Answer {
    let sandbox = &sandbox_api.service.sandbox;
    Answer::ok(json!({"data": sandbox.outbox.entries(), "unreached": sandbox.whop.unreached()}))
}

/// The entries that the event bus accepted.
async fn read_events(State(sandbox_api): State<SandboxApi>) -> Answer {
    Answer::ok(json!({"data": sandbox_api.service.sandbox.bus.received()}))
}

/// The events that analytics accepted.
async fn read_analytics(State(sandbox_api): State<SandboxApi>) -> Answer {
    Answer::ok(json!({"data": sandbox_api.service.sandbox.posthog.captured()}))
}

/// How much of the log is shown.
const SHOWN_LINES: usize = 100;

/// The items of Sentry, the heartbeats of jobs, and the newest log lines of Better Stack.
async fn read_watchers(State(sandbox_api): State<SandboxApi>) -> Answer {
    let sandbox = &sandbox_api.service.sandbox;
    let (errors, check_ins) = (sandbox.sentry.events(), sandbox.sentry.check_ins());
    let lines = sandbox.better_stack.lines();
    let lines = &lines[lines.len().saturating_sub(SHOWN_LINES)..];
    let pings = sandbox.healthchecks.pings();
    Answer::ok(json!({"errors": errors, "check_ins": check_ins, "pings": pings, "lines": lines}))
}

#[derive(Deserialize)]
struct TokenQuery {
    company: Option<String>,
}

/// A Whop user token of a company's owner, valid for an hour of the sandbox's clock. An unknown company is
/// created, so that users can test their own payloads.
async fn make_token(State(sandbox_api): State<SandboxApi>, Query(query): Query<TokenQuery>) -> Response {
    let company = query.company.unwrap_or_default();
    if let Err(error) = CompanyId::parse(&company) {
        return refuse(&Failure::field("company", error.to_string()));
    }
    let whop = &sandbox_api.service.sandbox.whop;
    let owner = whop.owner_of(&company).unwrap_or_else(|| {
        let owner = company.replacen("biz_", "user_owner_", 1);
        whop.add_company(&company, "A company", &[&owner], true, Some(&company.replacen("biz_", "exp_", 1)));
        owner
    });
    Answer::ok(json!({"token": whop.user_token(&owner, APP_ID), "user_id": owner, "company_id": company}))
        .into_response()
}

#[derive(Deserialize)]
struct BearerQuery {
    role: Option<String>,
    company: Option<String>,
}

/// A bearer token of the sandbox's issuer for a role in a company, good for an hour of the sandbox's clock.
async fn make_bearer(State(sandbox_api): State<SandboxApi>, Query(query): Query<BearerQuery>) -> Response {
    let (role, company) = (query.role.unwrap_or_default(), query.company.unwrap_or_default());
    if Role::parse(&role).is_none() {
        return refuse(&Failure::field("role", "expected a role such as owner or accountant"));
    }
    if let Err(error) = CompanyId::parse(&company) {
        return refuse(&Failure::field("company", error.to_string()));
    }
    Answer::ok(json!({"token": sandbox_api.service.sandbox.oidc.bearer(&role, &company)})).into_response()
}

/// `{"membership_id": "mem_demo_4", "outcome": "failed" | "succeeded"}`: ends a renewal as Whop does, with
/// its signed webhook.
async fn play_renewal(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    match renewal(&body) {
        Err(failure) => refuse(&failure),
        Ok((membership, failed)) => {
            match demo::renew(&sandbox_api.service, &membership, failed, None).await {
                Some(response) => response,
                None => refuse(&Failure::field(
                    "membership_id",
                    "expected a membership of the sandbox, such as mem_demo_4",
                )),
            }
        }
    }
}

/// `{"shape": "dated" | "undated"}`: the shape of Whop's answers and events from now on.
async fn choose_shape(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    let shape = body.object(&["shape"]).and_then(|fields| {
        let shape = fields.get("shape").cloned().unwrap_or_default();
        serde_json::from_value::<Shape>(shape)
            .map_err(|_| Failure::field("shape", "expected dated or undated"))
    });
    match shape {
        Ok(shape) => {
            sandbox_api.service.sandbox.whop.set_shape(shape);
            Answer::ok(json!({"shape": shape})).into_response()
        }
        Err(failure) => refuse(&failure),
    }
}

fn renewal(body: &JsonBody) -> Result<(String, bool), Failure> {
    let fields = body.object(&["membership_id", "outcome"])?;
    let membership = fields.get("membership_id").and_then(Value::as_str).unwrap_or_default();
    MembershipId::parse(membership).map_err(|error| Failure::field("membership_id", error.to_string()))?;
    match fields.get("outcome").and_then(Value::as_str) {
        Some("failed") => Ok((membership.to_owned(), true)),
        Some("succeeded") => Ok((membership.to_owned(), false)),
        _ => Err(Failure::field("outcome", "expected failed or succeeded")),
    }
}

/// These routes do not pass the middleware of the functions, so they write their own problem documents.
fn refuse(failure: &Failure) -> Response {
    Answer::of(failure.status(), failure.problem("sandbox")).into_response()
}
