//! Reconciliation: concurrent runs, payouts, and late events.

use chrono::Duration;
use shared::store::marketplace::reconciliation::Sums;

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::{EndedRunsLeaveNothing, of_money};
use super::outside::{Happening, mark_delivered};
use super::payout_scenario::{CLAIMS, FORGOTTEN, STALE, finish};
use super::random_run::FaultRates;
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use super::seeded_random::SeededRandom;
use support::jobs_done::RECONCILE;
use support::payees::{Job, PAYOUTS};
use support::world::{COMPANY, World};

/// The work of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Reconcile,
    /// A run of the payouts.
    Payouts,
    /// Stripe delivers the missed webhooks.
    Webhooks,
    /// A further event at Stripe.
    AtStripe(Happening),
}

/// Completed jobs, some of them paid out, and later events at Stripe whose webhooks were missed.
#[derive(Debug, Clone)]
pub(super) struct Missed {
    pub paid: usize,
    pub unpaid: usize,
    pub missed: Vec<Happening>,
    pub clock_jumps: &'static [ClockJump],
    pub acts: Vec<Act>,
}

impl Missed {
    pub(super) fn of_one(missed: &[Happening], acts: &[Act]) -> Self {
        let (missed, acts) = (missed.to_vec(), acts.to_vec());
        Self { paid: 1, unpaid: 0, missed, clock_jumps: &[CLAIMS], acts }
    }
}

impl Missed {
    /// Whether a dispute may cover money that was refunded already, which a person must explain.
    fn is_overdrawn(&self) -> bool {
        let acts =
            self.acts.iter().filter_map(|act| if let Act::AtStripe(it) = act { Some(it) } else { None });
        let happenings: Vec<&Happening> = self.missed.iter().chain(acts).collect();
        let any = |is_it: fn(&Happening) -> bool| happenings.iter().any(|it| is_it(it));
        any(|it| matches!(it, Happening::Refund(_))) && any(|it| matches!(it, Happening::Dispute(_)))
    }
}

impl Scenario for Missed {
    fn name(&self) -> String {
        let Self { paid, unpaid, missed, acts, .. } = self;
        format!("reconciliation, {paid} jobs paid out, {unpaid} not, missed {missed:?}, {acts:?}")
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        world.add_payee(COMPANY, "user_0", "usd").await;
        for _ in 0..self.paid {
            world.add_job(&Job::of(world, "user_0")).await;
        }
        world.pay_day().await;
        world.advance(Duration::hours(1));
        world.reconcile().await;
        for _ in 0..self.unpaid {
            world.add_job(&Job::of(world, "user_0")).await;
        }
        self.missed.iter().for_each(|happening| happening.apply(world));
        mark_delivered(world);
        // Reconciliation ignores transactions younger than an hour.
        world.advance(Duration::hours(2));
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let act = self.acts[worker];
        Box::pin(async move { act.run(&process).await })
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.clock_jumps
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        let mut invariants = of_money();
        // With concurrent workers both sides are not read at the same moment.
        if self.acts.len() == 1 {
            invariants.push(Box::new(EndedRunsLeaveNothing));
        }
        invariants
    }

    async fn tick(&self, world: &World) -> u64 {
        let due = finish(world).await;
        world.advance(Duration::hours(2));
        let report = world.reconcile_now().await;
        due + u64::from(report["more"] == true)
    }

    /// Every balance transaction is matched and was counted by one run.
    async fn at_rest(&self, world: &World, context: &str) {
        let cursor = world.store().reconciliation_cursor().await.unwrap();
        let mut counted = Sums::default();
        let runs = world.store().reconciliations(100, None).await.unwrap().0;
        runs.iter().for_each(|run| counted.merge(&run.sums));
        assert_eq!(counted, cursor.sums, "{context}\neach slice is counted by one run");
        let cash = world.cash().await;
        assert_eq!(cash.unexplained_amount(), 0, "{context}\n{cash:?}");
        if !self.is_overdrawn() {
            assert_eq!(
                world.finding_totals().await,
                [],
                "{context}\nnothing is left for a person to explain"
            );
        }
    }
}

