//! Stripe guarantees neither order nor single delivery: any order and any repetition give one booking and one
//! ledger.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::domain::kernel::party::{PaymentIntentId, TransferId};
use shared::domain::marketplace::booking::{BookingFact, BookingFactKind, DeclinedReason, History};
use shared::domain::marketplace::payout::{BatchId, transfer_group};
use shared::providers::stripe::transfer::NewTransfer;
use stand_ins::outbox::Kind;
use tokio::runtime::Runtime;

use support::booked::{booking_id, fact, metadata, requested, usd};
use support::world::{World, beginning};

/// The steps of a payment.
#[derive(Debug, Clone, Copy)]
enum Step {
    Authorize,
    Capture,
    CancelOutside,
    Lapse,
    Refund(i64),
    Dispute,
    Decide { won: bool },
    Reverse(i64),
}

/// A scenario: the steps, the time between them, and our own facts about the booking.
struct Story {
    steps: Vec<Step>,
    apart: Duration,
    own: Vec<(i64, BookingFactKind)>,
}

/// The payment of the booking, the first that the stand-in creates.
const PAYMENT: &str = "pi_0000000001";
const TRANSFER: &str = "tr_0000000001";
const ACCOUNT: &str = "acct_professional";

impl Story {
    fn own_facts(&self) -> Vec<BookingFact> {
        let own =
            self.own.iter().map(|(hours, what)| fact(beginning() + Duration::hours(*hours), what.clone()));
        own.chain([requested()]).collect()
    }

    /// All events that Stripe sends during it, in order.
    async fn bodies(&self) -> Vec<String> {
        let world = World::start().await;
        let stripe = &world.service.sandbox.stripe;
        let id = booking_id("1");
        let payment = world.open_payment(id, metadata(id)).await;
        assert_eq!(payment.as_str(), PAYMENT);
        for step in &self.steps {
            world.advance(self.apart);
            match *step {
                Step::Authorize => stripe.authorize(PAYMENT),
                Step::Capture => stripe.capture_outside(PAYMENT),
                Step::CancelOutside => stripe.cancel_outside(PAYMENT),
                Step::Lapse => world.advance(Duration::days(7)),
                Step::Refund(amount) => stripe.refund(PAYMENT, amount),
                Step::Dispute => stripe.open_dispute(PAYMENT),
                Step::Decide { won } => stripe.close_dispute(PAYMENT, won),
                Step::Reverse(amount) => {
                    if stripe.transfers().is_empty() {
                        pay_out(&world).await;
                    }
                    stripe.reverse_transfer(TRANSFER, amount);
                }
            }
        }
        stripe.events().into_iter().map(|event| event.body).collect()
    }
}

async fn pay_out(world: &World) {
    let stripe = &world.service.sandbox.stripe;
    stripe.add_account(ACCOUNT, "usd");
    stripe.set_balance("usd", 100_000);
    let new = NewTransfer {
        money: usd(8_500),
        destination: ACCOUNT.to_owned(),
        transfer_group: transfer_group(booking_id("1")),
        source_transaction: None,
        metadata: metadata(booking_id("1")),
        description: None,
    };
    let client = world.service.app.stripe.clone().unwrap();
    assert_eq!(client.create_transfer("payout:1:v1", &new).await.unwrap().id, TRANSFER);
}

/// The result for a booking: its facts, its state, when it is due next, and the ledger.
type End = (History, String, Option<String>, Vec<(String, i64)>);

/// Delivers events long after the scenario; the booking is requested after the given number of them.
async fn end_of(story: &Story, bodies: &[&String], asked_after: usize) -> End {
    let world = World::start().await;
    world.advance(Duration::days(40));
    let (id, payment) = (booking_id("1"), PaymentIntentId::parse(PAYMENT).unwrap());
    for (place, body) in bodies.iter().enumerate() {
        if place == asked_after {
            world.record_facts(id, Some(&payment), story.own_facts()).await;
        }
        world.deliver_stripe_text(body).await;
    }
    if bodies.len() <= asked_after {
        world.record_facts(id, Some(&payment), story.own_facts()).await;
    }
    world.apply_what_waits().await;
    for event in world.rows_of("EVENT#stripe#").await {
        assert!(matches!(event["status"].as_str(), Some("applied" | "received")), "{event}");
    }
    let row = world.booking_row(id).await;
    let due = world.rows_of("BOOKING#").await.into_iter().find(|row| row["sk"] == "BOOKING").unwrap();
    let due = due["due_at"].as_str().map(str::to_owned);
    let balances = world.balances().await.into_iter().collect();
    (row.history.clone(), format!("{:?}", row.booking().unwrap()), due, balances)
}

