//! Reminders: members whose payments failed, and the workers that handle them.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::whop::{MembershipStatus, Payment};

use super::callers::KeyedRequest;
use super::invariant::Invariant;
use super::invariants::{
    AppliedOnce, Bystanders, ClosedCasesRest, Fences, NothingUnfinished, NothingWaitsUnseen, OnceEach,
    OneEntryPerTransition, RefusalsAreListed, SumsAreRight,
};
use super::reminder_end::CaseEnd;
use super::rows::Rows;
use super::scenario::{SWITCHES_AND_PAYOUTS, Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use support::exactly_once::LEASES;
use support::world::{
    COMPANY, OWNER, REMINDERS, World, beginning, id_of, payment_failed, payment_succeeded, renewal,
};

/// The work of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Tick,
    /// Whop reports that a member has paid.
    Paid(usize),
    /// Whop reports again that a payment failed.
    Failed(usize),
    /// The owner reminds the first member by hand.
    Nudge,
    /// The owner ends the first member's membership at the end of the period.
    CancelMembership,
    /// The owner ends the first member's membership at once.
    Terminate,
    /// The owner saves settings with one more day of reminders.
    AddReminderDay,
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

/// How far the cases are before the workers start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The payments have failed at Whop, which has not reported it.
    Unreported,
    Reported,
    /// The first step is finished.
    Reminded,
    /// The first step is finished, and the members have paid at Whop.
    PaidAtWhop,
}

/// Members whose payments just failed, and the workers that handle them.
#[derive(Debug, Clone)]
pub(super) struct Reminders {
    pub(super) members: usize,
    pub(super) step: Step,
    pub(super) start: Start,
    pub(super) acts: Vec<Act>,
    /// The operation whose first answer is lost.
    pub(super) lost: Option<Operation>,
    /// How every case ends; `None` leaves the cases open.
    pub(super) end: Option<CaseEnd>,
}

const BYSTANDER: &str = "biz_beta";

impl Reminders {
    pub(super) fn of_one(step: Step, acts: &[Act]) -> Self {
        let (start, acts) = (Start::Reported, acts.to_vec());
        Self { members: 1, step, start, acts, lost: None, end: None }
    }

    /// One member's case with free days, pushes and direct messages, played to its end.
    pub(super) fn of_whole_case(start: Start, acts: &[Act], end: CaseEnd) -> Self {
        Self { start, end: Some(end), ..Self::of_one(Step::All, acts) }
    }

    pub(super) fn grants_days(&self) -> bool {
        matches!(self.step, Step::Days | Step::Grant | Step::All)
    }

    fn settings(&self, days: &[u8]) -> Value {
        json!({
            "incentive_days": if self.grants_days() { 3 } else { 0 },
            "push_enabled": self.step != Step::Days,
            "dm_enabled": self.step == Step::All,
            "reminder_offsets_days": days,
        })
    }

    async fn fail_payments(&self, world: &World) {
        for member in 1..=self.members {
            let [membership, payment] = ["mem", "pay"].map(|kind| format!("{kind}_{member}"));
            world.add_past_due(COMPANY, &membership);
            if self.start == Start::Unreported {
                let failed = Payment { failed: true, ..renewal(COMPANY, &membership, &payment, beginning()) };
                world.service.sandbox.whop.add_payment(failed);
            } else {
                world.fail(&membership, &payment, beginning()).await.ok();
            }
        }
    }

    /// Lets Whop defer what is decided, so that only that is due.
    async fn postpone(&self, world: &World) {
        let postponed = match self.step {
            Step::Message => Operation::Notifications,
            Step::Days => Operation::Extend,
            Step::Push | Step::Grant | Step::All => return,
        };
        world.inject_fault(postponed, "status:429", Some(1), Some(COMPANY));
        world.settle().await;
        world.advance(LEASES);
    }
}

impl Scenario for Reminders {
    fn name(&self) -> String {
        let Self { members, step, start, acts, .. } = self;
        format!("reminders, {members} members, {step:?}, {start:?}, {acts:?}")
    }

