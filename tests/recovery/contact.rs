//! Which members get messages: those who still owe, still want the membership and can be reached.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::{Membership, MembershipStatus, Payment, Shape};

use support::world::{COMPANY, World, renewal};

/// A world whose Whop uses this shape, with one member whose renewal has just failed and who got the first
/// message.
pub async fn reminded(shape: Shape) -> World {
    let world = World::start().await;
    world.service.sandbox.whop.set_shape(shape);
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!(messages(&world), 2, "{shape:?}: by push and by direct message");
    world
}

pub fn messages(world: &World) -> usize {
    world.sent(Kind::Push) + world.sent(Kind::Dm) + world.sent(Kind::Mail)
}

/// Five days of ticks: past the last reminder.
pub async fn pass_all_reminders(world: &World) {
    for _ in 0..5 {
        world.advance(Duration::days(1));
        world.settle().await;
    }
}

pub fn ending(case: &Value) -> (Option<&str>, Option<&str>) {
    (case["status"].as_str(), case["ended_by"].as_str())
}

#[tokio::test]
async fn a_member_who_cancels_gets_messages_again_only_after_an_uncancel() {
    for shape in Shape::ALL {
        let world = reminded(shape).await;
        let whop = &world.service.sandbox.whop;
        world.advance(Duration::days(1));
        whop.change_membership("mem_1", |membership| membership.cancel_at_period_end = true);
        let receipt =
            world.deliver_membership_event("membership.cancel_at_period_end_changed", "mem_1").await.ok();
        assert_eq!(receipt["outcome"], "applied");
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("cancelled"), Some("cancelled_by_member")), "{shape:?}");
        world.advance(Duration::hours(50));
        world.settle().await;
        assert_eq!(messages(&world), 2, "{shape:?}");

        whop.change_membership("mem_1", |membership| membership.cancel_at_period_end = false);
        world.deliver_membership_event("membership.cancel_at_period_end_changed", "mem_1").await.ok();
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("open"), None), "{shape:?}");
        world.settle().await;
        assert_eq!(messages(&world), 4, "{shape:?}: the newest step that is due");
    }
}

#[tokio::test]
async fn a_cancellation_without_an_event_is_found_before_the_next_message() {
    for (shape, status) in [
        (Shape::Dated, MembershipStatus::PastDue),
        (Shape::Undated, MembershipStatus::PastDue),
        (Shape::Dated, MembershipStatus::Canceling),
    ] {
        let world = reminded(shape).await;
        world.service.sandbox.whop.change_membership("mem_1", |membership| {
            membership.cancel_at_period_end = status == MembershipStatus::PastDue;
            membership.status = status;
        });
        pass_all_reminders(&world).await;
        assert_eq!(messages(&world), 2, "{shape:?} {status:?}");
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("cancelled"), Some("cancelled_by_member")));
    }
}

#[tokio::test]
async fn a_renewal_paid_after_a_cancellation_is_recovered() {
    let world = reminded(Shape::Dated).await;
    let whop = &world.service.sandbox.whop;
    whop.change_membership("mem_1", |membership| membership.cancel_at_period_end = true);
    world.deliver_membership_event("membership.cancel_at_period_end_changed", "mem_1").await.ok();
    world.advance(Duration::days(1));
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    let case = world.case_of("mem_1").await;
    assert_eq!(ending(&case), (Some("recovered"), None));
    assert_eq!(case["recovered_amount"], 1900);
}

#[tokio::test]
async fn only_a_payment_of_the_renewal_recovers_and_what_else_was_paid_is_shown() {
    for shape in Shape::ALL {
        for reason in ["one_time", "manual", "subscription_create"] {
            let world = reminded(shape).await;
            world.advance(Duration::hours(1));
            let other = Payment {
                billing_reason: reason.to_owned(),
                amount_cents: 500,
                ..renewal(COMPANY, "mem_1", "pay_other", world.now())
            };
            world.end_payment(other).await.ok();
            let case = world.case_of("mem_1").await;
            assert_eq!(ending(&case), (Some("open"), None), "{shape:?} {reason}");
            let other = &case["other_payments"][0];
            assert_eq!(
                (&other["payment_id"], &other["amount"], &other["currency"]),
                (&json!("pay_other"), &json!(500), &json!("usd"))
            );
            assert_eq!(world.kpis().await["recovered_revenue_cents"], 0);
            world.advance(Duration::days(2));
            world.settle().await;
            assert_eq!(messages(&world), 4, "{shape:?}: the renewal is still owed");

            world.succeed("mem_1", "pay_2", world.now()).await.ok();
            let case = world.case_of("mem_1").await;
            assert_eq!(ending(&case), (Some("recovered"), None), "{shape:?} {reason}");
            assert_eq!(world.kpis().await["recovered_revenue_cents"], 1900);
        }
    }
}

