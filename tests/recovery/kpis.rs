//! The dashboard's figures are counted incrementally; here they are recounted.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use http::Method;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use shared::domain::kernel::time;

use support::world::{COMPANY, OWNER, World, beginning, id_of, payment};

const OTHER: (&str, &str) = ("biz_beta", "user_beta");
const COMPANIES: [(&str, &str); 2] = [(COMPANY, OWNER), OTHER];
const CURRENCIES: [&str; 4] = ["usd", "eur", "jpy", "kwd"];
const WINDOWS: [u64; 4] = [1, 7, 30, 365];

/// One event of a long history.
#[derive(Debug, Clone)]
struct Event {
    kind: &'static str,
    status: &'static str,
    member: usize,
    charge: u8,
    minutes_ago: i64,
    amount: u16,
}

fn any_event() -> impl Strategy<Value = Event> {
    let kinds = prop_oneof![
        8 => Just(("payment.failed", "open")),
        5 => Just(("payment.succeeded", "paid")),
        2 => Just(("membership.activated", "active")),
        1 => Just(("membership.deactivated", "canceled")),
        2 => Just(("refund.created", "succeeded")),
        1 => Just(("refund.updated", "failed")),
        1 => Just(("dispute.created", "needs_response")),
        1 => Just(("dispute.updated", "won")),
    ];
    // Some of it within days, some within weeks, some beyond every window.
    let ages_days = select(vec![1, 2, 7, 8, 30, 31, 200, 400]);
    (kinds, 0..40_usize, 0..2_u8, ages_days, 0.0..1.0, 1..9_000_u16).prop_map(
        |((kind, status), member, charge, days, part, amount)| {
            let minutes_ago = (f64::from(days) * 1_440.0 * part) as i64;
            Event { kind, status, member, charge, minutes_ago, amount }
        },
    )
}

impl Event {
    fn as_event(&self) -> Value {
        let at = beginning() - Duration::minutes(self.minutes_ago);
        let (company, _) = COMPANIES[self.member % 2];
        let membership = format!("mem_{}", self.member);
        let charge = format!("pay_{}_{}", self.member, self.charge);
        let currency = CURRENCIES[self.member % CURRENCIES.len()];
        if self.kind.starts_with("payment") {
            let mut event = payment(self.kind, company, &membership, &charge, at);
            event["data"]["subtotal"] = json!(self.amount);
            event["data"]["currency"] = json!(currency);
            return event;
        }
        let data = if self.kind.starts_with("membership") {
            json!({"id": membership, "status": self.status})
        } else {
            json!({"id": format!("back_{charge}"), "status": self.status, "amount": self.amount,
                "currency": currency, "payment": {"id": charge, "membership": {"id": membership}}})
        };
        json!({"id": format!("msg_{}_{charge}_{}", self.kind, self.minutes_ago), "type": self.kind,
            "timestamp": time::format(at), "company_id": company, "data": data})
    }
}

#[easy_ext::ext(KpisSteps)]
impl World {
    async fn ask_as(&self, (company, owner): (&str, &str), path: &str) -> Value {
        self.ask(self.owner_request(company, owner, Method::GET, path, None)).await.ok()
    }

    /// Every case of a company, page by page.
    async fn all_cases(&self, who: (&str, &str)) -> Vec<Value> {
        let mut cases = Vec::new();
        let mut path = "/api/dashboard/cases?limit=7".to_owned();
        loop {
            let page = self.ask_as(who, &path).await;
            cases.extend(page["data"].as_array().unwrap().clone());
            let Some(cursor) = page["next_cursor"].as_str() else { return cases };
            path = format!("/api/dashboard/cases?limit=7&cursor={cursor}");
        }
    }

    async fn expect_figures_to_be_counted_right(&self) {
        for who in COMPANIES {
            let cases = self.all_cases(who).await;
            for window in WINDOWS {
                let figures = self.ask_as(who, &format!("/api/dashboard/kpis?window={window}")).await;
                assert_eq!(figures, recount(&cases, window, self.now()), "{who:?} {window}");
            }
        }
    }
}

