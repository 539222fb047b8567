//! The value of a case: in every currency, after refunds and disputes, and if Whop's amount is absurd.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use shared::domain::kernel::time;

use support::world::{Answer, COMPANY, World, id_of, payment};

/// An amount as Whop's JSON has it, with every digit.
fn decimal(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[easy_ext::ext(KpisMoneySteps)]
impl World {
    async fn pay(
        &self,
        kind: &str,
        member: &str,
        amount: &Value,
        currency: &str,
        at: DateTime<Utc>,
    ) -> Answer {
        let mut event = payment(kind, COMPANY, &format!("mem_{member}"), &format!("pay_{member}"), at);
        event["data"]["subtotal"] = amount.clone();
        event["data"]["currency"] = json!(currency);
        self.deliver(&id_of(&event), event).await
    }

    /// A refund or dispute of `pay_<member>`, in the dialect that names its membership.
    async fn give_back(&self, name: &str, status: &str, member: &str, amount: Value, currency: &str) {
        let (noun, verb) = name.split_once('.').unwrap();
        let event = json!({
            "id": format!("msg_{noun}_{verb}_{status}_{member}_{}", self.now().timestamp()),
            "type": name, "timestamp": time::format(self.now()), "company_id": COMPANY,
            "data": {"id": format!("{noun}_{member}"), "status": status, "amount": amount,
                "currency": currency, "payment": {"id": format!("pay_{member}"),
                "membership": {"id": format!("mem_{member}")}}},
        });
        assert_eq!(self.deliver(&id_of(&event), event).await.ok()["outcome"], "applied");
        self.advance(Duration::minutes(1));
    }

    async fn recover(&self, member: &str, amount: &str, currency: &str) {
        let amount = decimal(amount);
        self.pay("payment.failed", member, &amount, currency, self.now()).await.ok();
        self.pay("payment.succeeded", member, &amount, currency, self.now()).await.ok();
        self.advance(Duration::minutes(1));
    }

    /// The recovered revenue of the company in its main currency.
    async fn revenue(&self) -> i64 {
        self.kpis().await["recovered_revenue_cents"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn amounts_are_kept_in_the_minor_unit_of_their_currency() {
    let world = World::start().await;
    for (member, amount, currency, minor) in [
        ("usd", "19.99", "usd", 1_999),
        ("jpy", "1980", "jpy", 1_980),
        ("jpyzeros", "1980.00", "JPY", 1_980),
        ("kwd", "5.125", "kwd", 5_125),
        ("cop", "45900.5", "cop", 4_590_050),
        ("text", "\"0.07\"", "eur", 7),
        ("power", "1.9e1", "usd", 1_900),
    ] {
        world.recover(member, amount, currency).await;
        let case = world.case_of(&format!("mem_{member}")).await;
        let currency = currency.to_lowercase();
        assert_eq!(
            (&case["amount"], &case["currency"], &case["recovered_amount"], &case["recovered_currency"]),
            (&json!(minor), &json!(currency), &json!(minor), &json!(currency)),
            "{amount}"
        );
    }
    let kpis = world.kpis().await;
    assert_eq!(
        kpis["recovered_revenue"],
        json!([
            {"currency": "cop", "amount": 4_590_050},
            {"currency": "eur", "amount": 7},
            {"currency": "jpy", "amount": 3_960},
            {"currency": "kwd", "amount": 5_125},
            {"currency": "usd", "amount": 3_899},
        ])
    );
}

#[tokio::test]
async fn an_absurd_amount_opens_the_case_without_one() {
    let world = World::start().await;
    let absurd = [
        "92233720368547758.08",
        "92233720368547758.07",
        "10000000000000.01",
        "1e400",
        "1e99999999999999999999",
        "99999999999999999999999999999999999999999999999",
        "19.999",
        "-19.00",
        "\"NaN\"",
        "\"Infinity\"",
        "\"\"",
        "\"19,00\"",
        "true",
        "null",
        "[19]",
        "{\"amount\": null}",
        "{\"amount\": {\"amount\": 19}}",
    ];
    for (number, amount) in absurd.into_iter().enumerate() {
        let member = number.to_string();
        let answer = world.pay("payment.failed", &member, &decimal(amount), "usd", world.now()).await;
        assert_eq!(answer.ok()["outcome"], "applied", "{amount}");
        let case = world.case_of(&format!("mem_{member}")).await;
        assert_eq!(
            (&case["status"], &case["amount"], &case["currency"]),
            (&json!("open"), &Value::Null, &Value::Null),
            "{amount}"
        );
    }
    for currency in ["", "dollars", "u$d"] {
        let member = format!("c{}", currency.len());
        world.pay("payment.failed", &member, &decimal("19"), currency, world.now()).await.ok();
        assert_eq!(world.case_of(&format!("mem_{member}")).await["amount"], Value::Null, "{currency}");
    }
    assert_eq!(world.kpis().await["active_cases"], absurd.len() as i64 + 3);
}

#[tokio::test]
async fn the_largest_amounts_still_add_up() {
    let world = World::start().await;
    for member in ["1", "2", "3", "4", "5", "6", "7"] {
        world.recover(member, "10000000000000", "usd").await;
    }
    assert_eq!(world.revenue().await, 7_000_000_000_000_000);
    for member in ["8", "9"] {
        world.recover(member, "92233720368547758.07", "usd").await;
    }
    assert_eq!(world.revenue().await, 7_000_000_000_000_000, "what no charge can be is not counted");
}

#[tokio::test]
async fn refunds_and_disputes_reduce_recovered_revenue_until_a_dispute_is_won() {
    let world = World::start().await;
    world.recover("1", "19.00", "usd").await;
    world.recover("2", "30.00", "usd").await;
    assert_eq!(world.revenue().await, 4_900);

    world.give_back("refund.created", "succeeded", "1", json!(4.5), "usd").await;
    assert_eq!(world.revenue().await, 4_450, "a part of it");
    world.give_back("refund.updated", "failed", "1", json!(4.5), "usd").await;
    assert_eq!(world.revenue().await, 4_900, "a refund that failed after all");

    world.give_back("dispute.created", "needs_response", "2", json!(30), "usd").await;
    assert_eq!(world.revenue().await, 1_900, "all of the other one");
    world.give_back("dispute.updated", "under_review", "2", json!(30), "usd").await;
    assert_eq!(world.revenue().await, 1_900, "the same dispute counts once");
    world.give_back("dispute.updated", "won", "2", json!(30), "usd").await;
    assert_eq!(world.revenue().await, 4_900, "given back");
    world.give_back("dispute.updated", "lost", "2", json!(12), "usd").await;
    assert_eq!(world.revenue().await, 3_700, "the newest event counts");

    world.give_back("refund.created", "succeeded", "1", json!(1_000_000), "usd").await;
    assert_eq!(world.revenue().await, 1_800, "never more than came in");
    let case = world.case_of("mem_1").await;
    assert_eq!((&case["status"], &case["returned_amount"]), (&json!("recovered"), &json!(1900)));
    assert_eq!(world.kpis().await["recoveries"], 2, "money that went back was recovered all the same");
}

#[tokio::test]
async fn a_refund_without_an_amount_or_in_another_currency_counts_as_the_whole() {
    let world = World::start().await;
    world.recover("1", "19.00", "usd").await;
    world.recover("2", "19.00", "usd").await;
    world.recover("3", "19.00", "usd").await;
    world.give_back("refund.created", "succeeded", "1", Value::Null, "usd").await;
    assert_eq!(world.revenue().await, 3_800);
    world.give_back("refund.created", "succeeded", "2", json!(17.5), "eur").await;
    assert_eq!(world.revenue().await, 1_900);
    world.give_back("dispute.created", "warning_needs_response", "3", json!(19), "usd").await;
    assert_eq!(world.revenue().await, 1_900, "an inquiry moves no money");
}
