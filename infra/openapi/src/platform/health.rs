//! Whether the service is well, and this document.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::platform::health::HealthView;

use crate::operation::{Function, get};

pub(super) fn function() -> Function {
    Function {
        name: "health",
        about: "Whether the service is well, and this document.",
        unavailable: None,
        operations: vec![
            get("/api/health", "checkHealth")
                .summary("Anyone: get the health of the service.")
                .about("One check, chosen by `type`.")
                .parameters(&["CheckType"])
                .answer::<HealthView>(
                    200,
                    "It is well.",
                    json!({
                        "status": "ok", "version": "0.1.0", "uptime_seconds": 3600,
                        "time": "2026-07-20T10:06:00.000Z", "checks": {"application": {"missing_configuration": []}},
                    }),
                )
                .narrowed(json!({"status": {"const": "ok"}, "checks": {"maxProperties": 1}}))
                .answer::<HealthView>(
                    503,
                    "It is not well; the body says why.",
                    json!({
                        "status": "failing", "version": "0.1.0", "uptime_seconds": 3600,
                        "time": "2026-07-20T10:06:00.000Z",
                        "checks": {"application": {"missing_configuration": ["CRON_SECRET"]}},
                    }),
                )
                .narrowed(json!({"status": {"const": "failing"}, "checks": {"maxProperties": 1}})),
            get("/api/health/deep", "checkHealthDeeply")
                .summary("Operator: get the health of every part.")
                .about("All four checks at once.")
                .answer::<HealthView>(
                    200,
                    "Everything is well.",
                    json!({
                        "status": "ok", "version": "0.1.0", "uptime_seconds": 3600,
                        "time": "2026-07-20T10:06:00.000Z",
                        "checks": {
                            "application": {"missing_configuration": []},
                            "database": {
                                "answers": true, "data_version": 1, "expected_data_version": 1, "duration_ms": 3.41,
                                "missing_configuration": [],
                            },
                            "webhooks": {"missing_configuration": []},
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
                        },
                    }),
                )
                .narrowed(json!({"status": {"const": "ok"}, "checks": {"required": ["application", "database", "webhooks", "crons"]}}))
                .answer::<HealthView>(
                    503,
                    "Something is not well; the body says what.",
                    json!({
                        "status": "failing", "version": "0.1.0", "uptime_seconds": 3600,
                        "time": "2026-07-20T10:06:00.000Z",
                        "checks": {
                            "application": {"missing_configuration": ["CRON_SECRET"]},
                            "database": {
                                "answers": true, "data_version": 1, "expected_data_version": 1, "duration_ms": 3.41,
                                "missing_configuration": [],
                            },
                            "webhooks": {"missing_configuration": []},
                            "crons": {
                                "reminders": {"status": "never_ran", "last_run_at": null, "last_report": null},
                                "auto-decline": {"status": "never_ran", "last_run_at": null, "last_report": null},
                                "payouts": {"status": "never_ran", "last_run_at": null, "last_report": null},
                                "reconciliation": {"status": "never_ran", "last_run_at": null, "last_report": null},
                                "event-publisher": {"status": "never_ran", "last_run_at": null, "last_report": null},
                                "missing_configuration": ["CRON_SECRET"],
                            },
                        },
                    }),
                )
                .narrowed(json!({"status": {"const": "failing"}, "checks": {"required": ["application", "database", "webhooks", "crons"]}})),
            get("/api/openapi.json", "readDocument")
                .summary("Anyone: read this document.")
                .about("The document that describes every route.")
                .answer::<Document>(
                    200,
                    "This document.",
                    json!({
                        "openapi": "3.1.0", "info": {"title": "justonce", "version": "0.1.0"}, "paths": {},
                        "components": {},
                    }),
                )
                .sent_as("application/openapi+json;version=3.1"),
        ],
    }
}

/// A document of OpenAPI.
#[derive(JsonSchema)]
#[schemars(extend("additionalProperties" = true))]
pub struct Document {
    /// Its version.
    #[schemars(extend("const" = "3.1.0"))]
    pub openapi: String,
    /// The subject of the document.
    pub info: Value,
    /// Every route.
    pub paths: Value,
    /// The schemas and responses of the document.
    pub components: Value,
}