#[tokio::test]
async fn the_payment_that_failed_recovers_whatever_reason_it_bears_later() {
    let world = reminded(Shape::Dated).await;
    let manual = Payment {
        billing_reason: "manual".to_owned(),
        ..renewal(COMPANY, "mem_1", "pay_1", world.now() + Duration::hours(1))
    };
    world.end_payment(manual).await.ok();
    assert_eq!(world.case_of("mem_1").await["status"], "recovered");
}

/// The member of `mem_1` buys a membership of a product.
pub async fn buy(world: &World, membership: &str, user: &str, product: &str) {
    buy_unreported(world, membership, user, product);
    world.deliver_membership_event("membership.activated", membership).await.ok();
}

/// The same, and the webhook never comes.
pub fn buy_unreported(world: &World, membership: &str, user: &str, product: &str) {
    let whop = &world.service.sandbox.whop;
    let bought = Membership {
        product_id: product.to_owned(),
        created_at: Some(world.now()),
        ..Membership::new(membership, COMPANY, user, world.now() + Duration::days(30))
    };
    whop.add_membership(bought);
}

#[tokio::test]
async fn a_member_who_buys_the_product_again_gets_no_message_about_the_old_membership() {
    for shape in Shape::ALL {
        let world = reminded(shape).await;
        world.advance(Duration::days(1));
        buy(&world, "mem_2", "user_1", "prod_1").await;
        pass_all_reminders(&world).await;
        assert_eq!(messages(&world), 2, "{shape:?}");
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("cancelled"), Some("bought_again")), "{shape:?}");
        let kpis = world.kpis().await;
        assert_eq!((&kpis["recoveries"], &kpis["recovered_revenue_cents"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test]
async fn another_product_another_member_or_an_older_purchase_is_no_second_purchase() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    // A second licence that the member has had all along, and that renews now.
    buy(&world, "mem_older", "user_1", "prod_1").await;
    world.advance(Duration::days(1));
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    world.advance(Duration::hours(1));
    world.deliver_membership_event("membership.activated", "mem_older").await.ok();
    buy(&world, "mem_2", "user_1", "prod_2").await;
    buy(&world, "mem_3", "user_3", "prod_1").await;
    world.advance(Duration::days(2));
    world.settle().await;
    assert_eq!(messages(&world), 4);
    assert_eq!(world.case_of("mem_1").await["status"], "open");
}

#[tokio::test]
async fn a_paused_membership_is_held_with_its_reason_and_goes_on_when_it_is_resumed() {
    for (shape, reported) in [(Shape::Undated, true), (Shape::Undated, false), (Shape::Dated, false)] {
        let world = reminded(shape).await;
        let whop = &world.service.sandbox.whop;
        whop.change_membership("mem_1", |membership| membership.collection_paused = true);
        if reported {
            world.deliver_membership_event("membership.updated", "mem_1").await.ok();
        }
        pass_all_reminders(&world).await;
        assert_eq!(messages(&world), 2, "{shape:?} reported: {reported}");
        let case = world.case_of("mem_1").await;
        assert_eq!(ending(&case), (Some("open"), None));
        assert_eq!(case["hold"]["reason"], "collection_paused", "{case}");

        whop.change_membership("mem_1", |membership| membership.collection_paused = false);
        if reported {
            world.deliver_membership_event("membership.updated", "mem_1").await.ok();
        } else {
            world.advance(Duration::hours(6));
        }
        world.settle().await;
        assert_eq!(messages(&world), 4, "{shape:?} reported: {reported}: the newest step that is due, once");
        assert_eq!(world.case_of("mem_1").await["hold"], Value::Null);
    }
}

#[tokio::test]
async fn every_status_of_a_membership_at_whop_has_its_decision() {
    // A user with an unresolved membership is outside the audience of pushes.
    for (status, expected, more) in [
        (MembershipStatus::PastDue, None, 2),
        (MembershipStatus::Unresolved, None, 1),
        (MembershipStatus::Active, Some("paid_unconfirmed"), 0),
        (MembershipStatus::Trialing, Some("paid_unconfirmed"), 0),
        (MembershipStatus::Drafted, Some("not_started"), 0),
    ] {
        let world = reminded(Shape::Dated).await;
        world.service.sandbox.whop.set_membership_status("mem_1", status);
        world.advance(Duration::days(2));
        world.settle().await;
        let case = world.case_of("mem_1").await;
        assert_eq!(case["hold"]["reason"].as_str(), expected, "{status:?}");
        assert_eq!(messages(&world), 2 + more, "{status:?}");
    }
    for status in [MembershipStatus::Canceled, MembershipStatus::Expired, MembershipStatus::Completed] {
        let world = reminded(Shape::Dated).await;
        world.service.sandbox.whop.set_membership_status("mem_1", status);
        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(world.case_of("mem_1").await["status"], "lost", "{status:?}");
        assert_eq!(messages(&world), 2, "{status:?}");
    }
}

#[tokio::test]
async fn a_nudge_makes_the_same_look_ups_and_answers_with_the_reason() {
    type Change = fn(&mut Membership);
    let changes: [(Change, &str, &str); 4] = [
        (|one| one.cancel_at_period_end = true, "cancelled the membership", "cancelled"),
        (|one| one.collection_paused = true, "collection is paused", "open"),
        (|one| one.status = MembershipStatus::Active, "says that the membership is valid", "open"),
        (|one| one.status = MembershipStatus::Expired, "membership has ended", "lost"),
    ];
    for (change, reason, status) in changes {
        let world = reminded(Shape::Dated).await;
        world.service.sandbox.whop.change_membership("mem_1", change);
        let case = world.case_of("mem_1").await;
        let path = format!("/api/cases/{}/nudge", case["case_id"].as_str().unwrap());
        let refused = world.owner(Method::POST, &path, Some(json!({}))).await;
        assert_eq!(refused.status.as_u16(), 409, "{reason}");
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(reason), "{detail}");
        let case = world.case_of("mem_1").await;
        assert_eq!(case["status"], status, "{reason}");
        assert_eq!(case["hold"].is_object(), status == "open", "{case}");
        assert_eq!(messages(&world), 2, "{reason}");
    }
}

