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

/// Members who have just failed to pay, at a company that grants three days and reminds twice.
#[derive(Debug, Clone)]
struct Reminders {
    members: usize,
    acts: Vec<Act>,
}

const BYSTANDER: &str = "biz_beta";

impl Reminders {
    fn of_one(acts: &[Act]) -> Self {
        Self { members: 1, acts: acts.to_vec() }
    }
}

impl Scene for Reminders {
    fn name(&self) -> String {
        format!("reminders to {} by {:?}", self.members, self.acts)
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        world.add_company(BYSTANDER, "user_beta", true);
        world.open_case(BYSTANDER, "mem_beta").await;
        world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2]})).await;
        world.settle().await;
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
    explored(&Reminders::of_one(&[Act::Tick]), Reach { deaths: 1, jumps: 0, interruptions: None });
}

#[test]
fn two_ticks_over_one_case_in_every_order() {
    explored(&Reminders::of_one(&[Act::Tick, Act::Tick]), Reach::default());
}