impl Act {
    /// Executes it and returns the status of the answer.
    async fn run(self, world: &World) -> String {
        let fire = async |job, path| world.service.fire(job, path, world.now()).await.status().to_string();
        match self {
            Self::Reconcile => fire("reconciliation", RECONCILE).await,
            Self::Payouts => fire("payouts", PAYOUTS).await,
            Self::Webhooks => redeliver(world).await,
            Self::AtStripe(happening) => happening.run(world).await,
        }
    }
}

/// Delivers Stripe's events about payments again.
async fn redeliver(world: &World) -> String {
    let kinds = ["charge.refunded", "charge.dispute.", "transfer.reversed"];
    let mut statuses = Vec::new();
    for event in world.service.sandbox.stripe.events() {
        if kinds.iter().any(|kind| event.kind.starts_with(kind)) {
            statuses.push(world.service.deliver_stripe(&event.body).await.status().to_string());
        }
    }
    statuses.join(", ")
}

fn of_one(missed: &[Happening], acts: &[Act], limits: ExploreLimits) {
    explored(&Missed::of_one(missed, acts), limits);
}

/// Events whose webhooks were missed.
const MISSED: [Happening; 2] = [Happening::Refund(0), Happening::Reverse(0)];

fn in_turns(interruptions: usize) -> ExploreLimits {
    ExploreLimits { interruptions: Some(interruptions), ..ExploreLimits::default() }
}

#[test]
fn a_run_that_dies_or_stops_anywhere_counts_nothing_twice() {
    let scenario = Missed { clock_jumps: &[CLAIMS, FORGOTTEN], ..Missed::of_one(&MISSED, &[Act::Reconcile]) };
    explored(&scenario, ExploreLimits { deaths: 1, jumps: 1, ..ExploreLimits::default() });
}

#[test]
fn two_runs_over_what_was_missed_count_each_line_once() {
    of_one(&MISSED, &[Act::Reconcile, Act::Reconcile], in_turns(1));
}

#[test]
fn a_run_over_events_that_come_after_all_applies_each_once() {
    of_one(&MISSED, &[Act::Reconcile, Act::Webhooks], in_turns(1));
}

#[test]
#[ignore = "minutes"]
fn a_run_over_payouts_explains_every_cent() {
    let acts = [Act::Reconcile, Act::Payouts];
    explored(&Missed { unpaid: 1, ..Missed::of_one(&[Happening::Refund(0)], &acts) }, in_turns(1));
}

#[test]
#[ignore = "minutes"]
fn a_run_over_another_and_over_events_after_any_deaths_wherever_one_is_interrupted() {
    for other in [Act::Reconcile, Act::Webhooks, Act::AtStripe(Happening::Refund(0))] {
        of_one(&MISSED, &[Act::Reconcile, other], ExploreLimits { deaths: 2, ..in_turns(1) });
    }
}

/// Up to four jobs with random missed events.
pub(super) fn of_chance(seed: u64) -> Missed {
    let mut random = SeededRandom::of(seed);
    let (paid, unpaid) = (1 + random.below(2), random.below(3));
    let mut happens = || {
        let booking = random.below(paid);
        random.one_of(&[
            Happening::Refund(booking),
            Happening::Dispute(booking),
            Happening::Won(booking),
            Happening::Reverse(booking),
        ])
    };
    let missed = vec![happens(), happens()];
    let more = happens();
    let mut acts = vec![Act::Reconcile];
    let others = [Act::Reconcile, Act::Payouts, Act::Webhooks, Act::AtStripe(more)];
    acts.extend((0..1 + random.below(3)).map(|_| random.one_of(&others)));
    Missed { paid, unpaid, missed, clock_jumps: &[CLAIMS, STALE, FORGOTTEN], acts }
}

#[test]
fn reconciliations_with_random_faults_explain_every_cent_once() {
    campaign("reconciliations with random faults", 8, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_reconciliations_call_by_call() {
    repeats(2, FaultRates::default(), of_chance);
}
