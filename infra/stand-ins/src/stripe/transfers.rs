//! Transfers: create, retrieve, list.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::StripeStandIn;
use super::answer::{ReadRequest, WriteRequest};
use super::change::Change;
use super::intents::company_named;
use super::list::page;
use super::params::Params;
use super::refusal::Refusal;
use super::transaction::{StripeTransaction, id as next_id};
use super::world::{Transfer, World};
use crate::fault::Operation;
use crate::outbox::Kind;

/// How many reversals a transfer shows.
const SHOWN_REVERSALS: usize = 10;

pub(super) async fn create(State(stripe): State<StripeStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let company = company_named(&body);
    let (operation, path) = (Operation::CreateTransfer, "/v1/transfers".to_owned());
    let order = WriteRequest { operation, path, company, headers, body };
    stripe.execute(order, |transaction, params| transaction.create_transfer(params)).await
}

pub(super) async fn show(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    asked: ReadRequest,
) -> Response {
    let read = move |world: &World, _, params: Params| {
        params.finish()?;
        world.transfers.get(&id).map(Transfer::shape).ok_or_else(|| Refusal::no_such("transfer", &id))
    };
    stripe.answer_read(Operation::Transfer, asked, read).await
}

pub(super) async fn list(State(stripe): State<StripeStandIn>, asked: ReadRequest) -> Response {
    let read = |world: &World, _, mut params: Params| {
        let (group, destination) = (params.take("transfer_group"), params.take("destination"));
        let created = params.created()?;
        let wanted = |transfer: &Transfer| {
            (group.is_none() || transfer.transfer_group == group)
                && destination.as_ref().is_none_or(|destination| transfer.destination == *destination)
                && created(transfer.created)
        };
        page(("transfer", &world.transfers), params, wanted, Transfer::shape)
    };
    stripe.answer_read(Operation::Transfers, asked, read).await
}

impl StripeTransaction<'_> {
    fn create_transfer(&mut self, mut params: Params) -> Result<Value, Refusal> {
        let (amount, currency) = (params.amount()?, params.currency()?);
        let destination = params.required("destination")?;
        let (group, source) = (params.take("transfer_group"), params.take("source_transaction"));
        let (metadata, description) = (params.metadata(), params.take("description"));
        params.finish()?;
        self.check_destination(&destination)?;
        let transfer_group = match &source {
            Some(charge) => self.draw_on(charge, amount, &currency, group)?,
            None if self.world.available(&currency) < amount => {
                return Err(Refusal::found(
                    Some("balance_insufficient"),
                    "You have insufficient available funds in your Stripe account.",
                ));
            }
            None => group,
        };
        let id = next_id("tr", self.world.transfers.len());
        let source_charge = source.as_ref().and_then(|id| self.world.charges.get(id));
        let available_on = source_charge.and_then(|charge| charge.available_on).unwrap_or(self.now);
        let line = self.line("transfer", Some(&id), (-amount, 0, &currency), available_on);
        let transfer = Transfer {
            id,
            amount,
            currency,
            destination,
            transfer_group,
            source_transaction: source,
            metadata,
            description,
            line,
            reversals: Vec::new(),
            created: self.now,
        };
        self.event("transfer.created", transfer.shape());
        let detail = json!({
            "transfer": transfer.id,
            "amount": amount,
            "currency": transfer.currency,
            "transfer_group": transfer.transfer_group,
            "source_transaction": transfer.source_transaction,
            "metadata": transfer.metadata,
        });
        self.leaves(Kind::Transfer, &transfer.destination, detail);
        self.put(Change::Transfer(Box::new(transfer.clone())));
        Ok(transfer.shape())
    }

    fn check_destination(&self, id: &str) -> Result<(), Refusal> {
        match self.world.accounts.get(id).filter(|account| !account.deleted) {
            None => Err(Refusal::no_such_named("destination", "destination", id)),
            Some(account) if account.disabled_reason.is_some() => Err(Refusal::found(
                Some("insufficient_capabilities_for_transfer"),
                "Your destination account needs to have at least one of the following capabilities \
                 enabled: transfers, crypto_transfers, legacy_payments",
            )),
            Some(_) => Ok(()),
        }
    }

    /// Takes the amount from the remaining amount of a charge, whether or not its money is available. The
    /// group is the charge's; another group is refused.
    fn draw_on(
        &mut self,
        id: &str,
        amount: i64,
        currency: &str,
        group: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let charge = self.world.charges.get(id);
        let mut charge =
            charge.cloned().ok_or_else(|| Refusal::no_such_named("source_transaction", "charge", id))?;
        if charge.currency != currency {
            let message = format!(
                "The currency of source_transaction's balance transaction ({}) must be the same as the \
                 transfer currency ({currency})",
                charge.currency
            );
            return Err(Refusal::found(None, message));
        }
        if amount > charge.amount_captured - charge.drawn {
            let message = "The transfers from a charge cannot exceed what was captured of it.";
            return Err(Refusal::found(None, message));
        }
        if charge.transfer_group.is_some() && group.is_some() && group != charge.transfer_group {
            let message = "The transfer_group must be the one of the source_transaction.";
            return Err(Refusal::found(None, message));
        }
        charge.drawn += amount;
        let own = format!("group_{}", charge.intent);
        let group = charge.transfer_group.get_or_insert_with(|| group.unwrap_or(own)).clone();
        self.put(Change::Charge(Box::new(charge)));
        Ok(Some(group))
    }
}

impl Transfer {
    /// The id of its n-th reversal, counted from one.
    pub(super) fn reversal_id(&self, number: usize) -> String {
        format!("trr_{}_{number}", self.id)
    }

    pub(super) fn reversal_shape(&self, number: usize) -> Option<Value> {
        let (at, amount) = self.reversals.get(number.checked_sub(1)?)?;
        Some(json!({
            "id": self.reversal_id(number),
            "object": "transfer_reversal",
            "amount": amount,
            "created": at.timestamp(),
            "currency": self.currency,
            "metadata": {},
            "transfer": self.id,
        }))
    }

    pub(super) fn shape(&self) -> Value {
        let newest = (1..=self.reversals.len()).rev();
        let shown: Vec<Value> =
            newest.take(SHOWN_REVERSALS).filter_map(|number| self.reversal_shape(number)).collect();
        json!({
            "id": self.id,
            "object": "transfer",
            "amount": self.amount,
            "amount_reversed": self.amount_reversed(),
            "balance_transaction": self.line,
            "created": self.created.timestamp(),
            "currency": self.currency,
            "description": self.description,
            "destination": self.destination,
            "livemode": false,
            "metadata": self.metadata,
            "reversals": {
                "object": "list",
                "data": shown,
                "has_more": self.reversals.len() > SHOWN_REVERSALS,
                "total_count": self.reversals.len(),
                "url": format!("/v1/transfers/{}/reversals", self.id),
            },
            "reversed": self.amount_reversed() == self.amount,
            "source_transaction": self.source_transaction,
            "source_type": "card",
            "transfer_group": self.transfer_group,
        })
    }
}
