//! Applies Stripe's events: any number of deliveries in any order, also concurrent, give the same booking and
//! ledger.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::Duration;

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::of_money;
use super::outside::nth;
use super::payout_scenario::{FORGOTTEN, STALE};
use super::random_run::FaultRates;
use super::rows::{Row, Rows};
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use super::seeded_random::SeededRandom;
use support::booked::{booking_id, metadata, requested};
use support::exactly_once::LEASES;
use support::parties::{PRICE, payment_of};
use support::payees::{Job, LISTED, account_of};
use support::world::{COMPANY, World};

/// The history of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// Authorized, and cancelled at Stripe's dashboard.
    Cancelled,
    /// Authorized and captured; the job completed and paid out; partly refunded, disputed, and the dispute
    /// decided; the transfer reversed in two parts.
    Full { won: bool },
    /// A captured and disputed payment of another shop on the same Stripe account, beside a booking of ours.
    OtherShop,
    /// Authorized, captured and disputed, but the answer with the payment's id was lost.
    Undelivered,
    /// A partial refund that the customer's bank returns.
    Returned,
    /// Cancelled and refunded by us; the customer's bank returns the refund.
    TakenBack,
    /// No payment: an account is restricted and freed within one second.
    Restricted,
}

/// An event name and the number of the event with this name, from zero.
pub(super) type Delivery = (&'static str, usize);

/// The events of a history that have an effect.
const OF_LET_GO: [Delivery; 3] = [
    ("charge.succeeded", 0),
    ("payment_intent.amount_capturable_updated", 0),
    ("payment_intent.canceled", 0),
];
const OF_FULL: [Delivery; 10] = [
    ("charge.succeeded", 0),
    ("payment_intent.amount_capturable_updated", 0),
    ("payment_intent.succeeded", 0),
    ("charge.refunded", 0),
    ("charge.refunded", 1),
    ("charge.dispute.created", 0),
    ("charge.dispute.funds_withdrawn", 0),
    ("charge.dispute.closed", 0),
    ("transfer.reversed", 0),
    ("transfer.reversed", 1),
];

/// The events of histories after which Stripe is queried for missing data.
pub(super) const OF_OTHER_SHOP: [Delivery; 1] = [("charge.dispute.created", 0)];
pub(super) const OF_UNDELIVERED: [Delivery; 3] = [
    ("charge.dispute.created", 0),
    ("payment_intent.amount_capturable_updated", 0),
    ("payment_intent.succeeded", 0),
];
pub(super) const OF_RETURNED: [Delivery; 2] = [("charge.refunded", 0), ("refund.failed", 0)];
pub(super) const OF_TAKEN_BACK: [Delivery; 2] = OF_RETURNED;
pub(super) const OF_RESTRICTED: [Delivery; 2] = [("account.updated", 0), ("account.updated", 1)];

/// Workers that receive events, each its own ones in its own order.
#[derive(Debug)]
pub(super) struct Deliveries<'a> {
    pub story: Story,
    pub hands: Vec<Vec<Delivery>>,
    /// The final state, set by the first run that reaches it.
    pub end: &'a OnceLock<Vec<String>>,
}

/// Attributes that depend on the order and not on the final state.
const TRACES: [&str; 8] =
    ["updated_at", "version", "started_steps", "due_at", "due_shard", "contact", "fence", "owner"];

