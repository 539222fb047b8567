//! Migrations with faults: a crash at every request, two runs at once, concurrent writes of the service, a
//! large table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration as StdDuration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use local::embedded::{EmbeddedDynamo, Intervention, RequestRecord};
use local::service::TABLE;
use migrations::claim::LEASE_S;
use migrations::table::PAGE_ROWS;
use migrations::{MigrationError, Migrator, Table};
use serde_json::{Value, json};
use shared::domain::kernel::clock::Clock;
use shared::store::definition::create_table;

use crate::migrations::{age, changed, data, migrator, migrator_of, old_event, old_rows};
use support::injected_fault::{FAULT_POINTS, FaultPoint, InjectedFault};
use support::world::{World, beginning, id_of, payment_failed};

/// A table of old events, and nothing else.
async fn table_of(rows: &[Value]) -> EmbeddedDynamo {
    let dynamo = EmbeddedDynamo::memory();
    create_table(&dynamo.client(), TABLE).await.unwrap();
    dynamo.put_rows(TABLE, rows);
    dynamo
}

/// Injects a fault at each request of `first` in turn, until there are no more requests; then `second`
/// completes the migration.
async fn fault_each_request(
    forwards: bool,
    start: &[Value],
    end: &std::collections::BTreeMap<String, Value>,
) -> usize {
    let world = World::start().await;
    let runs = AtomicUsize::new(0);
    for fault in FAULT_POINTS {
        if matches!(fault, FaultPoint::DeathBeforeCall | FaultPoint::DeathAfterCall) {
            continue;
        }
        for chosen in 1.. {
            let dynamo = &world.service.dynamo;
            clear(dynamo).await;
            dynamo.put_rows(TABLE, start);
            let injected_fault = InjectedFault::at(&world, fault, chosen);
            let first = migrator(&world, "first");
            let was_injected = match forwards {
                true => injected_fault.during(first.forward(None, None)).await,
                false => injected_fault.during(first.back(0)).await,
            };
            dynamo.stop_intercepting();
            // Longer than the lease of a dead run's claim.
            world.advance(Duration::seconds(LEASE_S + 1));
            let second = migrator(&world, "second");
            match forwards {
                true => drop(second.forward(None, None).await.unwrap()),
                false => drop(second.back(0).await.unwrap()),
            }
            assert_eq!(&data(dynamo), end, "{fault:?} at {chosen}");
            let status = second.status().await.unwrap();
            assert_eq!(status.data_version, u32::from(forwards), "{fault:?} at {chosen}");
            assert!(status.work.is_none(), "{fault:?} at {chosen}: {status:?}");
            runs.fetch_add(1, Ordering::Relaxed);
            if !was_injected {
                break;
            }
        }
    }
    runs.into_inner()
}

async fn clear(dynamo: &EmbeddedDynamo) {
    for row in dynamo.rows(TABLE) {
        let part = |name: &str| AttributeValue::S(row[name]["S"].as_str().unwrap().to_owned());
        let delete = dynamo.client().delete_item().table_name(TABLE);
        delete.key("pk", part("pk")).key("sk", part("sk")).send().await.unwrap();
    }
}

#[tokio::test]
async fn after_a_crash_or_fault_at_any_request_it_continues_to_the_same_result() {
    let start = old_rows();
    let dynamo = table_of(&start).await;
    let migrator = migrator_of(&dynamo, "one");
    migrator.forward(None, None).await.unwrap();
    let (migrated, filled_in) = (dynamo.rows(TABLE), data(&dynamo));
    migrator.back(0).await.unwrap();
    let restored = data(&dynamo);
    let forward = fault_each_request(true, &start, &filled_in).await;
    let back = fault_each_request(false, &migrated, &restored).await;
    eprintln!("a fault at each request of a migration: {forward} runs forward, {back} back");
    assert!(forward > 100 && back > 100);
}

