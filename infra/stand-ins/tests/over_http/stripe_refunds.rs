use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::providers::call::CallError;
use shared::providers::stripe::balance::{BalanceFilter, BalanceTransaction};
use shared::providers::stripe::list::ListCursor;
use shared::providers::stripe::payment::{CancellationReason, Charge};
use shared::providers::stripe::refund::{NewRefund, Refund, RefundStatus};

use super::stripe::{hold, json_of, metadata, usd};
use super::{Sandbox, noon, read};
use stand_ins::outbox::Kind;

impl Sandbox {
    async fn charge(&self, intent: &str) -> Charge {
        self.client().payment_intent(intent).await.unwrap().charge().cloned().unwrap()
    }

    async fn refund(&self, key: &str, intent: &str, amount: Option<i64>) -> Result<Refund, CallError> {
        self.client().refund(key, &refund(intent, amount)).await
    }

    async fn refunds(&self, intent: &str) -> Vec<Refund> {
        self.client().refunds(intent, &ListCursor::Newest).await.unwrap().data
    }

    /// The objects of the events of one kind, oldest first.
    pub(super) fn events_of_kind(&self, kind: &str) -> Vec<Value> {
        let events = self.stripe.events().into_iter().filter(|event| event.kind == kind);
        events.map(|event| json_of(&event.body)["data"]["object"].clone()).collect()
    }

    async fn lines(&self, kind: &str) -> Vec<BalanceTransaction> {
        let filter = BalanceFilter { kind: Some(kind.to_owned()), ..BalanceFilter::default() };
        self.client().balance_transactions(&filter, &ListCursor::Newest).await.unwrap().data
    }
}

/// The source of a balance transaction.
pub(super) fn source(line: &BalanceTransaction) -> Option<String> {
    line.source.as_ref().and_then(|source| source.id().map(str::to_owned))
}

fn refund(intent: &str, amount: Option<i64>) -> NewRefund {
    NewRefund { payment_intent: intent.to_owned(), amount, metadata: metadata("1") }
}

fn rejected(reason: &str) -> Result<Refund, CallError> {
    Err(CallError::Rejected { reason: reason.to_owned() })
}

#[tokio::test]
async fn a_payment_is_refunded_in_parts_and_then_the_rest() {
    let sandbox = Sandbox::funded().await;
    let paid = sandbox.paid("1", 10_000).await;
    let part = sandbox.refund("refund:1:v1", &paid.id, Some(2_500)).await.unwrap();
    assert_eq!(
        (part.amount, part.currency.clone(), part.status),
        (2_500, usd(0).currency, RefundStatus::Succeeded)
    );
    assert_eq!((part.payment_intent.as_deref(), part.charge.as_deref()), (Some(&*paid.id), paid.charge_id()));
    assert_eq!((part.metadata.clone(), part.created), (metadata("1"), noon()));
    let charge = sandbox.charge(&paid.id).await;
    assert_eq!((charge.amount_captured, charge.amount_refunded, charge.refunded), (10_000, 2_500, false));

    let rest = sandbox.refund("refund:1:v2", &paid.id, None).await.unwrap();
    let charge = sandbox.charge(&paid.id).await;
    assert_eq!((rest.amount, charge.amount_refunded, charge.refunded), (7_500, 10_000, true));
    assert_eq!(sandbox.refunds(&paid.id).await, [rest.clone(), part.clone()], "the newest first");
    assert_eq!(sandbox.refunds("pi_unknown").await, []);
    assert_eq!(sandbox.stripe.available("usd"), 90_000);
    let lines = sandbox.lines("refund").await;
    let moved = lines.iter().map(|line| (line.net, source(line))).collect::<Vec<_>>();
    assert_eq!(moved, [(-7_500, Some(rest.id)), (-2_500, Some(part.id))]);
}

