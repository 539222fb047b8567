use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, Put, ReturnValuesOnConditionCheckFailure, ScalarAttributeType,
    TransactWriteItem,
};

use crate::embedded::EmbeddedDynamo;

pub(super) const TABLE: &str = "ledger";

pub(super) async fn with_table(dynamo: &EmbeddedDynamo) -> Client {
    let client = dynamo.client();
    let key = |name: &str, kind: KeyType| {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    };
    let text = |name: &str| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder().index_name("due").projection(all);
    let index = index.key_schema(key("due", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
    let table = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(text("pk")).attribute_definitions(text("sk"));
    let table = table.attribute_definitions(text("due"));
    let table = table.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
    table.global_secondary_indexes(index.build().unwrap()).send().await.unwrap();
    client
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn item(pk: &str, owner: &str) -> HashMap<String, AttributeValue> {
    [("pk", pk), ("sk", "0"), ("due", "due#1"), ("owner", owner)]
        .map(|(name, value)| (name.to_owned(), text(value)))
        .into()
}

/// A conditional write: the item must be new, and a refusal returns the existing owner.
pub(super) fn claim(pk: &str, owner: &str) -> Put {
    Put::builder()
        .table_name(TABLE)
        .set_item(Some(item(pk, owner)))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap()
}

/// Claims alone; `Err` bears the owner found.
pub(super) async fn claim_alone(client: &Client, pk: &str, owner: &str) -> Result<(), String> {
    let put = client.put_item().table_name(TABLE).set_item(Some(item(pk, owner)));
    let put = put.condition_expression("attribute_not_exists(pk)");
    let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.into_service_error() {
            aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) => {
                Err(failed.item().unwrap()["owner"].as_s().unwrap().clone())
            }
            other => panic!("{other:?}"),
        },
    }
}

pub(super) async fn owner_of(client: &Client, pk: &str) -> Option<String> {
    let get = client.get_item().table_name(TABLE).key("pk", text(pk)).key("sk", text("0"));
    let found = get.consistent_read(true).send().await.unwrap().item;
    found.map(|item| item["owner"].as_s().unwrap().clone())
}

#[tokio::test]
async fn items_are_written_under_a_condition_and_found_through_the_index() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    assert_eq!(claim_alone(&client, "case#1", "a").await, Ok(()));
    assert_eq!(claim_alone(&client, "case#1", "b").await, Err("a".to_owned()));
    claim_alone(&client, "case#2", "a").await.unwrap();

    let numbered = client.update_item().table_name(TABLE).key("pk", text("case#2")).key("sk", text("0"));
    let numbered = numbered.update_expression("ADD fence :one");
    let numbered = numbered.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    numbered.send().await.unwrap();

    dynamo.reset_requests();
    let due = client.query().table_name(TABLE).index_name("due").key_condition_expression("due = :due");
    let due = due.expression_attribute_values(":due", text("due#1")).send().await.unwrap();
    assert_eq!(due.count(), 2);
    let fences: Vec<_> = due.items().iter().filter_map(|item| item.get("fence")).collect();
    assert_eq!(fences, [&AttributeValue::N("1".to_owned())]);
    let requests = dynamo.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.operation.as_str(), request.item_count), ("Query", 2));
    assert_eq!((request.table.as_deref(), request.index.as_deref()), (Some(TABLE), Some("due")));
}

#[tokio::test]
async fn a_cancelled_transaction_returns_the_failed_condition_and_the_existing_item() {
    let dynamo = EmbeddedDynamo::memory();
    let client = with_table(&dynamo).await;
    claim_alone(&client, "case#2", "a").await.unwrap();
    let puts = ["case#1", "case#2"].map(|pk| TransactWriteItem::builder().put(claim(pk, "b")).build());
    let both = client.transact_write_items().set_transact_items(Some(puts.into()));
    let error = both.send().await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}")
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| reason.code()).collect();
    assert_eq!(codes, [Some("None"), Some("ConditionalCheckFailed")]);
    assert_eq!(cancelled.cancellation_reasons()[1].item().unwrap()["owner"], text("a"));
    assert_eq!(owner_of(&client, "case#1").await, None);
    let transactions: Vec<_> =
        dynamo.requests().into_iter().filter(|one| one.operation == "TransactWriteItems").collect();
    assert_eq!((transactions.len(), transactions[0].item_count), (1, 2));
    assert_eq!(transactions[0].table.as_deref(), Some(TABLE));
}

#[tokio::test]
async fn of_32_claims_at_once_one_wins() {
    let client = with_table(&EmbeddedDynamo::memory()).await;
    // One thread and runtime each: the claims run in parallel, not only in turns.
    let claims: Vec<_> = (0..32)
        .map(|number| {
            let client = client.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(claim_alone(&client, "case#1", &format!("worker-{number}")))
            })
        })
        .collect();
    let claims = claims.into_iter().map(|claim| claim.join().unwrap());
    let (winners, losers): (Vec<_>, Vec<_>) = claims.partition(Result::is_ok);
    assert_eq!((winners.len(), losers.len()), (1, 31));
    let owner = owner_of(&client, "case#1").await.unwrap();
    assert!(losers.into_iter().all(|lost| lost == Err(owner.clone())));
}

#[tokio::test]
async fn what_is_written_to_a_file_is_there_after_opening_it_again() {
    let folder = std::env::temp_dir().join(format!("justonce-embedded-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("table.db");
    let client = with_table(&EmbeddedDynamo::file(&path).unwrap()).await;
    claim_alone(&client, "case#1", "a").await.unwrap();
    drop(client);
    let reopened = EmbeddedDynamo::file(&path).unwrap().client();
    assert_eq!(owner_of(&reopened, "case#1").await.as_deref(), Some("a"));
    drop(reopened);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_file_in_no_folder_cannot_be_opened() {
    assert!(EmbeddedDynamo::file("/nowhere/table.db").is_err());
}
