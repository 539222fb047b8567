//! Whop's signatures in both schemes.

use axum::body::Body;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;
use shared::providers::whop::{Secret, sign_legacy, sign_standard};

use crate::world::{Answer, World};

/// The endpoint of Whop's webhooks.
pub const WHOP_PATH: &str = "/api/webhooks/whop";

pub const SECRET: &str = "ws_sandbox_webhook_secret";

/// The two schemes in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Standard Webhooks, of version v1.
    Standard,
    /// `x-whop-signature`, of versions v2 and v5.
    Legacy,
}

impl Scheme {
    pub const ALL: [Self; 2] = [Self::Standard, Self::Legacy];

    /// A delivery of `body`, signed at `at` with `secret`.
    pub fn sign(self, id: &str, at: DateTime<Utc>, body: &[u8], secret: &str) -> Request<Body> {
        let secret = Secret::new(secret).unwrap();
        let request = Request::post(WHOP_PATH).header("content-type", "application/json");
        let request = match self {
            Self::Standard => request
                .header("webhook-id", id)
                .header("webhook-timestamp", at.timestamp())
                .header("webhook-signature", sign_standard(id, at, body, &secret)),
            Self::Legacy => request.header("x-whop-signature", sign_legacy(at, body, &secret)),
        };
        request.body(Body::from(body.to_vec())).unwrap()
    }
}

impl World {
    /// Delivers a body as Whop does now, in either scheme.
    pub async fn deliver_signed(&self, scheme: Scheme, id: &str, body: &[u8]) -> Answer {
        self.ask(scheme.sign(id, self.now(), body, SECRET)).await
    }

    /// Delivers an event of the older dialects: without an id, in the older scheme.
    pub async fn deliver_unnamed(&self, event: &Value) -> Answer {
        self.deliver_signed(Scheme::Legacy, "", event.to_string().as_bytes()).await
    }
}
