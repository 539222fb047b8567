use std::sync::Arc;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::database::{claim, claim_alone, owner_of, with_table};
use crate::embedded::{EmbeddedDynamo, Failure, Intervention};

/// Puts one intervention at one attempt, counted from here.
fn at_call(dynamo: &EmbeddedDynamo, chosen: u64, intervention: Intervention) {
    dynamo.reset_requests();
    dynamo.intercept(Arc::new(move |call, _| if call == chosen { intervention } else { Intervention::Pass }));
}

#[tokio::test]
async fn a_lost_answer_was_committed_and_the_sdks_retry_meets_its_own_item() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    at_call(&dynamo, 1, Intervention::LoseAnswer);
    assert_eq!(claim_alone(&client, "case#1", "a").await, Err("a".to_owned()));
    assert_eq!(dynamo.requests().len(), 2);
}

#[tokio::test]
async fn an_error_after_the_commit_looks_the_same_to_the_retry() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    at_call(&dynamo, 1, Intervention::FailAfter(Failure::Internal));
    assert_eq!(claim_alone(&client, "case#1", "a").await, Err("a".to_owned()));
}

#[tokio::test]
async fn what_failed_before_it_ran_is_retried_and_succeeds() {
    for intervention in [
        Intervention::DropBefore,
        Intervention::FailBefore(Failure::Throttled),
        Intervention::FailBefore(Failure::Internal),
    ] {
        let dynamo = EmbeddedDynamo::memory();
        let client = with_table(&dynamo).await;
        at_call(&dynamo, 1, intervention);
        assert_eq!(claim_alone(&client, "case#1", "a").await, Ok(()), "{intervention:?}");
        assert_eq!(dynamo.requests().len(), 2, "{intervention:?}");
    }
}

#[tokio::test]
async fn attempts_end_and_the_budget_for_retries_does_not() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    dynamo.reset_requests();
    dynamo.intercept(Arc::new(|_, _| Intervention::FailBefore(Failure::Throttled)));
    for _ in 0..200 {
        let get = client.get_item().table_name("ledger");
        let get = get.key("pk", super::database::text("case#1")).key("sk", super::database::text("0"));
        assert!(get.send().await.is_err());
    }
    assert_eq!(dynamo.requests().len(), 600);
    dynamo.stop_intercepting();
    assert_eq!(owner_of(&client, "case#1").await, None);
}

#[tokio::test]
async fn a_conflict_cancels_a_transaction_with_a_reason_for_each_item() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    at_call(&dynamo, 1, Intervention::FailBefore(Failure::Conflict));
    let puts = ["case#1", "case#2"].map(|pk| TransactWriteItem::builder().put(claim(pk, "a")).build());
    let both = client.transact_write_items().set_transact_items(Some(puts.into()));
    let error = both.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error:?}") };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| reason.code()).collect();
    assert_eq!(codes, [Some("TransactionConflict"); 2]);
    assert_eq!(owner_of(&client, "case#1").await, None);
}

#[tokio::test]
async fn a_lost_transaction_is_recognized_by_its_own_token() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    at_call(&dynamo, 1, Intervention::LoseAnswer);
    let put = TransactWriteItem::builder().put(claim("case#1", "a")).build();
    client.transact_write_items().transact_items(put).send().await.unwrap();
    assert_eq!(dynamo.requests().len(), 2);
}

#[tokio::test]
async fn a_request_that_hangs_is_never_answered_whether_it_was_executed_or_not() {
    for (intervention, owner) in
        [(Intervention::HangBefore, None), (Intervention::HangAfter, Some("a".to_owned()))]
    {
        let dynamo = EmbeddedDynamo::memory();
        let client = with_table(&dynamo).await;
        at_call(&dynamo, 1, intervention);
        let claim = claim_alone(&client, "case#1", "a");
        let patience = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(patience, claim).await.is_err(), "{intervention:?}");
        dynamo.stop_intercepting();
        assert_eq!(owner_of(&client, "case#1").await, owner, "{intervention:?}");
    }
}
