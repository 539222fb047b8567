//! Reminders: ticks over ticks, over payments, over nudges.

use chrono::Duration;
use serde_json::json;

use super::explorer::Reach;
use super::law::Law;
use super::laws::{Bystanders, Fences, NothingUnfinished, OnceEach, OneEntryPerTransition, SumsAreRight};
use super::scene::{Deed, Scene};
use super::season::{explored, repeats, season};
use super::storm::Weather;
use crate::world::{COMPANY, OWNER, REMINDERS, World, beginning, id_of, payment_failed, payment_succeeded};

/// What one worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Tick,
    /// Whop tells that a member has paid after all.
    Paid(usize),
    /// Whop tells once more that a payment failed.
    Failed(usize),
}

/// What the company does about a failed payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A push, nothing else.
    Push,
    /// Free days and a push.
    Grant,
    /// Free days, a push and a direct message, and nobody knows yet through what pushes go.
    All,
}

/// Members who have just failed to pay, and whoever deals with it.
#[derive(Debug, Clone)]
struct Reminders {
    members: usize,
    step: Step,
    acts: Vec<Act>,
}

const BYSTANDER: &str = "biz_beta";

impl Reminders {
    fn of_one(step: Step, acts: &[Act]) -> Self {
        Self { members: 1, step, acts: acts.to_vec() }
    }
}

impl Scene for Reminders {
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
        let days = if self.step == Step::Push { 0 } else { 3 };
        let settings = json!({"incentive_days": days, "dm_enabled": all, "reminder_offsets_days": [0, 2]});
        world.save_settings(settings).await;
        world.settle().await;
        if !all {
            // Through which experience pushes go is known from an earlier case.
            world.open_case(COMPANY, "mem_0").await;
            world.settle().await;
        }
        for member in 1..=self.members {
            world.add_past_due(COMPANY, &format!("mem_{member}"));
            world.fail(&format!("mem_{member}"), &format!("pay_{member}"), beginning()).await.ok();
        }
    }

    fn deed(&self, worker: usize, process: World) -> Deed {
        let act = self.acts[worker];
        Box::pin(async move { act.done_by(&process).await })
    }

    fn laws(&self) -> Vec<Box<dyn Law>> {
        vec![
            Box::new(Fences),
            Box::new(OneEntryPerTransition),
            Box::new(Bystanders { company: COMPANY }),
            Box::new(OnceEach),
            Box::new(SumsAreRight),
            Box::new(NothingUnfinished),
        ]
    }

    async fn again(&self, world: &World) {
        for act in &self.acts {
            if *act != Act::Tick {
                act.done_by(world).await;
            }
        }
    }
}

impl Act {
    /// Does it; the status that was answered.
    async fn done_by(self, world: &World) -> String {
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

#[test]
fn one_tick() {
    explored(&Reminders::of_one(Step::All, &[Act::Tick]), Reach { deaths: 1, jumps: 1, ..Reach::default() });
}

#[test]
fn two_ticks_push() {
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Tick]), Reach { deaths: 1, jumps: 0, ..Reach::default() });
}

#[test]
fn two_ticks_grant() {
    explored(&Reminders::of_one(Step::Grant, &[Act::Tick, Act::Tick]), Reach::default());
}

#[test]
fn two_ticks_push_jump() {
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Tick]), Reach { deaths: 1, jumps: 1, ..Reach::default() });
}

#[test]
fn two_ticks_all_bounded() {
    explored(&Reminders::of_one(Step::All, &[Act::Tick, Act::Tick]), Reach { interruptions: Some(2), ..Reach::default() });
}

#[test]
fn tick_and_payment() {
    explored(&Reminders::of_one(Step::Push, &[Act::Tick, Act::Paid(1)]), Reach { deaths: 2, jumps: 0, ..Reach::default() });
}

#[test]
fn duplicates() {
    explored(&Reminders::of_one(Step::Push, &[Act::Paid(1), Act::Paid(1)]), Reach { deaths: 2, jumps: 1, ..Reach::default() });
}

#[test]
fn three() {
    explored(&Reminders::of_one(Step::Push, &[Act::Paid(1), Act::Failed(1), Act::Paid(1)]), Reach { deaths: 0, jumps: 0, ..Reach::default() });
}

#[test]
fn storm() {
    season("reminders in storms", 20, Weather::default(), |seed| Reminders {
        members: 4,
        step: Step::All,
        acts: vec![Act::Tick, Act::Paid(seed as usize % 4 + 1), Act::Tick, Act::Failed(1)],
    });
}

#[test]
fn repeated() {
    repeats(3, Weather::default(), |seed| Reminders {
        members: 4,
        step: Step::All,
        acts: vec![Act::Tick, Act::Paid(seed as usize % 4 + 1), Act::Tick, Act::Failed(1)],
    });
}
