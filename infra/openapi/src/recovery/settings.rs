//! A company's settings for failed renewals.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::domain::kernel::message::Language;
use shared::views::recovery::settings::SettingsView;

use crate::input::never_null;
use crate::operation::{Function, get, put, with};

pub(super) fn function() -> Function {
    Function {
        name: "settings",
        about: "What a company wants done about failed renewals.",
        unavailable: Some("Unavailable"),
        operations: vec![
            get("/api/settings", "readSettings")
                .summary("Owner: get the settings for failed renewals.")
                .about("The company's settings, or the defaults while it has saved none.")
                .answers::<SettingsView>(200, "The settings.", [
                    ("saved", "Saved settings", settings()),
                    ("defaults", "The defaults", with(settings(), json!({"incentive_days": 0, "updated_at": null, "version": 0}))),
                ]),
            put("/api/settings", "replaceSettings")
                .summary("Owner: replace the settings for failed renewals.")
                .about("Replaces the settings as a whole. Open cases are looked at again, so that new offsets \
                     count for them too.")
                .twice("with the same `Idempotency-Key` the first answer again. Without a key the same settings \
                     are saved again, and only `version` and `updated_at` move on. Of two at once one is written over \
                     the other, never half of each.")
                .body::<SettingsInput>(json!({
                    "push_enabled": true, "dm_enabled": true, "incentive_days": 3, "reminder_offsets_days": [0, 2, 4],
                    "language": "en",
                }))
                .answer::<SettingsView>(200, "The settings as they are now.", settings())
                .fails(&["InvalidSettings", "SettingsConflict"]),
        ],
    }
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
    /// Send a push notification at each step.
    pub push_enabled: bool,
    /// Send a direct message at each step.
    pub dm_enabled: bool,
    /// Free days granted once per case, before its first reminder; 0 for none.
    #[schemars(range(min = 0, max = 365))]
    pub incentive_days: i64,
    /// Days after the first failure at which to remind: ascending, none twice.
    #[schemars(length(min = 1, max = 10), inner(range(max = 30)), extend("uniqueItems" = true))]
    pub reminder_offsets_days: Vec<u8>,
    /// In which language members are written to.
    #[schemars(extend("default" = "en"))]
    pub language: Option<Language>,
}
