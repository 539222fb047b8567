//! Our balance and its lines.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::StripeStandIn;
use super::answer::ReadRequest;
use super::list::page;
use super::params::Params;
use super::refunds::Refund;
use super::refusal::Refusal;
use super::world::{Charge, Line, Transfer, World};
use crate::fault::Operation;

pub(super) async fn show(State(stripe): State<StripeStandIn>, asked: ReadRequest) -> Response {
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
    stripe.answer_read(Operation::Balance, asked, read).await
}

pub(super) async fn show_line(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    asked: ReadRequest,
) -> Response {
    let read = move |world: &World, now: DateTime<Utc>, mut params: Params| {
        let whole = params.expands("source")?;
        params.finish()?;
        let line = world.lines.get(&id).ok_or_else(|| Refusal::no_such("balance transaction", &id))?;
        Ok(line.shape(now, whole.then_some(world)))
    };
    stripe.answer_read(Operation::BalanceTransaction, asked, read).await
}

pub(super) async fn list(State(stripe): State<StripeStandIn>, asked: ReadRequest) -> Response {
    let read = |world: &World, now: DateTime<Utc>, mut params: Params| {
        let (kind, source) = (params.take("type"), params.take("source"));
        let whole = params.expands("data.source")?.then_some(world);
        let created = params.created()?;
        let wanted = |line: &Line| {
            kind.as_ref().is_none_or(|kind| line.kind == *kind)
                && (source.is_none() || line.source == source)
                && created(line.created)
        };
        page(("balance_transaction", &world.lines), params, wanted, |line| line.shape(now, whole))
    };
    stripe.answer_read(Operation::BalanceTransactions, asked, read).await
}

fn shares(shares: BTreeMap<String, i64>) -> Vec<Value> {
    let share = |(currency, amount)| json!({"amount": amount, "currency": currency});
    shares.into_iter().map(share).collect()
}

impl World {
    /// The source of a balance transaction.
    fn source(&self, id: &str) -> Option<Value> {
        match id.split('_').next()? {
            "ch" => self.charges.get(id).map(Charge::shape),
            "re" => self.refunds.get(id).map(Refund::shape),
            "tr" => self.transfers.get(id).map(Transfer::shape),
            "trr" => {
                let (transfer, number) = id.strip_prefix("trr_")?.rsplit_once('_')?;
                self.transfers.get(transfer)?.reversal_shape(number.parse().ok()?)
            }
            "dp" => {
                let charge = self.charges.get(id.strip_prefix("dp_")?)?;
                Some(charge.dispute.as_ref()?.shape(charge))
            }
            _ => None,
        }
    }
}

impl Line {
    /// The source as its id, or expanded from `world`.
    fn shape(&self, now: DateTime<Utc>, world: Option<&World>) -> Value {
        let source = world.zip(self.source.as_deref()).and_then(|(world, id)| world.source(id));
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
            "source": source.unwrap_or_else(|| json!(self.source)),
            "status": if self.available_on <= now { "available" } else { "pending" },
            "type": self.kind,
        })
    }
}
