//! Checks the meaning of Stripe's published shapes with one fixture per object and version. We cannot choose the
//! version of every webhook endpoint, so all are read. `fixtures/README.md` lists the fields and enum values of
//! each version.

use serde_json::{Value, json};

use super::fixtures::{BOOKING, COMPANY, CREATED};
use super::*;
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::{BookingId, ChargeId, PaymentIntentId, StripeAccountId, TransferId};
use crate::domain::marketplace::booking::BookingFactKind;
use crate::domain::platform::event::{IgnoreReason, Meaning};
use crate::providers::stripe::client::API_VERSION;

/// The fixtures of one version.
pub(super) struct Version {
    pub(super) name: &'static str,
    pub(super) event: &'static str,
    pub(super) connected_event: &'static str,
    pub(super) payment_intent: &'static str,
    pub(super) charge: &'static str,
    pub(super) refund: &'static str,
    pub(super) dispute: &'static str,
    pub(super) transfer: &'static str,
    pub(super) account: &'static str,
    pub(super) payout: &'static str,
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

pub(super) const VERSIONS: [Version; 8] = [
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

/// The object with some fields replaced.
pub(super) fn with(object: &str, fields: Value) -> Value {
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

pub(super) fn pi() -> PaymentIntentId {
    PaymentIntentId::parse("pi_3RfKq2").unwrap()
}

fn ch() -> Option<ChargeId> {
    ChargeId::parse("ch_3RfKq2").ok()
}

pub(super) fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

impl Version {
    /// The change of the payment of our booking, which the object's metadata names.
    pub(super) fn happened(&self, name: &str, object: Value) -> BookingFactKind {
        let read = read_event(self.event, name, object);
        assert_eq!(read.company_id.as_ref().map(|id| id.as_str()), Some(COMPANY), "{} {name}", self.name);
        assert_eq!(read.occurred_at.timestamp(), CREATED);
        match read.meaning {
            Meaning::Booking { booking_id, what, .. } if booking_id == BookingId::parse(BOOKING).ok() => what,
            other => panic!("{} {name}: {other:?}", self.name),
        }
    }

    pub(super) fn meaning(&self, name: &str, object: Value) -> Meaning {
        read_event(self.event, name, object).meaning
    }

    pub(super) fn connected(&self, name: &str, object: Value) -> Meaning {
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
        let authorized = |capture_before| BookingFactKind::Authorized {
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
        let captured = BookingFactKind::Captured { payment_intent: pi(), charge: ch(), money: usd(9_000) };
        assert_eq!(taken, captured, "{}", version.name);
        let back = json!({"captured": true, "amount_captured": 9_000, "amount_refunded": 3_500});
        let back = version.happened("charge.refunded", with(version.charge, back));
        assert_eq!(
            back,
            BookingFactKind::Refunded { money: usd(2_500), payment_intent: Some(pi()) },
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
    let BookingFactKind::Authorized { charge, capture_before, .. } = held else { panic!("{held:?}") };
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
fn a_reversed_transfer_is_reported_with_its_total_in_every_version() {
    for version in VERSIONS {
        let transfer = TransferId::parse("tr_3RfKq2").unwrap();
        for name in ["transfer.reversed", "transfer.updated"] {
            let what = version.happened(name, parsed(version.transfer));
            assert_eq!(
                what,
                BookingFactKind::TransferReversed { transfer: transfer.clone(), money: usd(500) }
            );
        }
    }
}

#[test]
fn a_connected_account_and_its_payouts_are_read_in_every_version() {
    let account = || StripeAccountId::parse("acct_1RfKq2").unwrap();
    for version in VERSIONS {
        let Meaning::Account(status) = version.connected("account.updated", parsed(version.account)) else {
            panic!("{}", version.name);
        };
        assert_eq!(status.account, account());
        assert!(status.charges_enabled && status.payouts_enabled, "{}", version.name);
        assert_eq!((status.currency, status.disabled_reason), (Currency::parse("cop").ok(), None));
        let gone = version.connected("account.application.deauthorized", json!({"id": "ca_1"}));
        assert!(matches!(gone, Meaning::Account(status) if !status.payouts_enabled));
        for status in ["failed", "paid", "pending", "in_transit", "canceled", "a_later_status"] {
            let payout = with(version.payout, json!({"status": status}));
            let money = Money { amount: 14_000_000, currency: Currency::parse("cop").unwrap() };
            let failed = Meaning::PayoutFailed { account: account(), money };
            assert_eq!(version.connected("payout.failed", payout), failed, "its name is its meaning");
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
