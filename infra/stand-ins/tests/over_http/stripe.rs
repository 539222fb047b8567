use std::collections::BTreeMap;

use chrono::Duration;
use serde_json::Value;
use shared::domain::kernel::money::{Currency, Money};
use shared::providers::call::CallError;
use shared::providers::stripe::balance::EventFilter;
use shared::providers::stripe::client::Stripe;
use shared::providers::stripe::list::{Created, ListCursor};
use shared::providers::stripe::payment::{
    CancellationReason, NewPaymentIntent, PaymentIntent, PaymentIntentStatus,
};
use shared::providers::stripe::transfer::NewTransfer;
use shared::providers::stripe::{Mode, Secret, read, sign, verify};

use super::{Sandbox, noon};
use stand_ins::outbox::Kind;
use stand_ins::stripe::IntentStatus;

impl Sandbox {
    pub(super) fn client(&self) -> Stripe {
        Stripe::new(self.http.clone(), &self.base, "sk_test_key")
    }

    /// A PaymentIntent for a booking that its customer has confirmed.
    pub(super) async fn held(&self, booking: &str, amount: i64) -> PaymentIntent {
        let key = format!("hold:{booking}");
        let made = self.client().create_payment_intent(&key, &hold(booking, amount)).await.unwrap();
        self.stripe.authorize(&made.id);
        self.client().payment_intent(&made.id).await.unwrap()
    }

    /// A PaymentIntent for a booking that was captured.
    pub(super) async fn paid(&self, booking: &str, amount: i64) -> PaymentIntent {
        let held = self.held(booking, amount).await;
        self.client().capture(&format!("capture:{booking}"), &held.id).await.unwrap()
    }

    fn happened(&self) -> Vec<String> {
        self.stripe.events().into_iter().map(|event| event.kind).collect()
    }
}

pub(super) fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

pub(super) fn metadata(booking: &str) -> BTreeMap<String, String> {
    [("booking_id", booking), ("company_id", "biz_1")].map(|(name, id)| (name.into(), id.into())).into()
}

pub(super) fn hold(booking: &str, amount: i64) -> NewPaymentIntent {
    let transfer_group = format!("booking_{booking}");
    NewPaymentIntent { money: usd(amount), metadata: metadata(booking), transfer_group }
}

pub(super) fn transfer(booking: &str, amount: i64) -> NewTransfer {
    NewTransfer {
        money: usd(amount),
        destination: "acct_1".to_owned(),
        transfer_group: format!("booking_{booking}"),
        source_transaction: None,
        metadata: metadata(booking),
        description: Some("Payout & thanks".to_owned()),
    }
}

fn wrong(status: &str) -> CallError {
    CallError::WrongState { state: status.to_owned() }
}

#[tokio::test]
async fn money_is_held_for_seven_days_and_taken_once() {
    let sandbox = Sandbox::start().await;
    let made = sandbox.client().create_payment_intent("hold:1", &hold("1", 10_000)).await.unwrap();
    assert_eq!(made.status, PaymentIntentStatus::RequiresPaymentMethod);
    assert!(made.client_secret.is_some() && !format!("{made:?}").contains("secret"));
    assert_eq!((made.metadata.clone(), made.charge_id()), (metadata("1"), None));

    sandbox.stripe.authorize(&made.id);
    let held = sandbox.client().payment_intent(&made.id).await.unwrap();
    assert_eq!((held.status, held.amount_capturable), (PaymentIntentStatus::RequiresCapture, 10_000));
    assert_eq!(held.capture_before(), Some(noon() + Duration::days(7)));

    let taken = sandbox.client().capture("capture:1", &made.id).await.unwrap();
    assert_eq!((taken.status, taken.amount_received), (PaymentIntentStatus::Succeeded, 10_000));
    assert_eq!((taken.amount_capturable, taken.charge().unwrap().captured), (0, true));
    assert_eq!(sandbox.client().capture("capture:1", &made.id).await.unwrap(), taken, "the same key");
    assert_eq!(sandbox.client().capture("other", &made.id).await, Err(wrong("succeeded")));
    assert_eq!(sandbox.reached(Kind::Capture), [made.id.as_str()]);
    assert_eq!(
        sandbox.happened(),
        [
            "payment_intent.created",
            "charge.succeeded",
            "payment_intent.amount_capturable_updated",
            "charge.captured",
            "payment_intent.succeeded",
        ]
    );
}

