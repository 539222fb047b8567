//! The recovery settings of a company.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::domain::kernel::message::Language;
use shared::views::recovery::settings::SettingsView;

use crate::input::never_null;
use crate::operation::{Function, Operation, get, put, with};

pub(super) fn function() -> Function {
    Function {
        name: "settings",
        about: "The recovery settings of a company.",
        unavailable: Some("Unavailable"),
        operations: vec![read_settings(), replace_settings()],
    }
}

fn read_settings() -> Operation {
    get("/api/settings", "readSettings")
        .summary("Owner: read the recovery settings.")
        .about("Returns the company's settings, or the defaults if it has saved none.")
        .answers::<SettingsView>(
            200,
            "The current settings.",
            [
                ("saved", "Saved settings", settings()),
                (
                    "defaults",
                    "Default settings",
                    with(settings(), json!({"incentive_days": 0, "updated_at": null, "version": 0})),
                ),
            ],
        )
}

fn replace_settings() -> Operation {
    put("/api/settings", "replaceSettings")
        .summary("Owner: replace the recovery settings.")
        .about(
            "Replaces all settings. Open cases are processed again, so that new reminder days apply to them \
             as well.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again. Without a key, the same \
             settings are saved again; only `version` and `updated_at` change. Of two concurrent requests, \
             the later one overwrites the other completely.",
        )
        .body::<SettingsInput>(json!({
            "push_enabled": true, "dm_enabled": true, "incentive_days": 3, "reminder_offsets_days": [0, 2, 4],
            "language": "en",
        }))
        .answer::<SettingsView>(200, "The saved settings.", settings())
        .fails(&["InvalidSettings", "SettingsConflict"])
}

fn settings() -> Value {
    json!({
        "push_enabled": true, "dm_enabled": true, "incentive_days": 3, "reminder_offsets_days": [0, 2, 4],
        "language": "en", "updated_at": "2026-07-21T09:00:00.000Z", "version": 1,
    })
}

/// The complete settings: an omitted field does not keep its previous value. Only `language` may be omitted
/// and is then `en`.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct SettingsInput {
    /// Whether each step sends a push notification.
    pub push_enabled: bool,
    /// Whether each step sends a direct message.
    pub dm_enabled: bool,
    /// The number of free days granted once per case, before its first reminder; 0 grants none.
    #[schemars(range(min = 0, max = 365))]
    pub incentive_days: i64,
    /// The days after the first failure on which reminders are sent, in ascending order without duplicates.
    #[schemars(length(min = 1, max = 10), inner(range(max = 30)), extend("uniqueItems" = true))]
    pub reminder_offsets_days: Vec<u8>,
    /// The language of messages to members.
    #[schemars(extend("default" = "en"))]
    pub language: Option<Language>,
}
