//! Stripe's published shapes, one fixture per object and version, and the meaning that each of them must have. The
//! version of a webhook endpoint is not ours to choose, so the reader takes all of them. Where each field stands in
//! which version, and which values each enum has, `fixtures/README.md` says.

use serde_json::{Value, json};

use super::fixtures::{BOOKING, COMPANY, CREATED};
use super::*;
use crate::domain::booking::{DisputeStatus, ReleaseReason, What};
use crate::domain::event::{IgnoreReason, Meaning, Part};
use crate::domain::money::{Currency, Money};
use crate::domain::party::{BookingId, ChargeId, PaymentIntentId, StripeAccountId, TransferId};
use crate::providers::stripe::client::API_VERSION;

/// What Stripe sends in one of its versions.
struct Version {
    name: &'static str,
    event: &'static str,
    connected_event: &'static str,
    payment_intent: &'static str,
    charge: &'static str,
    refund: &'static str,
    dispute: &'static str,
    transfer: &'static str,
    account: &'static str,
    payout: &'static str,
}

macro_rules! version {
    ($name:literal) => {
        Version {
            name: $name,
            event: include_str!(concat!("../fixtures/", $name, "/event.json")),
            connected_event: include_str!(concat!("../fixtures/", $name, "/connected_event.json")),
            payment_intent: include_str!(concat!("../fixtures/", $name, "/payment_intent.json")),
            charge: include_str!(concat!("../fixtures/", $name, "/charge.json")),
            refund: include_str!(concat!("../fixtures/", $name, "/refund.json")),
            dispute: include_str!(concat!("../fixtures/", $name, "/dispute.json")),
            transfer: include_str!(concat!("../fixtures/", $name, "/transfer.json")),
            account: include_str!(concat!("../fixtures/", $name, "/account.json")),
            payout: include_str!(concat!("../fixtures/", $name, "/payout.json")),
        }
    };
}

const VERSIONS: [Version; 8] = [
    version!("2017-04-06"),
    version!("2019-05-16"),
    version!("2022-08-01"),
    version!("2025-02-24.acacia"),
    version!("2025-04-30.basil"),
    version!("2026-02-25.clover"),
    version!("2026-08-26.dahlia"),
    version!("2026-10-28.endive"),
];

