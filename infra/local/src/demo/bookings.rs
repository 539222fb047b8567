//! Bookings of the demo company in various states. The clock is set back for each, so that every step happens
//! at its own time.

use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::json::read_trusted;

use super::{COMPANY, OWNER};
use crate::service::Service;
use stand_ins::whop::APP_ID;

/// The professional, and their Stripe account.
const PROFESSIONAL: &str = "user_demo_professional";
const ACCOUNT: &str = "acct_demo_professional";

/// The price of every job: 450 000 pesos, which have two decimals at Stripe.
const PRICE: i64 = 45_000_000;

/// The last step of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum End {
    Requested,
    Authorized,
    Declined,
    Accepted,
    Completed,
}

/// The start of each booking in hours before now, oldest first. The scheduled job declines the fifth within
/// ten minutes, unless it is answered.
const STORIES: [(f64, End); 7] = [
    (150.0, End::Completed),
    (80.0, End::Declined),
    (55.0, End::Completed),
    (30.0, End::Accepted),
    (23.9, End::Authorized),
    (3.0, End::Authorized),
    (1.0, End::Requested),
];

/// Creates the bookings and restores the clock.
pub(super) async fn seed(service: &Service) {
    let clock = &service.sandbox.clock;
    let now = clock.now();
    service.sandbox.stripe.add_account_of(ACCOUNT, "cop", COMPANY, PROFESSIONAL);
    let path = format!("/api/admin/professionals/{PROFESSIONAL}");
    ask(service, Method::PUT, &path, "demo-professional", json!({"stripe_account_id": ACCOUNT})).await;
    for (number, (hours_ago, end)) in STORIES.into_iter().enumerate() {
        let began = now - Duration::minutes((hours_ago * 60.0) as i64);
        if play_booking(service, number + 1, began, end).await.is_none() {
            tracing::warn!(number, "a booking of the demo was not completed");
        }
    }
    clock.set(now);
}

/// Creates one booking; `None` if a request was refused.
async fn play_booking(service: &Service, number: usize, began: DateTime<Utc>, end: End) -> Option<()> {
    let at = |hours: f64| service.sandbox.clock.pass(began + Duration::minutes((hours * 60.0) as i64));
    at(0.0);
    // The same on every day, so that a booking whose creation was interrupted is continued.
    let start = (began + Duration::days(3)).date_naive().and_hms_opt(15, 0, 0)?.and_utc();
    let asked = json!({
        "professional_id": PROFESSIONAL, "customer_id": format!("user_demo_customer_{number}"),
        "customer_email": format!("customer{number}@example.com"), "language": "es",
        "amount": PRICE, "currency": "cop", "scheduled_start": time::format(start),
    });
    let booking = ask(service, Method::POST, "/api/bookings", &key(number, "request"), asked).await?;
    let payment = booking["payment_intent_id"].as_str()?;
    if end >= End::Authorized {
        at(0.05);
        if service.sandbox.stripe.charge_of(payment).is_none() {
            service.sandbox.stripe.authorize(payment);
        }
        service.deliver_stripe_events().await;
    }
    let id = booking["booking_id"].as_str()?;
    let decided: &[(f64, &str)] = match end {
        End::Requested | End::Authorized => &[],
        End::Declined => &[(1.0, "decline")],
        End::Accepted => &[(1.0, "accept")],
        End::Completed => &[(1.0, "accept"), (20.0, "complete")],
    };
    for (hours, what) in decided {
        at(*hours);
        let path = format!("/api/bookings/{id}/{what}");
        ask(service, Method::POST, &path, &key(number, what), json!({})).await?;
        service.deliver_stripe_events().await;
    }
    Some(())
}

fn key(number: usize, what: &str) -> String {
    format!("demo-{number}-{what}")
}

/// Sends a request as the demo's owner; `None` for a refusal.
async fn ask(service: &Service, method: Method, path: &str, key: &str, body: Value) -> Option<Value> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-whop-user-token", service.sandbox.whop.user_token(OWNER, APP_ID))
        .header("x-company-id", COMPANY)
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    let response = service.ask(request.ok()?).await;
    let succeeded = response.status().is_success();
    let bytes = response.into_body().collect().await.ok()?.to_bytes();
    read_trusted(&bytes).ok().filter(|_| succeeded)
}
