//! A manual reminder: one message per request, audited, and independent of the schedule.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::MembershipStatus;

use support::world::{Answer, COMPANY, World};

/// A company with one open case that is not due until tomorrow.
async fn with_a_case() -> (World, String) {
    let world = World::start().await;
    world.save_settings(json!({"reminder_offsets_days": [1, 2, 4]})).await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    world.settle().await;
    (world, case_id)
}

async fn nudge(world: &World, case_id: &str, body: Value) -> Answer {
    world.post(&format!("/api/cases/{case_id}/nudge"), body).await
}

async fn case(world: &World, case_id: &str) -> Value {
    world.get(&format!("/api/cases/{case_id}")).await
}

fn messages(world: &World) -> (usize, usize, usize) {
    (world.sent(Kind::Push), world.sent(Kind::Dm), world.sent(Kind::Mail))
}

#[tokio::test]
async fn each_requested_channel_is_used_and_audited() {
    let (world, case_id) = with_a_case().await;
    let due_at = case(&world, &case_id).await["due_at"].clone();
    for (attempt, (body, channel, kind, sent)) in (1..).zip([
        (json!({"channel": "push"}), "push", "nudge_push", (1, 0, 0)),
        (json!({"channel": "dm"}), "dm", "nudge_dm", (1, 1, 0)),
        (json!({}), "push", "nudge_push", (2, 1, 0)),
    ]) {
        world.advance(Duration::minutes(1));
        let answered = nudge(&world, &case_id, body).await.ok();
        assert_eq!(messages(&world), sent);
        let actions = world.actions_of(&case_id).await;
        assert_eq!(actions.len(), attempt);
        for record in [&answered, &actions[attempt - 1]] {
            assert_eq!((&record["kind"], &record["channel"]), (&json!(kind), &json!(channel)));
            assert_eq!((&record["attempt_number"], &record["manual"]), (&json!(attempt), &json!(true)));
            assert_eq!((&record["status"], &record["template_version"]), (&json!("done"), &json!(1)));
        }
        assert_eq!(actions[attempt - 1]["actor"], json!({"kind": "owner", "user_id": "user_owner"}));
        let case = case(&world, &case_id).await;
        assert_eq!(
            (&case["attempts"], &case["due_at"]),
            (&json!(attempt), &due_at),
            "the schedule is unchanged"
        );
    }
    let kept = format!("{:?}", world.items("").await);
    assert!(!kept.contains("could not renew") && !kept.contains("did not go through"), "no text is kept");
}

#[tokio::test]
async fn a_nudge_costs_three_reads_and_the_record_and_the_count_are_one_transaction() {
    let (world, case_id) = with_a_case().await;
    world.service.dynamo.reset_requests();
    nudge(&world, &case_id, json!({"channel": "dm"})).await.ok();
    let requests = world.service.dynamo.requests();
    let [limit, switches, read, purchases, decision, claim, end] = requests
        .iter()
        .map(|request| (request.operation.as_str(), request.item_count))
        .collect::<Vec<_>>()[..]
    else {
        panic!("{requests:?}");
    };
    assert_eq!([limit.0, claim.0, end.0], ["UpdateItem"; 3]);
    assert_eq!(
        read,
        ("BatchGetItem", 4),
        "an earlier decision, the case, the settings, the company's status"
    );
    assert_eq!(switches.0, "Query", "whether reminders are switched off");
    assert_eq!(purchases.0, "Query", "whether the member bought the product again");
    assert_eq!(decision, ("TransactWriteItems", 2), "the action and the case");
}

#[tokio::test]
async fn where_push_does_not_reach_the_default_writes_and_a_push_is_refused() {
    let world = World::start().await;
    world.add_company(COMPANY, "user_owner", false);
    let case_id = world.open_case(COMPANY, "mem_1").await;
    let refused = nudge(&world, &case_id, json!({"channel": "push"})).await;
    assert_eq!((refused.status.as_u16(), messages(&world)), (409, (0, 0, 0)), "{refused:?}");
    assert_eq!(case(&world, &case_id).await["attempts"], 0);
    let answered = nudge(&world, &case_id, json!({})).await.ok();
    assert_eq!((&answered["channel"], messages(&world)), (&json!("dm"), (0, 1, 0)));
    assert!(world.service.sandbox.whop.unreached().is_empty());
}

