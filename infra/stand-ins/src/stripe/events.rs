//! Events: a list of the last 30 days, and the undelivered ones.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::StripeStandIn;
use super::answer::ReadRequest;
use super::change::Change;
use super::list::page;
use super::params::Params;
use super::refusal::Refusal;
use super::world::{Event, World};
use crate::fault::Operation;

/// How long Stripe lists an event.
const LISTED_DAYS: i64 = 30;
/// How long Stripe tries to deliver one.
const TRIED_DAYS: i64 = 3;
/// How many types one request may name.
const MAX_TYPES: usize = 20;

/// An event for a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    /// The type, such as `payment_intent.canceled`.
    pub kind: String,
    /// The bytes to sign and to send.
    pub body: String,
}

impl Delivery {
    fn of(event: &Event) -> Self {
        Self { id: event.id.clone(), kind: event.kind.clone(), body: event.body.to_string() }
    }
}

pub(super) async fn list(State(stripe): State<StripeStandIn>, asked: ReadRequest) -> Response {
    let read = |world: &World, now: DateTime<Utc>, mut params: Params| {
        let mut types = params.take_all("types[]");
        types.extend(params.take("type"));
        if types.len() > MAX_TYPES {
            return Err(Refusal::invalid(Some("types"), "You may name up to 20 types."));
        }
        let (created, delivered) = (params.created()?, params.take("delivery_success"));
        let wanted = |event: &Event| {
            let taken = if world.undelivered.contains(&event.id) { "false" } else { "true" };
            now - event.created <= Duration::days(LISTED_DAYS)
                && (types.is_empty() || types.contains(&event.kind))
                && delivered.as_ref().is_none_or(|delivered| delivered == taken)
                && created(event.created)
        };
        page(("event", &world.events), params, wanted, |event: &Event| -> Value { event.body.clone() })
    };
    stripe.answer_read(Operation::Events, asked, read).await
}

impl StripeStandIn {
    /// The undelivered events, oldest first. Stripe guarantees no order and no single delivery, so tests may
    /// deliver them in any order and repeatedly.
    pub fn undelivered_events(&self) -> Vec<Delivery> {
        let (now, world) = self.now_and_world();
        let waiting = world.undelivered.iter().filter_map(|id| world.events.get(id));
        let tried = waiting.filter(|event| now - event.created < Duration::days(TRIED_DAYS));
        tried.map(Delivery::of).collect()
    }

    /// Everything that ever happened, oldest first, delivered or not.
    pub fn events(&self) -> Vec<Delivery> {
        self.now_and_world().1.events.values().map(Delivery::of).collect()
    }

    /// A subscriber has taken the event; it may be delivered again all the same.
    pub fn mark_delivered(&self, id: &str) {
        let mut world = self.state();
        if world.undelivered.contains(id) {
            self.commit(&mut world, vec![], vec![Change::Delivered(id.to_owned())]);
        }
    }
}