fn permutations(places: &[usize]) -> Vec<Vec<usize>> {
    let Some((first, rest)) = places.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<usize>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    permutations(rest).into_iter().flat_map(insert).collect()
}

/// The events that have a meaning.
async fn telling(story: &Story) -> Vec<String> {
    let silent =
        ["charge.captured", "refund.created", "transfer.created", "charge.expired", "payment_intent.created"];
    let bodies = story.bodies().await.into_iter();
    bodies.filter(|body| !silent.iter().any(|name| body.contains(&format!("\"{name}\"")))).collect()
}

async fn every_order_ends_alike(story: Story, status: &str) {
    let bodies = telling(&story).await;
    let deliveries: Vec<&String> = bodies.iter().collect();
    let expected = end_of(&story, &deliveries, 0).await;
    assert!(expected.1.contains(&format!("status: {status}")), "{expected:?}");
    let places: Vec<usize> = (0..bodies.len()).collect();
    for (number, order) in permutations(&places).into_iter().enumerate() {
        let deliveries: Vec<&String> = order.iter().map(|place| &bodies[*place]).collect();
        let asked_after = number % (bodies.len() + 1);
        assert_eq!(
            end_of(&story, &deliveries, asked_after).await,
            expected,
            "{order:?}, asked after {asked_after}"
        );
    }
}

fn done() -> Vec<(i64, BookingFactKind)> {
    vec![(2, BookingFactKind::Accepted), (48, BookingFactKind::Completed)]
}

#[tokio::test]
async fn a_payment_taken_and_partly_given_back_in_one_second_ends_alike_in_every_order() {
    let steps = vec![Step::Authorize, Step::Capture, Step::Refund(2_500), Step::Refund(1_000)];
    every_order_ends_alike(Story { steps, apart: Duration::zero(), own: done() }, "Completed").await;
}

#[tokio::test]
async fn an_authorization_voided_at_stripe_has_the_same_result_in_every_order() {
    let steps = vec![Step::Authorize, Step::CancelOutside];
    every_order_ends_alike(Story { steps, apart: Duration::hours(1), own: vec![] }, "Cancelled").await;
}

#[tokio::test]
async fn a_hold_that_lapsed_by_itself_ends_alike_in_every_order() {
    let steps = vec![Step::Authorize, Step::Lapse];
    every_order_ends_alike(Story { steps, apart: Duration::hours(1), own: vec![] }, "Declined").await;
}

#[tokio::test]
async fn a_capture_elsewhere_beats_a_decline_in_every_order() {
    let steps = vec![Step::Authorize, Step::Capture];
    let own = vec![(2, BookingFactKind::AutoDeclined { reason: DeclinedReason::ProfessionalNoResponse })];
    every_order_ends_alike(Story { steps, apart: Duration::hours(3), own }, "Accepted").await;
}

/// Everything that can happen to one booking, in one life.
fn a_long_life(apart: Duration, won: bool) -> Story {
    let batch = BatchId::parse("payout-2025-11-21-fri").unwrap();
    let paid = BookingFactKind::PaidOut {
        batch,
        transfer: TransferId::parse(TRANSFER).ok(),
        money: usd(8_500),
        carried_amount: 0,
    };
    let steps = vec![
        Step::Authorize,
        Step::Capture,
        Step::Refund(500),
        Step::Refund(700),
        Step::Dispute,
        Step::Decide { won },
        Step::Reverse(1_000),
        Step::Reverse(2_000),
    ];
    let own = done().into_iter().chain([(80, paid)]).collect();
    Story { steps, apart, own }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_long_history_in_any_order_with_repetitions_has_the_same_result(
        apart_minutes in prop_oneof![Just(0), Just(1), Just(700)],
        won in any::<bool>(),
        order in Just((0..64).collect::<Vec<usize>>()).prop_shuffle(),
        asked_after in 0..24_usize,
    ) {
        let runtime = Runtime::new().unwrap();
        let (expected, got) = runtime.block_on(async {
            let story = a_long_life(Duration::minutes(apart_minutes), won);
            let bodies = story.bodies().await;
            let deliveries: Vec<&String> = bodies.iter().collect();
            let expected = end_of(&story, &deliveries, 0).await;
            let twice = [deliveries.clone(), deliveries].concat();
            let mixed: Vec<&String> = order.iter().filter_map(|place| twice.get(*place).copied()).collect();
            (expected, end_of(&story, &mixed, asked_after).await)
        });
        prop_assert_eq!(got, expected);
    }
}

