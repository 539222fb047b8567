//! A request whose process died is taken over by its retry, and nothing happens twice.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::Duration;
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::json;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use crate::idempotency_keys::{send, with_a_case};
use support::answer::is_replay;
use support::backstage::until;
use support::world::{Answer, World};

/// Runs a request up to a slow call to Whop and drops it there, like a process that dies.
async fn dies_while_asking(world: &World, operation: Operation, request: impl Future<Output = Answer>) {
    world.inject_fault(operation, "slow:500", Some(1), None);
    let asked_before = world.asked(operation);
    tokio::select! {
        answer = request => panic!("it did not die: {answer:?}"),
        () = until(|| world.asked(operation) > asked_before) => {}
    }
}

#[tokio::test]
async fn a_request_that_died_is_taken_over_and_its_message_not_sent_twice() {
    let (world, nudge) = with_a_case().await;
    dies_while_asking(&world, Operation::Notifications, send(&world, &nudge, json!({}), "key-1")).await;
    // The call was executed all the same, and its outcome was not recorded.
    until(|| world.sent(Kind::Push) == 1).await;
    assert_eq!(send(&world, &nudge, json!({}), "key-1").await.status, 409, "it may still be running");
    world.advance(Duration::seconds(60));
    let taken_over = send(&world, &nudge, json!({}), "key-1").await;
    assert!(taken_over.status == 202 && !is_replay(&taken_over), "{taken_over:?}");
    world.advance(Duration::minutes(5));
    world.tick().await;
    let actions = world.actions_of(nudge.split('/').nth(3).unwrap()).await;
    assert_eq!((actions.len(), &actions[0]["status"]), (1, &json!("unknown")), "{actions:?}");
    assert_eq!(world.sent(Kind::Push), 1);
}

#[tokio::test]
async fn a_request_that_died_before_it_decided_is_done_by_its_retry() {
    let (world, nudge) = with_a_case().await;
    let request = send(&world, &nudge, json!({"channel": "dm"}), "key-1");
    dies_while_asking(&world, Operation::Memberships, request).await;
    world.advance(Duration::seconds(60));
    assert_eq!(
        send(&world, &nudge, json!({"channel": "push"}), "key-1").await.status,
        422,
        "the key is in use"
    );
    send(&world, &nudge, json!({"channel": "dm"}), "key-1").await.ok();
    assert!(is_replay(&send(&world, &nudge, json!({"channel": "dm"}), "key-1").await));
    assert_eq!((world.sent(Kind::Dm), world.sent(Kind::Push)), (1, 0));
}

#[tokio::test]
async fn an_answer_that_could_not_be_kept_leads_to_no_second_message() {
    let (world, nudge) = with_a_case().await;
    let writes = Arc::new(AtomicU32::new(0));
    let counted = writes.clone();
    // Key, limit, action with case, claim, outcome: the sixth write would keep the answer.
    let refuse = move |_, request: &RequestRecord| {
        let is_write = matches!(request.operation.as_str(), "UpdateItem" | "TransactWriteItems");
        let late = is_write && counted.fetch_add(1, Ordering::SeqCst) >= 5;
        if late { Intervention::FailBefore(Failure::Internal) } else { Intervention::Pass }
    };
    world.service.dynamo.intercept(Arc::new(refuse));
    let answer = send(&world, &nudge, json!({"channel": "dm"}), "key-1").await;
    assert_eq!((answer.status.as_u16(), world.sent(Kind::Dm)), (503, 1));
    world.service.dynamo.stop_intercepting();
    world.advance(Duration::seconds(60));
    let again = send(&world, &nudge, json!({"channel": "dm"}), "key-1").await.ok();
    assert_eq!((&again["status"], world.sent(Kind::Dm)), (&json!("done"), 1));
}
