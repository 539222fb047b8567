//! Events of Stripe and of other sources: kept before they are acknowledged, each once.

use std::collections::BTreeSet;
use std::sync::Arc;
use support::senders::Sender;

use axum::body::Body;
use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::providers::standard_webhooks::SigningKey;

use support::world::{World, id_of, payment_failed};

#[tokio::test]
async fn an_event_is_kept_sealed_for_more_than_35_days_and_waits_for_nothing() {
    for sender in Sender::ALL {
        let world = World::start().await;
        let answer = world.ask(sender.deliver(&world, "evt_1")).await.ok();
        assert_eq!(answer, json!({"event_id": "evt_1", "outcome": "kept"}), "{sender:?}");
        let row = world.kept_event().await;
        let place = format!("event:{}:evt_1", sender.source());
        let sealed = row["payload_sealed"].as_str().unwrap();
        let vault = &world.service.app.config.vault;
        assert_eq!(vault.open(&place, sealed).unwrap(), sender.body("evt_1"));
        assert!(!row.to_string().contains("canary"), "{row}");
        assert_eq!((&row["status"], &row["source"]), (&json!("received"), &json!(sender.source())));
        assert_eq!(row["payload_min"]["name"], "charge.refunded");
        assert_eq!(row["occurred_at"], "2025-11-18T09:00:00.000Z");
        assert_eq!(row["received_at"], time::format(world.now()));
        let expires_at: i64 = row["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(expires_at >= (world.now() + Duration::days(35)).timestamp(), "{row}");
        assert!(row.get("due_at").is_none() && row.get("list_status_pk").is_none(), "{row}");
        world.advance(Duration::days(1));
        assert_eq!(world.tick().await["due"], 0, "no run takes it up");
        assert_eq!(world.kept_event().await, row);
    }
}

#[tokio::test]
async fn the_first_body_of_an_id_stays() {
    for sender in Sender::ALL {
        let world = World::start().await;
        world.ask(sender.deliver(&world, "evt_1")).await.ok();
        let before = world.rows().await;
        world.advance(Duration::minutes(1));
        let again = world.ask(sender.deliver(&world, "evt_1")).await.ok();
        assert_eq!(again, json!({"event_id": "evt_1", "outcome": "duplicate"}), "{sender:?}");
        let other = br#"{"id":"evt_1","type":"another"}"#;
        let request = sender.sign(&sender.path(), "evt_1", world.now(), other, sender.secret());
        assert_eq!(world.ask(request).await.ok()["outcome"], "duplicate", "{sender:?}");
        assert_eq!(world.rows().await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_deliveries_at_once_are_kept_once() {
    for sender in Sender::ALL {
        let world = Arc::new(World::start().await);
        let deliveries: Vec<_> = (0..32)
            .map(|_| {
                let world = world.clone();
                tokio::spawn(async move {
                    world.ask(sender.deliver(&world, "evt_1")).await.ok()["outcome"].clone()
                })
            })
            .collect();
        let mut kept = 0;
        for delivery in deliveries {
            match delivery.await.unwrap().as_str() {
                Some("kept") => kept += 1,
                Some("duplicate") => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(kept, 1, "{sender:?}");
        world.kept_event().await;
    }
}

#[tokio::test]
async fn one_id_of_two_sources_is_two_events() {
    let keys = "one=whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=,two=whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=";
    let lookup = |name: &str| (name == "WEBHOOK_SECRETS").then(|| keys.to_owned());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    for source in ["one", "two"] {
        let (shared, path) = (Sender::Shared, format!("/api/webhooks/{source}"));
        let request = shared.sign(&path, "evt_1", world.now(), &shared.body("evt_1"), shared.secret());
        assert_eq!(world.ask(request).await.ok()["outcome"], "kept", "{source}");
    }
    world.ask(Sender::Stripe.deliver(&world, "evt_1")).await.ok();
    let places: BTreeSet<String> =
        world.rows_of("EVENT#").await.iter().map(|row| row["pk"].as_str().unwrap().to_owned()).collect();
    let expected = ["EVENT#one#evt_1", "EVENT#stripe#evt_1", "EVENT#two#evt_1"];
    assert_eq!(places, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn any_content_type_will_do_because_the_signature_protects_the_bytes() {
    let world = World::start().await;
    for sender in Sender::ALL {
        for (number, content_type) in ["application/json", "text/plain", "x"].into_iter().enumerate() {
            let mut request = sender.deliver(&world, &format!("evt_{number}_{sender:?}"));
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
            assert_eq!(world.ask(request).await.ok()["outcome"], "kept", "{sender:?} {content_type}");
        }
    }
}

#[tokio::test]
async fn secrets_rotate_without_a_gap() {
    let stripe = ["whsec_the_new_secret_of_ours", "whsec_the_old_secret_of_ours", "whsec_one_before_those"];
    let shared = ["k9Qy0bJm3uT7cVxR2sLw", "Zp4tHnD8eGf1iKoA6vBz", "u5MrXj2WqCy7NgSl0EhP"]
        .map(|key| format!("whsec_{key}{key}"));
    let private = ["AAEC", "AwQF", "BgcI"].map(|start| format!("whsk_{start:A<43}="));
    let public = |key: &str| SigningKey::parse(key).unwrap().public().unwrap();
    let lists = [
        ("STRIPE_WEBHOOK_SECRET", format!("{}, {}", stripe[0], stripe[1])),
        (
            "WEBHOOK_SECRETS",
            format!(
                "sandbox={},sandbox={},sandbox={}, sandbox={}",
                shared[0],
                shared[1],
                public(&private[0]),
                public(&private[1])
            ),
        ),
    ];
    let lookup = |name: &str| lists.iter().find(|(known, _)| *known == name).map(|(_, list)| list.clone());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let secrets = |sender: Sender, number: usize| match sender {
        Sender::Stripe => stripe[number].to_owned(),
        Sender::Shared => shared[number].clone(),
        Sender::Private => private[number].clone(),
    };
    for sender in Sender::ALL {
        for (number, expected) in [200, 200, 401].into_iter().enumerate() {
            let id = format!("evt_{sender:?}_{number}");
            let request =
                sender.sign(&sender.path(), &id, world.now(), &sender.body(&id), &secrets(sender, number));
            assert_eq!(world.ask(request).await.status, expected, "{sender:?} {number}");
        }
    }
}

#[tokio::test]
async fn operators_see_and_replay_only_what_is_applied_at_all() {
    let world = World::start().await;
    for sender in Sender::ALL {
        world.ask(sender.deliver(&world, &format!("evt_{sender:?}"))).await.ok();
    }
    // A set-aside event of Whop is listed as before, without the other sources' events.
    let event = payment_failed("mem_1", "pay_1", world.now());
    world.deliver(&id_of(&event), event).await.ok();
    let list = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(list["data"], Value::Array(Vec::new()));
    for sender in Sender::ALL {
        let path = format!("/api/webhooks/events/evt_{sender:?}/replay");
        assert_eq!(world.operator(Method::POST, &path).await.status, 404, "{sender:?}");
    }
    assert_eq!(world.rows_of("EVENT#").await.len(), 4);
}

#[tokio::test]
async fn only_signed_requests_count_against_a_sources_limit() {
    let world = World::start().await;
    for sender in Sender::ALL {
        let good = world.ask(sender.deliver(&world, &format!("evt_{sender:?}"))).await;
        assert!(good.header("ratelimit").is_some_and(|text| text.starts_with("\"webhooks\"")), "{good:?}");
        let mut forged = sender.deliver(&world, "evt_2");
        *forged.body_mut() = Body::from("{}");
        let forged = world.ask(forged).await;
        assert_eq!(forged.status, 401);
        assert!(!forged.header("ratelimit").is_some_and(|text| text.contains("webhooks")), "{forged:?}");
    }
}
