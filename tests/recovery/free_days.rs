//! Free days whose key Whop may have forgotten: looked up, and granted under the next key if they are
//! missing.

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::Shape;

use support::world::{COMPANY, World};

/// A grant that was sent with this fault, and whose outcome stayed unknown for longer than a key is stored.
async fn sent_and_forgotten(shape: Shape, fault: &str) -> World {
    let world = World::start().await;
    world.service.sandbox.whop.set_shape(shape);
    world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Extend, fault, Some(1), None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.tick().await;
    world.advance(Duration::hours(25));
    world
}

async fn grant(world: &World) -> Value {
    let case = world.case_of("mem_1").await;
    let actions = world.actions(&case).await;
    actions.into_iter().find(|action| action["kind"] == "incentive_applied").unwrap()
}

#[tokio::test]
async fn days_that_certainly_did_not_arrive_are_granted_under_a_new_key() {
    for shape in Shape::ALL {
        for fault in ["drop_before", "status:500"] {
            let world = sent_and_forgotten(shape, fault).await;
            world.settle().await;
            world.settle().await;
            assert_eq!(world.sent(Kind::FreeDays), 1, "{shape:?} {fault}");
            assert_eq!(grant(&world).await["status"], "done");
            assert_eq!(world.case_of("mem_1").await["incentive_days"], 3);
            let entries = world.service.sandbox.outbox.entries();
            let key = entries.iter().find(|entry| entry.kind == Kind::FreeDays).unwrap();
            assert!(key.idempotency_key.as_deref().unwrap().ends_with(":v2"), "{key:?}");
        }
    }
}

#[tokio::test]
async fn days_that_arrived_are_found_and_not_granted_again() {
    for shape in Shape::ALL {
        let world = sent_and_forgotten(shape, "drop_after").await;
        world.settle().await;
        world.settle().await;
        assert_eq!(world.sent(Kind::FreeDays), 1, "{shape:?}");
        assert_eq!(grant(&world).await["status"], "done", "{shape:?}");
        assert_eq!(world.case_of("mem_1").await["incentive_days"], 3);
    }
}

#[tokio::test]
async fn a_date_that_something_else_moved_leaves_the_grant_in_doubt() {
    let world = sent_and_forgotten(Shape::Dated, "drop_before").await;
    let whop = &world.service.sandbox.whop;
    whop.change_membership("mem_1", |one| one.renewal_period_end += Duration::days(30));
    world.settle().await;
    assert_eq!((world.sent(Kind::FreeDays), grant(&world).await["status"].as_str()), (0, Some("unknown")));
}
