//! The look-ups of the dated API, and the consequences if Whop refuses or does not answer one.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::Shape;

use crate::contact::{messages, reminded};
use support::world::{COMPANY, World};

/// The membership of a public report, in the dated shape, and the event that came with it.
fn dated_failure(now: &str) -> Value {
    json!({
        "id": "msg_d1", "api_version": "v1", "type": "payment.failed", "timestamp": now,
        "account_id": COMPANY,
        "data": {
            "id": "pay_d1", "status": "open", "billing_reason": "subscription_cycle", "currency": "usd",
            "subtotal": 29, "membership": {"id": "mem_dated1", "status": "past_due"}, "user": null,
            "last_payment_attempt": now,
        },
    })
}

#[tokio::test]
async fn the_dated_api_is_enough_to_reach_a_member_and_to_show_the_membership() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_dated1");
    let now = shared::domain::kernel::time::format(world.now());
    assert_eq!(world.deliver("msg_d1", dated_failure(&now)).await.ok()["outcome"], "applied");
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (1, 1));
    let said = serde_json::to_string(&world.service.sandbox.outbox.entries()).unwrap();
    assert!(said.contains("https://whop.com/billing/manage/mem_dated1/"), "{said}");

    let shown = world.get("/api/memberships/mem_dated1").await;
    assert_eq!(
        (&shown["company_id"], &shown["user_id"], &shown["status"], &shown["product_id"]),
        (&json!(COMPANY), &json!("user_dated1"), &json!("past_due"), &json!("prod_1"))
    );
    assert!(shown["renewal_period_end"].is_string(), "{shown}");
    let link = world.get("/api/memberships/mem_dated1/manage-url").await;
    assert_eq!(link["manage_url"], "https://whop.com/billing/manage/mem_dated1/");
}

#[tokio::test]
async fn the_owner_of_an_event_without_a_company_is_found_in_either_shape() {
    for shape in Shape::ALL {
        let world = World::start().await;
        world.service.sandbox.whop.set_shape(shape);
        world.add_past_due(COMPANY, "mem_1");
        let event = json!({"action": "payment.failed", "data": {
            "id": "pay_1", "membership": "mem_1", "subtotal": 19, "final_amount": 0, "currency": "usd",
            "status": "open", "last_payment_attempt": world.now().timestamp(),
        }});
        assert_eq!(world.deliver("msg_v2", event).await.ok()["outcome"], "applied", "{shape:?}");
        world.settle().await;
        assert_eq!(messages(&world), 2, "{shape:?}");
    }
}

#[tokio::test]
async fn with_push_alone_a_question_that_may_be_answered_later_spends_no_step() {
    let world = World::start().await;
    world.save_settings(json!({"dm_enabled": false})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Experiences, "status:500", None, None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    // A mail replaces a push only if the push certainly does not reach the member; here that is unknown.
    assert_eq!(messages(&world), 0);
    let shown = world.read_operations().await["channel_error"].clone();
    assert_eq!(
        (&shown["question"], &shown["reason"]),
        (&json!("experience"), &json!("internal_server_error"))
    );
    world.service.sandbox.faults.clear();
    world.advance(Duration::hours(1));
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Mail)), (1, 0));
}

#[tokio::test]
async fn if_whop_refuses_the_membership_only_events_decide() {
    for fault in ["status:403", "status:404"] {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        world.inject_fault(Operation::Memberships, fault, None, None);
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        assert_eq!(messages(&world), 2, "{fault}");
        assert_eq!(world.read_operations().await["channel_error"]["question"], "membership");

        let whop = &world.service.sandbox.whop;
        whop.change_membership("mem_1", |membership| membership.cancel_at_period_end = true);
        world.deliver_membership_event("membership.cancel_at_period_end_changed", "mem_1").await.ok();
        world.advance(Duration::days(3));
        world.settle().await;
        assert_eq!(messages(&world), 2, "{fault}");
    }
}

