//! The stored form of an event: the whole body encrypted, and in clear text only the fields that are
//! processed.

use std::sync::Arc;

use chrono::Duration;
use local::embedded::Intervention;
use serde_json::{Value, json};
use shared::domain::kernel::time;

use support::dialects::{Dialect, EventKind, Spelling};
use support::signing::Scheme;
use support::world::{COMPANY, World, id_of, payment_failed};

/// DynamoDB may clear a row away any time after this instant.
fn expires_at(row: &Value) -> Option<i64> {
    row["expires_at"].as_str().map(|seconds| seconds.parse().unwrap())
}

#[tokio::test]
async fn the_raw_event_is_kept_sealed_and_opens_to_the_very_bytes() {
    let world = World::start().await;
    let happened_at = world.now() - Duration::hours(3);
    let event = payment_failed("mem_1", "pay_1", happened_at);
    // Whop's own spacing and order have to survive: a signature covers bytes, not meanings.
    let body = format!(" {}\n", serde_json::to_string_pretty(&event).unwrap());
    world.deliver_signed(Scheme::Standard, &id_of(&event), body.as_bytes()).await.ok();

    let row = world.kept_event().await;
    let place = format!("event:whop:{}", id_of(&event));
    let sealed = row["payload_sealed"].as_str().unwrap();
    let vault = &world.service.app.config.vault;
    assert_eq!(vault.open(&place, sealed).unwrap(), body.as_bytes());
    assert!(vault.open("event:whop:msg_other", sealed).is_err(), "it opens in its own place only");
    assert_eq!(row["occurred_at"], time::format(happened_at));
    assert_eq!(row["received_at"], time::format(world.now()));
    assert_eq!((&row["status"], &row["source"]), (&json!("applied"), &json!("whop")));
}

#[tokio::test]
async fn no_row_has_a_name_address_or_card() {
    let canaries = [
        "canary",
        "Canary-Name",
        "Canary-Street",
        "+15550100",
        "4242",
        "Your card was declined",
        "203.0.113.7",
    ];
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    let happenings = [
        EventKind::Failed,
        EventKind::Valid,
        EventKind::Paid,
        EventKind::Refunded,
        EventKind::Disputed,
        EventKind::Ended,
    ];
    for dialect in Dialect::ALL {
        for what in happenings {
            let mut event = dialect.event(Spelling::Dotted, what, "1", world.now());
            let data = event["data"].as_object_mut().unwrap();
            data.insert("email".into(), json!("canary@example.com"));
            data.insert("failure_message".into(), json!("Your card was declined, Canary-Name."));
            data.insert("billing_address".into(), json!({"name": "Canary-Name", "line1": "Canary-Street 1"}));
            data.insert("card_last_4".into(), json!("4242"));
            data.insert("member".into(), json!({"phone": "+15550100", "ip": "203.0.113.7"}));
            event["note"] = json!("canary");
            let id = format!("msg_{dialect:?}_{what:?}");
            world.deliver_signed(Scheme::Standard, &id, event.to_string().as_bytes()).await.ok();
            world.advance(Duration::minutes(1));
        }
    }
    // Unknown names and ids of another form are not stored in clear text either.
    let stray =
        json!({"type": "canary.created", "data": {"id": "canary", "membership": "canary@example.com"}});
    let answer = world.deliver_signed(Scheme::Standard, "msg_stray", stray.to_string().as_bytes()).await;
    assert_eq!(answer.ok()["outcome"], "kept");
    world.settle().await;
    for mut row in world.rows().await {
        row.as_object_mut().unwrap().remove("payload_sealed");
        // The event's own name is no person's.
        if row["pk"] == "EVENT#whop#msg_stray" {
            assert_eq!(row["payload_min"]["name"], "canary.created");
            row["payload_min"].as_object_mut().unwrap().remove("name");
        }
        row.as_object_mut().unwrap().remove("last_unknown_name");
        for canary in canaries {
            assert!(!row.to_string().contains(canary), "{canary} in {row}");
        }
    }
}

#[tokio::test]
async fn an_event_without_consequence_is_kept_and_changes_nothing_else() {
    let world = World::start().await;
    let names = ["membership.updated", "payment.requires_action", "invoice.paid", "something_new"];
    for (number, name) in names.into_iter().enumerate() {
        let is_known = name != "something_new";
        let event = json!({"type": name, "company_id": COMPANY, "surprise": {"deep": [1, {"er": null}]},
            "data": {"id": "mem_1", "status": "active", "new_field": 1e300}});
        let answer = world.deliver(&format!("msg_{number}"), event).await;
        assert_eq!(answer.ok()["outcome"], if is_known { "applied" } else { "kept" }, "{name}");
        let rows = world.rows().await;
        assert_eq!(rows.len(), number + 1, "{rows:?}");
        assert_eq!(rows[number]["status"], if is_known { "applied" } else { "received" });
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let world = World::start().await;
    let mut event = payment_failed("mem_1", "pay_1", world.now());
    event["shape"] = json!({"of": ["things", "to", "come"]});
    event["data"]["subtotal_v2"] = json!({"amount": 99});
    event["data"]["membership"]["tier"] = json!([null]);
    world.deliver("msg_1", event).await.ok();
    let case = world.case_of("mem_1").await;
    assert_eq!((&case["status"], &case["amount"]), (&json!("open"), &json!(1900)));
}

#[tokio::test]
async fn an_applied_event_is_kept_for_thirty_five_days_and_a_pending_one_until_it_is_applied() {
    let world = World::start().await;
    let event = payment_failed("mem_1", "pay_1", world.now());
    world.service.dynamo.intercept(Arc::new(|_, request| match request.operation.as_str() {
        "TransactWriteItems" => Intervention::DropBefore,
        _ => Intervention::Pass,
    }));
    assert_eq!(world.deliver(&id_of(&event), event.clone()).await.ok()["outcome"], "kept");
    world.service.dynamo.stop_intercepting();
    let arrived_at = world.now();
    let row = world.kept_event().await;
    assert_eq!((&row["status"], expires_at(&row)), (&json!("pending"), None));

    world.advance(Duration::days(2));
    world.settle().await;
    let row = world.kept_event().await;
    assert_eq!(row["status"], "applied");
    assert!(row.get("due_at").is_none() && row.get("due_shard").is_none(), "{row}");
    assert!(expires_at(&row) >= Some((arrived_at + Duration::days(35)).timestamp()), "{row}");
    assert_eq!(world.deliver(&id_of(&event), event.clone()).await.ok()["outcome"], "duplicate");

    let next = payment_failed("mem_2", "pay_2", world.now());
    world.deliver(&id_of(&next), next).await.ok();
    let expected = Some((world.now() + Duration::days(35)).timestamp());
    assert!(world.rows_of("EVENT#").await.iter().any(|row| expires_at(row) >= expected));
}
