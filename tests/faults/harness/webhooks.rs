//! Applies Whop's events: any number of deliveries in any order, also concurrent, give the same state.

use std::sync::OnceLock;

use chrono::Duration;
use local::service::TABLE;
use serde_json::Value;

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::{
    AppliedOnce, ClosedCasesRest, EventsAccountedFor, Fences, NothingUnfinished, NothingWaitsUnseen,
    OnceEach, OneEntryPerTransition, RefusalsAreListed, SumsAreRight,
};
use super::random_run::FaultRates;
use super::rows::Rows;
use super::scenario::{SWITCHES_AND_PAYOUTS, Scenario, WorkerFuture};
use super::seeded_random::SeededRandom;
use support::dialects::{Dialect, EventKind, Spelling};
use support::world::{COMPANY, REMINDERS, World, beginning, id_of, payment_failed, payment_succeeded};

/// An event at Whop for a member, or a sweep that applies stored events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Failed(usize, i64),
    Paid(usize, i64),
    /// A failure in a dialect without a company, so that Whop is queried for the owner.
    Unnamed(usize),
    /// A dispute that names only the member's payment.
    Disputed(usize),
    Tick,
}

use Delivery::{Disputed, Failed, Paid, Tick, Unnamed};

/// Workers that receive events, each its own ones in its own order.
#[derive(Debug)]
pub(super) struct Deliveries<'a> {
    pub(super) hands: Vec<Vec<Delivery>>,
    /// Earlier events: the first before its owner was known, and those without a company before Whop could name
    /// it.
    pub(super) early: Vec<Delivery>,
    /// The final state, set by the first run that reaches it.
    pub(super) end: &'a OnceLock<Vec<String>>,
}

/// After this time stored events are applied again.
const PAUSE: Duration = Duration::minutes(61);

/// Attributes that depend on the order and not on the final state: a case is named after the first reported
/// failure.
const TRACES: [&str; 12] = [
    "pk",
    "case_id",
    "updated_at",
    "version",
    "due_at",
    "due_shard",
    "attempts",
    "last_offset_days",
    "failed_tries",
    "last_error",
    "incentive_days",
    "list_sk",
];

impl Delivery {
    fn event(self) -> Option<Value> {
        let at = |minute| beginning() + Duration::minutes(minute);
        match self {
            Failed(member, minute) => {
                Some(payment_failed(&format!("mem_{member}"), &format!("pay_{member}"), at(minute)))
            }
            Paid(member, minute) => {
                Some(payment_succeeded(&format!("mem_{member}"), &format!("pay_{member}"), at(minute)))
            }
            Unnamed(member) => {
                let (dialect, kind) = (Dialect::V2WithoutCompany, EventKind::Failed);
                let event = dialect.event(Spelling::Dotted, kind, &member.to_string(), beginning());
                Some(with_id(event, &format!("msg_unnamed_{member}")))
            }
            Disputed(member) => {
                let kind = EventKind::Disputed;
                Some(Dialect::Dated.event(Spelling::Dotted, kind, &member.to_string(), beginning()))
            }
            Tick => None,
        }
    }

    /// Delivers it and returns the status. After a 2xx the event must be stored.
    async fn deliver(self, world: &World) -> String {
        let Some(event) = self.event() else {
            let fired = world.service.fire("reminders", REMINDERS, world.now()).await;
            return fired.status().to_string();
        };
        let id = id_of(&event);
        let status = world.service.deliver(&id, &event.to_string()).await.status();
        let rows = world.service.dynamo.rows(TABLE);
        let kept = rows.iter().any(|row| row["pk"]["S"] == format!("EVENT#whop#{id}"));
        assert!(kept || !status.is_success(), "{self:?} was acknowledged and is not kept");
        status.to_string()
    }
}

/// An event with an id in its envelope, although Whop sends it in a header only.
fn with_id(mut event: Value, id: &str) -> Value {
    event["id"] = id.into();
    event
}

