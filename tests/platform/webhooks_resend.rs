//! Resend's events, signed by Svix: any order, repetition and fault leads to the same state.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Duration;
use http::Method;
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::json;

use support::mailer::ADDRESS;
use support::mailer::ROUTE;
use support::mailer::SVIX;
use support::mailer::delivery;
use support::mailer::entry_event;
use support::mailer::mail_event;
use support::mailer::secret;
use support::world::World;

const STANDARD: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

#[tokio::test]
async fn every_order_and_number_of_deliveries_ends_in_one_state() {
    let beginning = World::start().await.now();
    let minute = |minutes| beginning - Duration::minutes(minutes);
    let events = [
        ("msg_1", mail_event("email.bounced", &[ADDRESS], minute(9))),
        ("msg_2", entry_event("suppression.removed", ADDRESS, minute(6))),
        ("msg_3", mail_event("email.complained", &["Somebody <CANARY@example.com>"], minute(3))),
    ];
    let mut states = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::start().await;
        for position in order.into_iter().chain(order) {
            let (id, body) = &events[position];
            world.deliver_resend_event(id, body).await.ok();
        }
        let again = world.deliver_resend_event("msg_1", &events[0].1).await.ok();
        assert_eq!(again, json!({"event_id": "msg_1", "outcome": "duplicate"}));
        let mut row = world.rows_of("SUPPRESSION#").await.remove(0);
        row.as_object_mut()
            .unwrap()
            .retain(|name, _| ["status", "reason", "at", "event_id"].contains(&&**name));
        states.push(row);
        assert!(!world.is_written_to(ADDRESS).await);
    }
    assert_eq!(states[0]["reason"], "complained");
    assert!(states.iter().all(|status| *status == states[0]), "{states:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_about_one_address_at_the_same_moment_end_with_the_newest() {
    let world = Arc::new(World::start().await);
    let mut deliveries = tokio::task::JoinSet::new();
    for number in 0..12_i64 {
        let world = world.clone();
        deliveries.spawn(async move {
            let at = world.now() - Duration::minutes(number);
            let kind = if number == 0 { "email.complained" } else { "email.bounced" };
            let id = format!("msg_{number}");
            // An event that could not be written is delivered again, as Resend does.
            for _ in 0..10 {
                if world.deliver_resend_event(&id, &mail_event(kind, &[ADDRESS], at)).await.status == 200 {
                    return;
                }
            }
            panic!("{id} was never accepted");
        });
    }
    deliveries.join_all().await;
    assert_eq!(world.rows_of("SUPPRESSION#").await[0]["reason"], "complained");
}

#[tokio::test]
async fn a_signed_event_without_a_meaning_is_stored_silently() {
    let world = World::start().await;
    for (number, body) in [
        json!({}),
        json!({"type": "email.opened", "data": {"to": [ADDRESS]}}),
        json!({"type": "inbox.draft.created", "data": {}}),
        json!({"type": "email.bounced", "data": {"to": [{}, 5, "nobody"], "bounce": []}, "created_at": {}}),
        json!({"type": "email.complained"}),
        mail_event("email.bounced", &["never-written-to@example.org"], world.now()),
    ]
    .iter()
    .enumerate()
    {
        let answer = world.deliver_resend_event(&format!("msg_{number}"), body).await.ok();
        let outcome = if number == 5 { "applied" } else { "kept" };
        assert_eq!(answer["outcome"], outcome, "{body}");
    }
    let text = json!("a text");
    assert_eq!(world.deliver_resend_event("msg_9", &text).await.status, 400);
    assert!(world.is_written_to(ADDRESS).await);
    let list = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(list["data"], json!([]), "nothing waits for a person");
}

#[tokio::test]
async fn only_resend_s_own_signature_counts_under_either_family_of_names() {
    let world = World::start().await;
    let body = mail_event("email.bounced", &[ADDRESS], world.now());
    let other = "whsec_c29tZWJvZHkgZWxzZSdzIGtleSBvZiAzMiBieXRlcyEh";
    for (names, key, status) in [
        (SVIX, secret(), 200),
        (STANDARD, secret(), 200),
        (SVIX, other, 401),
        (STANDARD, other, 401),
        (["webhook-id", "svix-timestamp", "svix-signature"], secret(), 401),
        (["svix-id", "webhook-timestamp", "webhook-signature"], secret(), 401),
    ] {
        let id = format!("msg_{}{key}", names[0]).replace('=', "");
        let request = delivery(&world, ROUTE, names, key, &id, &body);
        assert_eq!(world.ask(request).await.status, status, "{names:?}");
    }
    // A complete header family is valid beside a part of the other one.
    let mut request = delivery(&world, ROUTE, SVIX, secret(), "msg_both", &body);
    request.headers_mut().insert("webhook-id", "msg_other".parse().unwrap());
    assert_eq!(world.ask(request).await.ok()["event_id"], "msg_both");
    // Any other source may sign as Svix does, too.
    let shared = "whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=";
    let request = delivery(
        &world,
        "/api/webhooks/sandbox",
        SVIX,
        shared,
        "msg_clerk",
        &json!({"type": "user.created"}),
    );
    assert_eq!(world.ask(request).await.ok()["outcome"], "kept");
}

#[tokio::test]
async fn a_fault_at_any_request_to_the_table_loses_no_bounce() {
    let body = mail_event("email.bounced", &[ADDRESS, "other@example.com"], World::start().await.now());
    for intervention in [
        Intervention::DropBefore,
        Intervention::LoseAnswer,
        Intervention::FailBefore(Failure::Conflict),
        Intervention::FailAfter(Failure::Internal),
    ] {
        let mut chosen = 0;
        loop {
            chosen += 1;
            let world = World::start().await;
            let asked = Arc::new(AtomicUsize::new(0));
            let count = asked.clone();
            world.service.dynamo.intercept(Arc::new(move |_, _: &RequestRecord| {
                let is_chosen = count.fetch_add(1, Ordering::SeqCst) + 1 == chosen;
                if is_chosen { intervention } else { Intervention::Pass }
            }));
            let mut tries = 0;
            // As Resend does: again until it is taken.
            while world.deliver_resend_event("msg_1", &body).await.status != 200 {
                tries += 1;
                assert!(tries < 5, "{intervention:?} at {chosen}");
            }
            world.service.dynamo.stop_intercepting();
            assert_eq!(world.deliver_resend_event("msg_1", &body).await.ok()["outcome"], "duplicate");
            assert_eq!(world.rows_of("SUPPRESSION#").await.len(), 2, "{intervention:?} at {chosen}");
            assert!(!world.is_written_to(ADDRESS).await, "{intervention:?} at {chosen}");
            if asked.load(Ordering::SeqCst) < chosen {
                break;
            }
        }
        assert!(chosen > 4, "{chosen} requests");
    }
}
