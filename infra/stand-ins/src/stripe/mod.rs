//! A stand-in for Stripe: payments, refunds, transfers, accounts, the balance and the events, under `/v1`.
//!
//! Known behaviour of Stripe is reproduced, also where it is inconvenient: a key is forgotten after a day and
//! a later request with it acts again, an error is stored under the key like any answer, an authorization
//! expires after seven days, and a void sends `charge.refunded`. Where it is unknown, the stand-in takes the
//! reading that exposes a careless client.

mod accounts;
mod answer;
mod balance;
mod change;
mod charges;
mod customer_actions;
mod disputes;
mod events;
mod intents;
mod list;
mod params;
mod refunds;
mod refusal;
mod transaction;
mod transfers;
mod world;

use std::sync::MutexGuard;

use axum::Router;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use shared::providers::stripe::Mode;

pub use disputes::{Dispute, DisputeStatus};
pub use events::Delivery;
pub use refunds::Refund;
pub use world::{Account, Charge, IntentStatus, PaymentIntent, Transfer};

use crate::base::StandIn;
use transaction::StripeTransaction;
use world::World;

/// The only supported API version, which clients must pin with `Stripe-Version`.
pub use shared::providers::stripe::client::API_VERSION;

/// Stripe, as far as this project talks to it.
pub type StripeStandIn = StandIn<World>;

impl StripeStandIn {
    /// Stripe has a live and a test mode, and the API key selects one. This stand-in has one mode: all its
    /// objects and events have it, and keys of the other mode are refused.
    pub fn set_mode(&self, mode: Mode) {
        self.state().mode = Some(mode);
    }

    /// The API under `/v1`.
    pub fn router(&self) -> Router {
        let api = Router::new()
            .route("/payment_intents", post(intents::create))
            .route("/payment_intents/{id}", get(intents::show))
            .route("/payment_intents/{id}/capture", post(intents::capture))
            .route("/payment_intents/{id}/cancel", post(intents::cancel))
            .route("/refunds", get(refunds::list).post(refunds::create))
            .route("/transfers", get(transfers::list).post(transfers::create))
            .route("/transfers/{id}", get(transfers::show))
            .route("/accounts/{id}", get(accounts::show))
            .route("/balance", get(balance::show))
            .route("/balance_transactions", get(balance::list))
            .route("/balance_transactions/{id}", get(balance::show_line))
            .route("/events", get(events::list))
            .fallback(answer::no_such_route);
        Router::new().nest("/v1", api).with_state(self.clone())
    }

    /// The current state of a PaymentIntent.
    pub fn payment_intent(&self, id: &str) -> Option<PaymentIntent> {
        self.now_and_world().1.intents.get(id).cloned()
    }

    /// The charge of a PaymentIntent, once there is one.
    pub fn charge_of(&self, intent_id: &str) -> Option<Charge> {
        let (_, world) = self.now_and_world();
        let id = world.intents.get(intent_id)?.charge.clone()?;
        world.charges.get(&id).cloned()
    }

    /// Every refund there ever was, oldest first, failed ones included.
    pub fn refunds(&self) -> Vec<Refund> {
        self.now_and_world().1.refunds.values().cloned().collect()
    }

    /// Every transfer there ever was, oldest first.
    pub fn transfers(&self) -> Vec<Transfer> {
        self.now_and_world().1.transfers.values().cloned().collect()
    }

    /// The available balance in one currency.
    pub fn available(&self, currency: &str) -> i64 {
        self.now_and_world().1.available(currency)
    }

    /// The world as it is now, with everything that time alone has done to it.
    fn now_and_world(&self) -> (DateTime<Utc>, MutexGuard<'_, World>) {
        let mut world = self.state();
        let now = self.now();
        while let Some((at, id)) = world.lapsed_hold(now) {
            let mut transaction = StripeTransaction::new(&world, at, None);
            transaction.lapse(&id);
            let changes = transaction.into_parts().1;
            self.commit(&mut world, vec![], changes);
        }
        world.settle_until(now);
        (now, world)
    }
}