#[tokio::test]
async fn free_days_are_granted_only_to_members_who_get_messages() {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 3})).await;
    world.settle().await;
    for (membership, change) in [
        ("mem_1", (|one| one.cancel_at_period_end = true) as fn(&mut Membership)),
        ("mem_2", |one| one.collection_paused = true),
        ("mem_3", |one| one.status = MembershipStatus::Active),
    ] {
        world.add_past_due(COMPANY, membership);
        world.fail(membership, &membership.replace("mem_", "pay_"), world.now()).await.ok();
        world.service.sandbox.whop.change_membership(membership, change);
    }
    world.settle().await;
    assert_eq!((world.sent(Kind::FreeDays), messages(&world)), (0, 0));
}

#[tokio::test]
async fn a_postponed_message_is_not_sent_once_whop_reports_a_cancellation() {
    for shape in Shape::ALL {
        for change in ["cancels", "pauses", "pays", "ends", "buys again", "buys again unreported"] {
            let world = World::start().await;
            let whop = &world.service.sandbox.whop;
            whop.set_shape(shape);
            world.save_settings(json!({"incentive_days": 2})).await;
            world.add_past_due(COMPANY, "mem_1");
            for operation in [Operation::Notifications, Operation::DmChannels, Operation::Extend] {
                world.inject_fault(operation, "status:429", None, None);
            }
            world.fail("mem_1", "pay_1", world.now()).await.ok();
            world.settle().await;
            world.advance(Duration::minutes(1));
            match change {
                "cancels" => whop.change_membership("mem_1", |one| one.cancel_at_period_end = true),
                "pauses" => whop.change_membership("mem_1", |one| one.collection_paused = true),
                "pays" => whop.set_membership_status("mem_1", MembershipStatus::Active),
                "ends" => whop.set_membership_status("mem_1", MembershipStatus::Canceled),
                "buys again" => buy(&world, "mem_2", "user_1", "prod_1").await,
                _ => buy_unreported(&world, "mem_2", "user_1", "prod_1"),
            }
            world.service.sandbox.faults.clear();
            pass_all_reminders(&world).await;
            assert_eq!((messages(&world), world.sent(Kind::FreeDays)), (0, 0), "{shape:?}: {change}");
        }
    }
}

#[tokio::test]
async fn a_postponed_message_waits_until_whop_confirms_the_debt() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Notifications, "status:429", None, None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (0, 1));
    world.service.sandbox.faults.clear();
    world.inject_fault(Operation::Memberships, "status:500", None, None);
    world.advance(Duration::hours(1));
    world.settle().await;
    assert_eq!(world.sent(Kind::Push), 0, "the member may have paid");
    assert_eq!(world.read_operations().await["channel_error"]["question"], "membership");
    world.service.sandbox.faults.clear();
    world.advance(Duration::hours(1));
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (1, 1));
}