#[tokio::test]
async fn while_whop_does_not_return_the_membership_no_message_is_sent() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Memberships, "status:500", None, None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!(messages(&world), 0);
    assert_eq!(world.read_operations().await["channel_error"]["question"], "membership");
    world.service.sandbox.faults.clear();
    world.advance(Duration::hours(1));
    world.settle().await;
    assert_eq!(messages(&world), 2);
    assert_eq!(world.read_operations().await["channel_error"], Value::Null);
}

#[tokio::test]
async fn an_unreadable_amount_opens_the_case_and_is_listed() {
    let world = World::start().await;
    for (n, subtotal, amount) in [(1, "29.990000000000002", Some(2999)), (2, "29.999", None)] {
        let (membership, id) = (format!("mem_{n}"), format!("msg_{n}"));
        world.add_past_due(COMPANY, &membership);
        let now = shared::domain::kernel::time::format(world.now());
        let body = format!(
            r#"{{"id":"{id}","api_version":"v1","type":"payment.failed","timestamp":"{now}","company_id":"{COMPANY}","data":{{"id":"pay_{n}","billing_reason":"subscription_cycle","currency":"usd","subtotal":{subtotal},"membership":{{"id":"{membership}","status":"past_due"}},"last_payment_attempt":"{now}"}}}}"#
        );
        world.deliver_text(&id, &body).await.ok();
        assert_eq!(world.case_of(&membership).await["amount"].as_i64(), amount, "{subtotal}");
    }
    let listed = world.read_operations().await["unread_events"].clone();
    assert_eq!((&listed["count"], &listed["data"][0]["event_id"]), (&json!(1), &json!("msg_2")));
    assert_eq!(listed["data"][0]["reason"], "amount_unreadable");

    let now = shared::domain::kernel::time::format(world.now());
    let paid = format!(
        r#"{{"id":"msg_3","api_version":"v1","type":"payment.succeeded","timestamp":"{now}","company_id":"{COMPANY}","data":{{"id":"pay_1","billing_reason":"subscription_cycle","currency":"usd","subtotal":29.990000000000002,"membership":{{"id":"mem_1"}},"paid_at":"{now}"}}}}"#
    );
    world.deliver_text("msg_3", &paid).await.ok();
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 2999);
}

#[tokio::test]
async fn a_charge_of_an_unknown_reason_waits_for_a_person() {
    let world = reminded(Shape::Undated).await;
    let mut event = support::world::payment_succeeded("mem_1", "pay_9", world.now());
    event["data"]["billing_reason"] = json!("installment");
    assert_eq!(world.deliver("msg_new", event).await.ok()["outcome"], "kept");
    assert_eq!(world.case_of("mem_1").await["status"], "open");
    let listed = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(listed["data"][0]["reason"], "billing_reason_unknown", "{listed}");
}

#[tokio::test]
async fn a_late_push_is_not_sent_once_the_owner_has_disabled_pushes() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Access, "status:503", None, None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (0, 1));
    world.service.sandbox.faults.clear();
    world.save_settings(json!({"push_enabled": false})).await;
    world.advance(Duration::hours(2));
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (0, 1));
}

#[tokio::test]
async fn a_refused_look_up_does_not_concern_the_membership() {
    for fault in ["status:400", "status:405", "status:422"] {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        world.inject_fault(Operation::Memberships, fault, None, None);
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        assert_eq!(messages(&world), 0, "{fault}: no step is spent");
        world.service.sandbox.faults.clear();
        world.advance(Duration::hours(1));
        world.settle().await;
        assert_eq!(messages(&world), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_nudge_by_an_unreachable_channel_does_not_put_the_case_on_hold() {
    let world = reminded(Shape::Dated).await;
    let case = world.case_of("mem_1").await;
    let path = format!("/api/cases/{}", case["case_id"].as_str().unwrap());
    world.inject_fault(Operation::Access, "status:404", None, None);
    let answer = world.post(&format!("{path}/nudge"), json!({"channel": "push"})).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(world.get(&path).await["hold"], Value::Null);
}