impl Scenario for Deliveries<'_> {
    fn name(&self) -> String {
        format!("deliveries {:?}", self.hands)
    }

    fn workers(&self) -> usize {
        self.hands.len()
    }

    async fn prepare(&self, world: &World) {
        let is_unnamed = |delivery: &&Delivery| matches!(delivery, Unnamed(_));
        for delivery in self.early.iter().filter(is_unnamed) {
            delivery.deliver(world).await;
        }
        for member in 1..=3 {
            world.add_past_due(COMPANY, &format!("mem_{member}"));
        }
        for delivery in self.early.iter().filter(|delivery| !is_unnamed(delivery)) {
            delivery.deliver(world).await;
        }
        if !self.early.is_empty() {
            world.advance(PAUSE);
        }
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let deliveries = self.hands[worker].clone();
        Box::pin(async move {
            let mut seen = Vec::new();
            for delivery in deliveries {
                seen.push(delivery.deliver(&process).await);
            }
            seen.join(", ")
        })
    }

    fn unseen_ranges(&self) -> &'static [&'static str] {
        SWITCHES_AND_PAYOUTS
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        vec![
            Box::new(Fences),
            Box::new(AppliedOnce),
            Box::new(EventsAccountedFor),
            Box::new(OneEntryPerTransition),
            Box::new(ClosedCasesRest),
            Box::new(OnceEach),
            Box::new(SumsAreRight),
            Box::new(RefusalsAreListed),
            Box::new(NothingWaitsUnseen),
            Box::new(NothingUnfinished),
        ]
    }

    async fn again(&self, world: &World) {
        for delivery in self.hands.iter().flatten() {
            assert_eq!(delivery.deliver(world).await, "200 OK");
        }
    }

    async fn at_rest(&self, world: &World, context: &str) {
        let rows = Rows::read(&world.service.dynamo);
        let cases = rows.of("CASE#").filter(|row| row.text("sk") == "CASE");
        let mut end: Vec<String> = cases
            .map(|case| {
                let mut case = case.0.clone();
                TRACES.iter().for_each(|name| case[name] = Value::Null);
                case.to_string()
            })
            .collect();
        end.sort_unstable();
        assert_eq!(self.end.get_or_init(|| end.clone()), &end, "{context}\nanother end than before");
    }
}

fn explored_to_one_end(hands: &[&[Delivery]], limits: ExploreLimits) {
    let end = OnceLock::new();
    let hands = hands.iter().map(|deliveries| deliveries.to_vec()).collect();
    explored(&Deliveries { hands, early: Vec::new(), end: &end }, limits);
}

#[test]
fn one_event_delivered_twice_is_applied_once_in_every_order_and_after_any_deaths() {
    let limits = ExploreLimits { deaths: 2, jumps: 1, ..ExploreLimits::default() };
    explored_to_one_end(&[&[Failed(1, 0)], &[Failed(1, 0)]], limits);
}

#[test]
fn a_failure_and_a_payment_at_once_end_in_one_state_in_every_order_and_after_any_deaths() {
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    explored_to_one_end(&[&[Failed(1, 0)], &[Paid(1, 5)]], limits);
    explored_to_one_end(
        &[&[Failed(1, 0), Paid(1, 5)], &[Paid(1, 5), Failed(1, 0)]],
        ExploreLimits::default(),
    );
}

#[test]
fn three_events_at_once_end_in_one_state_in_every_order() {
    explored_to_one_end(&[&[Failed(1, 0)], &[Paid(1, 5)], &[Failed(1, 3)]], ExploreLimits::default());
}

#[test]
fn leaving_out_orders_that_commute_leaves_no_state_out() {
    let end = OnceLock::new();
    let scenario =
        Deliveries { hands: vec![vec![Failed(1, 0)], vec![Failed(2, 3)]], early: Vec::new(), end: &end };
    let found = [false, true].map(|wide_awake| {
        let tally = explored(&scenario, ExploreLimits { jumps: 1, wide_awake, ..ExploreLimits::default() });
        (tally.states, tally.interleavings)
    });
    assert_eq!(found[0], found[1]);
}

/// All events of three members; the workers draw from them, some more than once.
const LETTERS: [Delivery; 8] = [
    Failed(1, 0),
    Paid(1, 5),
    Failed(2, 1),
    Failed(2, 4),
    Failed(3, 2),
    Paid(3, 3),
    Failed(3, 8),
    Paid(2, 9),
];

pub(super) fn drawn(seed: u64, end: &OnceLock<Vec<String>>) -> Deliveries<'_> {
    let mut random = SeededRandom::of(seed);
    let mut hands = vec![Vec::new(); 2 + random.below(3)];
    for _ in 0..2 {
        for delivery in LETTERS {
            let workers = hands.len();
            let hand: &mut Vec<Delivery> = &mut hands[random.below(workers)];
            let place = random.below(hand.len() + 1);
            hand.insert(place, delivery);
        }
    }
    Deliveries { hands, early: Vec::new(), end }
}

#[test]
fn deliveries_with_random_faults_end_in_one_state() {
    let end = OnceLock::new();
    campaign("deliveries with random faults", 24, FaultRates::default(), |seed| drawn(seed, &end));
}

#[test]
fn a_seed_repeats_the_same_deliveries_call_by_call() {
    let end = OnceLock::new();
    repeats(3, FaultRates::default(), |seed| drawn(seed, &end));
}
