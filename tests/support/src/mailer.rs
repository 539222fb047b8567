//! Resend's webhooks about mails, signed as Resend does.

use crate::world::{Answer, World, renewal, secret_request};
use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use http::{Method, Request};
use local::service::SANDBOX_VALUES;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::time;
use shared::providers::standard_webhooks::SigningKey;
use stand_ins::outbox::Kind;
use stand_ins::resend::MailOutcome;
use stand_ins::whop::Payment;

pub const ADDRESS: &str = "canary@example.com";

pub const ROUTE: &str = "/api/webhooks/resend";

/// Resend's event about a mail to an address.
pub fn mail_event(kind: &str, to: &[&str], at: DateTime<Utc>) -> Value {
    let mut data = json!({"email_id": "e", "from": "a@example.com", "to": to, "subject": "s", "created_at": time::format(at)});
    if kind == "email.bounced" {
        data["bounce"] = json!({"type": "Permanent", "subType": "General", "message": "no such user"});
    }
    json!({"type": kind, "created_at": time::format(at), "data": data})
}

pub fn entry_event(kind: &str, email: &str, at: DateTime<Utc>) -> Value {
    let data = json!({"id": "1", "email": email, "origin": "manual", "source_id": null, "created_at": time::format(at)});
    json!({"type": kind, "created_at": time::format(at), "data": data})
}

pub const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// Resend's signing secret in the sandbox.
pub fn secret() -> &'static str {
    SANDBOX_VALUES.iter().find(|(name, _)| *name == "RESEND_WEBHOOK_SECRET").unwrap().1
}

/// A delivery with these three header names.
pub fn delivery(
    world: &World,
    route: &str,
    names: [&str; 3],
    secret: &str,
    id: &str,
    body: &Value,
) -> Request<Body> {
    let text = body.to_string();
    let signature = SigningKey::parse(secret).unwrap().sign(id, world.now(), text.as_bytes());
    let request = Request::post(route)
        .header(names[0], id)
        .header(names[1], world.now().timestamp())
        .header(names[2], signature);
    request.body(Body::from(text)).unwrap()
}

impl World {
    pub async fn deliver_resend_event(&self, id: &str, body: &Value) -> Answer {
        self.ask(delivery(self, ROUTE, SVIX, secret(), id, body)).await
    }

    /// Ends a mail with an outcome, which Resend reports.
    pub async fn mail_ends(&self, address: &str, outcome: MailOutcome) {
        self.service.sandbox.resend.report(address, outcome);
        assert_eq!(self.service.deliver_resend_events().await, 1, "{outcome:?}");
    }

    pub async fn mail_reports(&self, company: &str) -> Value {
        let token = self.service.sandbox.oidc.bearer(Role::Developer.as_str(), company);
        self.ask(secret_request(Method::GET, "/api/operations", &token)).await.ok()["mail"].clone()
    }

    /// Whether a mail to an address is sent.
    pub async fn is_written_to(&self, address: &str) -> bool {
        let before = self.sent(Kind::Mail);
        let answer = self.post_without_session("/api/auth/password/forgot", json!({"email": address})).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (202, json!({"outcome": "mail_sent"})));
        self.advance(Duration::minutes(20));
        self.sent(Kind::Mail) > before
    }

    /// Fails the renewal of a member who can be reached only by mail.
    pub async fn fail_by_mail(&self, membership: &str) {
        self.add_company("biz_strict", "user_strict", false);
        self.add_past_due("biz_strict", membership);
        let settings = json!({"push_enabled": true, "dm_enabled": false, "incentive_days": 0, "reminder_offsets_days": [0, 2]});
        let request =
            self.owner_request("biz_strict", "user_strict", Method::PUT, "/api/settings", Some(settings));
        self.ask(request).await.ok();
        let failed = Payment { failed: true, ..renewal("biz_strict", membership, "pay_9", self.now()) };
        self.end_payment(failed).await.ok();
        self.settle().await;
    }

    pub async fn strict(&self, path: &str) -> Value {
        self.ask(self.owner_request("biz_strict", "user_strict", Method::GET, path, None)).await.ok()
    }
}
