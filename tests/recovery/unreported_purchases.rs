//! A second purchase without a webhook: Whop's list of memberships shows it before the next message.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::{Membership, MembershipStatus, Payment, Shape};

use crate::contact::{buy, buy_unreported, ending, messages, pass_all_reminders, reminded};
use support::world::{COMPANY, World, renewal};

/// The number of requests for Whop's list of memberships.
fn lists_asked(world: &World) -> u64 {
    world.service.sandbox.whop.requests().get("list_memberships").copied().unwrap_or_default()
}

/// The question that the newest run shows as not answered.
async fn open_question(world: &World) -> Value {
    world.read_operations().await["channel_error"]["question"].clone()
}

#[tokio::test]
async fn a_purchase_that_no_event_reported_ends_the_case_before_the_next_message() {
    for shape in Shape::ALL {
        let world = reminded(shape).await;
        world.advance(Duration::days(1));
        buy_unreported(&world, "mem_2", "user_1", "prod_1");
        pass_all_reminders(&world).await;
        assert_eq!(messages(&world), 2, "{shape:?}");
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("cancelled"), Some("bought_again")), "{shape:?}");
        let kpis = world.kpis().await;
        assert_eq!((&kpis["recoveries"], &kpis["recovered_revenue_cents"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn a_nudge_and_free_days_heed_a_purchase_that_no_event_reported() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.save_settings(json!({"incentive_days": 3})).await;
        world.add_past_due(COMPANY, "mem_1");
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.advance(Duration::seconds(1));
        buy_unreported(&world, "mem_2", "user_1", "prod_1");
        let case = world.case_of("mem_1").await;
        let path = format!("/api/cases/{}/nudge", case["case_id"].as_str().unwrap());
        let refused = world.owner(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(refused.status.as_u16(), 409, "{shape:?}");
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains("bought the same product again"), "{detail}");
        world.settle().await;
        assert_eq!((messages(&world), world.sent(Kind::FreeDays)), (0, 0), "{shape:?}");
        assert_eq!(world.case_of("mem_1").await["ended_by"], "bought_again");
    }
}

#[tokio::test]
async fn only_a_purchase_that_is_in_force_counts_by_every_status_of_whop() {
    use MembershipStatus::{
        Active, Canceled, Canceling, Completed, Drafted, Expired, PastDue, Trialing, Unresolved,
    };
    for (status, counts) in [
        (Active, true),
        (Trialing, true),
        (Canceling, true),
        (PastDue, true),
        (Completed, true),
        (Canceled, false),
        (Expired, false),
        (Drafted, false),
        (Unresolved, false),
    ] {
        for shape in Shape::ALL {
            let world = reminded(shape).await;
            world.advance(Duration::days(1));
            buy_unreported(&world, "mem_2", "user_1", "prod_1");
            world.service.sandbox.whop.set_membership_status("mem_2", status);
            world.advance(Duration::days(1));
            world.settle().await;
            let case = world.case_of("mem_1").await;
            let expected = if counts { (2, "cancelled") } else { (4, "open") };
            assert_eq!(
                (messages(&world), case["status"].as_str().unwrap()),
                expected,
                "{shape:?} {status:?}"
            );
        }
    }
}

#[tokio::test]
async fn another_product_another_member_or_an_older_purchase_in_the_list_is_no_second_purchase() {
    type Change = fn(&mut Membership);
    let changes: [(&str, Change); 3] = [
        ("another product", |one| one.product_id = "prod_2".to_owned()),
        ("another member", |one| one.user_id = "user_3".to_owned()),
        ("an older purchase", |one| one.created_at = one.created_at.map(|at| at - Duration::days(2))),
    ];
    for shape in Shape::ALL {
        for (what, change) in changes {
            let world = reminded(shape).await;
            world.advance(Duration::days(1));
            buy_unreported(&world, "mem_2", "user_1", "prod_1");
            world.service.sandbox.whop.change_membership("mem_2", change);
            world.advance(Duration::days(1));
            world.settle().await;
            assert_eq!(messages(&world), 4, "{shape:?}: {what}");
            assert_eq!(world.case_of("mem_1").await["status"], "open", "{shape:?}: {what}");
        }
    }
}

#[tokio::test]
async fn a_charge_by_hand_of_another_membership_of_the_product_is_no_second_purchase() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");
        buy_unreported(&world, "mem_older", "user_1", "prod_1");
        world.advance(Duration::days(1));
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        world.advance(Duration::hours(1));
        // The first report of the older one.
        let by_hand = Payment {
            billing_reason: "manual".to_owned(),
            user_id: "user_1".to_owned(),
            ..renewal(COMPANY, "mem_older", "pay_older", world.now())
        };
        world.end_payment(by_hand).await.ok();
        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(messages(&world), 4, "{shape:?}");
        assert_eq!(world.case_of("mem_1").await["status"], "open", "{shape:?}");
    }
}