#[tokio::test]
async fn rows_done_before_a_crash_are_not_read_again() {
    let rows: Vec<Value> =
        (0..30).map(|number| old_event(number, Value::Null, "2025-11-18T08:00:05.000Z")).collect();
    let world = World::start().await;
    world.service.dynamo.put_rows(TABLE, &rows);
    // Claim, progress, and then a scan, three updates and the progress for each page: the ninth page is in
    // progress.
    let died =
        InjectedFault::death_at(&world, 45).during(migrator(&world, "first").forward(None, None)).await;
    assert!(died);
    world.service.dynamo.stop_intercepting();
    world.advance(Duration::seconds(LEASE_S + 1));
    let second = migrator(&world, "second");
    let left = second.status().await.unwrap().work.unwrap();
    assert!(left.after.is_some() && left.tally.rows_read >= 20, "{left:?}");
    world.service.dynamo.reset_requests();
    second.forward(None, None).await.unwrap();
    let updates = world.service.dynamo.requests();
    let updates = updates.iter().filter(|one| one.operation == "UpdateItem" && one.kinds.contains("EVENT"));
    assert!(updates.count() <= 10, "only what was left is written");
}

#[tokio::test]
async fn of_two_concurrent_runs_one_works_and_the_other_gets_its_owner_and_start() {
    let dynamo = table_of(&old_rows()).await;
    let found = Arc::new(std::sync::Mutex::new(None));
    let (seen, other) = (found.clone(), dynamo.clone());
    // The second begins at the first write of the first to a row, on a thread of its own.
    let is_begun = AtomicBool::new(false);
    dynamo.intercept(Arc::new(move |_, request| {
        if is_row_write(request) && !is_begun.swap(true, Ordering::SeqCst) {
            let refused = elsewhere({
                let dynamo = other.clone();
                async move { migrator_of(&dynamo, "second").forward(None, None).await.map(drop).unwrap_err() }
            });
            *seen.lock().unwrap() = Some(refused);
        }
        Intervention::Pass
    }));
    migrator_of(&dynamo, "first").forward(None, None).await.unwrap();
    let refused = found.lock().unwrap().take().unwrap();
    let MigrationError::Held { owner, since, until } = &refused else { panic!("{refused}") };
    assert_eq!((owner.as_str(), *since), ("first", beginning()));
    assert_eq!(*until - *since, Duration::seconds(LEASE_S));
    assert!(
        refused.to_string().contains("first has been migrating since 2025-11-18T09:02:03.000Z"),
        "{refused}"
    );
}

#[tokio::test]
async fn one_that_slept_too_long_finds_its_claim_taken_and_writes_nothing_more() {
    let dynamo = table_of(&old_rows()).await;
    let passed = Arc::new(AtomicI64::new(0));
    let clock = || {
        let passed = passed.clone();
        Clock::from_fn(move || beginning() + Duration::seconds(passed.load(Ordering::SeqCst)))
    };
    let sleeper = Migrator { clock: clock(), ..migrator_of(&dynamo, "sleeper") };
    let (is_asleep, other, second_clock) = (AtomicBool::new(false), dynamo.clone(), clock());
    let time = passed.clone();
    dynamo.intercept(Arc::new(move |_, request| {
        if is_row_write(request) && !is_asleep.swap(true, Ordering::SeqCst) {
            // An hour passes while the write is in flight, and another run does all of the work and undoes
            // it.
            time.fetch_add(3_600, Ordering::SeqCst);
            let (dynamo, clock) = (other.clone(), second_clock.clone());
            elsewhere(async move {
                let second = Migrator { clock, ..migrator_of(&dynamo, "second") };
                second.forward(None, None).await.unwrap();
                second.back(0).await.unwrap();
            });
            return Intervention::DropBefore;
        }
        Intervention::Pass
    }));
    let error = sleeper.forward(None, None).await.unwrap_err();
    assert!(matches!(error, MigrationError::Lost), "{error}");
    let filled_in = dynamo.rows(TABLE).iter().filter(|row| row.get("occurred_at").is_some()).count();
    // The SDK itself retries the one write that was in flight.
    assert!(filled_in <= 1, "{filled_in}");
    assert_eq!(sleeper.status().await.unwrap().claim, None, "the end of the second is left as it is");
}

