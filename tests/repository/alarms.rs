//! The alarms' metrics are written by the code. Everything else about alarms is tested from their file:
//! `infra/stacks/tests/templates/alarms.rs`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use stand_ins::fault::Operation;

use stacks::repository::{read, stack};
use support::log::Log;
use support::world::{COMPANY, World, bare, payment_failed};

/// The names that the metrics of our own have in the stack: those of filters, and those of lines.
fn listened_to() -> (BTreeMap<String, String>, BTreeSet<String>) {
    let stack = stack("infra/alarms.yaml");
    let resources = stack["Resources"].as_mapping().expect("resources").values();
    let filters = resources.filter(|resource| resource["Type"] == "AWS::Logs::MetricFilter").map(|filter| {
        let metric =
            filter["Properties"]["MetricTransformations"][0]["MetricName"].as_str().expect("a metric");
        (metric.to_owned(), filter["Properties"]["FilterPattern"].as_str().expect("a pattern").to_owned())
    });
    let filters: BTreeMap<String, String> = filters.collect();
    let text = read("infra/alarms.yaml");
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("MetricName: "));
    let aws = ["Duration", "ApproximateNumberOfMessagesVisible"];
    let lines = names.filter(|name| !aws.contains(name) && !filters.contains_key(*name)).map(str::to_owned);
    let lines = lines.chain(["errors".to_owned()]).collect();
    (filters, lines)
}

/// Something of everything that rings, as it is logged.
async fn cause_faults(log: &Log) {
    let world = World::with_bus().await;
    // No job has run yet, which is an illness.
    let ill = world.ask(bare(Method::GET, "/api/health?type=crons")).await;
    assert_eq!(ill.status, StatusCode::SERVICE_UNAVAILABLE);
    let mut forged = bare(Method::GET, "/api/settings");
    forged.headers_mut().insert("x-whop-user-token", HeaderValue::from_static("forged"));
    assert_eq!(world.ask(forged).await.status, StatusCode::UNAUTHORIZED);
    let forged = bare(Method::POST, "/api/webhooks/stripe");
    assert_eq!(world.ask(forged).await.status, StatusCode::UNAUTHORIZED);
    let unreadable = world.deliver("msg_unreadable", json!([])).await;
    assert!(unreadable.status.is_client_error(), "{}", unreadable.status);

    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    // Ninety minutes pass without a tick and without publishing events.
    world.advance(Duration::minutes(90));
    world.inject_bus_fault("status:500", None, None);
    world.publish().await;
    world.inject_fault(Operation::Notifications, "drop_after", Some(1), None);
    world.settle().await;
    let case = world.case_of("mem_1").await["case_id"].as_str().expect("an id").to_owned();
    world.inject_fault(Operation::Messages, "drop_after", Some(1), None);
    world.post(&format!("/api/cases/{case}/nudge"), json!({"channel": "dm"})).await;

    let mut lost = payment_failed("mem_lost", "pay_lost", world.now());
    lost["company_id"] = json!(null);
    lost["data"]["company"] = json!(null);
    world.deliver("msg_lost", lost).await.ok();
    for _ in 0..20 {
        world.advance(Duration::hours(7));
        world.tick().await;
        if !log.lines_with("events_set_aside").is_empty() {
            break;
        }
    }
}

#[tokio::test]
async fn every_number_that_an_alarm_listens_to_is_written_by_the_code() {
    let (log, _reading) = Log::open();
    cause_faults(&log).await;
    let (filters, lines) = listened_to();
    let fields = ["token_failures", "webhook_failures", "events_set_aside", "left_in_doubt"];
    for field in fields {
        assert!(log.lines_with(field).iter().all(|line| line[field] == 1), "{field}");
        assert!(filters.values().any(|pattern| pattern.contains(&format!("$.{field} = 1"))), "{field}");
    }
    assert_eq!(filters.len(), 5, "{filters:?}");
    let statuses: BTreeSet<u64> = log
        .lines_with("webhook_failures")
        .iter()
        .map(|line| line["status"].as_u64().expect("a status"))
        .collect();
    assert!(statuses.contains(&401) && statuses.len() > 1, "{statuses:?}");
    assert_eq!(log.lines_with("token_failures").len(), 1);
    // One scheduled push and one manual message: only the job's log line names its run.
    let in_doubt = log.lines_with("left_in_doubt");
    let of_a_job: Vec<bool> = in_doubt.iter().map(|line| line.get("cron").is_some()).collect();
    assert_eq!(of_a_job, [true, false], "{in_doubt:?}");
    assert_eq!(log.lines_with("events_set_aside").len(), 1);
    let late = log.lines_with("late")[0]["late"].as_i64().expect("seconds");
    assert!((5_400..5_700).contains(&late), "{late} s");
    let unsent = log.lines_with("oldest_unsent")[0]["oldest_unsent"].as_i64().expect("seconds");
    assert!((5_400..5_700).contains(&unsent), "{unsent} s");

    let embedded: BTreeSet<String> = log.lines_with("_aws").iter().flat_map(embedded).collect();
    assert!(lines.is_subset(&embedded), "{lines:?} in {embedded:?}");
    assert!(log.lines_with("metrics_ignored").is_empty());
}

fn embedded(line: &serde_json::Value) -> Vec<String> {
    let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().expect("metrics").iter();
    metrics.map(|metric| metric["Name"].as_str().expect("a name").to_owned()).collect()
}
