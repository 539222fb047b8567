//! Customers and professionals, and their requests about bookings.

use axum::body::Body;
use chrono::Duration;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::store::keys::sha256_hex;

use crate::world::{Answer, COMPANY, OWNER, World};

/// The professional of most bookings, as the owner names them.
pub const PROFESSIONAL: &str = "user_professional";
pub const PRICE: i64 = 10_000;

impl World {
    /// A booking request of the owner for a customer.
    pub fn job(&self) -> Value {
        json!({
            "professional_id": PROFESSIONAL, "customer_id": "user_customer", "amount": PRICE, "currency": "usd",
            "customer_email": "customer@example.com", "scheduled_start": time::format(self.now() + Duration::days(3)),
        })
    }

    /// A changing request of the owner with an idempotency key.
    pub async fn keyed(&self, method: Method, path: &str, key: &str, body: Value) -> Answer {
        let mut request = self.owner_request(COMPANY, OWNER, method, path, Some(body));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        self.ask(request).await
    }

    /// Requests a booking as the owner.
    pub async fn book(&self, key: &str) -> Value {
        let answer = self.keyed(Method::POST, "/api/bookings", key, self.job()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// Decides as the owner.
    pub async fn decide(&self, booking: &Value, what: &str, key: &str) -> Answer {
        self.keyed(Method::POST, &format!("{}/{what}", path_of(booking)), key, json!({})).await
    }

    /// Reads the booking as the owner.
    pub async fn seen(&self, booking: &Value) -> Value {
        self.get(&path_of(booking)).await
    }

    /// Confirms the payment as the customer; Stripe sends the webhook.
    pub async fn authorize(&self, booking: &Value) {
        self.service.sandbox.stripe.authorize(payment_of(booking));
        self.service.deliver_stripe_events().await;
    }

    /// A booking with an authorized payment.
    pub async fn held(&self, key: &str) -> Value {
        self.authorized_booking_for(PROFESSIONAL, key).await
    }

    /// A booking of this professional with an authorized payment.
    pub async fn authorized_booking_for(&self, professional: &str, key: &str) -> Value {
        let mut job = self.job();
        job["professional_id"] = json!(professional);
        let booking = self.keyed(Method::POST, "/api/bookings", key, job).await;
        assert_eq!(booking.status, 201, "{booking:?}");
        let booking = booking.json();
        self.authorize(&booking).await;
        booking
    }

    /// An accepted booking with a captured payment.
    pub async fn accepted_booking(&self, key: &str) -> Value {
        let booking = self.held(key).await;
        self.decide(&booking, "accept", &format!("{key}-accept")).await.ok();
        booking
    }

    /// The caller id of a bearer token with this subject.
    pub fn party(&self, subject: &str) -> String {
        format!("{}:{subject}", &sha256_hex(self.service.sandbox.oidc.issuer().as_bytes())[..12])
    }

    /// A request with a bearer token.
    pub async fn as_party(
        &self,
        (role, subject): (&str, &str),
        method: Method,
        path: &str,
        body: Option<(&str, Value)>,
    ) -> Answer {
        let issuer = &self.service.sandbox.oidc;
        let mut claims = issuer.bearer_claims(role, COMPANY);
        claims["sub"] = subject.into();
        let token = issuer.sign(&json!({"alg": "RS256", "typ": "at+jwt", "kid": "rs-1"}), &claims);
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        if let Some((key, _)) = body {
            request = request.header("content-type", "application/json").header("idempotency-key", key);
        }
        let body = body.map_or_else(Body::empty, |(_, body)| Body::from(body.to_string()));
        self.ask(request.body(body).unwrap()).await
    }

    /// Checks that the ledger sums to zero in every currency and that the statement matches the balances.
    pub async fn check_the_books(&self) -> Value {
        let books = self.get("/api/ledger/balances").await;
        assert_eq!(books["sums_to_zero"], true, "{books:#}");
        let statement =
            self.get(&format!("/api/professionals/{PROFESSIONAL}/statement?currency=usd&limit=100")).await;
        assert_eq!(statement["next_cursor"], Value::Null, "one page is all of it");
        for account in ["owed_amount", "carried_amount", "paid_amount", "reversed_amount"] {
            let lines = statement["data"].as_array().unwrap().iter();
            let sum: i64 = lines.map(|line| line[account].as_i64().unwrap()).sum();
            let balance = statement["balances"][0][account].as_i64().unwrap_or_default();
            assert_eq!(sum, balance, "{account} of {statement:#}");
        }
        books
    }
}

/// The path of a booking.
pub fn path_of(booking: &Value) -> String {
    format!("/api/bookings/{}", booking["booking_id"].as_str().unwrap_or_else(|| panic!("{booking}")))
}

/// The PaymentIntent of a booking.
pub fn payment_of(booking: &Value) -> &str {
    booking["payment_intent_id"].as_str().unwrap_or_else(|| panic!("{booking}"))
}
