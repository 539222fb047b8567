//! A person ends a recovery, or the membership: once, on record, and for good.

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;
use stand_ins::whop::MembershipStatus;

use support::world::{Answer, COMPANY, World};

const ENDINGS: [(&str, &str); 3] = [
    ("cancel", "case_cancelled"),
    ("cancel-membership", "membership_cancelled"),
    ("terminate", "membership_terminated"),
];

async fn end(world: &World, case_id: &str, how: &str) -> Answer {
    world.post(&format!("/api/cases/{case_id}/{how}"), json!({})).await
}

/// The number of cancellations at the period's end, and at once.
fn ended(world: &World) -> (usize, usize) {
    (world.sent(Kind::Cancel), world.sent(Kind::Terminate))
}

async fn case(world: &World, case_id: &str) -> Value {
    world.get(&format!("/api/cases/{case_id}")).await
}

/// Ticks long enough for every pause to be over.
async fn tick_for_hours(world: &World, hours: i64) {
    for _ in 0..hours {
        world.advance(Duration::hours(1));
        world.tick().await;
    }
}

#[tokio::test]
async fn each_ending_happens_once_for_repeated_requests() {
    for (how, kind) in ENDINGS {
        let world = World::start().await;
        let case_id = world.open_case(COMPANY, "mem_1").await;
        let first = end(&world, &case_id, how).await;
        assert_eq!(first.status, 200, "{how}: {first:?}");
        let ending = first.json();
        assert_eq!((&ending["case_status"], &ending["status"]), (&json!("cancelled"), &json!("done")));
        assert_eq!(
            (&ending["kind"], &ending["ended_by"], &ending["manual"]),
            (&json!(kind), &json!(kind), &json!(true))
        );
        world.advance(Duration::hours(30));
        assert_eq!(end(&world, &case_id, how).await.json(), ending, "the same action again");

        let actions = world.actions_of(&case_id).await;
        assert_eq!((actions.len(), &actions[0]["kind"]), (1, &json!(kind)));
        assert_eq!(actions[0]["actor"], json!({"kind": "owner", "user_id": "user_owner"}));
        let audit = world.items("AUDIT#").await;
        let kinds: Vec<&str> = audit.iter().map(|entry| entry["kind"].as_s().unwrap().as_str()).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == "case.cancelled").count(), 1, "{kinds:?}");

        let membership = world.service.sandbox.whop.membership("mem_1").unwrap();
        let canceled = membership.status == MembershipStatus::Canceled;
        let expected = match how {
            "cancel" => ((0, 0), false, false),
            "cancel-membership" => ((1, 0), true, false),
            _ => ((0, 1), false, true),
        };
        assert_eq!((ended(&world), membership.cancel_at_period_end, canceled), expected, "{how}");
    }
}

#[tokio::test]
async fn after_any_ending_no_reminder_is_sent() {
    for (how, _) in ENDINGS {
        let world = World::start().await;
        let case_id = world.open_case(COMPANY, "mem_1").await;
        end(&world, &case_id, how).await.ok();
        tick_for_hours(&world, 24 * 5).await;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm), world.sent(Kind::FreeDays)), (0, 0, 0));
        let case = case(&world, &case_id).await;
        assert_eq!((&case["status"], &case["due_at"]), (&json!("cancelled"), &Value::Null), "{how}");
    }
}

#[tokio::test]
async fn the_ending_and_its_record_are_one_transaction() {
    for (how, _) in ENDINGS {
        let world = World::start().await;
        let case_id = world.open_case(COMPANY, "mem_1").await;
        world.service.dynamo.reset_requests();
        end(&world, &case_id, how).await.ok();
        let requests = world.service.dynamo.requests();
        let transactions = requests.iter().filter(|request| request.operation == "TransactWriteItems");
        assert_eq!(transactions.count(), 1, "{how}");
    }
}

