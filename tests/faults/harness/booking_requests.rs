//! One booking and one keyed request of its owner: to request, accept, decline or cancel it.
//!
//! The same request with the same key comes to the same end, and nothing happens twice. Stripe's webhooks are not
//! delivered, so the end follows from its answers.

use chrono::Duration;
use serde_json::{Value, json};
use shared::domain::kernel::time;
use stand_ins::outbox::Kind;

use super::callers::KeyedRequest;
use super::invariant::Invariant;
use super::invariants::of_money;
use super::outside::{mark_delivered, nth};
use super::scenario::{Scenario, WorkerFuture};
use support::parties::{PRICE, path_of};
use support::world::{World, beginning};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookingRequest {
    Request,
    Accept,
    Decline,
    /// Of an accepted booking.
    Cancel,
}

impl BookingRequest {
    fn keyed(self, world: &World) -> KeyedRequest {
        let verb = match self {
            Self::Request => {
                let mut body = world.job();
                // A repeated request has the same body.
                body["scheduled_start"] = time::format(beginning() + Duration::days(3)).into();
                let (path, key) = ("/api/bookings".to_owned(), "request".to_owned());
                return KeyedRequest { path, key, body };
            }
            Self::Accept => "accept",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
        };
        let path = format!("/api/bookings/{}/{verb}", nth(world, 0).1);
        KeyedRequest { path, key: verb.to_owned(), body: json!({}) }
    }

    /// The booking's status, its captures, releases, refunds and mails, and the captured amount.
    fn end(self) -> (&'static str, [usize; 4], i64) {
        match self {
            Self::Request => ("requested", [0, 0, 0, 0], 0),
            Self::Accept => ("accepted", [1, 0, 0, 0], PRICE),
            Self::Decline => ("declined", [0, 1, 0, 1], 0),
            Self::Cancel => ("cancelled", [1, 0, 1, 0], PRICE),
        }
    }
}

impl Scenario for BookingRequest {
    fn name(&self) -> String {
        format!("booking, {self:?}")
    }

    fn workers(&self) -> usize {
        1
    }

    async fn prepare(&self, world: &World) {
        match self {
            Self::Request => {}
            Self::Accept | Self::Decline => drop(world.held("key-1").await),
            Self::Cancel => drop(world.accepted_booking("key-1").await),
        }
        mark_delivered(world);
    }

    fn run_worker(&self, _: usize, process: World) -> WorkerFuture {
        let request = self.keyed(&process);
        Box::pin(async move { request.send(&process).await.status.to_string() })
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_money()
    }

    async fn again(&self, world: &World) {
        let answer = self.keyed(world).send_until_answered(world).await;
        assert!(answer.status.is_success(), "{self:?}, repeated: {answer:?}");
    }

    async fn at_rest(&self, world: &World, context: &str) {
        let list = world.get("/api/bookings").await;
        assert_eq!(list["data"].as_array().unwrap().len(), 1, "{context}\n{list:#}");
        let booking = world.seen(&list["data"][0]).await;
        let moves = [Kind::Capture, Kind::Release, Kind::Refund, Kind::Mail].map(|kind| world.sent(kind));
        let (status, expected, captured) = self.end();
        assert_eq!((&booking["status"], moves), (&json!(status), expected), "{context}\n{booking:#}");
        assert_eq!(booking["captured_amount"], captured, "{context}\n{booking:#}");
        assert_eq!(booking["anomalies"], Value::Array(Vec::new()), "{context}\n{booking:#}");
        let payment = world.get(&format!("{}/payment", path_of(&booking))).await;
        assert_eq!(payment["payment_intent_id"], booking["payment_intent_id"], "{context}");
        world.check_the_books().await;
    }
}
