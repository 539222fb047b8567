//! Our balance and its lines.

use std::collections::BTreeMap;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::StripeStandIn;
use super::list::page;
use super::params::Params;
use super::world::{Line, World};
use crate::fault::Operation;

pub(super) async fn show(
    State(stripe): State<StripeStandIn>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let read = |world: &World, _, params: Params| {
        params.finish()?;
        let (available, pending) = world.shares();
        Ok(json!({
            "object": "balance",
            "available": shares(available),
            "livemode": false,
            "pending": shares(pending),
        }))
    };
    stripe.tell(Operation::Balance, headers, query, read).await
}

pub(super) async fn list(
    State(stripe): State<StripeStandIn>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let read = |world: &World, now: DateTime<Utc>, mut params: Params| {
        let (kind, source) = (params.take("type"), params.take("source"));
        let created = params.created()?;
        let wanted = |line: &Line| {
            kind.as_ref().is_none_or(|kind| line.kind == *kind)
                && (source.is_none() || line.source == source)
                && created(line.created)
        };
        page(("balance_transaction", &world.lines), params, wanted, |line| line.shape(now))
    };
    stripe.tell(Operation::BalanceTransactions, headers, query, read).await
}

fn shares(shares: BTreeMap<String, i64>) -> Vec<Value> {
    let share = |(currency, amount)| json!({"amount": amount, "currency": currency});
    shares.into_iter().map(share).collect()
}

impl Line {
    fn shape(&self, now: DateTime<Utc>) -> Value {
        json!({
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": self.available_on.timestamp(),
            "created": self.created.timestamp(),
            "currency": self.currency,
            "fee": self.fee,
            "net": self.net(),
            "reporting_category": self.kind,
            "source": self.source,
            "status": if self.available_on <= now { "available" } else { "pending" },
            "type": self.kind,
        })
    }
}
