//! What the log says about the effects of a reminder.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stand_ins::fault::Operation;

use support::log::Log;
use support::world::{COMPANY, World};

/// The lines about effects by their operation.
fn lines_about_effects(log: &Log) -> BTreeMap<String, Value> {
    let lines = log.lines_with("operation").into_iter().filter(|line| line.get("case_id").is_some());
    lines.map(|line| (line["operation"].as_str().unwrap().to_owned(), line)).collect()
}

#[tokio::test]
async fn every_outcome_of_an_effect_is_one_line_with_its_ids_its_provider_and_its_reason() {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.inject_fault(Operation::Notifications, "status:400", None, None);
    world.inject_fault(Operation::Messages, "drop_after", None, None);
    let (log, guard) = Log::open();
    world.tick().await;
    drop(guard);
    let case_id = world.case_of("mem_1").await["case_id"].clone();
    let lines = lines_about_effects(&log);
    let expected = [
        ("incentive", "info", "done"),
        ("reminder:00:push", "warn", "rejected"),
        ("reminder:00:dm", "error", "unknown"),
    ];
    for (operation, level, status) in expected {
        let line = &lines[operation];
        let found =
            (&line["level"], &line["status"], &line["provider"], &line["company_id"], &line["case_id"]);
        assert_eq!(
            found,
            (&json!(level), &json!(status), &json!("whop"), &json!(COMPANY), &case_id),
            "{line:#}"
        );
        assert!(line["reason"].is_string() || status == "done", "{line:#}");
        assert!(line.get("effect").is_none(), "no JSON inside a text: {line:#}");
    }
    assert_eq!(lines["reminder:00:dm"]["left_in_doubt"], 1);
}
