//! Trouble at every request of whoever asks for a booking or decides about one: the same request again,
//! under the same key, comes to the same end, and nothing was done twice. What an answer left open, a
//! tick finishes.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::outbox::Kind;

use support::exactly_once::LEASES;
use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::parties::{PRICE, path_of};
use support::world::{Answer, World};

/// What is under way when the trouble strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkerFuture {
    Request,
    Accept,
    Decline,
    Cancel,
}

impl WorkerFuture {
    async fn prepare(self) -> (World, Value) {
        let world = World::start().await;
        let job = world.job();
        let booking = match self {
            Self::Request => job,
            Self::Accept | Self::Decline => world.held("key-1").await,
            Self::Cancel => world.accepted_booking("key-1").await,
        };
        (world, booking)
    }

    async fn act(self, world: &World, booking: &Value) -> Answer {
        match self {
            Self::Request => world.keyed(Method::POST, "/api/bookings", "key-2", booking.clone()).await,
            Self::Accept => world.decide(booking, "accept", "key-2").await,
            Self::Decline => world.decide(booking, "decline", "key-2").await,
            Self::Cancel => world.decide(booking, "cancel", "key-2").await,
        }
    }

    /// One end, the same as without trouble.
    async fn check(self, world: &World, told: &str) {
        let list = world.get("/api/bookings").await;
        assert_eq!(list["data"].as_array().unwrap().len(), 1, "{told}: {list:#}");
        let booking = world.seen(&list["data"][0]).await;
        let sent = |kind| world.sent(kind);
        let money = (sent(Kind::Capture), sent(Kind::Release), sent(Kind::Refund), sent(Kind::Mail));
        let (status, moved, captured) = match self {
            Self::Request => ("requested", (0, 0, 0, 0), 0),
            Self::Accept => ("accepted", (1, 0, 0, 0), PRICE),
            Self::Decline => ("declined", (0, 1, 0, 1), 0),
            Self::Cancel => ("cancelled", (1, 0, 1, 0), PRICE),
        };
        assert_eq!((&booking["status"], money), (&json!(status), moved), "{told}: {booking:#}");
        assert_eq!(booking["captured_amount"], captured, "{told}: {booking:#}");
        assert_eq!(booking["anomalies"], json!([]), "{told}");
        let payment = world.get(&format!("{}/payment", path_of(&booking))).await;
        assert_eq!(payment["payment_intent_id"], booking["payment_intent_id"], "{told}");
        world.check_the_books().await;
    }
}

/// After the trouble: a new process, and the same request until it is answered.
async fn recover(run_worker: WorkerFuture, world: &mut World, booking: &Value, told: &str) {
    world.restart().await;
    for _ in 0..3 {
        world.advance(LEASES + Duration::minutes(2));
        let answer = run_worker.act(world, booking).await;
        if answer.status.is_success() {
            world.advance(LEASES);
            world.settle().await;
            return;
        }
        assert!(answer.status == 409 || answer.status == 503, "{told}: {answer:?}");
    }
    panic!("{told}: never answered");
}

async fn strike_everywhere(run_worker: WorkerFuture) {
    let mut runs = 0;
    for trouble in FAULT_POINTS {
        for call in 1.. {
            let told = format!("{run_worker:?}, {trouble:?} at call {call}");
            let (mut world, booking) = run_worker.prepare().await;
            let struck =
                InjectedFault::at(&world, trouble, call).during(run_worker.act(&world, &booking)).await;
            recover(run_worker, &mut world, &booking, &told).await;
            run_worker.check(&world, &told).await;
            runs += 1;
            if !struck {
                break;
            }
        }
    }
    eprintln!("{run_worker:?}: {runs} runs");
}

#[tokio::test]
async fn a_request_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Request).await;
}

#[tokio::test]
async fn a_promise_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Accept).await;
}

#[tokio::test]
async fn a_no_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Decline).await;
}

#[tokio::test]
async fn calling_off_survives_trouble_at_every_request() {
    strike_everywhere(WorkerFuture::Cancel).await;
}
