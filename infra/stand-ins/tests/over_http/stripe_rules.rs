use chrono::Duration;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::kernel::money::{Currency, Money};
use shared::providers::call::CallError;
use shared::providers::stripe::balance::BalanceFilter;
use shared::providers::stripe::list::ListCursor;
use shared::providers::stripe::transfer::{NewTransfer, TransferFilter};

use super::stripe::{hold, transfer, usd};
use super::stripe_refunds::source;
use super::{Sandbox, noon, read};
use stand_ins::outbox::Kind;
use stand_ins::stripe::API_VERSION;

impl Sandbox {
    /// A sandbox with an account that takes transfers and a balance that covers them.
    pub(super) async fn funded() -> Self {
        let sandbox = Self::start().await;
        sandbox.stripe.add_account("acct_1", "usd");
        sandbox.stripe.set_balance("usd", 100_000);
        sandbox
    }

    pub(super) fn raw(&self, method: Method, path: &str, key: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/v1/{path}", self.base));
        let form = ("content-type", "application/x-www-form-urlencoded");
        request
            .bearer_auth("sk_test_key")
            .header("stripe-version", API_VERSION)
            .header("idempotency-key", key)
            .header(form.0, form.1)
    }

    async fn get_list(&self, path: &str) -> Value {
        read(self.raw(Method::GET, path, "unused").send().await.unwrap()).await.1
    }
}

fn rejected(reason: &str) -> CallError {
    CallError::Rejected { reason: reason.to_owned() }
}

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_key_makes_one_transfer_for_a_day_and_another_one_after_it() {
    let sandbox = Sandbox::funded().await;
    let first = sandbox.client().create_transfer("payout:1:v1", &transfer("1", 9_000)).await.unwrap();
    sandbox.clock.advance(Duration::hours(24) - Duration::seconds(1));
    let again = sandbox.client().create_transfer("payout:1:v1", &transfer("1", 9_000)).await.unwrap();
    assert_eq!((again, sandbox.outbox.count(Kind::Transfer)), (first, 1));
    sandbox.clock.advance(Duration::seconds(1));
    sandbox.client().create_transfer("payout:1:v1", &transfer("1", 9_000)).await.unwrap();
    assert_eq!(sandbox.reached(Kind::Transfer), ["acct_1", "acct_1"], "the trap of resending late");
    assert_eq!(sandbox.stripe.available("usd"), 82_000);
}

#[tokio::test]
async fn a_reused_key_is_an_error_that_leaves_this_request_undecided() {
    let sandbox = Sandbox::funded().await;
    let client = sandbox.client();
    client.create_transfer("key", &transfer("1", 9_000)).await.unwrap();
    let other = Err(CallError::LookUp { reason: "idempotency_error".to_owned() });
    assert_eq!(client.create_transfer("key", &transfer("1", 9_001)).await, other);
    let elsewhere = client.create_payment_intent("key", &hold("1", 9_000)).await;
    assert!(matches!(elsewhere, Err(CallError::LookUp { .. })), "{elsewhere:?}");
    assert_eq!(sandbox.outbox.count(Kind::Transfer), 1);
}

#[tokio::test]
async fn a_refusal_is_stored_under_its_key_and_a_new_key_tries_again() {
    let sandbox = Sandbox::funded().await;
    let (client, short) = (sandbox.client(), transfer("1", 100_001));
    assert_eq!(client.create_transfer("v1", &short).await, Err(rejected("balance_insufficient")));
    sandbox.stripe.set_balance("usd", 200_000);
    assert_eq!(client.create_transfer("v1", &short).await, Err(rejected("balance_insufficient")));
    client.create_transfer("v2", &short).await.unwrap();
    let body = "amount=300000&currency=usd&destination=acct_1";
    for replayed in [None, Some("true")] {
        let response = sandbox.raw(Method::POST, "transfers", "raw").body(body).send().await.unwrap();
        let header = response.headers().get("idempotent-replayed").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), header), (400, replayed));
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_not_kept_under_its_key() {
    let sandbox = Sandbox::funded().await;
    for (body, code) in [
        ("currency=usd&destination=acct_1", json!("parameter_missing")),
        ("amount=1.5&currency=usd&destination=acct_1", json!("parameter_invalid_integer")),
        ("amount=92233720368547758080&currency=usd&destination=acct_1", json!("parameter_invalid_integer")),
        ("amount=0&currency=usd&destination=acct_1", json!("parameter_invalid_integer")),
        ("amount=1&currency=usd&destination=acct_1&colour=red", json!("parameter_unknown")),
        ("amount=1&currency=xxx&destination=acct_1", Value::Null),
    ] {
        let answer = sandbox.raw(Method::POST, "transfers", "key").body(body).send().await.unwrap();
        let (status, error) = read(answer).await;
        assert_eq!((status, &error["error"]["code"]), (400, &code), "{body}");
    }
    let body = "amount=1&currency=usd&destination=acct_1";
    let answer = sandbox.raw(Method::POST, "transfers", "key").body(body).send().await.unwrap();
    assert_eq!(read(answer).await.0, 200);
}

