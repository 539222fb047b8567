//! Customers and professionals, and what they ask of each other's bookings.

use axum::body::Body;
use chrono::Duration;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::store::keys::sha256_hex;

use crate::world::{Answer, COMPANY, OWNER, World};

/// The professional of most bookings, by the id that the owner names.
pub const PROFESSIONAL: &str = "user_professional";
pub const PRICE: i64 = 10_000;

impl World {
    /// What the owner asks for on behalf of a customer.
    pub fn job(&self) -> Value {
        json!({
            "professional_id": PROFESSIONAL, "customer_id": "user_customer", "amount": PRICE, "currency": "usd",
            "customer_email": "customer@example.com", "scheduled_start": time::format(self.now() + Duration::days(3)),
        })
    }

    /// A changing request of the owner's, under a key.
    pub async fn keyed(&self, method: Method, path: &str, key: &str, body: Value) -> Answer {
        let mut request = self.owner_request(COMPANY, OWNER, method, path, Some(body));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        self.ask(request).await
    }

    /// A booking that the owner asks for.
    pub async fn book(&self, key: &str) -> Value {
        let answer = self.keyed(Method::POST, "/api/bookings", key, self.job()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// A decision of the owner's.
    pub async fn decide(&self, booking: &Value, what: &str, key: &str) -> Answer {
        self.keyed(Method::POST, &format!("{}/{what}", path_of(booking)), key, json!({})).await
    }

    /// The booking as the owner sees it now.
    pub async fn seen(&self, booking: &Value) -> Value {
        self.get(&path_of(booking)).await
    }

    /// The customer confirms the payment, and Stripe tells of it.
    pub async fn authorize(&self, booking: &Value) {
        self.service.sandbox.stripe.authorize(payment_of(booking));
        self.service.deliver_stripe_events().await;
    }

    /// A booking whose money is held.
    pub async fn held(&self, key: &str) -> Value {
        self.held_for(PROFESSIONAL, key).await
    }

    /// A booking of this professional whose money is held.
    pub async fn held_for(&self, professional: &str, key: &str) -> Value {
        let mut job = self.job();
        job["professional_id"] = json!(professional);
        let booking = self.keyed(Method::POST, "/api/bookings", key, job).await;
        assert_eq!(booking.status, 201, "{booking:?}");
        let booking = booking.json();
        self.authorize(&booking).await;
        booking
    }

    /// A booking that the professional promised, its money taken.
    pub async fn promised(&self, key: &str) -> Value {
        let booking = self.held(key).await;
        self.decide(&booking, "accept", &format!("{key}-accept")).await.ok();
        booking
    }

    /// By which id a bearer of a token with this subject is known.
    pub fn party(&self, subject: &str) -> String {
        format!("{}:{subject}", &sha256_hex(self.service.sandbox.oidc.issuer().as_bytes())[..12])
    }

    /// A request of the bearer of a token.
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

    /// The books add up to nothing in every currency, and a professional's statement to its balances.
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

/// Where a booking is.
pub fn path_of(booking: &Value) -> String {
    format!("/api/bookings/{}", booking["booking_id"].as_str().unwrap_or_else(|| panic!("{booking}")))
}

/// What the customer pays with.
pub fn payment_of(booking: &Value) -> &str {
    booking["payment_intent_id"].as_str().unwrap_or_else(|| panic!("{booking}"))
}
