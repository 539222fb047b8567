//! Migrations of stored events: filled in from the payload or the arrival, undone exactly, predicted by a dry
//! run.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use http::Method;
use local::embedded::{EmbeddedDynamo, Intervention};
use local::service::TABLE;
use migrations::run::Outcome;
use migrations::{MigrationError, Migrator, Table};
use serde_json::{Value, json};
use shared::domain::kernel::clock::Clock;
use shared::domain::kernel::time;
use shared::store::version::DATA_VERSION;

use support::world::{World, id_of, payment_failed};

/// Rows of a page, so few that a table of some rows has several.
const PAGE_ROWS: i32 = 3;

const VERSION_ROW: &str = "JOB#migrations";

/// A migrator of a world's table, on its clock.
pub fn migrator(world: &World, owner: &str) -> Migrator {
    let clock = world.service.sandbox.clock.clone();
    Migrator { clock: Clock::from_fn(move || clock.now()), ..migrator_of(&world.service.dynamo, owner) }
}

pub fn migrator_of(dynamo: &EmbeddedDynamo, owner: &str) -> Migrator {
    Migrator {
        table: Table::new(dynamo.client(), TABLE).in_pages_of(PAGE_ROWS),
        clock: Clock::from_fn(support::world::beginning),
        owner: owner.to_owned(),
        rows_per_second: 1_000_000,
        take_over: false,
        on_progress: Box::new(|_| {}),
    }
}

/// Every row but the one of the migrations themselves, in the order of their keys.
pub fn data(dynamo: &EmbeddedDynamo) -> BTreeMap<String, Value> {
    let rows =
        dynamo.rows(TABLE).into_iter().map(|row| (format!("{}{}", row["pk"]["S"], row["sk"]["S"]), row));
    rows.filter(|(key, _)| !key.contains(VERSION_ROW)).collect()
}

/// An event as an older version stored it: without its time beside the payload; `occurred_at` is the time
/// inside.
pub fn old_event(number: usize, occurred_at: Value, received_at: &str) -> Value {
    let id = format!("msg_{number:05}");
    let text = |value: &str| json!({"S": value});
    let mut payload = json!({"event_id": text(&id), "name": text("invoice.paid"), "meaning": {"M": {"kind": text("nothing")}}});
    if !occurred_at.is_null() {
        payload["occurred_at"] = occurred_at;
    }
    json!({
        "pk": text(&format!("EVENT#whop#{id}")), "sk": text("EVENT"), "source": text("whop"), "status": text("applied"),
        "payload_min": {"M": payload}, "payload_sealed": text("v1.sealed"), "received_at": text(received_at),
        "tries": {"N": "0"}, "replays": {"N": "0"}, "reason": {"NULL": true},
    })
}

/// Removes the times beside the payloads, as an older version would have left the rows.
pub fn age(dynamo: &EmbeddedDynamo) {
    let mut rows = dynamo.rows(TABLE);
    rows.retain(|row| row["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("EVENT#")));
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|name, _| !name.starts_with("occurred_at"));
    }
    dynamo.put_rows(TABLE, &rows);
}

/// The number of changes by source, of one migration.
pub fn changed(outcomes: &[Outcome]) -> Vec<(&str, u64)> {
    assert!(outcomes.len() <= 1, "{outcomes:?}");
    outcomes.iter().flat_map(|one| &one.tally.changed).map(|(from, count)| (from.as_str(), *count)).collect()
}

/// Seven old rows: the times in their payloads, and of their arrival.
pub fn old_rows() -> Vec<Value> {
    let (came, occurred_at) = ("2025-11-18T08:00:05.000Z", json!({"S": "2025-11-18T08:00:00.123456Z"}));
    let absurd = [
        json!({"S": "9999-12-31T23:59:59Z"}),
        json!({"S": "-0001-01-01T00:00:00Z"}),
        json!({"N": "-5"}),
        json!({"S": "soon"}),
        Value::Null,
    ];
    let good = [occurred_at.clone(), occurred_at].into_iter();
    good.chain(absurd).enumerate().map(|(number, at)| old_event(number, at, came)).collect()
}

#[tokio::test]
async fn old_events_are_filled_in_from_the_payload_or_else_from_the_arrival() {
    let world = World::start().await;
    world.service.dynamo.put_rows(TABLE, &old_rows());
    let migrator = migrator(&world, "one");
    assert_eq!(migrator.verify(None).await.unwrap()[0].tally.changes(), 7);
    let outcomes = migrator.forward(None, None).await.unwrap();
    assert_eq!(changed(&outcomes), [("the arrival", 5), ("the payload", 2)]);
    assert!(outcomes[0].is_settled);
    let rows = world.rows_of("EVENT#").await;
    let times: Vec<_> = rows.iter().map(|row| (&row["occurred_at"], &row["occurred_at_source"])).collect();
    let (payload, arrival) = (json!("2025-11-18T08:00:00.123Z"), json!("2025-11-18T08:00:05.000Z"));
    let (by_payload, by_arrival) = (json!("payload"), json!("arrival"));
    assert_eq!(times[..2], [(&payload, &by_payload); 2]);
    assert_eq!(times[2..], [(&arrival, &by_arrival); 5]);
    let verified = migrator.verify(None).await.unwrap();
    assert_eq!((verified[0].tally.rows_read, verified[0].tally.changes()), (7, 0));
    let status = migrator.status().await.unwrap();
    assert_eq!((status.data_version, status.claim, status.work), (1, None, None));
}

