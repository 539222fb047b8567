use std::time::Duration;

use chrono::Duration as Span;
use reqwest::Method;
use serde_json::{Value, json};
use shared::providers::call::CallError;
use shared::providers::stripe::client::Stripe;
use shared::providers::stripe::list::ListCursor;
use shared::providers::stripe::payment::PaymentIntentStatus;
use shared::providers::stripe::transfer::TransferFilter;

use super::Sandbox;
use super::kept::Folder;
use super::stripe::transfer;
use stand_ins::outbox::Kind;

impl Sandbox {
    fn once(&self, operation: &str, kind: &str) {
        let rule = json!({"provider": "stripe", "operation": operation, "kind": kind, "times": 1});
        self.fail(rule);
    }

    async fn transfer(&self, key: &str) -> Result<String, CallError> {
        self.client().create_transfer(key, &transfer("1", 9_000)).await.map(|made| made.id)
    }
}

fn in_doubt(reason: &str) -> Result<String, CallError> {
    Err(CallError::InDoubt { reason: reason.to_owned() })
}

fn not_sent(reason: &str, after_s: Option<u64>) -> CallError {
    CallError::NotSent { reason: reason.to_owned(), retry_after: after_s.map(Duration::from_secs) }
}

#[tokio::test]
async fn a_request_in_doubt_is_resolved_with_the_same_key() {
    let sandbox = Sandbox::funded().await;
    for (number, (kind, reason, acted)) in [
        ("drop_before", "connection_lost", 0),
        ("drop_after", "connection_lost", 1),
        ("error_after:500", "api_error", 1),
        ("error_after:503", "api_error", 1),
        ("status:502", "api_error", 0),
    ]
    .into_iter()
    .enumerate()
    {
        sandbox.outbox.clear();
        let key = format!("payout:{number}:v1");
        sandbox.once("create_transfer", kind);
        assert_eq!(sandbox.transfer(&key).await, in_doubt(reason), "{kind}");
        assert_eq!(sandbox.outbox.count(Kind::Transfer), acted, "{kind}");
        sandbox.transfer(&key).await.unwrap();
        assert_eq!(sandbox.outbox.count(Kind::Transfer), 1, "{kind}");
    }
}

#[tokio::test]
async fn an_error_that_is_kept_under_the_key_has_to_be_looked_up() {
    let sandbox = Sandbox::funded().await;
    let filter = TransferFilter { transfer_group: Some("booking_1".to_owned()), ..TransferFilter::default() };
    let kept = Err(CallError::LookUp { reason: "api_error".to_owned() });
    for (kind, key, found) in [("stored:500", "a", 0), ("stored_after:500", "b", 1)] {
        sandbox.once("create_transfer", kind);
        assert_eq!(sandbox.transfer(key).await, kept, "{kind}");
        assert_eq!(sandbox.transfer(key).await, kept, "{kind}: replayed");
        let page = sandbox.client().transfers(&filter, &ListCursor::Newest).await.unwrap();
        assert_eq!((page.data.len(), sandbox.outbox.count(Kind::Transfer)), (found, found), "{kind}");
        sandbox.clock.advance(Span::hours(24));
        sandbox.outbox.clear();
    }
    sandbox.transfer("b").await.unwrap();
    assert_eq!(sandbox.stripe.transfers().len(), 2, "the key is forgotten, the transfer is not");
}

#[tokio::test]
async fn a_429_counts_as_not_sent_and_has_a_retry_time() {
    let sandbox = Sandbox::funded().await;
    sandbox.once("create_transfer", "status:429");
    assert_eq!(sandbox.transfer("key").await, Err(not_sent("rate_limit", Some(2))));
    sandbox.transfer("key").await.unwrap();
    assert_eq!(sandbox.outbox.count(Kind::Transfer), 1);
    assert_eq!(sandbox.stripe.requests()["create_transfer"], 2);
}

#[tokio::test]
async fn a_second_request_under_a_key_that_is_being_worked_on_waits_for_later() {
    let sandbox = Sandbox::funded().await;
    sandbox.once("create_transfer", "slow:300");
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.transfer("key").await
    };
    let (first, second) = tokio::join!(sandbox.transfer("key"), second);
    assert_eq!(second, in_doubt("idempotency_key_in_use"));
    assert_eq!(sandbox.transfer("key").await, first);
    assert_eq!(sandbox.outbox.count(Kind::Transfer), 1);
}