#[tokio::test]
async fn an_authorization_is_voided_unless_it_was_captured_first() {
    let sandbox = Sandbox::start().await;
    let (client, reason) = (sandbox.client(), CancellationReason::Abandoned);
    let held = sandbox.held("1", 10_000).await;
    let released = client.cancel("decline:1", &held.id, reason).await.unwrap();
    assert_eq!((released.status, released.amount_capturable), (PaymentIntentStatus::Canceled, 0));
    assert_eq!(released.cancellation_reason.as_deref(), Some("abandoned"));
    assert_eq!(released.canceled_at, Some(noon()));
    let charge = released.charge().unwrap();
    assert!(charge.refunded && !charge.captured, "as Stripe's event reports it");
    assert_eq!(client.cancel("again:1", &held.id, reason).await, Err(wrong("canceled")));

    let captured = sandbox.held("2", 10_000).await;
    sandbox.stripe.capture_outside(&captured.id);
    assert_eq!(client.cancel("decline:2", &captured.id, reason).await, Err(wrong("succeeded")));
    let cancelled = sandbox.held("3", 10_000).await;
    sandbox.stripe.cancel_outside(&cancelled.id);
    assert_eq!(client.cancel("decline:3", &cancelled.id, reason).await, Err(wrong("canceled")));
    let working = sandbox.held("4", 10_000).await;
    sandbox.stripe.set_status(&working.id, IntentStatus::Processing);
    assert_eq!(client.cancel("decline:4", &working.id, reason).await, Err(wrong("processing")));
    assert_eq!(client.cancel("decline:5", "pi_unknown", reason).await, Err(CallError::Absent));
    assert_eq!(client.cancel("decline:6", "../transfers", reason).await, Err(CallError::Absent));
    assert_eq!(sandbox.reached(Kind::Release), [held.id.as_str()], "what happened outside is not ours");
}

#[tokio::test]
async fn an_authorization_expires_with_an_event() {
    let sandbox = Sandbox::start().await;
    let week = sandbox.held("1", 10_000).await;
    let made = sandbox.client().create_payment_intent("hold:2", &hold("2", 10_000)).await.unwrap();
    let short = noon() + Duration::hours(4 * 24 + 18);
    sandbox.stripe.authorize_until(&made.id, short);

    sandbox.clock.set(short);
    let lapsed = sandbox.client().payment_intent(&made.id).await.unwrap();
    assert_eq!((lapsed.status, lapsed.canceled_at), (PaymentIntentStatus::Canceled, Some(short)));
    assert_eq!(lapsed.cancellation_reason.as_deref(), Some("automatic"));
    sandbox.clock.advance(Duration::days(30));
    assert_eq!(sandbox.client().capture("capture:1", &week.id).await, Err(wrong("canceled")));
    let ended = sandbox.stripe.events().into_iter().filter(|event| event.kind == "payment_intent.canceled");
    let at: Vec<i64> = ended.map(|event| json_of(&event.body)["created"].as_i64().unwrap()).collect();
    assert_eq!(at, [short.timestamp(), (noon() + Duration::days(7)).timestamp()]);
    assert_eq!(sandbox.outbox.entries(), [], "it was not by our request");
}

#[tokio::test]
async fn refunds_and_disputes_show_on_the_charge() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    sandbox.stripe.refund(&paid.id, 2_500);
    sandbox.stripe.open_dispute(&paid.id);
    let intent = sandbox.client().payment_intent(&paid.id).await.unwrap();
    let charge = intent.charge().unwrap();
    assert_eq!((charge.amount_refunded, charge.refunded, charge.disputed), (2_500, false, true));
    sandbox.stripe.close_dispute(&paid.id, true);
    assert_eq!(
        sandbox.happened()[5..],
        [
            "charge.refunded",
            "refund.created",
            "charge.dispute.created",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.funds_reinstated",
            "charge.dispute.closed",
        ]
    );
}

