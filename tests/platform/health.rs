//! The health checks, which need no secret.

use std::sync::Arc;

use chrono::Duration;
use http::Method;
use local::embedded::{EmbeddedDynamo, Failure, Intervention, RequestRecord};
use local::service::SANDBOX_VALUES;
use serde_json::{Value, json};

use support::world::{Answer, World, bare, secret_request};

const DEEP: &str = "/api/health/deep";

async fn check(world: &World, kind: &str) -> Answer {
    world.ask(bare(Method::GET, &format!("/api/health?type={kind}"))).await
}

async fn deep(world: &World) -> Answer {
    world.ask(secret_request(Method::GET, DEEP, "sandbox-cron-secret")).await
}

/// The status, and the result of one check.
fn of(answer: &Answer, kind: &str) -> (u16, Value) {
    (answer.status.as_u16(), answer.json()["checks"][kind].clone())
}

#[tokio::test]
async fn the_checks_need_no_credentials() {
    let world = World::start().await;
    for kind in ["application", "database", "webhooks"] {
        let answer = check(&world, kind).await;
        let health = answer.json();
        assert_eq!((answer.status.as_u16(), &health["status"]), (200, &json!("ok")), "{health}");
        assert_eq!(health["checks"].as_object().unwrap().keys().collect::<Vec<_>>(), [kind]);
        assert_eq!(health["time"], "2025-11-18T09:02:03.000Z");
        assert!(health["uptime_seconds"].is_u64() && health["version"].is_string(), "{health}");
    }
    let (_, database) = of(&check(&world, "database").await, "database");
    assert!(database["duration_ms"].as_f64().is_some_and(|duration| duration >= 0.0), "{database}");
    let unnamed = world.ask(bare(Method::GET, "/api/health")).await;
    assert_eq!(of(&unnamed, "application").0, 200);
    for query in ["type=everything", "type=application&type=crons", "kind=crons"] {
        let answer = world.ask(bare(Method::GET, &format!("/api/health?{query}"))).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn jobs_are_ill_until_they_ran_and_when_they_are_late() {
    let world = World::start().await;
    let (status, crons) = of(&check(&world, "crons").await, "crons");
    assert_eq!((status, &crons["reminders"]["status"]), (503, &json!("never_ran")));
    assert_eq!(deep(&world).await.status, 503);

    let report = world.tick().await;
    for answer in [check(&world, "crons").await, deep(&world).await] {
        let (status, crons) = of(&answer, "crons");
        assert_eq!((status, &crons["reminders"]["status"]), (200, &json!("ok")), "{answer:?}");
        assert_eq!(crons["reminders"]["last_run_at"], "2025-11-18T09:02:03.000Z");
        assert_eq!(crons["reminders"]["last_report"], report);
    }
    world.advance(Duration::minutes(20));
    assert_eq!(check(&world, "crons").await.status, 200);
    world.advance(Duration::seconds(1));
    let (status, crons) = of(&check(&world, "crons").await, "crons");
    assert_eq!((status, &crons["reminders"]["status"]), (503, &json!("late")));
    assert_eq!(of(&deep(&world).await, "crons").0, 503);
    world.tick().await;
    assert_eq!(deep(&world).await.ok()["status"], "ok");
}

#[tokio::test]
async fn the_deep_check_names_every_part_to_those_with_the_secret() {
    let world = World::start().await;
    world.tick().await;
    let health = deep(&world).await.ok();
    let parts: Vec<&String> = health["checks"].as_object().unwrap().keys().collect();
    let all = ["application", "crons", "database", "keys", "reminder_texts", "user_tokens", "webhooks"];
    assert_eq!(parts, all);
    assert_eq!(world.ask(bare(Method::GET, DEEP)).await.status, 401);
    assert_eq!(world.ask(secret_request(Method::GET, DEEP, "sandbox-cron-secre")).await.status, 401);
}

#[tokio::test]
async fn missing_variables_are_named_and_set_ones_are_not_shown() {
    for (missing, ill) in [
        ("WHOP_API_KEY", vec!["application"]),
        ("WHOP_APP_ID", vec!["application"]),
        ("CRON_SECRET", vec!["application", "crons"]),
        ("ENCRYPTION_KEY", vec!["application", "webhooks"]),
        ("WHOP_WEBHOOK_SECRET", vec!["application", "webhooks"]),
        ("TABLE_NAME", vec!["application", "crons", "database", "webhooks"]),
    ] {
        for nothing in ["", " ", ","] {
            if nothing == "," && !["CRON_SECRET", "ENCRYPTION_KEY", "WHOP_WEBHOOK_SECRET"].contains(&missing)
            {
                continue;
            }
            let lookup = |name: &str| (name == missing).then(|| nothing.to_owned());
            let world = World::with(EmbeddedDynamo::memory(), lookup).await;
            if missing != "TABLE_NAME" {
                world.tick().await;
            }
            for kind in ["application", "database", "webhooks", "crons"] {
                let answer = check(&world, kind).await;
                let (status, health) = of(&answer, kind);
                let named = health["missing_configuration"] == json!([missing]);
                let expected = if ill.contains(&kind) {
                    (503, missing != "TABLE_NAME" || kind != "crons")
                } else {
                    (200, false)
                };
                assert_eq!((status, named), expected, "{missing}={nothing:?}: {answer:?}");
                for (name, value) in SANDBOX_VALUES {
                    let is_secret = name.contains("SECRET") || name.contains("KEY");
                    assert!(!(is_secret && answer.body.contains(value)), "{name} is shown: {answer:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unavailable_table_is_reported_without_its_error_message() {
    let world = World::start().await;
    world.tick().await;
    let refuse = |_, _: &RequestRecord| Intervention::FailBefore(Failure::Internal);
    world.service.dynamo.intercept(Arc::new(refuse));
    let (status, database) = of(&check(&world, "database").await, "database");
    assert_eq!((status, &database["answers"]), (503, &json!(false)));
    let (status, crons) = of(&check(&world, "crons").await, "crons");
    assert_eq!((status, &crons["reminders"]["status"]), (503, &json!("unknown")));
    let answer = deep(&world).await;
    assert!(answer.status == 503 && !answer.body.contains("Internal"), "{answer:?}");
    assert_eq!(check(&world, "application").await.status, 200);
}
