//! Trouble at every request, one after the other, until a run finishes untouched.

use std::ops::AddAssign;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::outbox::Kind;
use stand_ins::whop::MembershipStatus;

use support::exactly_once::LEASES;
use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::world::{Answer, COMPANY, OWNER, World};

/// What is under way when the trouble strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkerFuture {
    Tick,
    Failure,
    Success,
    Nudge,
    Cancel,
    Terminate,
}

impl WorkerFuture {
    async fn prepare(self) -> World {
        let world = World::start().await;
        world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2]})).await;
        world.settle().await;
        world.add_past_due(COMPANY, "mem_1");
        if self != Self::Failure {
            world.fail("mem_1", "pay_1", world.now()).await.ok();
        }
        if !matches!(self, Self::Failure | Self::Tick) {
            world.settle().await;
        }
        // The caller is authenticated by now, so that the requests counted are those of the work.
        world.get("/api/settings").await;
        world
    }

    /// Does it, or does it again as the outside would that got no answer.
    async fn act(self, world: &World, case_id: &str) -> Option<Answer> {
        let post = |what: &str| {
            let path = format!("/api/cases/{case_id}/{what}");
            let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &path, Some(json!({})));
            request.headers_mut().insert("idempotency-key", "key-1".parse().unwrap());
            request
        };
        // Events keep their own time and id, however late they are delivered again.
        let failed_at = support::world::beginning();
        match self {
            Self::Tick => {
                let path = support::world::REMINDERS;
                world.service.fire("reminders", path, world.now()).await;
                None
            }
            Self::Failure => Some(world.fail("mem_1", "pay_1", failed_at).await),
            Self::Success => {
                let active = MembershipStatus::Active;
                world.service.sandbox.whop.set_membership_status("mem_1", active);
                Some(world.succeed("mem_1", "pay_1", failed_at + Duration::minutes(1)).await)
            }
            Self::Nudge => Some(world.ask(post("nudge")).await),
            Self::Cancel => Some(world.ask(post("cancel-membership")).await),
            Self::Terminate => Some(world.ask(post("terminate")).await),
        }
    }

    /// Whatever happened on the way: one end, the same as without trouble.
    async fn check(self, world: &World, told: &str) -> Outcome {
        let outcomes = world.check_exactly_once(told).await;
        let case = world.case_of("mem_1").await;
        let (status, actions) = match self {
            Self::Tick | Self::Failure => ("exhausted", 5),
            Self::Nudge => ("exhausted", 6),
            Self::Success => ("recovered", 3),
            Self::Cancel | Self::Terminate => ("cancelled", 4),
        };
        assert_eq!(case["status"], status, "{told}: {case:#}");
        assert_eq!(outcomes.values().sum::<usize>(), actions, "{told}: {outcomes:?}");
        assert_eq!(world.sent(Kind::FreeDays), 1, "{told}");
        let membership = world.service.sandbox.whop.membership("mem_1").unwrap();
        assert_eq!(membership.cancel_at_period_end, self == Self::Cancel, "{told}");
        assert_eq!(membership.status == MembershipStatus::Canceled, self == Self::Terminate, "{told}");
        let unknown = outcomes.get("unknown").copied().unwrap_or_default();
        let rejected = outcomes.get("rejected").copied().unwrap_or_default();
        assert_eq!(rejected, 0, "{told}: nobody refused anything: {outcomes:?}");
        Outcome { runs: 1, unknown }
    }
}

/// What came of many runs.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    runs: usize,
    unknown: usize,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.unknown += other.unknown;
    }
}

/// The case's id is known to the outside only once there is a case.
async fn case_id(run_worker: WorkerFuture, world: &World) -> String {
    let case = if run_worker == WorkerFuture::Failure { Value::Null } else { world.case_of("mem_1").await };
    case["case_id"].as_str().unwrap_or_default().to_owned()
}

/// After the trouble: a new process, everybody tries again, and the days pass.
async fn recover(run_worker: WorkerFuture, world: &mut World, case_id: &str, told: &str) {
    world.restart().await;
    world.advance(LEASES);
    world.settle().await;
    if let Some(answer) = run_worker.act(world, case_id).await {
        assert!(answer.status.is_success(), "{told}: {answer:?}");
    }
    let (hour, day) = (Duration::hours(1), Duration::days(1));
    world.pass(&[LEASES, LEASES * 3, hour, day * 2, LEASES, hour, day * 13]).await;
}

async fn strike_everywhere(run_worker: WorkerFuture) {
    let mut total = Outcome::default();
    for trouble in FAULT_POINTS {
        for call in 1.. {
            let told = format!("{run_worker:?}, {trouble:?} at call {call}");
            let mut world = run_worker.prepare().await;
            let case_id = case_id(run_worker, &world).await;
            let injected_fault = InjectedFault::at(&world, trouble, call);
            let struck = injected_fault.during(run_worker.act(&world, &case_id)).await;
            recover(run_worker, &mut world, &case_id, &told).await;
            let outcome = run_worker.check(&world, &told).await;
            assert!(outcome.unknown <= usize::from(struck), "{told}: {} unknown", outcome.unknown);
            assert!(outcome.unknown == 0 || trouble.may_leave_doubt(), "{told}: in doubt without a reason");
            total += outcome;
            if !struck {
                break;
            }
        }
    }
    eprintln!("{run_worker:?}: {} runs, {} of them left one message in doubt", total.runs, total.unknown);
}

#[tokio::test]
async fn a_tick_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Tick).await;
}

#[tokio::test]
async fn a_failed_payments_delivery_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Failure).await;
}

#[tokio::test]
async fn a_payments_delivery_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Success).await;
}

#[tokio::test]
async fn a_nudge_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Nudge).await;
}

#[tokio::test]
async fn the_end_of_a_case_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Cancel).await;
    strike_everywhere(WorkerFuture::Terminate).await;
}

#[tokio::test]
async fn a_second_death_in_the_recovery_of_the_first_changes_nothing() {
    let mut total = Outcome::default();
    for first in 1.. {
        let mut struck_once = false;
        for second in 1.. {
            let told = format!("death at call {first}, again at call {second} of the next tick");
            let mut world = WorkerFuture::Tick.prepare().await;
            struck_once =
                InjectedFault::death_at(&world, first).during(WorkerFuture::Tick.act(&world, "")).await;
            world.restart().await;
            world.advance(LEASES);
            let struck_twice =
                InjectedFault::death_at(&world, second).during(WorkerFuture::Tick.act(&world, "")).await;
            recover(WorkerFuture::Tick, &mut world, "", &told).await;
            let outcome = WorkerFuture::Tick.check(&world, &told).await;
            assert!(outcome.unknown <= 2, "{told}");
            total += outcome;
            if !struck_twice {
                break;
            }
        }
        if !struck_once {
            break;
        }
    }
    eprintln!("pairs: {} runs, {} messages in doubt", total.runs, total.unknown);
}
