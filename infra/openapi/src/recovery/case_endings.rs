//! Ending a recovery or a membership manually.

use serde_json::{Value, json};
use shared::domain::platform::effect::EffectStatus;
use shared::views::EmptyView;
use shared::views::recovery::ending::EndingResultView;

use super::states;
use crate::operation::{Function, Operation, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "case-endings",
        about: "Ending a recovery or a membership manually.",
        unavailable: Some("Unavailable"),
        operations: vec![cancel_case(), cancel_membership(), terminate_membership()],
    }
}

fn cancel_case() -> Operation {
    post("/api/cases/{case_id}/cancel", "cancelCase")
        .summary("Owner: cancel a case and keep the membership.")
        .about("Ends an open case, so that no more reminders are sent. The membership does not change.")
        .twice("The existing ending is returned, with or without a key. Nothing is ended twice.")
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<EndingResultView>(200, "The case has ended.", ending())
        .narrowed(json!({"kind": {"const": "case_cancelled"}, "status": {"const": "done"}}))
        .fails(&["InvalidAction", "EndingConflict"])
}

fn cancel_membership() -> Operation {
    ends_membership(
        "/api/cases/{case_id}/cancel-membership",
        "cancelMembership",
        "membership_cancelled",
    )
    .summary("Owner: cancel a membership at the end of its period.")
    .about(
        "Ends the case and cancels the membership at Whop at the end of its paid period. Possible for every \
         case that is not recovered.",
    )
}

fn terminate_membership() -> Operation {
    ends_membership("/api/cases/{case_id}/terminate", "terminateMembership", "membership_terminated")
        .summary("Owner: terminate a membership immediately.")
        .about(
            "Ends the case and terminates the membership at Whop immediately. Possible for every case that \
             is not recovered.",
        )
}

/// An operation that ends the membership at Whop: at once if Whop responds, otherwise by the reminders job.
fn ends_membership(path: &'static str, id: &'static str, kind: &str) -> Operation {
    let example = |sent: Value| {
        let named = with(ending(), json!({"ended_by": kind, "operation": kind, "kind": kind}));
        with(named, sent)
    };
    post(path, id)
        .twice(
            "The existing ending is returned, with or without a key. Nothing is ended twice. With the same \
             `Idempotency-Key`, the first response is returned again, even if it was 202: repeat the request \
             without a key, or list the actions of the case, to get the final outcome. An ending that Whop \
             refused (`rejected`) can be requested again with a new key or without one.",
        )
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<EndingResultView>(
            200,
            "The ending has a final status.",
            example(json!({"reason": "cancelled"})),
        )
        .narrowed(json!({"status": states(EffectStatus::is_final), "kind": {"const": kind}}))
        .answer::<EndingResultView>(
            202,
            "The ending was accepted, and the reminders job completes it.",
            example(json!({"status": "sending", "reason": "no_answer_in_time"})),
        )
        .narrowed(json!({"status": states(|status| !status.is_final()), "kind": {"const": kind}}))
        .fails(&["InvalidAction", "EndingConflict"])
}

fn ending() -> Value {
    json!({
        "case_id": "0b0e5c1c-6b1f-5c84-9c1e-2a7f5f0f6d11", "case_status": "cancelled", "ended_by": "case_cancelled",
        "operation": "case_cancelled", "kind": "case_cancelled", "status": "done", "reason": null, "manual": true,
        "at": "2026-07-20T12:00:00.000Z",
    })
}