#[tokio::test]
async fn the_claim_of_a_live_run_can_be_taken_over_explicitly() {
    let world = World::start().await;
    world.service.dynamo.put_rows(TABLE, &old_rows());
    InjectedFault::death_at(&world, 6).during(migrator(&world, "first").forward(None, None)).await;
    world.service.dynamo.stop_intercepting();
    let refused = migrator(&world, "second").forward(None, None).await;
    assert!(matches!(refused, Err(MigrationError::Held { .. })), "{refused:?}");
    let second = Migrator { take_over: true, ..migrator(&world, "second") };
    second.forward(None, None).await.unwrap();
    assert_eq!(second.status().await.unwrap().data_version, 1);
}

#[tokio::test]
async fn what_the_service_writes_meanwhile_wins_and_is_never_taken_away() {
    let rows = old_rows();
    let dynamo = table_of(&rows).await;
    let mut written = rows[0].clone();
    written["occurred_at"] = json!({"S": "2025-11-18T07:00:00.000Z"});
    let (other, by_service, number) = (dynamo.clone(), written.clone(), AtomicUsize::new(0));
    dynamo.intercept(Arc::new(move |_, request| {
        if is_row_write(request) {
            match number.fetch_add(1, Ordering::SeqCst) {
                0 => other.put_rows(TABLE, std::slice::from_ref(&by_service)),
                // Cleared away by its time limit.
                1 => elsewhere(delete(other.clone(), "EVENT#whop#msg_00001")),
                _ => {}
            }
        }
        Intervention::Pass
    }));
    let migrator = migrator_of(&dynamo, "one");
    let outcomes = migrator.forward(None, None).await.unwrap();
    dynamo.stop_intercepting();
    assert_eq!(changed(&outcomes), [("the arrival", 5)]);
    let found = dynamo.rows(TABLE);
    assert!(found.contains(&written), "{found:?}");
    let is_gone = |row: &Value| row["pk"]["S"] == "EVENT#whop#msg_00001";
    assert!(!found.iter().any(is_gone), "a deleted row stays deleted");
    // The service overwrites a filled-in value before the undo.
    let mut replaced = found.iter().find(|row| row["pk"]["S"] == "EVENT#whop#msg_00002").unwrap().clone();
    replaced["occurred_at"] = json!({"S": "2025-11-18T07:30:00.000Z"});
    dynamo.put_rows(TABLE, &[replaced]);
    migrator.back(0).await.unwrap();
    let found = dynamo.rows(TABLE);
    assert!(found.contains(&written));
    let replaced = found.iter().find(|row| row["pk"]["S"] == "EVENT#whop#msg_00002").unwrap();
    assert_eq!(replaced["occurred_at"]["S"], "2025-11-18T07:30:00.000Z");
    assert!(found.iter().all(|row| row.get("migration_1").is_none()));
}

#[tokio::test]
async fn events_that_arrive_meanwhile_are_migrated_by_the_next_pass() {
    let world = World::start().await;
    world.service.dynamo.put_rows(TABLE, &old_rows());
    let (dynamo, walks) = (world.service.dynamo.clone(), AtomicUsize::new(0));
    let late = |number: usize| old_event(number, Value::Null, "2025-11-18T09:00:00.000Z");
    // An older version that still serves puts a row behind the walk, once its first pages are done.
    dynamo.clone().intercept(Arc::new(move |_, request| {
        if is_row_write(request) && walks.fetch_add(1, Ordering::SeqCst) == 6 {
            dynamo.put_rows(TABLE, &(100..110).map(late).collect::<Vec<_>>());
        }
        Intervention::Pass
    }));
    let migrator = migrator(&world, "one");
    let event = payment_failed("mem_1", "pay_1", world.now());
    let event_id = id_of(&event);
    let (outcomes, delivered) = tokio::join!(migrator.forward(None, None), world.deliver(&event_id, event));
    delivered.ok();
    let outcome = &outcomes.unwrap()[0];
    assert!(outcome.is_settled && outcome.tally.changes() == 17, "{outcome:?}");
    assert_eq!(migrator.verify(None).await.unwrap()[0].tally.changes(), 0);
}

