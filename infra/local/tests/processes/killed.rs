//! The server is killed in the middle, again and again, and started again over the same folder:
//! nothing is lost and nothing happens twice.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::marketplace::booking::Step;

use crate::server::Server;

/// Enough to hit the sending of messages, the applying of events and the pauses between them.
const KILLS: u64 = 12;

impl Server {
    async fn get(&self, path: &str) -> Value {
        let token: Value =
            self.ask(reqwest::Client::new().get(self.url("/sandbox/token?company=biz_demo"))).await;
        let request = reqwest::Client::new()
            .get(self.url(path))
            .header("x-whop-user-token", token["token"].as_str().unwrap())
            .header("x-company-id", "biz_demo");
        self.ask(request).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(self.posting(path, body)).await
    }

    fn posting(&self, path: &str, body: Value) -> reqwest::RequestBuilder {
        reqwest::Client::new().post(self.url(path)).json(&body).timeout(Duration::from_secs(300))
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Value {
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response.json().await.unwrap()
    }
}

fn folder() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("justonce-killed-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_repeats_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = folder();
    let first = Server::over(&data);
    let receipt =
        first.post("/sandbox/renewals", json!({"membership_id": "mem_demo_7", "outcome": "failed"})).await;
    assert_eq!(receipt["outcome"], "applied");
    drop(first);

    for kill in 0..KILLS {
        let server = Server::over(&data);
        let moving = tokio::spawn(server.posting("/sandbox/clock", json!({"advance": "12h"})).send());
        tokio::time::sleep(Duration::from_millis(5 + kill * 23)).await;
        drop(server);
        let _ = moving.await;
    }

    let server = Server::over(&data);
    server.post("/sandbox/clock", json!({"advance": "6d"})).await;
    let outbox = server.get("/sandbox/outbox").await;
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in outbox["data"].as_array().unwrap() {
        *times.entry(entry["idempotency_key"].as_str().unwrap()).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 1), "sent twice: {times:?}");

    let cases = server.get("/api/dashboard/cases?limit=100").await;
    let mut messages = 0;
    for case in cases["data"].as_array().unwrap() {
        let id = case["case_id"].as_str().unwrap();
        let actions = server.get(&format!("/api/cases/{id}/actions")).await;
        for action in actions["data"].as_array().unwrap() {
            let key = format!("{}:{id}:v1", action["operation"].as_str().unwrap());
            let sent = times.contains_key(key.as_str());
            let status = action["status"].as_str().unwrap();
            assert!(matches!(status, "done" | "rejected" | "unknown"), "left unfinished: {action}");
            assert!(status == "unknown" || (status == "done") == sent, "{action}, sent: {sent}");
            messages += u32::from(sent);
        }
    }
    let (of_bookings, of_cases): (Vec<&str>, Vec<&str>) = times.keys().partition(|key| is_of_booking(key));
    assert_eq!(messages as usize, of_cases.len(), "every message is in the audit log");
    assert!(messages >= 4, "{messages}");
    let paid: Vec<&str> = of_bookings.iter().filter_map(|key| key.strip_prefix("payout:")).collect();
    assert!(!paid.is_empty() && paid.iter().all(|key| key.ends_with(":v1")), "one transfer each: {paid:?}");
    assert!(
        of_bookings.iter().any(|key| key.starts_with("release:")),
        "a payment was voided: {of_bookings:?}"
    );

    let recovered =
        cases["data"].as_array().unwrap().iter().filter(|case| case["status"] == "recovered").count();
    let kpis = server.get("/api/dashboard/kpis?window=90").await;
    assert_eq!(kpis["active_cases"].as_u64().unwrap() as usize, cases["data"].as_array().unwrap().len());
    assert_eq!(kpis["recoveries"].as_u64().unwrap() as usize, recovered);
    drop(server);
    std::fs::remove_dir_all(&data).unwrap();
}

/// Whether an operation is one of a booking's: `capture:<booking>:v1` and its like.
fn is_of_booking(key: &str) -> bool {
    let name = key.split(':').next().unwrap_or_default();
    name == "payout" || Step::ALL.iter().any(|step| step.as_str() == name)
}
