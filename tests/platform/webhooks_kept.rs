//! An event is stored before it is acknowledged, whatever faults the table has.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use http::Method;
use local::embedded::{Failure, Intervention};
use local::service::TABLE;
use serde_json::{Value, json};

use crate::webhooks_waiting::of_unknown_owner;
use support::world::{COMPANY, World};

#[easy_ext::ext(WebhooksKeptSteps)]
pub impl World {
    /// Lets every request of these operations end in `intervention`.
    fn break_table(&self, operations: &'static [&'static str], intervention: Intervention) {
        self.service.dynamo.intercept(Arc::new(move |_, request| {
            if operations.contains(&request.operation.as_str()) { intervention } else { Intervention::Pass }
        }));
    }

    /// Writes a membership's row as no version of ours would.
    async fn spoil_timeline(&self, membership: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self.service.dynamo.client().put_item().table_name(TABLE);
        let put = put.item("pk", text(&format!("MEMBERSHIP#{COMPANY}#{membership}")));
        put.item("sk", text("TIMELINE")).item("timeline", text("spoilt")).send().await.unwrap();
    }

    /// The operations of the requests since the last time.
    fn operations(&self) -> Vec<String> {
        let operations =
            self.service.dynamo.requests().into_iter().map(|request| request.operation).collect();
        self.service.dynamo.reset_requests();
        operations
    }
}

#[tokio::test]
async fn a_usual_event_costs_two_requests_beside_the_limit() {
    let world = World::start().await;
    world.operations();
    let usual = ["UpdateItem", "GetItem", "TransactWriteItems"];
    // Once a minute, a process writes how many it accepted.
    let counted = ["UpdateItem", "UpdateItem", "GetItem", "TransactWriteItems"];
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    assert_eq!(world.operations(), counted, "the first failure");
    world.advance(Duration::days(1));
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    assert_eq!(world.operations(), counted, "the next failure");
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    assert_eq!(world.operations(), usual, "the success");
    world.succeed("mem_2", "pay_2", world.now()).await.ok();
    assert_eq!(world.operations(), usual, "a success without a failure");
    world.deliver("msg_1", json!({"type": "invoice.paid", "data": {}})).await.ok();
    assert_eq!(world.operations(), ["UpdateItem", "TransactWriteItems"], "nothing to us");
    let (id, event) = of_unknown_owner(&world, "1");
    world.deliver(&id, event).await.ok();
    let by_payment = ["UpdateItem", "GetItem", "GetItem", "TransactWriteItems"];
    assert_eq!(world.operations(), by_payment, "by its payment's owner");
}

#[tokio::test]
async fn what_cannot_be_applied_is_kept_and_applied_by_the_next_tick() {
    for failure in [Failure::Throttled, Failure::Internal, Failure::Conflict] {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        world.break_table(&["TransactWriteItems"], Intervention::FailBefore(failure));
        let answer = world.fail("mem_1", "pay_1", world.now()).await;
        assert_eq!(answer.ok()["outcome"], "kept", "{failure:?}");
        assert_eq!(world.kept_event().await["status"], "pending");
        assert_eq!(world.get("/api/dashboard/cases").await["data"], json!([]));
        // Whop may deliver it again meanwhile.
        assert_eq!(world.fail("mem_1", "pay_1", world.now()).await.ok()["outcome"], "duplicate");
        world.service.dynamo.stop_intercepting();
        world.advance(Duration::minutes(5));
        world.settle().await;
        assert_eq!(world.kept_event().await["status"], "applied", "{failure:?}");
        assert_eq!(world.case_of("mem_1").await["status"], "open");
        assert_eq!(world.kpis().await["active_cases"], 1);
    }
}

#[tokio::test]
async fn what_cannot_even_be_kept_is_not_acknowledged() {
    let world = World::start().await;
    let writes = &["PutItem", "UpdateItem", "TransactWriteItems"];
    for intervention in [Intervention::FailBefore(Failure::Throttled), Intervention::DropBefore] {
        world.break_table(writes, intervention);
        let answer = world.fail("mem_1", "pay_1", world.now()).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        world.service.dynamo.stop_intercepting();
        assert_eq!(world.rows().await, Vec::<Value>::new());
    }
    assert_eq!(
        world.fail("mem_1", "pay_1", world.now()).await.ok()["outcome"],
        "applied",
        "Whop tries again"
    );
}

#[tokio::test]
async fn a_lost_answer_loses_nothing_and_doubles_nothing() {
    for intervention in [Intervention::LoseAnswer, Intervention::FailAfter(Failure::Internal)] {
        let world = World::start().await;
        world.break_table(&["TransactWriteItems", "UpdateItem"], intervention);
        let status = world.fail("mem_1", "pay_1", world.now()).await.status;
        assert!(status == 200 || status == 503, "{status}");
        world.service.dynamo.stop_intercepting();
        assert_eq!(world.fail("mem_1", "pay_1", world.now()).await.ok()["outcome"], "duplicate");
        let (case, kpis) = (world.case_of("mem_1").await, world.kpis().await);
        assert_eq!((&case["failures"], &kpis["active_cases"]), (&json!(1), &json!(1)));
        assert_eq!(world.rows_of("AUDIT#").await.len(), 1);
    }
}

#[tokio::test]
async fn events_about_unreadable_rows_do_not_block_others_for_ever() {
    let world = World::start().await;
    for member in 1..=8 {
        world.spoil_timeline(&format!("mem_{member}")).await;
        let answer = world.fail(&format!("mem_{member}"), &format!("pay_{member}"), world.now()).await;
        assert_eq!(answer.ok()["outcome"], "kept");
    }
    world.advance(Duration::seconds(1));
    world.break_table(&["TransactWriteItems"], Intervention::FailBefore(Failure::Throttled));
    assert_eq!(world.fail("mem_9", "pay_9", world.now()).await.ok()["outcome"], "kept");
    world.service.dynamo.stop_intercepting();
    world.add_past_due(COMPANY, "mem_9");
    for _ in 0..3 {
        world.advance(Duration::minutes(5));
        world.tick().await;
    }
    assert_eq!(world.case_of("mem_9").await["status"], "open");
    for _ in 0..40 {
        world.advance(Duration::hours(6));
        world.tick().await;
    }
    let aside = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    let reasons: Vec<_> = aside["data"].as_array().unwrap().iter().map(|event| &event["reason"]).collect();
    assert_eq!(reasons, vec![&json!("row_unreadable"); 8]);
}
