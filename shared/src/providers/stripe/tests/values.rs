//! Tests every value of each Stripe enum that decides anything, in every version, and an unknown value.

use serde_json::json;

use super::contract::{VERSIONS, pi, usd, with};
use crate::domain::marketplace::booking::{BookingFactKind, DisputeStatus, ReleaseReason};
use crate::domain::platform::event::{Meaning, Part};

#[test]
fn every_reason_of_a_cancellation_has_its_meaning() {
    for version in VERSIONS {
        for (value, reason) in [
            (json!("abandoned"), ReleaseReason::Abandoned),
            (json!("automatic"), ReleaseReason::Automatic),
            (json!("expired"), ReleaseReason::Automatic),
            (json!("requested_by_customer"), ReleaseReason::RequestedByCustomer),
            (json!("duplicate"), ReleaseReason::Other),
            (json!("fraudulent"), ReleaseReason::Other),
            (json!("failed_invoice"), ReleaseReason::Other),
            (json!("void_invoice"), ReleaseReason::Other),
            (json!(null), ReleaseReason::Other),
            (json!("a_later_reason"), ReleaseReason::Other),
            (json!(7), ReleaseReason::Other),
        ] {
            let canceled =
                json!({"status": "canceled", "amount_capturable": 0, "cancellation_reason": value});
            let canceled = with(version.payment_intent, canceled);
            assert_eq!(
                version.happened("payment_intent.canceled", canceled),
                BookingFactKind::Released { reason, payment_intent: Some(pi()) },
                "{} {value}",
                version.name
            );
        }
    }
}

#[test]
fn every_status_of_a_dispute_has_its_meaning_and_an_unknown_one_waits_for_a_person() {
    use DisputeStatus::{
        AppealNeedsResponse, AppealUnderReview, Lost, NeedsResponse, Prevented, UnderReview, WarningClosed,
        WarningNeedsResponse, WarningUnderReview, Won,
    };
    for version in VERSIONS {
        for (value, status, is_open, is_contested) in [
            ("warning_needs_response", WarningNeedsResponse, true, false),
            ("warning_under_review", WarningUnderReview, true, false),
            ("warning_closed", WarningClosed, false, false),
            ("needs_response", NeedsResponse, true, true),
            ("under_review", UnderReview, true, true),
            ("appeal_needs_response", AppealNeedsResponse, true, true),
            ("appeal_under_review", AppealUnderReview, true, true),
            ("prevented", Prevented, false, false),
            ("won", Won, false, false),
            ("lost", Lost, false, false),
        ] {
            assert_eq!((status.is_open(), status.is_contested()), (is_open, is_contested), "{value}");
            let (dispute_id, payment_intent) = ("du_1RfKq2".to_owned(), Some(pi()));
            let what = BookingFactKind::Disputed { dispute_id, status, money: usd(10_000), payment_intent };
            let expected = Meaning::Booking { booking_id: None, payment_intent: Some(pi()), what };
            for name in ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"] {
                let dispute = with(version.dispute, json!({"status": value}));
                assert_eq!(version.meaning(&format!("charge.dispute.{name}"), dispute), expected, "{value}");
            }
        }
        // The first was sent before 2023-10-16 and means more than one thing.
        for value in [json!("charge_refunded"), json!("a_later_status"), json!(null)] {
            let dispute = with(version.dispute, json!({"status": value}));
            let unreadable = Meaning::UnreadablePayment { payment_intent: pi(), part: Part::Status };
            assert_eq!(version.meaning("charge.dispute.updated", dispute), unreadable, "{value}");
        }
    }
}

#[test]
fn every_status_of_a_refund_has_its_meaning_and_an_unknown_one_is_asked_for() {
    for version in VERSIONS {
        for name in ["charge.refund.updated", "refund.updated", "refund.failed"] {
            for (status, comes_to_nothing) in [
                (json!("pending"), false),
                (json!("requires_action"), false),
                (json!("succeeded"), false),
                (json!("failed"), true),
                (json!("canceled"), true),
                (json!("a_later_status"), true),
                (json!(null), true),
            ] {
                let refund = with(version.refund, json!({"status": status}));
                let failed = Meaning::RefundFailed { payment_intent: pi() };
                let expected = if comes_to_nothing { failed } else { Meaning::Nothing };
                assert_eq!(version.meaning(name, refund), expected, "{} {name} {status}", version.name);
            }
        }
    }
}

#[test]
fn every_reason_why_an_account_is_disabled_is_kept_as_it_is() {
    let values = [
        "action_required.requested_capabilities",
        "listed",
        "other",
        "platform_paused",
        "rejected.fraud",
        "rejected.incomplete_verification",
        "rejected.listed",
        "rejected.other",
        "rejected.platform_fraud",
        "rejected.platform_other",
        "rejected.platform_terms_of_service",
        "rejected.terms_of_service",
        "requirements.past_due",
        "requirements.pending_verification",
        "under_review",
        "a_later_reason",
    ];
    for version in VERSIONS {
        // Before 2019-02-19 it was in `verification`.
        let field = if version.name < "2019-02-19" { "verification" } else { "requirements" };
        for value in values {
            let account = with(version.account, json!({field: {"disabled_reason": value}}));
            let Meaning::Account(status) = version.connected("account.updated", account) else {
                panic!("{} {value}", version.name);
            };
            assert_eq!(status.disabled_reason.as_deref(), Some(value), "{}", version.name);
        }
        let capability = if version.name < "2019-08-14" { "platform_payments" } else { "transfers" };
        for (state, takes_transfers) in
            [("active", true), ("inactive", false), ("pending", false), ("a_later_state", false)]
        {
            let account = with(version.account, json!({"capabilities": {capability: state}}));
            let Meaning::Account(status) = version.connected("account.updated", account) else {
                panic!("{} {state}", version.name);
            };
            assert_eq!(status.charges_enabled, takes_transfers, "{} {state}", version.name);
        }
    }
}
