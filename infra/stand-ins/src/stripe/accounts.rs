//! Connected accounts.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::StripeStandIn;
use super::answer::ReadRequest;
use super::params::Params;
use super::refusal::Refusal;
use super::world::{Account, World};
use crate::fault::Operation;

pub(super) async fn show(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    asked: ReadRequest,
) -> Response {
    let read = move |world: &World, _, params: Params| {
        params.finish()?;
        let account = world.accounts.get(&id).filter(|account| !account.deleted);
        account.map(Account::shape).ok_or_else(|| Refusal::no_access_to(&id))
    };
    stripe.answer_read(Operation::Account, asked, read).await
}

impl Account {
    pub(super) fn shape(&self) -> Value {
        let enabled = self.disabled_reason.is_none();
        json!({
            "id": self.id,
            "object": "account",
            "capabilities": {"transfers": if enabled { "active" } else { "inactive" }},
            "charges_enabled": enabled,
            "country": "US",
            "default_currency": self.default_currency,
            "details_submitted": true,
            "metadata": self.metadata,
            "payouts_enabled": enabled,
            "requirements": {"currently_due": [], "disabled_reason": self.disabled_reason},
            "type": "express",
        })
    }
}
