//! Every dialect, signature and repetition of Whop's events has the same result.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Duration;
use serde_json::{Value, json};

use support::dialects::{Dialect, EventKind, Spelling};
use support::signing::Scheme;
use support::world::{COMPANY, World, id_of, payment, payment_failed};

/// A renewal fails and is paid, two amounts are returned and one of them is won back; another one ends. After
/// each step: the case as the owner sees it, and the company's figures.
async fn story(dialect: Dialect, spelling: Spelling, scheme: Scheme) -> Vec<Value> {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.add_past_due(COMPANY, "mem_2");
    let mut seen = Vec::new();
    let steps = [
        (EventKind::Failed, "1"),
        (EventKind::Valid, "1"),
        (EventKind::Paid, "1"),
        (EventKind::Refunded, "1"),
        (EventKind::Disputed, "1"),
        (EventKind::Won, "1"),
        (EventKind::Failed, "2"),
        (EventKind::Ended, "2"),
    ];
    for (what, member) in steps {
        world.advance(Duration::hours(5));
        let event = dialect.event(spelling, what, member, world.now());
        let id = format!("msg_{what:?}_{member}");
        let answer = world.deliver_signed(scheme, &id, event.to_string().as_bytes()).await;
        assert_eq!(answer.ok()["outcome"], "applied", "{dialect:?} {what:?}");
        seen.push(world.case_of(&format!("mem_{member}")).await);
    }
    seen.push(world.kpis().await);
    seen
}

#[tokio::test]
async fn every_dialect_spelling_and_signature_has_the_same_result() {
    let expected = story(Dialect::V1, Spelling::Dotted, Scheme::Standard).await;
    let shown: Vec<_> = expected
        .iter()
        .map(|case| {
            (case["status"].as_str(), case["recovered_amount"].as_i64(), case["returned_amount"].as_i64())
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Some("open"), None, Some(0)),
            (Some("recovered"), Some(1900), Some(0)),
            (Some("recovered"), Some(1900), Some(0)),
            (Some("recovered"), Some(1900), Some(550)),
            (Some("recovered"), Some(1900), Some(1900)),
            (Some("recovered"), Some(1900), Some(550)),
            (Some("open"), None, Some(0)),
            (Some("lost"), None, Some(0)),
            (None, None, None),
        ]
    );
    assert_eq!(expected[8]["recovered_revenue_cents"], 1350);
    for dialect in Dialect::ALL {
        for spelling in Spelling::ALL {
            for scheme in Scheme::ALL {
                let seen = story(dialect, spelling, scheme).await;
                assert_eq!(seen, expected, "{dialect:?} {spelling:?} {scheme:?}");
            }
        }
    }
}

#[tokio::test]
async fn one_failure_reported_in_every_dialect_is_one_failure() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    for what in [EventKind::Failed, EventKind::Paid, EventKind::Refunded] {
        for (number, dialect) in Dialect::ALL.into_iter().enumerate() {
            let event = dialect.event(Spelling::Dotted, what, "1", world.now());
            let id = format!("msg_{what:?}_{number}");
            world.deliver_signed(Scheme::Standard, &id, event.to_string().as_bytes()).await.ok();
        }
        world.advance(Duration::hours(1));
    }
    let case = world.case_of("mem_1").await;
    let kpis = world.kpis().await;
    assert_eq!(
        (
            &case["failures"],
            &case["recovered_amount"],
            &case["returned_amount"],
            &kpis["recovered_revenue_cents"]
        ),
        (&json!(1), &json!(1900), &json!(550), &json!(1350))
    );
}

#[tokio::test]
async fn a_membership_of_an_unnamed_company_is_fetched_once() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    let asked = || world.service.sandbox.whop.requests().get("memberships").copied();
    let failed = Dialect::V2WithoutCompany.event(Spelling::Dotted, EventKind::Failed, "1", world.now());
    assert_eq!(world.deliver_unnamed(&failed).await.ok()["outcome"], "applied");
    assert_eq!(asked(), Some(1));
    world.advance(Duration::days(1));
    let paid = Dialect::V2WithoutCompany.event(Spelling::Dotted, EventKind::Paid, "1", world.now());
    assert_eq!(world.deliver_unnamed(&paid).await.ok()["outcome"], "applied");
    assert_eq!(asked(), Some(1), "the directory knew");
    assert_eq!(world.case_of("mem_1").await["status"], "recovered");
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing_the_second_time() {
    let world = World::start().await;
    for dialect in Dialect::ALL {
        world.add_past_due(COMPANY, "mem_1");
        let event = dialect.event(Spelling::Dotted, EventKind::Failed, "1", world.now());
        let id = format!("msg_{dialect:?}");
        for scheme in Scheme::ALL {
            world.deliver_signed(scheme, &id, event.to_string().as_bytes()).await.ok();
            let before = world.rows().await;
            world.advance(Duration::seconds(40));
            let again = world.deliver_signed(scheme, &id, event.to_string().as_bytes()).await;
            assert_eq!(again.ok()["outcome"], "duplicate", "{dialect:?} {scheme:?}");
            assert_eq!(world.rows().await, before);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_deliveries_at_once_make_one_case_one_entry_and_one_count() {
    let world = Arc::new(World::start().await);
    let event = payment_failed("mem_1", "pay_1", world.now());
    let deliveries: Vec<_> = (0..32)
        .map(|_| {
            let (world, event) = (world.clone(), event.clone());
            tokio::spawn(async move { world.deliver("msg_1", event).await.ok()["outcome"].clone() })
        })
        .collect();
    let mut outcomes = Vec::new();
    for delivery in deliveries {
        outcomes.push(delivery.await.unwrap());
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "applied").count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "duplicate").count(), 31, "{outcomes:?}");
    let (case, kpis) = (world.case_of("mem_1").await, world.kpis().await);
    assert_eq!((&case["failures"], &kpis["active_cases"]), (&json!(1), &json!(1)));
    assert_eq!(world.rows_of("AUDIT#").await.len(), 1);
    assert_eq!(world.rows_of("CASE#").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_events_of_one_member_at_once_are_all_counted() {
    let world = Arc::new(World::start().await);
    world.add_past_due(COMPANY, "mem_1");
    let deliveries: Vec<_> = (0..32)
        .map(|number| {
            let at = world.now() - Duration::minutes(number);
            let event = payment("payment.failed", COMPANY, "mem_1", &format!("pay_{number}"), at);
            let world = world.clone();
            tokio::spawn(async move { world.deliver(&id_of(&event), event).await.ok() })
        })
        .collect();
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    for _ in 0..6 {
        world.advance(Duration::minutes(5));
        world.settle().await;
    }
    let case = world.case_of("mem_1").await;
    assert_eq!((&case["failures"], &case["payment_id"]), (&json!(32), &json!("pay_0")));
    let states: BTreeSet<String> =
        world.rows_of("EVENT#").await.iter().map(|row| row["status"].to_string()).collect();
    assert_eq!(states, BTreeSet::from(["\"applied\"".to_owned()]));
    assert_eq!(world.kpis().await["active_cases"], 1);
    assert_eq!(world.rows_of("AUDIT#").await.len(), 1);
}
