//! Manual reminders.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::domain::platform::action::Channel;
use shared::domain::platform::effect::EffectStatus;
use shared::views::recovery::nudge::NudgeResultView;
use shared::views::schema::channels_of_nudges;

use super::states;
use crate::input::never_null;
use crate::operation::{Function, Operation, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "nudge",
        about: "Manual reminders.",
        unavailable: Some("Unavailable"),
        operations: vec![nudge_member()],
    }
}

fn nudge_member() -> Operation {
    post("/api/cases/{case_id}/nudge", "nudgeMember")
        .summary("Owner: remind a member now.")
        .about(
            "Records the audited action, then sends the message. The case must be open, and at most 100 \
             messages are sent per case.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again and no second message is \
             sent, even after a crash. That response may still be 202; the actions of the case contain the \
             final outcome. Without a key, every request sends a message.",
        )
        .bodies::<NudgeInput>([
            ("any", "By any channel that reaches the member", json!({})),
            ("dm", "By a direct message", json!({"channel": "dm"})),
        ])
        .optional()
        .answer::<NudgeResultView>(200, "The reminder has a final status.", nudge())
        .narrowed(json!({"status": states(EffectStatus::is_final)}))
        .answer::<NudgeResultView>(
            202,
            "The reminder was accepted, and the reminders job completes it.",
            with(nudge(), json!({"status": "prepared", "reason": "status_429"})),
        )
        .narrowed(json!({"status": states(|status| !status.is_final())}))
        .fails(&["InvalidAction", "NudgeConflict"])
}

fn nudge() -> Value {
    json!({
        "case_id": "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11", "operation": "nudge:5d41402abc4b2a76b9719d911017c592",
        "kind": "nudge_push", "status": "done", "reason": "queued", "channel": "push", "attempt_number": 3,
        "template_version": 1, "manual": true, "at": "2026-07-20T12:00:00.000Z",
    })
}

/// How to remind the member.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct NudgeInput {
    /// The channel of the reminder. If omitted: a push notification if one reaches the member, otherwise a
    /// direct message.
    #[schemars(schema_with = "channels_of_nudges", default)]
    pub channel: Option<Channel>,
}