#[tokio::test]
async fn every_refund_happens_once_with_an_event_of_the_charges_totals() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    sandbox.refund("refund:1:v1", &paid.id, Some(2_500)).await.unwrap();
    sandbox.refund("refund:1:v1", &paid.id, Some(2_500)).await.unwrap();
    sandbox.stripe.refund(&paid.id, 500);
    assert_eq!(sandbox.reached(Kind::Refund), [paid.id.as_str()], "the dashboard's is not ours");
    let entry = sandbox.outbox.entries().pop().unwrap();
    assert_eq!(
        (&entry.detail["amount"], entry.idempotency_key.as_deref()),
        (&json!(2_500), Some("refund:1:v1"))
    );

    let totals = sandbox.events_of_kind("charge.refunded").into_iter();
    let totals = totals.map(|charge| (charge["amount_refunded"].clone(), charge["payment_intent"].clone()));
    let expected = [2_500, 3_000].map(|total| (json!(total), json!(paid.id)));
    assert_eq!(totals.collect::<Vec<_>>(), expected);
    let refunds = sandbox.events_of_kind("refund.created");
    assert_eq!(refunds.iter().map(|refund| refund["amount"].clone()).collect::<Vec<_>>(), [2_500, 500]);
    assert_eq!(refunds[0]["metadata"], json!(metadata("1")));
}

#[tokio::test]
async fn no_more_is_refunded_than_is_left() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    assert_eq!(sandbox.refund("a", &paid.id, Some(10_001)).await, rejected("invalid_request_error:amount"));
    sandbox.refund("b", &paid.id, Some(4_000)).await.unwrap();
    assert_eq!(sandbox.refund("c", &paid.id, Some(6_001)).await, rejected("invalid_request_error:amount"));
    let form = format!("payment_intent={}&amount=6001", paid.id);
    let answer = read(sandbox.raw(Method::POST, "refunds", "d").body(form).send().await.unwrap()).await;
    let problem = &answer.1["error"];
    assert_eq!((answer.0, &problem["param"], &problem["code"]), (400, &json!("amount"), &Value::Null));
    assert_eq!(
        problem["message"],
        "Refund amount (6001 usd) is greater than unrefunded amount on charge (6000 usd)"
    );
    for amount in [0, -1] {
        let refused = sandbox.refund("e", &paid.id, Some(amount)).await;
        assert_eq!(refused, rejected("parameter_invalid_integer:amount"));
    }
    sandbox.refund("f", &paid.id, Some(6_000)).await.unwrap();
    assert_eq!(sandbox.refund("g", &paid.id, None).await, rejected("charge_already_refunded"));
    assert_eq!(sandbox.refund("h", &paid.id, Some(1)).await, rejected("charge_already_refunded"));
    assert_eq!(sandbox.outbox.count(Kind::Refund), 2);
}

#[tokio::test]
async fn what_was_never_taken_cannot_go_back() {
    let sandbox = Sandbox::start().await;
    let (client, nothing) = (sandbox.client(), rejected("invalid_request_error"));
    let unpaid = client.create_payment_intent("hold:1", &hold("1", 10_000)).await.unwrap();
    assert_eq!(sandbox.refund("a", &unpaid.id, None).await, nothing);
    let held = sandbox.held("2", 10_000).await;
    assert_eq!(sandbox.refund("b", &held.id, None).await, nothing);
    client.cancel("cancel", &held.id, CancellationReason::Abandoned).await.unwrap();
    assert_eq!(sandbox.refund("c", &held.id, None).await, nothing, "it was let go");
    assert_eq!(sandbox.refund("d", "pi_unknown", None).await, rejected("resource_missing"));
    assert_eq!((sandbox.stripe.refunds(), sandbox.outbox.count(Kind::Refund)), (vec![], 0));
}

#[tokio::test]
async fn what_the_customers_bank_took_back_cannot_go_back_again() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    sandbox.stripe.open_dispute(&paid.id);
    assert_eq!(sandbox.refund("open", &paid.id, Some(1)).await, rejected("charge_disputed"));
    sandbox.stripe.close_dispute(&paid.id, true);
    assert_eq!(sandbox.refund("open", &paid.id, Some(1)).await, rejected("charge_disputed"), "kept");
    sandbox.refund("won", &paid.id, Some(1)).await.unwrap();
    let lost = sandbox.paid("2", 10_000).await;
    sandbox.stripe.open_dispute(&lost.id);
    sandbox.stripe.close_dispute(&lost.id, false);
    assert_eq!(sandbox.refund("lost", &lost.id, None).await, rejected("charge_disputed"));
}

