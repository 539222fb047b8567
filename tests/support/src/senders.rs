//! The senders of webhooks with their signatures and endpoints.

use crate::world::World;
use axum::body::Body;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::json;
use shared::providers::standard_webhooks::SigningKey;
use shared::providers::stripe::{self, Secret};

/// A sender's signature scheme and endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Stripe,
    /// Standard Webhooks, with a shared key.
    Shared,
    /// Standard Webhooks, with a private key.
    Private,
}

impl Sender {
    pub const ALL: [Self; 3] = [Self::Stripe, Self::Shared, Self::Private];

    /// The sandbox's secret; for a key pair, the private key, which the service does not have.
    pub fn secret(self) -> &'static str {
        match self {
            Self::Stripe => "whsec_sandbox_webhook_secret",
            Self::Shared => "whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=",
            Self::Private => "whsk_c2FuZGJveCBwcml2YXRlIGtleSBvZiAzMiBieXRlcyE=",
        }
    }

    pub fn source(self) -> &'static str {
        if self == Self::Stripe { "stripe" } else { "sandbox" }
    }

    pub fn path(self) -> String {
        format!("/api/webhooks/{}", self.source())
    }

    /// An event with this id. Stripe's id is in the body, the others' in a header.
    pub fn body(self, id: &str) -> Vec<u8> {
        let data = json!({"email": "canary@example.com"});
        let body = match self {
            Self::Stripe => {
                json!({"id": id, "type": "charge.refunded", "created": 1_763_456_400, "livemode": false,
                    "data": data})
            }
            _ => json!({"type": "charge.refunded", "timestamp": "2025-11-18T09:00:00.000Z", "data": data}),
        };
        // The spacing must be kept: a signature covers bytes.
        format!(" {body:#}\n").into_bytes()
    }

    pub fn sign(self, path: &str, id: &str, at: DateTime<Utc>, body: &[u8], secret: &str) -> Request<Body> {
        let request = Request::post(path);
        let request = match self {
            Self::Stripe => {
                request.header("stripe-signature", stripe::sign(at, body, &Secret::new(secret).unwrap()))
            }
            _ => request
                .header("webhook-id", id)
                .header("webhook-timestamp", at.timestamp())
                .header("webhook-signature", SigningKey::parse(secret).unwrap().sign(id, at, body)),
        };
        request.body(Body::from(body.to_vec())).unwrap()
    }

    /// A valid delivery of an event at this moment.
    pub fn deliver(self, world: &World, id: &str) -> Request<Body> {
        self.sign(&self.path(), id, world.now(), &self.body(id), self.secret())
    }
}