#[tokio::test]
async fn twice_is_once_and_back_restores_exactly() {
    let world = World::start().await;
    let event = payment_failed("mem_1", "pay_1", world.now());
    world.deliver(&id_of(&event), event).await.ok();
    let mut rows = old_rows();
    // An invalid time is stored there; it must be restored too.
    rows[3]["occurred_at"] = json!({"N": "-1"});
    world.service.dynamo.put_rows(TABLE, &rows);
    let before = data(&world.service.dynamo);
    let migrator = migrator(&world, "one");
    migrator.forward(None, None).await.unwrap();
    let after = data(&world.service.dynamo);
    assert_ne!(before, after);
    assert!(migrator.forward(None, None).await.unwrap().is_empty());
    assert_eq!(changed(&migrator.forward(Some(1), None).await.unwrap()), []);
    assert_eq!(data(&world.service.dynamo), after);

    assert_eq!(changed(&migrator.back_dry(0).await.unwrap()), [("the previous values", 7)]);
    assert_eq!(data(&world.service.dynamo), after);
    migrator.back(0).await.unwrap();
    assert_eq!(data(&world.service.dynamo), before, "the event of the new code keeps its time");
    assert_eq!(migrator.status().await.unwrap().data_version, 0);
    assert!(migrator.back(0).await.unwrap().is_empty(), "there is nothing left to undo");
}

#[tokio::test]
async fn a_dry_run_reports_the_changes_and_writes_nothing() {
    let world = World::start().await;
    world.service.dynamo.put_rows(TABLE, &old_rows());
    let before = world.service.dynamo.rows(TABLE);
    world.service.dynamo.reset_requests();
    let migrator = migrator(&world, "one");
    let outcomes = migrator.forward_dry(None, None).await.unwrap();
    assert_eq!(changed(&outcomes), [("the arrival", 5), ("the payload", 2)]);
    assert_eq!(outcomes[0].tally.examples[0], "EVENT#whop#msg_00000 EVENT");
    migrator.back_dry(0).await.unwrap();
    migrator.verify(None).await.unwrap();
    let asked = world.service.dynamo.requests();
    assert!(asked.iter().all(|request| ["Scan", "GetItem"].contains(&request.operation.as_str())));
    assert_eq!(world.service.dynamo.rows(TABLE), before);
}

#[tokio::test]
async fn an_event_without_any_time_blocks_the_version_until_a_person_decides() {
    let world = World::start().await;
    let mut rows = old_rows();
    rows[1]["received_at"] = json!({"S": "yesterday"});
    world.service.dynamo.put_rows(TABLE, &rows);
    let migrator = migrator(&world, "one");
    let error = migrator.forward(None, None).await.unwrap_err();
    let MigrationError::NeedsPerson { migration: 1, count: 1, examples } = &error else { panic!("{error}") };
    assert!(examples[0].starts_with("EVENT#whop#msg_00001 EVENT ("), "{examples:?}");
    let status = migrator.status().await.unwrap();
    assert_eq!((status.data_version, status.claim), (0, None));
    let left = &migrator.verify(None).await.unwrap()[0].tally;
    assert_eq!((left.changes(), left.need_person), (0, 1), "the others are filled in");

    rows[1]["received_at"] = json!({"S": "2025-11-18T08:00:05.000Z"});
    world.service.dynamo.put_rows(TABLE, &rows[1..2]);
    assert_eq!(changed(&migrator.forward(None, None).await.unwrap()), [("the payload", 1)]);
    assert_eq!(migrator.status().await.unwrap().data_version, 1);
}

#[tokio::test]
async fn an_event_means_the_same_before_and_after() {
    let case_opened = async |migrates: bool| {
        let world = World::start().await;
        world.service.dynamo.intercept(Arc::new(|_, request| match request.operation.as_str() {
            "TransactWriteItems" => Intervention::DropBefore,
            _ => Intervention::Pass,
        }));
        let event = payment_failed("mem_1", "pay_1", world.now() - Duration::hours(3));
        assert_eq!(world.deliver(&id_of(&event), event).await.ok()["outcome"], "kept");
        world.service.dynamo.stop_intercepting();
        age(&world.service.dynamo);
        if migrates {
            migrator(&world, "one").forward(None, None).await.unwrap();
        }
        world.advance(Duration::hours(2));
        world.settle().await;
        let case = world.case_of("mem_1").await;
        (case["first_failure_at"].clone(), case["status"].clone())
    };
    let happened_at = time::format(support::world::beginning() - Duration::hours(3));
    let opened = (json!(happened_at), json!("open"));
    assert_eq!(case_opened(false).await, opened);
    assert_eq!(case_opened(true).await, opened);
}