/// The figures, from nothing but the cases as they are listed.
fn recount(cases: &[Value], window: u64, now: DateTime<Utc>) -> Value {
    let to = now.date_naive();
    let from = to - Days::new(window - 1);
    let day = |case: &Value| -> NaiveDate {
        time::parse(case["first_failure_at"].as_str().unwrap()).unwrap().date_naive()
    };
    let cases: Vec<&Value> = cases.iter().filter(|case| (from..=to).contains(&day(case))).collect();
    let recovered: Vec<_> = cases.iter().filter(|case| case["status"] == "recovered").collect();
    let mut revenue: BTreeMap<&str, i64> = BTreeMap::new();
    for case in &recovered {
        let kept = case["recovered_amount"].as_i64().unwrap() - case["returned_amount"].as_i64().unwrap();
        *revenue.entry(case["recovered_currency"].as_str().unwrap()).or_default() += kept;
    }
    let mut currencies: BTreeMap<&str, usize> = BTreeMap::new();
    for case in &cases {
        *currencies.entry(case["currency"].as_str().unwrap()).or_default() += 1;
    }
    let most = currencies.values().max().copied();
    let main = currencies.iter().find(|(_, count)| Some(**count) == most).map_or("usd", |(name, _)| name);
    let rate = if cases.is_empty() { 0.0 } else { recovered.len() as f64 / cases.len() as f64 };
    let revenues: Vec<Value> = revenue
        .iter()
        .filter(|(_, amount)| **amount != 0)
        .map(|(currency, amount)| json!({"currency": currency, "amount": amount}))
        .collect();
    json!({
        "window_days": window,
        "from": from.to_string(),
        "to": to.to_string(),
        "active_cases": cases.len(),
        "recoveries": recovered.len(),
        "recovery_rate": (rate * 10_000.0).round() / 10_000.0,
        "currency": main,
        "recovered_revenue_cents": revenue.get(main).copied().unwrap_or_default(),
        "recovered_revenue": revenues,
    })
}

#[tokio::test]
async fn the_figures_of_a_long_history_are_those_of_its_cases() {
    let world = World::start().await;
    world.add_company(OTHER.0, OTHER.1, true);
    for member in 0..40 {
        world.add_past_due(COMPANIES[member % 2].0, &format!("mem_{member}"));
    }
    // The runner is seeded: the same history each time.
    let mut runner = TestRunner::deterministic();
    let history = proptest::collection::vec(any_event(), 240).new_tree(&mut runner).unwrap().current();
    for (number, event) in history.iter().enumerate() {
        let event = event.as_event();
        assert_eq!(world.deliver(&id_of(&event), event.clone()).await.ok()["event_id"], event["id"]);
        if number % 60 == 59 {
            world.expect_figures_to_be_counted_right().await;
        }
    }
    world.expect_figures_to_be_counted_right().await;
    for who in COMPANIES {
        let cases = world.all_cases(who).await;
        let recovered = cases.iter().filter(|case| case["status"] == "recovered").count();
        let returned = cases.iter().filter(|case| case["returned_amount"] != 0).count();
        let worth_counting = cases.len() > 20 && recovered > 5 && returned > 2;
        assert!(worth_counting, "{} cases, {recovered} recovered, {returned} returned", cases.len());
    }
    // The sweep closes expired cases, and the days pass.
    world.advance(Duration::days(3));
    world.settle().await;
    world.expect_figures_to_be_counted_right().await;
}

#[tokio::test]
async fn the_figures_cost_one_query_beside_the_limit_however_many_cases_there_are() {
    let world = World::start().await;
    for member in 0..60 {
        let failed_at = world.now() - Duration::days(member * 6);
        world.fail(&format!("mem_{member}"), &format!("pay_{member}"), failed_at).await.ok();
        for window in if member % 20 == 0 { &WINDOWS[..] } else { &[] } {
            world.service.dynamo.reset_requests();
            world.get(&format!("/api/dashboard/kpis?window={window}")).await;
            let operations: Vec<_> =
                world.service.dynamo.requests().into_iter().map(|request| request.operation).collect();
            assert_eq!(operations, ["UpdateItem", "Query"], "{member} {window}");
        }
    }
}

#[tokio::test]
async fn a_window_ends_today_and_begins_at_midnight() {
    let world = World::start().await;
    let today = world.now().date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
    world.fail("mem_1", "pay_1", today - Duration::days(6)).await.ok();
    world.fail("mem_2", "pay_2", today - Duration::days(6) - Duration::milliseconds(1)).await.ok();
    world.fail("mem_3", "pay_3", today).await.ok();
    for (window, cases) in [(1, 1), (2, 1), (6, 1), (7, 2), (8, 3)] {
        let figures = world.get(&format!("/api/dashboard/kpis?window={window}")).await;
        assert_eq!(figures["active_cases"], cases, "{window}");
    }
    for window in ["0", "366", "-1", "7.0", "x", "", "+7", "99999999999"] {
        let path = format!("/api/dashboard/kpis?window={window}");
        let answer = world.owner(Method::GET, &path, None).await;
        assert_eq!(answer.status, 400, "{window}");
        assert_eq!(answer.json()["errors"][0]["field"], "window", "{window}");
    }
    let none = world.get("/api/dashboard/kpis").await;
    assert_eq!((&none["window_days"], &none["recovery_rate"]), (&json!(30), &json!(0.0)));
}
