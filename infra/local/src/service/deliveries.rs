//! Events as providers deliver them: signed with the newest secret, at the time of the sandbox's clock.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use shared::http::Failure;
use shared::providers::standard_webhooks::SigningKey;
use shared::providers::stripe;
use shared::providers::whop::{Secret, sign_standard};

use super::Service;

impl Service {
    /// Delivers an event as Stripe does: signed with the newest secret, now.
    pub async fn deliver_stripe(&self, body: &str) -> Response {
        let secrets = self.app.config.stripe_webhook_secrets.first().map(String::as_str);
        let signature = secrets
            .and_then(Secret::new)
            .map(|secret| stripe::sign(self.app.clock.now(), body.as_bytes(), &secret));
        let mut request = Request::new(Body::from(body.to_owned()));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = Uri::from_static("/api/webhooks/stripe");
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(signature) = signature.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert("stripe-signature", signature);
        }
        self.ask(request).await
    }

    /// Delivers every undelivered event of Stripe, oldest first, and returns how many were accepted. Others
    /// remain for the next time, as Stripe retries them.
    pub async fn deliver_stripe_events(&self) -> usize {
        let mut taken = 0;
        for event in self.sandbox.stripe.undelivered_events() {
            if self.deliver_stripe(&event.body).await.status().is_success() {
                self.sandbox.stripe.mark_delivered(&event.id);
                taken += 1;
            }
        }
        taken
    }

    /// Delivers an event as Resend does, through Svix: signed with the newest secret, now.
    pub async fn deliver_resend(&self, event_id: &str, body: &str) -> Response {
        let at = self.app.clock.now();
        let secret = self.app.config.resend_webhook_secrets.first().map(String::as_str);
        let key = secret.and_then(|secret| SigningKey::parse(secret).ok());
        let signature = key.map(|key| key.sign(event_id, at, body.as_bytes()));
        let request = Request::post("/api/webhooks/resend")
            .header("content-type", "application/json")
            .header("svix-id", event_id)
            .header("svix-timestamp", at.timestamp())
            .header("svix-signature", signature.unwrap_or_default())
            .body(Body::from(body.to_owned()));
        match request {
            Ok(request) => self.ask(request).await,
            Err(_) => Failure::invalid("The event id is no header value.").into_response(),
        }
    }

    /// Delivers Resend's undelivered events, oldest first.
    pub async fn deliver_resend_events(&self) -> usize {
        let mut taken = 0;
        for (id, body) in self.sandbox.resend.undelivered_events() {
            if self.deliver_resend(&id, &body.to_string()).await.status().is_success() {
                self.sandbox.resend.mark_delivered(&id);
                taken += 1;
            }
        }
        taken
    }

    /// Delivers an event as Whop does: signed by the current scheme with the newest secret.
    pub async fn deliver(&self, event_id: &str, body: &str) -> Response {
        let at = self.app.clock.now();
        let secrets = self.app.config.whop_webhook_secrets.first().map(String::as_str);
        let signature =
            secrets.and_then(Secret::new).map(|secret| sign_standard(event_id, at, body.as_bytes(), &secret));
        let request = Request::post("/api/webhooks/whop")
            .header("content-type", "application/json")
            .header("webhook-id", event_id)
            .header("webhook-timestamp", at.timestamp())
            .header("webhook-signature", signature.unwrap_or_default())
            .body(Body::from(Bytes::copy_from_slice(body.as_bytes())));
        match request {
            Ok(request) => self.ask(request).await,
            Err(_) => Failure::invalid("The event id is no header value.").into_response(),
        }
    }
}