#[tokio::test]
async fn a_key_makes_one_refund_for_a_day_and_another_one_after_it() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    let first = sandbox.refund("key", &paid.id, Some(1_000)).await.unwrap();
    assert_eq!(sandbox.refund("key", &paid.id, Some(1_000)).await.unwrap(), first);
    let other = sandbox.refund("key", &paid.id, Some(2_000)).await;
    assert_eq!(other, Err(CallError::LookUp { reason: "idempotency_error".to_owned() }));
    sandbox.clock.advance(Duration::hours(24));
    sandbox.refund("key", &paid.id, Some(1_000)).await.unwrap();
    assert_eq!(sandbox.charge(&paid.id).await.amount_refunded, 2_000, "the trap of resending late");
}

#[tokio::test]
async fn a_refund_in_doubt_is_settled_by_its_key_or_found_in_the_list() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    let fail = |operation: &str, kind: &str, company: Option<&str>| {
        sandbox.fail(json!({
            "provider": "stripe", "operation": operation, "kind": kind, "times": 1, "company": company,
        }));
    };
    fail("create_refund", "drop_after", Some("biz_1"));
    let lost = sandbox.refund("a", &paid.id, Some(1_000)).await;
    assert_eq!(lost, Err(CallError::InDoubt { reason: "connection_lost".to_owned() }));
    let made = sandbox.refund("a", &paid.id, Some(1_000)).await.unwrap();
    assert_eq!(sandbox.refunds(&paid.id).await, [made]);

    fail("create_refund", "stored_after:500", None);
    let kept = Err(CallError::LookUp { reason: "api_error".to_owned() });
    assert_eq!(sandbox.refund("b", &paid.id, Some(2_000)).await, kept);
    assert_eq!(sandbox.refund("b", &paid.id, Some(2_000)).await, kept, "replayed");
    fail("refunds", "status:500", None);
    let unread = sandbox.client().refunds(&paid.id, &ListCursor::Newest).await.unwrap_err();
    assert!(matches!(unread, CallError::NotSent { .. }), "a failed reading may be tried again");
    let found = sandbox.refunds(&paid.id).await;
    assert_eq!(found.iter().map(|refund| refund.amount).collect::<Vec<_>>(), [2_000, 1_000]);
    assert_eq!(sandbox.outbox.count(Kind::Refund), 2);
    assert_eq!((sandbox.stripe.requests()["create_refund"], sandbox.stripe.requests()["refunds"]), (4, 3));
}

#[tokio::test]
async fn a_refund_that_fails_after_all_brings_the_money_back() {
    let sandbox = Sandbox::funded().await;
    let paid = sandbox.paid("1", 10_000).await;
    let made = sandbox.refund("a", &paid.id, Some(2_500)).await.unwrap();
    sandbox.refund("b", &paid.id, Some(1_000)).await.unwrap();
    sandbox.clock.advance(Duration::hours(1));
    sandbox.stripe.fail_refund(&paid.id, 2_500);
    assert_eq!(sandbox.charge(&paid.id).await.amount_refunded, 1_000);
    assert_eq!(sandbox.stripe.available("usd"), 99_000);
    let back = sandbox.lines("refund_failure").await;
    assert_eq!((back[0].net, source(&back[0]), back.len()), (2_500, Some(made.id.clone()), 1));
    let statuses: Vec<_> = sandbox.refunds(&paid.id).await.into_iter().map(|one| one.status).collect();
    assert_eq!(statuses, [RefundStatus::Succeeded, RefundStatus::Failed]);
    for kind in ["refund.failed", "charge.refund.updated"] {
        let [refund] = &sandbox.events_of_kind(kind)[..] else { panic!("one {kind}") };
        assert_eq!((&refund["id"], &refund["status"]), (&json!(made.id), &json!("failed")));
        assert_eq!(refund["payment_intent"], json!(paid.id));
    }
    let rest = sandbox.refund("c", &paid.id, None).await.unwrap();
    assert_eq!(rest.amount, 9_000, "what came back can be given back again");
}