#[tokio::test]
async fn an_intent_in_another_state_is_refused_with_stripes_message() {
    let sandbox = Sandbox::start().await;
    let paid = sandbox.paid("1", 10_000).await;
    let path = format!("payment_intents/{}/cancel", paid.id);
    let (status, error) = read(sandbox.raw(Method::POST, &path, "key").send().await.unwrap()).await;
    assert_eq!((status, &error["error"]["type"]), (400, &json!("invalid_request_error")));
    assert_eq!(error["error"]["code"], "payment_intent_unexpected_state");
    assert_eq!(error["error"]["payment_intent"]["status"], "succeeded");
    assert_eq!(
        error["error"]["message"],
        "You cannot cancel this PaymentIntent because it has a status of succeeded. Only a PaymentIntent with \
         one of the following statuses may be canceled: requires_payment_method, requires_capture, \
         requires_confirmation, requires_action, processing."
    );
}

#[tokio::test]
async fn transfers_are_found_by_their_group_the_newest_first_a_page_at_a_time() {
    let sandbox = Sandbox::funded().await;
    let client = sandbox.client();
    let mut made = Vec::new();
    for number in 1..=5 {
        let transfer = transfer("1", number);
        made.push(client.create_transfer(&format!("key_{number}"), &transfer).await.unwrap().id);
        client.create_transfer(&format!("other_{number}"), &transfer_of_another()).await.unwrap();
    }
    let filter = TransferFilter {
        transfer_group: Some("booking_1".to_owned()),
        destination: Some("acct_1".to_owned()),
        ..TransferFilter::default()
    };
    let found = client.transfers(&filter, &ListCursor::Newest).await.unwrap();
    let newest_first: Vec<&String> = made.iter().rev().collect();
    assert_eq!(found.data.iter().map(|one| &one.id).collect::<Vec<_>>(), newest_first);
    assert_eq!((found.data[0].metadata["booking_id"].as_str(), found.has_more), ("1", false));
    let later = client.transfers(&filter, &ListCursor::Before(made[2].clone())).await.unwrap();
    assert_eq!(later.data.iter().map(|one| &one.id).collect::<Vec<_>>(), [&made[3], &made[4]]);

    let page = |cursor: &str| format!("transfers?transfer_group=booking_1&limit=2{cursor}");
    let first = sandbox.get_list(&page("")).await;
    assert_eq!((ids(&first), &first["has_more"]), (vec![&*made[4], &*made[3]], &json!(true)));
    let second = sandbox.get_list(&page(&format!("&starting_after={}", made[3]))).await;
    assert_eq!((ids(&second), &second["has_more"]), (vec![&*made[2], &*made[1]], &json!(true)));
    let back = sandbox.get_list(&page(&format!("&ending_before={}", made[1]))).await;
    assert_eq!((ids(&back), &back["has_more"]), (vec![&*made[3], &*made[2]], &json!(true)));
    let unknown = sandbox.get_list(&page("&starting_after=tr_unknown")).await;
    assert_eq!(unknown["error"]["code"], "resource_missing");
}

fn transfer_of_another() -> NewTransfer {
    transfer("2", 1)
}

