//! No sequence of events leads to a message to somebody who cancelled, paid, paused or is suppressed.

use chrono::Duration;
use local::outbox::Kind;
use local::whop::{MembershipStatus, Shape};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::contact::messages;
use crate::world::{COMPANY, World};

/// What can happen to the member, told by an event or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    Fails,
    Pays,
    Cancels { is_told: bool },
    TakesBack { is_told: bool },
    Pauses { is_told: bool },
    Resumes { is_told: bool },
    DayPasses,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        2 => Just(Fails),
        1 => Just(Pays),
        2 => any::<bool>().prop_map(|is_told| Cancels { is_told }),
        2 => any::<bool>().prop_map(|is_told| TakesBack { is_told }),
        2 => any::<bool>().prop_map(|is_told| Pauses { is_told }),
        2 => any::<bool>().prop_map(|is_told| Resumes { is_told }),
        5 => Just(DayPasses),
    ]
}

/// Whether Whop itself would say that the member owes and wants the membership.
fn may_be_written_to(world: &World) -> bool {
    let one = world.service.sandbox.whop.membership("mem_1").unwrap();
    one.status == MembershipStatus::PastDue && !one.cancel_at_period_end && !one.collection_paused
}

async fn happen(world: &World, happening: Happening) {
    let whop = &world.service.sandbox.whop;
    let cancel = "membership.cancel_at_period_end_changed";
    // Two events of one instant would be one.
    world.advance(Duration::seconds(1));
    match happening {
        Happening::Fails => {
            whop.set_membership_status("mem_1", MembershipStatus::PastDue);
            world.fail("mem_1", "pay_1", world.now()).await.ok();
        }
        Happening::Pays => {
            whop.set_membership_status("mem_1", MembershipStatus::Active);
            world.succeed("mem_1", "pay_1", world.now()).await.ok();
        }
        Happening::Cancels { is_told } | Happening::TakesBack { is_told } => {
            let scheduled = matches!(happening, Happening::Cancels { .. });
            whop.change_membership("mem_1", |one| one.cancel_at_period_end = scheduled);
            if is_told {
                world.tell(cancel, "mem_1").await.ok();
            }
        }
        Happening::Pauses { is_told } | Happening::Resumes { is_told } => {
            let paused = matches!(happening, Happening::Pauses { .. });
            whop.change_membership("mem_1", |one| one.collection_paused = paused);
            if is_told {
                world.tell("membership.updated", "mem_1").await.ok();
            }
        }
        Happening::DayPasses => world.advance(Duration::days(1)),
    }
}

async fn obey(shape: Shape, happenings: &[Happening]) {
    let world = World::start().await;
    world.service.sandbox.whop.speak(shape);
    world.save_settings(serde_json::json!({"incentive_days": 2})).await;
    world.add_past_due(COMPANY, "mem_1");
    for happening in happenings {
        happen(&world, *happening).await;
        let before = messages(&world) + world.sent(Kind::FreeDays);
        world.settle().await;
        let after = messages(&world) + world.sent(Kind::FreeDays);
        let allowed = may_be_written_to(&world);
        assert!(allowed || before == after, "{shape:?} {happening:?} of {happenings:?}");
    }
}

#[test]
fn no_sequence_of_events_leads_to_a_message_that_nobody_wants() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let sequences = proptest::collection::vec(happening(), 1..12);
    let shapes = prop_oneof![Just(Shape::Dated), Just(Shape::Undated)];
    TestRunner::new(config)
        .run(&(shapes, sequences), |(shape, happenings)| {
            runtime.block_on(obey(shape, &happenings));
            Ok(())
        })
        .unwrap();
}