const THIN: [(&str, &str); 3] = [
    (
        "v2.core.account[requirements].updated",
        include_str!("../fixtures/thin/account_requirements_updated.json"),
    ),
    ("v2.core.event_destination.ping", include_str!("../fixtures/thin/event_destination_ping.json")),
    ("v1.payment_intent.succeeded", include_str!("../fixtures/thin/payment_intent_succeeded.json")),
];

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The object with some of its fields as given.
fn with(object: &str, fields: Value) -> Value {
    let mut object = parsed(object);
    for (name, value) in fields.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

fn read_event(envelope: &str, name: &str, object: Value) -> Event {
    let mut event = parsed(envelope);
    event["type"] = json!(name);
    event["data"]["object"] = object;
    read(&verified(event.to_string().as_bytes())).unwrap()
}

fn pi() -> PaymentIntentId {
    PaymentIntentId::parse("pi_3RfKq2").unwrap()
}

fn ch() -> Option<ChargeId> {
    ChargeId::parse("ch_3RfKq2").ok()
}

fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

impl Version {
    /// What happened to the payment of our booking, which the object names by its metadata.
    fn happened(&self, name: &str, object: Value) -> What {
        let read = read_event(self.event, name, object);
        assert_eq!(read.company_id.as_ref().map(|id| id.as_str()), Some(COMPANY), "{} {name}", self.name);
        assert_eq!(read.occurred_at.timestamp(), CREATED);
        match read.meaning {
            Meaning::Booking { booking_id, what, .. } if booking_id == BookingId::parse(BOOKING).ok() => what,
            other => panic!("{} {name}: {other:?}", self.name),
        }
    }

    fn meaning(&self, name: &str, object: Value) -> Meaning {
        read_event(self.event, name, object).meaning
    }

    fn connected(&self, name: &str, object: Value) -> Meaning {
        read_event(self.connected_event, name, object).meaning
    }

    /// Whether an intent holds its charge in a list, as before 2022-11-15.
    fn has_list_of_charges(&self) -> bool {
        self.name < "2022-11-15"
    }
}

#[test]
fn a_payment_is_authorized_captured_and_refunded_in_every_version() {
    let lapses_at = DateTime::from_timestamp(1_785_314_800, 0);
    for version in VERSIONS {
        let authorized = |capture_before| What::Authorized {
            payment_intent: pi(),
            charge: ch(),
            money: usd(10_000),
            capture_before,
        };
        let held =
            version.happened("payment_intent.amount_capturable_updated", parsed(version.payment_intent));
        assert_eq!(held, authorized(lapses_at.filter(|_| version.has_list_of_charges())), "{}", version.name);
        let charged = version.happened("charge.succeeded", parsed(version.charge));
        assert_eq!(charged, authorized(lapses_at), "{}", version.name);
        let succeeded = json!({"status": "succeeded", "amount_capturable": 0, "amount_received": 9_000});
        let taken = version.happened("payment_intent.succeeded", with(version.payment_intent, succeeded));
        let captured = What::Captured { payment_intent: pi(), charge: ch(), money: usd(9_000) };
        assert_eq!(taken, captured, "{}", version.name);
        let back = json!({"captured": true, "amount_captured": 9_000, "amount_refunded": 3_500});
        let back = version.happened("charge.refunded", with(version.charge, back));
        assert_eq!(
            back,
            What::Refunded { money: usd(2_500), payment_intent: Some(pi()) },
            "{}",
            version.name
        );
    }
}

#[test]
fn an_expanded_charge_is_read_like_its_id() {
    let whole = parsed(include_str!("../fixtures/2025-04-30.basil/payment_intent_expanded.json"));
    let [.., pinned, _, _, _] = &VERSIONS;
    let held = pinned.happened("payment_intent.amount_capturable_updated", whole);
    let What::Authorized { charge, capture_before, .. } = held else { panic!("{held:?}") };
    assert_eq!((charge, capture_before), (ch(), DateTime::from_timestamp(1_785_314_800, 0)));
    for odd in [json!({"id": 7}), json!({}), json!(7), json!([])] {
        let odd = with(pinned.payment_intent, json!({"latest_charge": odd}));
        let name = "payment_intent.amount_capturable_updated";
        assert!(matches!(
            pinned.meaning(name, odd.clone()),
            Meaning::Unreadable { .. } | Meaning::Booking { .. }
        ));
    }
}

#[test]
fn every_reason_of_a_cancellation_has_its_meaning() {
    for version in VERSIONS {
        for (word, reason) in [
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
            let canceled = json!({"status": "canceled", "amount_capturable": 0, "cancellation_reason": word});
            let canceled = with(version.payment_intent, canceled);
            assert_eq!(
                version.happened("payment_intent.canceled", canceled),
                What::Released { reason, payment_intent: Some(pi()) },
                "{} {word}",
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
        for (word, status, is_open, is_contested) in [
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
            assert_eq!((status.is_open(), status.is_contested()), (is_open, is_contested), "{word}");
            let (dispute_id, payment_intent) = ("du_1RfKq2".to_owned(), Some(pi()));
            let what = What::Disputed { dispute_id, status, money: usd(10_000), payment_intent };
            let told = Meaning::Booking { booking_id: None, payment_intent: Some(pi()), what };
            for name in ["created", "updated", "closed", "funds_withdrawn", "funds_reinstated"] {
                let dispute = with(version.dispute, json!({"status": word}));
                assert_eq!(version.meaning(&format!("charge.dispute.{name}"), dispute), told, "{word}");
            }
        }
        // The first was sent before 2023-10-16 and means more than one thing.
        for word in [json!("charge_refunded"), json!("a_later_status"), json!(null)] {
            let dispute = with(version.dispute, json!({"status": word}));
            let unreadable = Meaning::UnreadablePayment { payment_intent: pi(), part: Part::Status };
            assert_eq!(version.meaning("charge.dispute.updated", dispute), unreadable, "{word}");
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
fn a_transfer_that_came_back_is_told_with_its_total_in_every_version() {
    for version in VERSIONS {
        let transfer = TransferId::parse("tr_3RfKq2").unwrap();
        for name in ["transfer.reversed", "transfer.updated"] {
            let what = version.happened(name, parsed(version.transfer));
            assert_eq!(what, What::TransferReversed { transfer: transfer.clone(), money: usd(500) });
        }
    }
}

#[test]
fn a_connected_account_and_its_payouts_are_read_in_every_version() {
    let account = || StripeAccountId::parse("acct_1RfKq2").unwrap();
    for version in VERSIONS {
        let Meaning::Account(standing) = version.connected("account.updated", parsed(version.account)) else {
            panic!("{}", version.name);
        };
        assert_eq!(standing.account, account());
        assert!(standing.charges_enabled && standing.payouts_enabled, "{}", version.name);
        assert_eq!((standing.currency, standing.disabled_reason), (Currency::parse("cop").ok(), None));
        let gone = version.connected("account.application.deauthorized", json!({"id": "ca_1"}));
        assert!(matches!(gone, Meaning::Account(standing) if !standing.payouts_enabled));
        for status in ["failed", "paid", "pending", "in_transit", "canceled", "a_later_status"] {
            let payout = with(version.payout, json!({"status": status}));
            let money = Money { amount: 14_000_000, currency: Currency::parse("cop").unwrap() };
            let failed = Meaning::PayoutFailed { account: account(), money };
            assert_eq!(version.connected("payout.failed", payout), failed, "its name says what happened");
        }
    }
}

#[test]
fn every_reason_why_an_account_is_disabled_is_kept_as_it_is() {
    let words = [
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
        // Before 2019-02-19 it stands under `verification`.
        let place = if version.name < "2019-02-19" { "verification" } else { "requirements" };
        for word in words {
            let account = with(version.account, json!({place: {"disabled_reason": word}}));
            let Meaning::Account(standing) = version.connected("account.updated", account) else {
                panic!("{} {word}", version.name);
            };
            assert_eq!(standing.disabled_reason.as_deref(), Some(word), "{}", version.name);
        }
        let capability = if version.name < "2019-08-14" { "platform_payments" } else { "transfers" };
        for (state, takes_transfers) in
            [("active", true), ("inactive", false), ("pending", false), ("a_later_state", false)]
        {
            let account = with(version.account, json!({"capabilities": {capability: state}}));
            let Meaning::Account(standing) = version.connected("account.updated", account) else {
                panic!("{} {state}", version.name);
            };
            assert_eq!(standing.charges_enabled, takes_transfers, "{} {state}", version.name);
        }
    }
}

#[test]
fn an_event_of_another_account_or_mode_is_ignored_in_every_version() {
    let ignored = |reason| Meaning::Ignored { reason };
    for version in VERSIONS {
        for (name, object) in [
            ("payment_intent.amount_capturable_updated", version.payment_intent),
            ("payment_intent.succeeded", version.payment_intent),
            ("payment_intent.canceled", version.payment_intent),
            ("charge.succeeded", version.charge),
            ("charge.refunded", version.charge),
            ("charge.dispute.created", version.dispute),
            ("refund.failed", version.refund),
            ("transfer.reversed", version.transfer),
        ] {
            let read = read_event(version.connected_event, name, parsed(object));
            let expected = (None, ignored(IgnoreReason::OtherAccount));
            assert_eq!((read.company_id, read.meaning), expected, "{} {name}", version.name);
        }
        for envelope in [version.event, version.connected_event] {
            let test = with(envelope, json!({"livemode": false})).to_string();
            for (name, object) in [
                ("payment_intent.succeeded", version.payment_intent),
                ("account.updated", version.account),
                ("payout.failed", version.payout),
            ] {
                let read = read_event(&test, name, parsed(object));
                let expected = (None, ignored(IgnoreReason::WrongMode));
                assert_eq!((read.company_id, read.meaning), expected, "{} {name}", version.name);
            }
        }
    }
}

#[test]
fn a_thin_event_is_kept_under_its_name_and_without_effect() {
    for (name, body) in THIN {
        let read = read(&verified(body.as_bytes())).unwrap();
        assert_eq!(read.name, name);
        assert_eq!(read.occurred_at.timestamp(), CREATED, "a time written as a text");
        assert_eq!(read.meaning, Meaning::Ignored { reason: IgnoreReason::ThinEvent });
    }
}

#[test]
fn the_pinned_version_is_among_those_that_are_read() {
    assert!(VERSIONS.iter().any(|version| version.name == API_VERSION), "add the fixtures of {API_VERSION}");
    for version in VERSIONS {
        for envelope in [version.event, version.connected_event] {
            assert_eq!(parsed(envelope)["api_version"], version.name);
        }
    }
}
