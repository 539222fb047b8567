//! No sequence of events leads to a message to a member who cancelled, paid, paused, bought again or is
//! suppressed.

use chrono::Duration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::{MembershipStatus, Shape};

use crate::contact::{buy, buy_unreported, messages};
use support::mailer::ADDRESS;
use support::mailer::mail_event;
use support::world::{COMPANY, OWNER, World};

/// A step in a member's history, with or without an event about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Fails,
    Pays,
    Cancels {
        is_reported: bool,
    },
    TakesBack {
        is_reported: bool,
    },
    Pauses {
        is_reported: bool,
    },
    Resumes {
        is_reported: bool,
    },
    Bounces,
    BuysAgain {
        is_reported: bool,
    },
    /// Whop is rate-limiting or down.
    CarriesNothing,
    AnswersNothing,
    IsWell,
    DayPasses,
}

/// The channel that reaches the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReachedBy {
    PushAndDm,
    /// Push is outside of its audience, and direct messages are off.
    Mail,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    prop_oneof![
        2 => Just(Fails),
        1 => Just(Pays),
        2 => any::<bool>().prop_map(|is_reported| Cancels { is_reported }),
        2 => any::<bool>().prop_map(|is_reported| TakesBack { is_reported }),
        2 => any::<bool>().prop_map(|is_reported| Pauses { is_reported }),
        2 => any::<bool>().prop_map(|is_reported| Resumes { is_reported }),
        1 => Just(Bounces),
        2 => any::<bool>().prop_map(|is_reported| BuysAgain { is_reported }),
        2 => Just(CarriesNothing),
        1 => Just(AnswersNothing),
        3 => Just(IsWell),
        5 => Just(DayPasses),
    ]
}

/// Whether the member owes and wants the membership according to Whop.
fn may_be_written_to(world: &World) -> bool {
    let one = world.service.sandbox.whop.membership("mem_1").unwrap();
    one.status == MembershipStatus::PastDue && !one.cancel_at_period_end && !one.collection_paused
}

async fn happen(world: &World, step: Step) {
    let whop = &world.service.sandbox.whop;
    let cancel = "membership.cancel_at_period_end_changed";
    // Two events of one instant would be one.
    world.advance(Duration::seconds(1));
    match step {
        Step::Fails => {
            whop.set_membership_status("mem_1", MembershipStatus::PastDue);
            world.fail("mem_1", "pay_1", world.now()).await.ok();
        }
        Step::Pays => {
            whop.set_membership_status("mem_1", MembershipStatus::Active);
            world.succeed("mem_1", "pay_1", world.now()).await.ok();
        }
        Step::Cancels { is_reported } | Step::TakesBack { is_reported } => {
            let scheduled = matches!(step, Step::Cancels { .. });
            whop.change_membership("mem_1", |one| one.cancel_at_period_end = scheduled);
            if is_reported {
                world.deliver_membership_event(cancel, "mem_1").await.ok();
            }
        }
        Step::Pauses { is_reported } | Step::Resumes { is_reported } => {
            let paused = matches!(step, Step::Pauses { .. });
            whop.change_membership("mem_1", |one| one.collection_paused = paused);
            if is_reported {
                world.deliver_membership_event("membership.updated", "mem_1").await.ok();
            }
        }
        Step::Bounces => {
            let event = mail_event("email.bounced", &[ADDRESS], world.now());
            let id = format!("evt_{}", world.now().timestamp());
            world.deliver_resend_event(&id, &event).await.ok();
        }
        Step::BuysAgain { is_reported } => {
            let membership = format!("mem_again_{}", world.now().timestamp());
            if is_reported {
                buy(world, &membership, "user_1", "prod_1").await;
            } else {
                buy_unreported(world, &membership, "user_1", "prod_1");
            }
        }
        Step::CarriesNothing => {
            for operation in
                [Operation::Notifications, Operation::DmChannels, Operation::Extend, Operation::Emails]
            {
                world.inject_fault(operation, "status:429", None, None);
            }
        }
        Step::AnswersNothing => {
            for operation in [Operation::Memberships, Operation::ListMemberships, Operation::Access] {
                world.inject_fault(operation, "status:500", None, None);
            }
        }
        Step::IsWell => world.service.sandbox.faults.clear(),
        Step::DayPasses => world.advance(Duration::days(1)),
    }
}

async fn check_sequence(shape: Shape, reached_by: ReachedBy, steps: &[Step]) {
    let world = World::with_shape(shape).await;
    let by_mail = reached_by == ReachedBy::Mail;
    world.add_company(COMPANY, OWNER, !by_mail);
    world.save_settings(json!({"incentive_days": 2, "dm_enabled": !by_mail})).await;
    world.add_past_due(COMPANY, "mem_1");
    // One address in either shape: on the membership, and on the payment.
    world.service.sandbox.whop.change_membership("mem_1", |one| one.email = Some(ADDRESS.to_owned()));
    let (mut bounced, mut bought_again, mut has_another) = (false, false, false);
    for step in steps {
        bounced |= *step == Step::Bounces;
        match step {
            Step::BuysAgain { .. } => (bought_again, has_another) = (true, true),
            // A renewal of the old one that fails afterwards is a new debt.
            Step::Fails => bought_again = false,
            _ => {}
        }
        happen(&world, *step).await;
        let before = messages(&world) + world.sent(Kind::FreeDays);
        world.settle().await;
        let after = messages(&world) + world.sent(Kind::FreeDays);
        // Another membership in force brings the member into the audience of pushes.
        let only_mail_reaches = by_mail && !has_another;
        let allowed = may_be_written_to(&world) && !(only_mail_reaches && bounced) && !bought_again;
        assert!(allowed || before == after, "{shape:?} {reached_by:?} {step:?} of {steps:?}");
    }
}

#[test]
fn no_sequence_of_events_leads_to_an_unwanted_message() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let sequences = proptest::collection::vec(step(), 1..12);
    let shapes = prop_oneof![Just(Shape::Dated), Just(Shape::Undated)];
    let ways = prop_oneof![2 => Just(ReachedBy::PushAndDm), 1 => Just(ReachedBy::Mail)];
    TestRunner::new(config)
        .run(&(shapes, ways, sequences), |(shape, reached_by, steps)| {
            runtime.block_on(check_sequence(shape, reached_by, &steps));
            Ok(())
        })
        .unwrap();
}