#[tokio::test]
async fn where_the_list_is_refused_the_message_goes_out_and_operations_show_the_question() {
    for shape in Shape::ALL {
        for fault in ["status:403", "status:404"] {
            let world = World::with_shape(shape).await;
            world.add_past_due(COMPANY, "mem_1");
            world.inject_fault(Operation::ListMemberships, fault, None, None);
            world.fail("mem_1", "pay_1", world.now()).await.ok();
            world.settle().await;
            assert_eq!(messages(&world), 2, "{shape:?} {fault}");
            assert_eq!(open_question(&world).await, "purchases", "{shape:?} {fault}");

            world.service.sandbox.faults.clear();
            world.advance(Duration::days(2));
            world.settle().await;
            assert_eq!(messages(&world), 4, "{shape:?} {fault}");
            assert_eq!(open_question(&world).await, Value::Null, "{shape:?} {fault}");
        }
    }
}

#[tokio::test]
async fn while_the_list_is_not_answered_the_message_waits_and_is_not_sent_after_a_purchase() {
    for shape in Shape::ALL {
        for fault in ["status:500", "status:429", "status:400", "drop_before", "drop_after"] {
            for buys in [false, true] {
                let place = format!("{shape:?} {fault}, buys: {buys}");
                let world = World::with_shape(shape).await;
                world.add_past_due(COMPANY, "mem_1");
                world.inject_fault(Operation::ListMemberships, fault, None, None);
                world.fail("mem_1", "pay_1", world.now()).await.ok();
                world.settle().await;
                assert_eq!(messages(&world), 0, "{place}");
                assert_eq!(open_question(&world).await, "purchases", "{place}");

                if buys {
                    buy_unreported(&world, "mem_2", "user_1", "prod_1");
                    world.service.sandbox.whop.change_membership("mem_2", |one| {
                        one.created_at = one.created_at.map(|at| at + Duration::minutes(1));
                    });
                }
                world.service.sandbox.faults.clear();
                world.advance(Duration::hours(1));
                world.settle().await;
                assert_eq!(messages(&world), if buys { 0 } else { 2 }, "{place}");
                let expected = if buys { "cancelled" } else { "open" };
                assert_eq!(world.case_of("mem_1").await["status"], expected, "{place}");
                assert_eq!(open_question(&world).await, Value::Null, "{place}");
            }
        }
    }
}

#[tokio::test]
async fn whether_collection_is_paused_may_stay_unanswered_while_the_purchases_are_known() {
    for fault in ["status:404", "status:403", "status:400", "status:500", "status:429", "drop_before"] {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        // The first requested list is that of paused memberships.
        world.inject_fault(Operation::ListMemberships, fault, Some(1), None);
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        assert_eq!(messages(&world), 2, "{fault}");
        assert_eq!(open_question(&world).await, "paused_memberships", "{fault}");

        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(messages(&world), 4, "{fault}");
        assert_eq!(open_question(&world).await, Value::Null, "{fault}");
    }
}

#[tokio::test]
async fn the_list_is_fetched_only_if_it_can_change_the_decision() {
    type Change = fn(&mut Membership);
    // With the dated shape the list of paused memberships is one request, that of purchases another.
    let changes: [(Change, Shape, u64); 6] = [
        (|_| {}, Shape::Undated, 1),
        (|_| {}, Shape::Dated, 2),
        (|one| one.cancel_at_period_end = true, Shape::Dated, 0),
        (|one| one.status = MembershipStatus::Active, Shape::Dated, 0),
        (|one| one.collection_paused = true, Shape::Dated, 1),
        (|one| one.collection_paused = true, Shape::Undated, 0),
    ];
    for (nth, (change, shape, expected)) in changes.into_iter().enumerate() {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");
        world.service.sandbox.whop.change_membership("mem_1", change);
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.tick().await;
        assert_eq!(lists_asked(&world), expected, "{nth} {shape:?}");
    }
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.advance(Duration::seconds(1));
        buy(&world, "mem_2", "user_1", "prod_1").await;
        world.tick().await;
        assert_eq!(lists_asked(&world), 0, "{shape:?}: an event has reported it");
    }
}