#[tokio::test]
async fn an_operator_sees_when_an_old_event_happened_and_how_that_is_known() {
    let world = World::start().await;
    let mut rows = old_rows();
    for row in &mut rows {
        let id = row["payload_min"]["M"]["event_id"]["S"].as_str().unwrap();
        row["list_sk"] = json!({"S": format!("2025-11-18T08:00:05.000Z#whop#{id}")});
        row["list_status_pk"] = json!({"S": "operator#events#set_aside"});
        row["status"] = json!({"S": "set_aside"});
    }
    world.service.dynamo.put_rows(TABLE, &rows);
    let events = async || world.operator(Method::GET, "/api/webhooks/events").await.ok()["data"].clone();
    let before = events().await;
    assert_eq!(before[0]["occurred_at"], "2025-11-18T08:00:00.123Z");
    assert_eq!(
        (&before[0]["occurred_at_source"], &before[4]["occurred_at_source"]),
        (&json!("payload"), &json!("arrival"))
    );
    migrator(&world, "one").forward(None, None).await.unwrap();
    assert_eq!(events().await, before);
}

#[tokio::test]
async fn the_health_check_reports_the_data_version_without_a_further_request() {
    let world = World::start().await;
    let versions = async || {
        world.service.dynamo.reset_requests();
        let request = support::world::bare(Method::GET, "/api/health?type=database");
        let database = world.ask(request).await.ok()["checks"]["database"].clone();
        let reads = world.service.dynamo.requests().iter().filter(|one| one.operation == "GetItem").count();
        (database["data_version"].clone(), database["expected_data_version"].clone(), reads)
    };
    assert_eq!(versions().await, (json!(0), json!(DATA_VERSION), 1));
    migrator(&world, "one").forward(None, None).await.unwrap();
    assert_eq!(versions().await, (json!(DATA_VERSION), json!(DATA_VERSION), 1));
}

#[tokio::test]
async fn data_of_a_newer_checkout_is_left_alone() {
    let world = World::start().await;
    let row = json!({"pk": {"S": VERSION_ROW}, "sk": {"S": "VERSION"}, "data_version": {"N": "9"}, "fence": {"N": "4"}});
    world.service.dynamo.put_rows(TABLE, &[row]);
    let before = world.service.dynamo.rows(TABLE);
    let migrator = migrator(&world, "one");
    let newer = |done: Result<Vec<Outcome>, MigrationError>| {
        assert!(matches!(done, Err(MigrationError::Newer { found: 9, known: DATA_VERSION })), "{done:?}");
    };
    newer(migrator.forward(None, None).await);
    newer(migrator.verify(None).await);
    newer(migrator.back(0).await);
    let unknown = migrator.forward(None, Some(DATA_VERSION + 1)).await;
    assert!(matches!(unknown, Err(MigrationError::Unknown { .. })), "{unknown:?}");
    assert_eq!(world.service.dynamo.rows(TABLE), before);
}

#[tokio::test]
async fn the_local_server_migrates_an_older_table_and_reports_it() {
    let world = World::start().await;
    let (dynamo, clock) = (&world.service.dynamo, world.service.app.clock.clone());
    let client = dynamo.client();
    dynamo.put_rows(TABLE, &old_rows());
    let drop_index = aws_sdk_dynamodb::types::DeleteGlobalSecondaryIndexAction::builder()
        .index_name("customer")
        .build()
        .unwrap();
    let drop_index =
        aws_sdk_dynamodb::types::GlobalSecondaryIndexUpdate::builder().delete(drop_index).build();
    client.update_table().table_name(TABLE).global_secondary_index_updates(drop_index).send().await.unwrap();
    assert_eq!(migrator(&world, "one").table.differences().await.unwrap(), ["it has no index `customer`"]);

    let said = local::table::bring_up_to_date(&client, TABLE, clock.clone()).await.unwrap();
    let expected = "the data is of an older version: 0 → 1, 7 rows changed, new indexes: customer";
    assert_eq!(said.as_deref(), Some(expected));
    assert_eq!(migrator(&world, "one").table.differences().await.unwrap(), [""; 0]);
    let placed = [("customer_pk", "biz_1#user_1"), ("customer_sk", "x")];
    let row = [("pk", "BOOKING#1"), ("sk", "BOOKING")].into_iter().chain(placed);
    let row = row.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))).collect();
    client.put_item().table_name(TABLE).set_item(Some(row)).send().await.unwrap();
    let found = client.query().table_name(TABLE).index_name("customer");
    let found = found.key_condition_expression("customer_pk = :pk");
    let key = AttributeValue::S("biz_1#user_1".to_owned());
    let found = found.expression_attribute_values(":pk", key).send().await.unwrap();
    assert_eq!(found.count(), 1);
    assert_eq!(local::table::bring_up_to_date(&client, TABLE, clock).await.unwrap(), None);
}
