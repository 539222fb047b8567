//! Reminders: concurrent sweeps, payments and nudges.

use chrono::Duration;
use serde_json::json;
use stand_ins::fault::Operation;

use super::campaign::{campaign, explored, repeats};
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::{
    AppliedOnce, Bystanders, ClosedCasesRest, Fences, NothingUnfinished, OnceEach, OneEntryPerTransition,
    RefusalsAreListed, SumsAreRight,
};
use super::random_run::FaultRates;
use super::scenario::{Scenario, WorkerFuture};
use super::seeded_random::SeededRandom;
use support::exactly_once::LEASES;
use support::world::{COMPANY, REMINDERS, World, beginning, id_of, payment_failed, payment_succeeded};

/// The work of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Tick,
    /// Whop reports that a member has paid.
    Paid(usize),
    /// Whop reports again that a payment failed.
    Failed(usize),
}

/// The company's reaction to a failed payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Push,
    /// A push that is decided and deferred by Whop: only the message is due.
    Message,
    /// Free days only, decided and deferred by Whop.
    Days,
    /// Free days and a push.
    Grant,
    /// Free days, a push and a direct message; the experience for pushes is not known yet.
    All,
}

/// Members whose payments just failed, and the workers that handle them.
#[derive(Debug, Clone)]
pub(super) struct Reminders {
    pub(super) members: usize,
    pub(super) step: Step,
    pub(super) acts: Vec<Act>,
}

const BYSTANDER: &str = "biz_beta";

impl Reminders {
    pub(super) fn of_one(step: Step, acts: &[Act]) -> Self {
        Self { members: 1, step, acts: acts.to_vec() }
    }
}

impl Scenario for Reminders {
    fn name(&self) -> String {
        format!("reminders, {} members, {:?}, {:?}", self.members, self.step, self.acts)
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        world.add_company(BYSTANDER, "user_beta", true);
        world.open_case(BYSTANDER, "mem_beta").await;
        let all = self.step == Step::All;
        let grants = matches!(self.step, Step::Days | Step::Grant | Step::All);
        let settings = json!({
            "incentive_days": if grants { 3 } else { 0 },
            "push_enabled": self.step != Step::Days,
            "dm_enabled": all,
            "reminder_offsets_days": [0, 2],
        });
        world.save_settings(settings).await;
        world.settle().await;
        if !all {
            // The experience for pushes is known from an earlier case.
            world.open_case(COMPANY, "mem_0").await;
            world.settle().await;
        }
        for member in 1..=self.members {
            world.add_past_due(COMPANY, &format!("mem_{member}"));
            world.fail(&format!("mem_{member}"), &format!("pay_{member}"), beginning()).await.ok();
        }
        let postponed = match self.step {
            Step::Message => Some(Operation::Notifications),
            Step::Days => Some(Operation::Extend),
            _ => None,
        };
        if let Some(operation) = postponed {
            world.inject_fault(operation, "status:429", Some(1), Some(COMPANY));
            world.settle().await;
            world.advance(LEASES);
        }
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let act = self.acts[worker];
        Box::pin(async move { act.run(&process).await })
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        vec![
            Box::new(Fences),
            Box::new(AppliedOnce),
            Box::new(OneEntryPerTransition),
            Box::new(ClosedCasesRest),
            Box::new(Bystanders { company: COMPANY }),
            Box::new(OnceEach),
            Box::new(SumsAreRight),
            Box::new(NothingUnfinished),
            Box::new(RefusalsAreListed),
        ]
    }

    async fn again(&self, world: &World) {
        for act in &self.acts {
            if *act != Act::Tick {
                act.run(world).await;
            }
        }
    }
}

impl Act {
    /// Executes it and returns the status of the answer.
    async fn run(self, world: &World) -> String {
        let event = match self {
            Self::Tick => {
                let answer = world.service.fire("reminders", REMINDERS, world.now()).await;
                return answer.status().to_string();
            }
            Self::Paid(member) => {
                let at = beginning() + Duration::minutes(1);
                payment_succeeded(&format!("mem_{member}"), &format!("pay_{member}"), at)
            }
            Self::Failed(member) => {
                payment_failed(&format!("mem_{member}"), &format!("pay_{member}"), beginning())
            }
        };
        world.service.deliver(&id_of(&event), &event.to_string()).await.status().to_string()
    }
}

fn ticks(number: usize, step: Step, limits: ExploreLimits) {
    explored(&Reminders::of_one(step, &vec![Act::Tick; number]), limits);
}

#[test]
fn two_ticks_over_one_case_send_one_push_in_every_order_and_after_a_death_anywhere() {
    ticks(2, Step::Push, ExploreLimits { deaths: 1, ..ExploreLimits::default() });
}

#[test]
fn two_ticks_over_one_message_send_it_once_wherever_one_is_interrupted_and_the_clock_jumps() {
    ticks(2, Step::Message, ExploreLimits { jumps: 1, interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn two_ticks_over_one_message_send_it_once_in_every_order_after_a_jump_anywhere() {
    ticks(2, Step::Message, ExploreLimits { jumps: 1, ..ExploreLimits::default() });
}

#[test]
fn three_ticks_over_one_message_send_it_once_wherever_one_of_them_is_interrupted() {
    ticks(3, Step::Message, ExploreLimits { interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
fn a_tick_over_a_payment_in_every_order_after_deaths_and_a_jump_anywhere() {
    let limits = ExploreLimits { deaths: 2, jumps: 1, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Paid(1)]), limits);
    let limits = ExploreLimits { deaths: 2, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::All, &[Act::Tick, Act::Paid(1)]), limits);
}

#[test]
fn a_tick_over_a_payment_and_a_repeated_failure_in_every_order_and_after_a_death_anywhere() {
    let limits = ExploreLimits { deaths: 1, ..ExploreLimits::default() };
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Paid(1), Act::Failed(1)]), limits);
}

#[test]
#[ignore = "minutes"]
fn two_ticks_with_free_days_and_two_messages_wherever_one_of_them_is_interrupted() {
    ticks(2, Step::All, ExploreLimits { interruptions: Some(1), ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn two_ticks_send_one_push_in_every_order_after_two_deaths_and_a_jump_anywhere() {
    ticks(2, Step::Push, ExploreLimits { deaths: 2, jumps: 1, ..ExploreLimits::default() });
}

#[test]
#[ignore = "minutes"]
fn three_ticks_send_one_push_wherever_they_are_interrupted_twice() {
    ticks(3, Step::Push, ExploreLimits { interruptions: Some(2), ..ExploreLimits::default() });
}

#[test]
#[ignore = "hours"]
fn two_ticks_with_free_days_in_every_order() {
    ticks(2, Step::Grant, ExploreLimits::default());
}

/// Four members, one of whom pays, and up to four workers.
pub(super) fn of_chance(seed: u64) -> Reminders {
    let mut random = SeededRandom::of(seed);
    let paid = Act::Paid(1 + random.below(4));
    let acts = [Act::Tick, paid, Act::Tick, Act::Failed(1 + random.below(4))];
    Reminders {
        members: 4,
        step: random.one_of(&[Step::Push, Step::Grant, Step::All]),
        acts: acts[..2 + random.below(3)].to_vec(),
    }
}

#[test]
fn reminders_in_storms_leave_once() {
    campaign("reminders in storms", 24, FaultRates::default(), of_chance);
}

#[test]
fn a_seed_repeats_the_same_reminders_call_by_call() {
    repeats(3, FaultRates::default(), of_chance);
}