    fn workers(&self) -> usize {
        self.acts.len()
    }

    async fn prepare(&self, world: &World) {
        world.add_company(BYSTANDER, "user_beta", true);
        if self.end.is_none() {
            // An exact end covers everything that was sent.
            world.open_case(BYSTANDER, "mem_beta").await;
        }
        world.save_settings(self.settings(&[0, 2])).await;
        world.settle().await;
        if self.step != Step::All {
            // The experience for pushes is known from an earlier case.
            world.open_case(COMPANY, "mem_0").await;
            world.settle().await;
        }
        self.fail_payments(world).await;
        self.postpone(world).await;
        if matches!(self.start, Start::Reminded | Start::PaidAtWhop) {
            world.settle().await;
        }
        if self.start == Start::PaidAtWhop {
            for member in 1..=self.members {
                let membership = format!("mem_{member}");
                world.service.sandbox.whop.set_membership_status(&membership, MembershipStatus::Active);
            }
        }
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        let (act, more_days) = (self.acts[worker], self.settings(&[0, 1, 2]));
        Box::pin(async move { act.run(&process, more_days).await })
    }

    fn further_pauses(&self) -> &'static [ClockJump] {
        self.end.map_or(&[], |end| end.pauses)
    }

    fn add_fault_rules(&self, world: &World) {
        if let Some(operation) = self.lost {
            world.inject_fault(operation, "drop_after", Some(1), None);
        }
    }

    fn unseen_ranges(&self) -> &'static [&'static str] {
        SWITCHES_AND_PAYOUTS
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
            Box::new(NothingWaitsUnseen),
        ]
    }

    async fn again(&self, world: &World) {
        for act in self.acts.iter().filter(|act| **act != Act::Tick) {
            let status = match act.request(world) {
                Some(request) => request.send_until_answered(world).await.status.to_string(),
                None => act.run(world, self.settings(&[0, 1, 2])).await,
            };
            let is_alone = self.acts.len() == 1;
            assert!(!is_alone || status.starts_with('2'), "{act:?}, repeated: {status}");
        }
    }

    async fn at_rest(&self, world: &World, context: &str) {
        if let Some(end) = self.end {
            end.check(self, world, context).await;
        }
    }
}

impl Act {
    /// Executes it and returns the status of the answer.
    async fn run(self, world: &World, more_days: Value) -> String {
        if let Some(request) = self.request(world) {
            return request.send(world).await.status.to_string();
        }
        let event = match self {
            Self::Paid(member) => {
                let at = beginning() + Duration::minutes(1);
                payment_succeeded(&format!("mem_{member}"), &format!("pay_{member}"), at)
            }
            Self::Failed(member) => {
                payment_failed(&format!("mem_{member}"), &format!("pay_{member}"), beginning())
            }
            Self::AddReminderDay => {
                let save = Some(more_days);
                let save = world.owner_request(COMPANY, OWNER, Method::PUT, "/api/settings", save);
                return world.ask(save).await.status.to_string();
            }
            _ => {
                let answer = world.service.fire("reminders", REMINDERS, world.now()).await;
                return answer.status().to_string();
            }
        };
        world.service.deliver(&id_of(&event), &event.to_string()).await.status().to_string()
    }

    /// The request of an owner who acts on the first member's case.
    fn request(self, world: &World) -> Option<KeyedRequest> {
        let verb = match self {
            Self::Nudge => "nudge",
            Self::CancelMembership => "cancel-membership",
            Self::Terminate => "terminate",
            _ => return None,
        };
        let rows = Rows::read(&world.service.dynamo);
        let is_first = |membership: &str| membership == "mem_1";
        let case =
            rows.of("CASE#").find(|row| row.text("sk") == "CASE" && is_first(row.text("membership_id")));
        let path = format!("/api/cases/{}/{verb}", case.unwrap().text("case_id"));
        Some(KeyedRequest { path, key: verb.to_owned(), body: json!({}) })
    }
}