#[tokio::test]
async fn a_charge_pays_for_its_own_transfers_before_its_money_has_arrived() {
    let sandbox = Sandbox::start().await;
    sandbox.stripe.add_account("acct_1", "usd");
    let client = sandbox.client();
    let paid = sandbox.paid("1", 10_000).await;
    assert_eq!(
        client.create_transfer("bare", &transfer("1", 1)).await,
        Err(rejected("balance_insufficient"))
    );
    let drawing = |amount| {
        let source_transaction = paid.charge_id().map(str::to_owned);
        NewTransfer { source_transaction, ..transfer("1", amount) }
    };
    let made = client.create_transfer("a", &drawing(9_000)).await.unwrap();
    assert_eq!(made.source_transaction.as_deref(), paid.charge_id());
    let over = client.create_transfer("b", &drawing(1_001)).await;
    assert_eq!(over, Err(rejected("invalid_request_error")), "more than was captured");
    client.create_transfer("c", &drawing(1_000)).await.unwrap();
    let other_group = NewTransfer { transfer_group: "booking_9".to_owned(), ..drawing(1) };
    assert!(client.create_transfer("d", &other_group).await.is_err());
    let cop = Money { amount: 1, currency: Currency::parse("cop").unwrap() };
    assert!(client.create_transfer("e", &NewTransfer { money: cop, ..drawing(1) }).await.is_err());
    let held = sandbox.held("2", 10_000).await;
    let early = NewTransfer {
        source_transaction: held.charge_id().map(str::to_owned),
        transfer_group: "booking_2".to_owned(),
        ..drawing(1)
    };
    assert!(client.create_transfer("f", &early).await.is_err(), "nothing was captured yet");
}

#[tokio::test]
async fn the_balance_is_the_sum_of_its_lines_to_the_cent() {
    let sandbox = Sandbox::funded().await;
    let client = sandbox.client();
    let paid = sandbox.paid("1", 10_001).await;
    let made = client.create_transfer("a", &transfer("1", 30_000)).await.unwrap();
    sandbox.stripe.reverse_transfer(&made.id, 10_000);
    sandbox.stripe.refund(&paid.id, 1);
    let reversed = client.transfer(&made.id).await.unwrap();
    assert_eq!((reversed.amount_reversed, reversed.reversed), (10_000, false));
    assert_eq!((reversed.reversals.data[0].amount, reversed.reversals.has_more), (10_000, false));

    let balance = client.balance().await.unwrap();
    assert_eq!(balance.available(&usd(0).currency), 79_999);
    assert_eq!(balance.pending[0].amount, 10_001 - 290 - 30);
    let lines = client.balance_transactions(&BalanceFilter::default(), &ListCursor::Newest).await.unwrap();
    assert_eq!(lines.data.iter().map(|line| line.net).sum::<i64>(), 79_999 + 10_001 - 320);
    assert!(lines.data.iter().all(|line| line.amount - line.fee == line.net));
    let kind = Some("transfer".to_owned());
    let moved = BalanceFilter { kind, ..BalanceFilter::default() };
    let moved = client.balance_transactions(&moved, &ListCursor::Newest).await.unwrap();
    assert_eq!(moved.data.iter().map(source).collect::<Vec<_>>(), [Some(made.id)]);
    sandbox.clock.set(noon() + Duration::days(2));
    assert_eq!(client.balance().await.unwrap().available(&usd(0).currency), 79_999 + 10_001 - 320);
}

#[tokio::test]
async fn an_account_that_cannot_take_money_gets_none() {
    let sandbox = Sandbox::funded().await;
    let client = sandbox.client();
    sandbox.stripe.restrict_account("acct_1", Some("rejected.fraud"));
    let refused = client.create_transfer("a", &transfer("1", 1)).await;
    assert_eq!(refused, Err(rejected("insufficient_capabilities_for_transfer")));
    sandbox.stripe.delete_account("acct_1");
    let refused = client.create_transfer("b", &transfer("1", 1)).await;
    assert_eq!(refused, Err(rejected("resource_missing")));
    let beyond = client.create_transfer("c", &transfer("1", 1_000_000_000_000)).await;
    assert_eq!(beyond, Err(rejected("amount_too_large:amount")));
    assert_eq!(sandbox.outbox.entries(), []);
}
