//! The ends a person can put to a recovery.

use serde_json::{Value, json};
use shared::domain::platform::effect::EffectStatus;
use shared::views::EmptyView;
use shared::views::recovery::ending::EndingResultView;

use super::states;
use crate::operation::{Function, Operation, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "case-endings",
        about: "The ends a person can put to a recovery.",
        unavailable: Some("Unavailable"),
        operations: vec![
            post("/api/cases/{case_id}/cancel", "cancelCase")
                .summary("Owner: stop reminding a member; the membership stays.")
                .about("Ends an open case. The membership is not touched.")
                .twice("the ending that is there is answered, with a key or without; nothing is ended twice.")
                .body::<EmptyView>(json!({}))
                .optional()
                .answer::<EndingResultView>(200, "The case is ended.", ending())
                .narrowed(json!({"kind": {"const": "case_cancelled"}, "status": {"const": "done"}}))
                .fails(&["InvalidAction", "EndingConflict"]),
            ends_membership(
                "/api/cases/{case_id}/cancel-membership",
                "cancelMembership",
                "membership_cancelled",
            )
            .summary("Owner: end a membership with its paid period.")
            .about(
                "Ends the case and has Whop end the membership with its period. Possible for every case \
                     but a recovered one.",
            ),
            ends_membership("/api/cases/{case_id}/terminate", "terminateMembership", "membership_terminated")
                .summary("Owner: end a membership at once.")
                .about(
                    "Ends the case and has Whop end the membership now. Possible for every case but a \
                     recovered one.",
                ),
        ],
    }
}

/// An operation that has Whop end the membership: at once if Whop answers, else by the schedule.
fn ends_membership(path: &'static str, id: &'static str, kind: &str) -> Operation {
    let example = |sent: Value| {
        let named = with(ending(), json!({"ended_by": kind, "operation": kind, "kind": kind}));
        with(named, sent)
    };
    post(path, id)
        .twice("the ending that is there is answered, with a key or without; nothing is ended twice. With \
             the same `Idempotency-Key` the first answer again, even where it said 202: ask without the key, \
             or read the case's actions, to see how it ended. One that Whop refused (`rejected`) may be asked \
             for again, with a new key or none.")
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<EndingResultView>(
            200,
            "It has reached its end; `status` says which.",
            example(json!({"reason": "cancelled"})),
        )
        .narrowed(json!({"status": states(EffectStatus::is_final), "kind": {"const": kind}}))
        .answer::<EndingResultView>(
            202,
            "It is decided; the schedule will finish it.",
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