impl Story {
    async fn happens(self, world: &World) {
        match self {
            Self::Cancelled => {
                let booking = world.book("key-1").await;
                let stripe = &world.service.sandbox.stripe;
                stripe.authorize(payment_of(&booking));
                world.advance(Duration::hours(1));
                stripe.cancel_outside(payment_of(&booking));
            }
            Self::Full { won } => {
                world.add_payee(COMPANY, "user_0", "usd").await;
                world.add_job(&Job::of(world, "user_0")).await;
                world.advance(LISTED);
                world.pay_day().await;
                let (stripe, payment) = (&world.service.sandbox.stripe, nth(world, 0).0);
                let hour = || world.advance(Duration::hours(1));
                for amount in [500, 700] {
                    hour();
                    stripe.refund(&payment, amount);
                    stripe.reverse_transfer(&stripe.transfers()[0].id, amount * 2);
                }
                hour();
                stripe.open_dispute(&payment);
                hour();
                stripe.close_dispute(&payment, won);
            }
            Self::OtherShop => {
                world.book("key-1").await;
                let other = world.open_payment(booking_id("of another shop"), BTreeMap::new()).await;
                let stripe = &world.service.sandbox.stripe;
                stripe.authorize(other.as_str());
                stripe.capture_outside(other.as_str());
                world.advance(Duration::hours(1));
                stripe.open_dispute(other.as_str());
            }
            Self::Undelivered => {
                let id = booking_id("1");
                let payment = world.open_payment(id, metadata(id)).await;
                world.record_facts(id, None, vec![requested()]).await;
                let stripe = &world.service.sandbox.stripe;
                stripe.authorize(payment.as_str());
                stripe.capture_outside(payment.as_str());
                world.advance(Duration::hours(1));
                stripe.open_dispute(payment.as_str());
            }
            Self::Returned => {
                let booking = world.accepted_booking("key-1").await;
                let stripe = &world.service.sandbox.stripe;
                world.advance(Duration::hours(1));
                stripe.refund(payment_of(&booking), 500);
                world.advance(Duration::hours(1));
                stripe.fail_refund(payment_of(&booking), 500);
                world.advance(Duration::hours(1));
            }
            Self::TakenBack => {
                let booking = world.accepted_booking("key-1").await;
                world.decide(&booking, "cancel", "key-1-cancel").await.ok();
                world.advance(Duration::days(1));
                world.service.sandbox.stripe.fail_refund(payment_of(&booking), PRICE);
                world.advance(Duration::hours(1));
            }
            Self::Restricted => {
                world.add_payee(COMPANY, "user_0", "usd").await;
                world.advance(Duration::hours(1));
                let (stripe, account) = (&world.service.sandbox.stripe, account_of("user_0"));
                stripe.restrict_account(&account, Some("requirements.past_due"));
                stripe.restrict_account(&account, None);
                world.advance(Duration::hours(1));
            }
        }
    }
}

async fn arrives(delivery: Delivery, world: &World) -> String {
    let events = world.service.sandbox.stripe.events().into_iter();
    let event = events.filter(|event| event.kind == delivery.0).nth(delivery.1).expect("Stripe has sent it");
    let status = world.service.deliver_stripe(&event.body).await.status();
    let pk = format!("EVENT#stripe#{}", event.id);
    let kept = Rows::read(&world.service.dynamo).of(&pk).next().is_some();
    assert!(kept || !status.is_success(), "{delivery:?} was acknowledged and is not kept");
    status.to_string()
}

impl Scenario for Deliveries<'_> {
    fn name(&self) -> String {
        format!("Stripe's events of {:?}, {:?}", self.story, self.hands)
    }

    fn workers(&self) -> usize {
        self.hands.len()
    }

    async fn prepare(&self, world: &World) {
        self.story.happens(world).await;
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let deliveries = self.hands[worker].clone();
        Box::pin(async move {
            let mut seen = Vec::new();
            for delivery in deliveries {
                seen.push(arrives(delivery, &process).await);
            }
            seen.join(", ")
        })
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        &[LEASES, STALE, FORGOTTEN]
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_money()
    }

    async fn tick(&self, world: &World) -> u64 {
        // A professional with a valid account is due for a payout of nothing.
        let payouts = self.story == Story::Restricted;
        let due = if payouts { world.pay_day().await["due"].as_u64().unwrap() } else { 0 };
        due + world.tick().await["due"].as_u64().unwrap()
    }

    async fn again(&self, world: &World) {
        for delivery in self.hands.iter().flatten() {
            assert_eq!(arrives(*delivery, world).await, "200 OK");
        }
    }

    async fn at_rest(&self, world: &World, context: &str) {
        let rows = Rows::read(&world.service.dynamo);
        if self.story == Story::OtherShop {
            let ignored = rows.of("EVENT#stripe#").all(|row| row.text("status") == "received");
            assert!(ignored, "{context}\nan event of another shop is not ignored");
        }
        // A missing account is a valid answer: nothing is paid to it until Stripe reports it again.
        if rows.of("PAYEE#").any(|row| row.text("disabled_reason") == "deauthorized") {
            return;
        }
        let id = rows.bookings().next().map(|booked| booked.row.booking_id.to_string());
        let id = id.as_deref().unwrap_or("no booking");
        let ends = rows.of("BOOKING#").filter(|row| row.text("sk") == "BOOKING");
        // Otherwise only the due time of a professional's row changes.
        let payees = rows.of("PAYEE#").filter(|_| self.story == Story::Restricted);
        let ends = ends.chain(rows.of("BALANCE#")).chain(payees);
        let end: Vec<String> = ends.map(|row| without_traces(row).replace(id, "the booking")).collect();
        assert_eq!(self.end.get_or_init(|| end.clone()), &end, "{context}\nanother end than before");
    }
}

