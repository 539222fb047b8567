//! Health checks, and the API document.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::platform::health::HealthView;

use crate::operation::{Function, Operation, get, with};

pub(super) fn function() -> Function {
    Function {
        name: "health",
        about: "Health checks, and the API document.",
        unavailable: None,
        operations: vec![check_health(), check_health_deeply(), read_document()],
    }
}

fn check_health() -> Operation {
    get("/api/health", "checkHealth")
        .summary("Anyone: run a health check.")
        .about(
            "Runs the check that `type` selects. `webhooks` fails when a required setting is missing, or while everything \
             that a source delivers is refused, as after a wrong secret was set: at least three deliveries with a \
             signature since the last accepted one, the newest in the last hour. `crons` does not count a job that is \
             switched off as late.",
        )
        .parameters(&["CheckType"])
        .answer::<HealthView>(
            200,
            "The check passed.",
            json!({
                "status": "ok", "version": "0.1.0", "uptime_seconds": 3600,
                "time": "2026-07-20T10:06:00.000Z", "checks": {"application": {"missing_configuration": []}},
            }),
        )
        .narrowed(json!({"status": {"const": "ok"}, "checks": {"maxProperties": 1}}))
        .answer::<HealthView>(
            503,
            "The check failed. The body contains the reason.",
            json!({
                "status": "failing", "version": "0.1.0", "uptime_seconds": 3600,
                "time": "2026-07-20T10:06:00.000Z",
                "checks": {"application": {"missing_configuration": ["CRON_SECRET"]}},
            }),
        )
        .narrowed(json!({"status": {"const": "failing"}, "checks": {"maxProperties": 1}}))
}

fn check_health_deeply() -> Operation {
    get("/api/health/deep", "checkHealthDeeply")
        .summary("Operator: run all health checks, and try every key.")
        .about(
            "Runs all four checks with the counts of webhooks. Also tries every configured key by a request that \
             changes nothing (Stripe: the balance; Whop: the access of a user that does not exist; Resend: the list \
             of domains), verifies that user tokens can be verified, and writes a reminder without sending it. These \
             checks run at the same time and end after five seconds.",
        )
        .answer::<HealthView>(200, "All checks passed.", passed())
        .narrowed(json!({"status": {"const": "ok"}, "checks": {"required": CHECKS}}))
        .answer::<HealthView>(503, "At least one check failed. The body contains the reason.", failed())
        .narrowed(json!({"status": {"const": "failing"}, "checks": {"required": CHECKS}}))
}

/// The names of all checks.
const CHECKS: [&str; 7] =
    ["application", "database", "webhooks", "crons", "keys", "user_tokens", "reminder_texts"];

/// The result of a check that tries something.
fn probe(status: &str, reason: Value) -> Value {
    json!({
        "status": status, "reason": reason, "checked_at": "2026-07-20T10:06:00.000Z", "duration_ms": 84.2,
    })
}

fn keys() -> Value {
    json!({
        "stripe": probe("ok", Value::Null),
        "whop": probe("failed", json!("unauthorized")),
        "resend": probe("ok", json!("sending_access_only")),
    })
}

fn webhooks() -> Value {
    json!({
        "missing_configuration": [], "only_refused": [],
        "last_24_hours": {
            "whop": {
                "accepted": 41, "refused": 0, "last_accepted_at": "2026-07-20T09:58:12.000Z",
                "last_refused_at": null, "unknown_names": 2, "last_unknown_name": "membership.merged",
            },
        },
    })
}

/// The report if all checks passed.
fn passed() -> Value {
    json!({
        "status": "ok", "version": "0.1.0", "uptime_seconds": 3600,
        "time": "2026-07-20T10:06:00.000Z",
        "checks": {
            "application": {"missing_configuration": []},
            "database": {
                "answers": true, "data_version": 1, "expected_data_version": 1, "duration_ms": 3.41,
                "missing_configuration": [],
            },
            "webhooks": webhooks(),
            "crons": {
                "reminders": {
                    "status": "ok", "last_run_at": "2026-07-20T10:05:00.840Z",
                    "last_report": {
                        "job": "reminders", "occurrence": "2026-07-20T10:05:00.000Z", "due": 12,
                        "done": 10, "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840,
                        "more": false,
                    },
                },
                "auto-decline": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "payouts": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "reconciliation": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "event-publisher": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "missing_configuration": [],
            },
            "keys": with(keys(), json!({"whop": probe("ok", Value::Null)})),
            "user_tokens": probe("ok", Value::Null),
            "reminder_texts": probe("ok", Value::Null),
        },
    })
}

/// The report if a setting is missing.
fn failed() -> Value {
    json!({
        "status": "failing", "version": "0.1.0", "uptime_seconds": 3600,
        "time": "2026-07-20T10:06:00.000Z",
        "checks": {
            "application": {"missing_configuration": ["CRON_SECRET"]},
            "database": {
                "answers": true, "data_version": 1, "expected_data_version": 1, "duration_ms": 3.41,
                "missing_configuration": [],
            },
            "webhooks": webhooks(),
            "crons": {
                "reminders": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "auto-decline": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "payouts": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "reconciliation": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "event-publisher": {"status": "never_ran", "last_run_at": null, "last_report": null},
                "missing_configuration": ["CRON_SECRET"],
            },
            "keys": keys(),
            "user_tokens": probe("failed", json!("keys_unavailable")),
            "reminder_texts": probe("ok", Value::Null),
        },
    })
}

fn read_document() -> Operation {
    get("/api/openapi.json", "readDocument")
        .summary("Anyone: read this document.")
        .about("Returns the OpenAPI document of this API.")
        .answer::<Document>(
            200,
            "The OpenAPI document.",
            json!({
                "openapi": "3.1.0", "info": {"title": "justonce", "version": "0.1.0"}, "paths": {},
                "components": {},
            }),
        )
        .sent_as("application/openapi+json;version=3.1")
}

/// The OpenAPI document of this API.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub struct Document {
    /// The version of OpenAPI.
    #[schemars(extend("const" = "3.1.0"))]
    pub openapi: String,
    /// The description of the API.
    pub info: Value,
    /// The operations of every path.
    pub paths: Value,
    /// The components that operations refer to.
    pub components: Value,
}
