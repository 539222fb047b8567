use chrono::Duration;
use serde_json::{Value, json};

use super::Sandbox;
use stand_ins::outbox::Kind;

fn mail(subject: &str) -> Value {
    json!({"from": "shop@example.com", "to": "user_1@example.com", "subject": subject, "text": "Text"})
}

#[tokio::test]
async fn a_mail_under_one_key_is_sent_once_in_a_day() {
    let sandbox = Sandbox::start().await;
    let first = sandbox.post_with_key("/emails", mail("One"), "case/1").await;
    assert_eq!(first, (200, json!({"id": "00000000-0000-4000-8000-000000000001"})));
    sandbox.clock.advance(Duration::hours(23));
    assert_eq!(sandbox.post_with_key("/emails", mail("One"), "case/1").await, first);
    let (status, error) = sandbox.post_with_key("/emails", mail("Two"), "case/1").await;
    assert_eq!((status, &error["name"]), (409, &json!("invalid_idempotent_request")));
    assert_eq!(sandbox.reached(Kind::Mail), ["user_1@example.com"]);

    sandbox.clock.advance(Duration::hours(1));
    sandbox.post_with_key("/emails", mail("One"), "case/1").await;
    sandbox.post("/emails", mail("One")).await;
    sandbox.post("/emails", mail("One")).await;
    assert_eq!(sandbox.outbox.count(Kind::Mail), 4, "forgotten once, and twice without a key");
    assert_eq!(sandbox.resend.requests()["emails"], 6);
}

#[tokio::test]
async fn a_mail_without_key_text_or_address_is_refused() {
    let sandbox = Sandbox::start().await;
    let without_bearer = sandbox.http.post(format!("{}/emails", sandbox.base)).json(&mail("One"));
    assert_eq!(without_bearer.send().await.unwrap().status(), 401);
    let no_text = json!({"from": "shop@example.com", "to": "user_1@example.com", "subject": "One"});
    assert_eq!(sandbox.post("/emails", no_text).await.1["name"], "missing_required_field");
    let mut nobody = mail("One");
    nobody["to"] = json!([]);
    assert_eq!(sandbox.post("/emails", nobody).await.0, 422);
    let (status, error) = sandbox.post_with_key("/emails", mail("One"), &"k".repeat(257)).await;
    assert_eq!((status, &error["name"]), (400, &json!("invalid_idempotency_key")));
    assert_eq!(sandbox.outbox.entries(), []);
}

#[tokio::test]
async fn a_mail_to_several_addresses_reaches_each() {
    let sandbox = Sandbox::start().await;
    let mut both = mail("One");
    both["to"] = json!(["user_1@example.com", "user_2@example.com"]);
    sandbox.post("/emails", both).await;
    assert_eq!(sandbox.reached(Kind::Mail), ["user_1@example.com", "user_2@example.com"]);
}