#[tokio::test]
async fn what_is_over_already_is_not_ended_from_here() {
    let world = World::start().await;
    let recovered = world.open_case(COMPANY, "mem_1").await;
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    for (how, _) in ENDINGS {
        assert_eq!(end(&world, &recovered, how).await.status, 409, "{how}");
    }
    assert_eq!(
        (case(&world, &recovered).await["status"].clone(), ended(&world)),
        (json!("recovered"), (0, 0))
    );

    // A membership may still be ended after its case, each way once; the case only while it is open.
    let second = world.open_case(COMPANY, "mem_2").await;
    end(&world, &second, "cancel-membership").await.ok();
    assert_eq!(end(&world, &second, "cancel").await.status, 409);
    end(&world, &second, "terminate").await.ok();
    assert_eq!(
        (case(&world, &second).await["ended_by"].clone(), ended(&world)),
        (json!("membership_cancelled"), (1, 1))
    );
    let kinds: Vec<Value> =
        world.actions_of(&second).await.iter().map(|action| action["kind"].clone()).collect();
    assert_eq!(kinds, ["membership_cancelled", "membership_terminated"]);
    for (how, _) in ENDINGS {
        assert_eq!(end(&world, "not-a-uuid", how).await.status, 400);
        let body = json!({"at_period_end": true});
        assert_eq!(
            world.post(&format!("/api/cases/{second}/{how}"), body).await.status,
            400,
            "an unknown field"
        );
    }
}

#[tokio::test]
async fn what_whop_could_not_do_now_is_done_later_and_once() {
    for kind in ["status:500", "status:429", "drop_before", "drop_after", "error_after:500"] {
        for (how, expected) in [("cancel-membership", (1, 0)), ("terminate", (0, 1))] {
            let world = World::start().await;
            let case_id = world.open_case(COMPANY, "mem_1").await;
            world.inject_fault(Operation::Cancel, kind, Some(1), None);
            let answer = end(&world, &case_id, how).await;
            assert_eq!(answer.status, 202, "{kind}: {answer:?}");
            assert_eq!(answer.json()["case_status"], "cancelled", "the recovery ends at once");
            end(&world, &case_id, how).await.ok();
            tick_for_hours(&world, 12).await;
            assert_eq!(ended(&world), expected, "{how} after {kind}");
            let ending = end(&world, &case_id, how).await;
            assert_eq!(
                (ending.status.as_u16(), &ending.json()["status"]),
                (200, &json!("done")),
                "{how} after {kind}"
            );
            assert_eq!(world.actions_of(&case_id).await.len(), 1);
        }
    }
}

#[tokio::test]
async fn an_outage_of_a_day_delays_an_ending_and_loses_nothing() {
    let world = World::start().await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    end(&world, &world.open_case(COMPANY, "mem_2").await, "cancel").await.ok();
    world.inject_fault(Operation::Cancel, "drop_before", None, None);
    world.inject_fault(Operation::Memberships, "status:503", None, None);
    assert_eq!(end(&world, &case_id, "terminate").await.status, 202);
    tick_for_hours(&world, 26).await;
    assert_eq!(ended(&world), (0, 0));
    world.all_well();
    tick_for_hours(&world, 12).await;
    assert_eq!((ended(&world), &world.actions_of(&case_id).await[0]["status"]), ((0, 1), &json!("done")));
}

#[tokio::test]
async fn a_refused_ending_may_be_requested_again() {
    for (how, expected) in [("cancel-membership", (1, 0)), ("terminate", (0, 1))] {
        let world = World::start().await;
        let case_id = world.open_case(COMPANY, "mem_1").await;
        world.inject_fault(Operation::Cancel, "status:400", Some(2), None);
        for _ in 0..2 {
            let ending = end(&world, &case_id, how).await;
            assert_eq!(
                (ending.status.as_u16(), &ending.json()["status"]),
                (200, &json!("rejected")),
                "{ending:?}"
            );
            tick_for_hours(&world, 1).await;
        }
        let ending = end(&world, &case_id, how).await.ok();
        assert_eq!((&ending["status"], ended(&world)), (&json!("done"), expected));
        assert_eq!(end(&world, &case_id, how).await.ok(), ending);
        let states: Vec<Value> =
            world.actions_of(&case_id).await.iter().map(|action| action["status"].clone()).collect();
        assert_eq!(states, ["rejected", "rejected", "done"], "every attempt is on record");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clicks_at_once_end_a_membership_once() {
    for _ in 0..5 {
        let world = World::start().await;
        let case_id = world.open_case(COMPANY, "mem_1").await;
        let (first, second) =
            tokio::join!(end(&world, &case_id, "terminate"), end(&world, &case_id, "terminate"));
        assert_eq!(first.ok()["operation"], second.ok()["operation"]);
        tick_for_hours(&world, 1).await;
        assert_eq!((ended(&world), world.actions_of(&case_id).await.len()), ((0, 1), 1));
    }
}