/// A row without order-dependent attributes; an account with a zero balance may exist or not.
fn without_traces(row: &Row) -> String {
    let mut row = row.0.clone();
    let fields = row.as_object_mut().unwrap();
    fields.retain(|name, value| !TRACES.contains(&name.as_str()) && value["N"] != "0");
    row.to_string()
}

fn explored_to_one_end(story: Story, hands: &[&[Delivery]], limits: ExploreLimits) {
    let end = OnceLock::new();
    let hands = hands.iter().map(|deliveries| deliveries.to_vec()).collect();
    explored(&Deliveries { story, hands, end: &end }, limits);
}

#[test]
fn one_event_of_stripes_delivered_twice_is_applied_once_in_every_order_and_after_any_deaths() {
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    let refund = ("charge.refunded", 0);
    explored_to_one_end(Story::Full { won: true }, &[&[refund], &[refund]], limits);
}

#[test]
fn a_hold_and_its_release_at_once_end_in_one_state_in_every_order_and_after_any_deaths() {
    let [charge, held, let_go] = OF_LET_GO;
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    explored_to_one_end(Story::Cancelled, &[&[held], &[let_go]], limits);
    explored_to_one_end(Story::Cancelled, &[&[held, let_go], &[let_go, held]], ExploreLimits::default());
    explored_to_one_end(Story::Cancelled, &[&[charge], &[held], &[let_go]], ExploreLimits::default());
}

#[test]
fn a_refund_a_dispute_and_a_reversal_at_once_end_in_one_set_of_books_in_every_order() {
    for won in [true, false] {
        let hands: [&[Delivery]; 3] =
            [&[("charge.refunded", 1)], &[("charge.dispute.closed", 0)], &[("transfer.reversed", 1)]];
        explored_to_one_end(Story::Full { won }, &hands, ExploreLimits::default());
    }
}

#[test]
fn a_dispute_of_another_shop_has_no_effect_in_every_order_and_after_any_deaths() {
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    let dispute = ("charge.dispute.created", 0);
    explored_to_one_end(Story::OtherShop, &[&[dispute], &[dispute]], limits);
}

#[test]
fn a_refund_that_failed_after_stripe_made_it_is_listed_once_in_every_order_and_after_any_deaths() {
    let limits = ExploreLimits { deaths: 1, ..ExploreLimits::default() };
    let [made, failed] = OF_TAKEN_BACK;
    explored_to_one_end(Story::TakenBack, &[&[made], &[failed]], limits);
    explored_to_one_end(Story::TakenBack, &[&[failed, made], &[failed]], ExploreLimits::default());
}

fn drawn(seed: u64, end: &[OnceLock<Vec<String>>; 3]) -> Deliveries<'_> {
    let mut random = SeededRandom::of(seed);
    let stories = [Story::Cancelled, Story::Full { won: true }, Story::Full { won: false }];
    let chosen = random.below(3);
    let deliveries: &[Delivery] = if chosen == 0 { &OF_LET_GO } else { &OF_FULL };
    let mut hands = vec![Vec::new(); 2 + random.below(3)];
    for delivery in deliveries.iter().chain(deliveries) {
        let workers = hands.len();
        let hand: &mut Vec<Delivery> = &mut hands[random.below(workers)];
        let place = random.below(hand.len() + 1);
        hand.insert(place, *delivery);
    }
    Deliveries { story: stories[chosen], hands, end: &end[chosen] }
}

#[test]
fn events_of_stripes_with_random_faults_end_in_one_state() {
    let end = Default::default();
    campaign("Stripe's events with random faults", 16, FaultRates::default(), |seed| drawn(seed, &end));
}

#[test]
fn a_seed_repeats_the_same_events_of_stripes_call_by_call() {
    let end = Default::default();
    repeats(2, FaultRates::default(), |seed| drawn(seed, &end));
}