#[tokio::test]
async fn an_account_is_active_restricted_or_deleted() {
    let sandbox = Sandbox::start().await;
    sandbox.stripe.add_account("acct_1", "cop");
    let well = sandbox.client().account("acct_1").await.unwrap();
    assert!(well.takes_transfers() && well.payouts_enabled && well.charges_enabled && !well.deleted);
    assert_eq!(well.default_currency.as_deref(), Some("cop"));
    sandbox.stripe.restrict_account("acct_1", Some("requirements.past_due"));
    let restricted = sandbox.client().account("acct_1").await.unwrap();
    assert!(!restricted.takes_transfers() && !restricted.payouts_enabled && !restricted.deleted);
    assert_eq!(restricted.requirements.disabled_reason.as_deref(), Some("requirements.past_due"));
    sandbox.stripe.delete_account("acct_1");
    for id in ["acct_1", "acct_unknown"] {
        let gone = sandbox.client().account(id).await.unwrap();
        assert!(gone.deleted && !gone.takes_transfers() && gone.id == id);
    }
    sandbox.stripe.fail_payout("acct_1", 14_000_000, "cop");
    assert_eq!(sandbox.happened(), ["account.updated", "account.application.deauthorized", "payout.failed"]);
}

#[tokio::test]
async fn every_event_can_be_delivered_signed_until_it_is_taken() {
    let sandbox = Sandbox::start().await;
    sandbox.held("1", 10_000).await;
    let secret = Secret::new("whsec_sandbox").unwrap();
    let waiting = sandbox.stripe.undelivered_events();
    assert_eq!(waiting.len(), 3);
    for event in waiting.iter().rev() {
        let signature = sign(noon(), event.body.as_bytes(), &secret);
        let headers = [(http::HeaderName::from_static("stripe-signature"), signature.parse().unwrap())];
        let headers = headers.into_iter().collect();
        let body = event.body.clone().into();
        let verified = verify(&headers, body, std::slice::from_ref(&secret), noon()).unwrap();
        let event_read = read(&verified, Some(Mode::Test)).unwrap();
        assert_eq!((event_read.event_id, event_read.name), (event.id.clone(), event.kind.clone()));
    }
    sandbox.stripe.mark_delivered(&waiting[1].id);
    sandbox.stripe.mark_delivered(&waiting[1].id);
    let left: Vec<_> = sandbox.stripe.undelivered_events().into_iter().map(|event| event.id).collect();
    assert_eq!(left, [waiting[0].id.clone(), waiting[2].id.clone()]);
    sandbox.clock.advance(Duration::days(3));
    assert_eq!(sandbox.stripe.undelivered_events(), [], "Stripe gives up after three days");
}

#[tokio::test]
async fn missed_events_are_fetched_in_the_order_they_happened_for_thirty_days() {
    let sandbox = Sandbox::start().await;
    sandbox.paid("1", 10_000).await;
    let all = sandbox.stripe.events();
    let (types, created) = (vec![], Created { from: Some(noon()), until: None });
    let filter = EventFilter { types, created, delivered: None };
    let newest = sandbox.client().events(&filter, &ListCursor::Newest).await.unwrap();
    assert_eq!(newest.data[0].id, all[4].id);
    let later = sandbox.client().events(&filter, &ListCursor::Before(all[0].id.clone())).await.unwrap();
    let ids: Vec<&str> = later.data.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, all[1..].iter().map(|event| event.id.as_str()).collect::<Vec<_>>());
    assert_eq!(later.data[0].body, json_of(&all[1].body));

    sandbox.stripe.mark_delivered(&all[0].id);
    let missed = EventFilter {
        types: vec!["payment_intent.created".to_owned(), "charge.captured".to_owned()],
        delivered: Some(false),
        ..EventFilter::default()
    };
    let missed = sandbox.client().events(&missed, &ListCursor::Newest).await.unwrap();
    assert_eq!(missed.data.iter().map(|event| &event.id).collect::<Vec<_>>(), [&all[3].id]);
    sandbox.clock.advance(Duration::days(31));
    let forgotten = sandbox.client().events(&EventFilter::default(), &ListCursor::Newest).await.unwrap();
    assert_eq!((forgotten.data, forgotten.has_more), (vec![], false));
}

pub(super) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