#[tokio::test]
async fn an_older_version_that_goes_on_serving_does_not_keep_it_from_ending() {
    let dynamo = table_of(&old_rows()).await;
    let (other, number) = (dynamo.clone(), AtomicUsize::new(0));
    let is_scan = |request: &RequestRecord| request.operation == "Scan";
    dynamo.intercept(Arc::new(move |_, request| {
        if is_scan(request) {
            let number = 1_000 + number.fetch_add(1, Ordering::SeqCst);
            other.put_rows(TABLE, &[old_event(number, Value::Null, "2025-11-18T09:00:00.000Z")]);
        }
        Intervention::Pass
    }));
    let migrator = migrator_of(&dynamo, "one");
    let outcomes = migrator.forward(None, None).await.unwrap();
    dynamo.stop_intercepting();
    assert!(!outcomes[0].is_settled, "it reports that rows of the older form are still written");
    assert_eq!(migrator.status().await.unwrap().data_version, 1);
    // After the switch.
    age(&dynamo);
    assert!(migrator.verify(None).await.unwrap()[0].tally.changes() > 0);
    assert!(migrator.forward(Some(1), None).await.unwrap()[0].is_settled);
    assert_eq!(migrator.verify(None).await.unwrap()[0].tally.changes(), 0);
}

#[tokio::test]
async fn ten_thousand_events_are_done_a_page_at_a_time() {
    // Every fifth is of an older version; the others are as this one writes them.
    let event = |number: usize| {
        let occurred_at = json!({"S": "2025-11-18T08:00:00Z"});
        let mut event = old_event(number, occurred_at, "2025-11-18T08:00:05.000Z");
        if !number.is_multiple_of(5) {
            event["occurred_at"] = json!({"S": "2025-11-18T08:00:00.000Z"});
            event["occurred_at_source"] = json!({"S": "payload"});
        }
        event
    };
    let rows: Vec<Value> = (0..10_000).map(event).collect();
    let dynamo = table_of(&rows).await;
    dynamo.reset_requests();
    let begun = Instant::now();
    let migrator = Migrator { table: Table::new(dynamo.client(), TABLE), ..migrator_of(&dynamo, "one") };
    let outcomes = migrator.forward(None, None).await.unwrap();
    eprintln!("ten thousand events were migrated after {:?}", begun.elapsed());
    assert_eq!(changed(&outcomes), [("the payload", 2_000)]);
    let requests = dynamo.requests();
    let scans: Vec<_> = requests.iter().filter(|one| one.operation == "Scan").collect();
    assert!(scans.iter().all(|scan| scan.item_count <= PAGE_ROWS as usize));
    // Two walks: one that fills in, one that finds nothing left. A write for each old row, and one for each page.
    let pages = 10_000 / PAGE_ROWS as usize;
    assert!((2 * pages..=2 * pages + 4).contains(&scans.len()), "{}", scans.len());
    let writes = requests.iter().filter(|one| one.operation == "UpdateItem").count();
    assert!((2_000..=2_000 + 2 * pages + 8).contains(&writes), "{writes}");
}

#[tokio::test(start_paused = true)]
async fn it_respects_the_rate_limit() {
    let rows: Vec<Value> =
        (0..40).map(|number| old_event(number, Value::Null, "2025-11-18T08:00:05.000Z")).collect();
    let dynamo = table_of(&rows).await;
    let begun = tokio::time::Instant::now();
    let slow = Migrator { rows_per_second: 4, ..migrator_of(&dynamo, "one") };
    slow.forward(None, None).await.unwrap();
    // Forty writes, and eighty-odd rows read at ten times the pace.
    let took = begun.elapsed();
    assert!((StdDuration::from_secs(12)..StdDuration::from_secs(15)).contains(&took), "{took:?}");
}

fn is_row_write(request: &RequestRecord) -> bool {
    request.operation == "UpdateItem" && request.kinds.contains("EVENT")
}

async fn delete(dynamo: EmbeddedDynamo, pk: &'static str) {
    let delete = dynamo.client().delete_item().table_name(TABLE).key("pk", AttributeValue::S(pk.to_owned()));
    delete.key("sk", AttributeValue::S("EVENT".to_owned())).send().await.unwrap();
}

/// Runs another future to its end on its own thread, because an intercepting hook cannot await.
fn elsewhere<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work)
    });
    thread.join().unwrap()
}