#[tokio::test]
async fn a_refused_connection_counts_as_not_sent() {
    let sandbox = Sandbox::funded().await;
    let nowhere = Stripe::new(sandbox.http.clone(), "http://127.0.0.1:1", "sk_test_key");
    let refused = nowhere.create_transfer("key", &transfer("1", 1)).await;
    assert_eq!(refused, Err(not_sent("no_connection", None)));
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(100)).build().unwrap();
    let impatient = Stripe::new(impatient, &sandbox.base, "sk_test_key");
    sandbox.once("create_transfer", "slow:300");
    let late = impatient.create_transfer("key", &transfer("1", 1)).await.map(|made| made.id);
    assert_eq!(late, in_doubt("no_answer_in_time"));
}

#[tokio::test]
async fn a_failed_reading_may_always_be_tried_again() {
    let sandbox = Sandbox::funded().await;
    for (kind, reason) in
        [("drop_after", "connection_lost"), ("status:500", "api_error"), ("stored:500", "api_error")]
    {
        sandbox.once("balance", kind);
        assert_eq!(sandbox.client().balance().await, Err(not_sent(reason, None)), "{kind}");
    }
    assert_eq!(sandbox.client().transfer("tr_unknown").await, Err(CallError::Absent));
}

#[tokio::test]
async fn without_a_secret_key_or_the_pinned_version_nothing_is_done() {
    let sandbox = Sandbox::funded().await;
    let public = Stripe::new(sandbox.http.clone(), &sandbox.base, "pk_test_key");
    let refused = public.create_transfer("key", &transfer("1", 1)).await;
    assert_eq!(refused, Err(not_sent("invalid_request_error", None)));
    let unpinned = sandbox.http.get(format!("{}/v1/balance", sandbox.base)).bearer_auth("sk_test_key");
    assert_eq!(unpinned.send().await.unwrap().status(), 400);
    assert!(!format!("{public:?}").contains("pk_test_key"));
}

#[tokio::test]
async fn a_fault_of_one_company_does_not_affect_another() {
    let sandbox = Sandbox::funded().await;
    let rule = |company: &str| json!({"provider": "stripe", "operation": "*", "kind": "status:500", "company": company});
    sandbox.fail(rule("biz_other"));
    sandbox.transfer("a").await.unwrap();
    let held = sandbox.held("1", 10_000).await;
    sandbox.fail(rule("biz_1"));
    sandbox.transfer("b").await.unwrap_err();
    sandbox.client().capture("c", &held.id).await.unwrap_err();
}

#[tokio::test]
async fn the_state_of_stripe_survives_a_restart() {
    let (folder, before) = Folder::settled().await;
    before.stripe.add_account("acct_1", "usd");
    before.stripe.set_balance("usd", 100_000);
    let paid = before.paid("1", 10_000).await;
    let held = before.held("2", 10_000).await;
    before.stripe.refund(&paid.id, 1_000);
    before.stripe.refund(&paid.id, 500);
    before.stripe.fail_refund(&paid.id, 500);
    before.stripe.open_dispute(&paid.id);
    before.stripe.mark_delivered(&before.stripe.events()[0].id);
    before.once("create_transfer", "drop_after");
    before.transfer("payout:1:v1").await.unwrap_err();
    before.once("create_transfer", "stored_after:500");
    before.transfer("payout:2:v1").await.unwrap_err();

    let left = folder.as_left_now();
    let after = left.serve().await;
    let seen = |sandbox: &Sandbox| -> Value {
        json!([
            sandbox.stripe.payment_intent(&held.id),
            sandbox.stripe.charge_of(&paid.id),
            sandbox.stripe.refunds(),
            sandbox.stripe.transfers(),
            sandbox.stripe.available("usd"),
            sandbox.stripe.events().into_iter().map(|event| event.body).collect::<Vec<_>>(),
            sandbox.stripe.undelivered_events().len(),
            sandbox.outbox.entries(),
        ])
    };
    assert_eq!(seen(&after), seen(&before));
    after.transfer("payout:1:v1").await.unwrap();
    assert!(matches!(after.transfer("payout:2:v1").await, Err(CallError::LookUp { .. })), "kept");
    assert_eq!(after.outbox.count(Kind::Transfer), 2, "nothing twice");
    after.clock.advance(Span::days(8));
    let lapsed = after.client().payment_intent(&held.id).await.unwrap();
    assert_eq!(lapsed.status, PaymentIntentStatus::Canceled, "a hold is still a hold");
    let answer = after.raw(Method::GET, "balance", "unused").send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