#[tokio::test]
async fn no_reminder_is_sent_for_a_case_that_is_over() {
    let (world, case_id) = with_a_case().await;
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    assert_eq!(nudge(&world, &case_id, json!({})).await.status, 409);
    let ended = world.open_case(COMPANY, "mem_2").await;
    world.post(&format!("/api/cases/{ended}/cancel"), json!({})).await.ok();
    assert_eq!(nudge(&world, &ended, json!({"channel": "dm"})).await.status, 409);
    assert_eq!(messages(&world), (0, 0, 0));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_and_sends_nothing() {
    let (world, case_id) = with_a_case().await;
    let absent = "00000000-0000-4000-8000-000000000000";
    assert_eq!(nudge(&world, absent, json!({})).await.status, 404);
    for id in ["1", "mem_1", &case_id.to_uppercase(), &case_id.replace('-', "")] {
        let answer = nudge(&world, id, json!({})).await;
        assert_eq!(answer.status, 400, "{id}");
        assert_eq!(answer.json()["errors"][0]["field"], "case_id");
    }
    for (body, field) in [
        (json!({"channel": "mail"}), "channel"),
        (json!({"channel": "PUSH"}), "channel"),
        (json!({"channel": ""}), "channel"),
        (json!({"channel": null}), "channel"),
        (json!({"channel": ["push"]}), "channel"),
        (json!({"channel": "push", "text": "hello"}), "text"),
        (json!({"chanel": "push"}), "chanel"),
    ] {
        let answer = nudge(&world, &case_id, body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    for body in [json!([]), json!("push"), Value::Null] {
        assert_eq!(nudge(&world, &case_id, body).await.status, 400);
    }
    assert_eq!((messages(&world), world.actions_of(&case_id).await.len()), ((0, 0, 0), 0));
}

#[tokio::test]
async fn an_empty_body_is_the_default() {
    let (world, case_id) = with_a_case().await;
    let path = format!("/api/cases/{case_id}/nudge");
    assert_eq!(world.owner(Method::POST, &path, None).await.ok()["channel"], "push");
}

#[tokio::test]
async fn while_whop_is_down_nothing_is_sent_and_nothing_counted() {
    let (world, case_id) = with_a_case().await;
    let before = case(&world, &case_id).await;
    for kind in ["status:500", "status:429", "drop_before", "drop_after"] {
        // If only the push's look-up fails, a direct message would be sent, so a push alone is requested.
        for operation in [Operation::Memberships, Operation::Experiences, Operation::Any] {
            world.inject_fault(operation, kind, None, None);
            let answer = nudge(&world, &case_id, json!({"channel": "push"})).await;
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")), "{kind}");
            world.all_well();
        }
    }
    world.tick().await;
    assert_eq!((messages(&world), world.actions_of(&case_id).await.len()), ((0, 0, 0), 0));
    assert_eq!(case(&world, &case_id).await, before);
    nudge(&world, &case_id, json!({})).await.ok();
    assert_eq!(messages(&world), (1, 0, 0));
}

#[tokio::test]
async fn a_message_that_may_have_left_is_never_sent_again() {
    for (operation, channel, kind) in [
        (Operation::Notifications, "push", "drop_after"),
        (Operation::Notifications, "push", "error_after:500"),
        (Operation::Messages, "dm", "drop_after"),
        (Operation::Messages, "dm", "status:502"),
    ] {
        let (world, case_id) = with_a_case().await;
        world.inject_fault(operation, kind, Some(1), None);
        let answered = nudge(&world, &case_id, json!({"channel": channel})).await.ok();
        assert_eq!(answered["status"], "unknown", "{kind}: {answered}");
        let sent = messages(&world);
        for _ in 0..3 {
            world.advance(Duration::hours(7));
            world.tick().await;
        }
        assert_eq!(messages(&world), sent, "{kind}");
        assert_eq!(world.asked(operation), 1);
        assert_eq!(world.actions_of(&case_id).await[0]["status"], "unknown");
    }
}

#[tokio::test]
async fn a_message_that_did_not_leave_is_sent_once_by_a_later_tick() {
    for (operation, kind) in [
        (Operation::Messages, "status:429"),
        (Operation::Messages, "status:401"),
        (Operation::DmChannels, "status:500"),
        (Operation::DmChannels, "drop_after"),
    ] {
        let (world, case_id) = with_a_case().await;
        world.inject_fault(operation, kind, Some(1), None);
        let answer = nudge(&world, &case_id, json!({"channel": "dm"})).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["status"]), (202, &json!("prepared")), "{kind}");
        world.tick().await;
        assert_eq!(messages(&world), (0, 0, 0), "not before the pause is over");
        for _ in 0..3 {
            world.advance(Duration::minutes(2));
            world.tick().await;
        }
        assert_eq!((messages(&world), world.actions_of(&case_id).await.len()), ((0, 1, 0), 1), "{kind}");
    }
}

#[tokio::test]
async fn a_message_still_waiting_is_withdrawn_when_the_money_comes() {
    let (world, case_id) = with_a_case().await;
    world.inject_fault(Operation::Messages, "status:429", Some(1), None);
    assert_eq!(nudge(&world, &case_id, json!({"channel": "dm"})).await.status, 202);
    world.service.sandbox.whop.set_membership_status("mem_1", MembershipStatus::Active);
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    world.advance(Duration::minutes(5));
    world.tick().await;
    let action = world.actions_of(&case_id).await[0].clone();
    assert_eq!((&action["status"], &action["reason"]), (&json!("rejected"), &json!("case_closed")));
    assert_eq!(messages(&world), (0, 0, 0));
}