fn after_hours(hours: i64) -> DateTime<Utc> {
    beginning() + Duration::hours(hours)
}

#[tokio::test]
async fn a_hold_that_lapses_by_itself_declines_the_booking_and_writes_to_the_customer() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    world.service.sandbox.stripe.authorize(&payment);
    world.service.deliver_stripe_events().await;
    assert_eq!(world.booking_status(id).await, "authorized");
    world.advance(Duration::days(7));
    world.service.deliver_stripe_events().await;
    let booking = world.booking_row(id).await.booking().unwrap();
    let decline = booking.decline.unwrap();
    assert_eq!((booking.status.as_str(), decline.reason), ("declined", DeclinedReason::HoldExpired));
    assert!(!decline.processed_by_cron);
    let mail = format!("ACTION#decline_mail:{id}:v1");
    let rows = world.rows_of("BOOKING#").await;
    let mails: Vec<_> = rows.iter().filter(|row| row["sk"] == mail.as_str()).collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0]["due_at"].is_string(), "the sweep sends it: {}", mails[0]);
    assert_eq!(world.sent(Kind::Mail), 0, "no mail is sent by the function of webhooks");
}

#[tokio::test]
async fn every_cancellation_reason_of_a_payment_ends_the_booking_accordingly() {
    for (word, status, reason, mails) in [
        (json!("automatic"), "declined", Some(DeclinedReason::HoldExpired), 1),
        (json!("expired"), "declined", Some(DeclinedReason::HoldExpired), 1),
        (json!("abandoned"), "declined", Some(DeclinedReason::ProfessionalNoResponse), 1),
        (json!("requested_by_customer"), "cancelled", None, 0),
        (json!("duplicate"), "cancelled", None, 0),
        (json!("fraudulent"), "cancelled", None, 0),
        (json!("failed_invoice"), "cancelled", None, 0),
        (json!("void_invoice"), "cancelled", None, 0),
        (json!(null), "cancelled", None, 0),
        (json!("a_later_reason"), "cancelled", None, 0),
    ] {
        let world = World::start().await;
        let (id, payment) = world.add_booking("1").await;
        let stripe = &world.service.sandbox.stripe;
        stripe.authorize(&payment);
        world.service.deliver_stripe_events().await;
        stripe.cancel_outside(&payment);
        let undelivered = stripe.undelivered_events();
        let canceled = undelivered.iter().find(|event| event.kind == "payment_intent.canceled").unwrap();
        let mut canceled: Value = serde_json::from_str(&canceled.body).unwrap();
        canceled["data"]["object"]["cancellation_reason"] = word.clone();
        for outcome in ["applied", "duplicate"] {
            assert_eq!(world.deliver_stripe(&canceled).await["outcome"], outcome);
        }
        let booking = world.booking_row(id).await.booking().unwrap();
        let ended = (booking.status.as_str(), booking.decline.map(|decline| decline.reason));
        assert_eq!(ended, (status, reason), "{word}");
        world.settle().await;
        assert_eq!(world.sent(Kind::Mail), mails, "{word}");
    }
}

#[tokio::test]
async fn a_dispute_is_open_until_it_is_won_and_stays_if_it_is_lost() {
    for (won, end) in [(true, "completed"), (false, "disputed")] {
        let world = World::start().await;
        let (id, payment) = world.add_booking("1").await;
        let stripe = &world.service.sandbox.stripe;
        stripe.authorize(&payment);
        stripe.capture_outside(&payment);
        world.service.deliver_stripe_events().await;
        world.record_facts(id, None, vec![fact(after_hours(1), BookingFactKind::Completed)]).await;
        stripe.open_dispute(&payment);
        world.service.deliver_stripe_events().await;
        assert_eq!(world.booking_status(id).await, "disputed");
        assert!(world.booking_row(id).await.booking().unwrap().dispute_open);
        world.advance(Duration::days(20));
        stripe.close_dispute(&payment, won);
        world.service.deliver_stripe_events().await;
        assert_eq!(world.booking_status(id).await, end);
        let amounts = world.booking_row(id).await.booking().unwrap().amounts;
        assert_eq!((amounts.contested, amounts.lost), (0, if won { 0 } else { 10_000 }));
    }
}
