//! Requests to every route by an authorized caller.

use axum::body::Body;
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use shared::domain::kernel::account::Role;
use shared::http::idempotent::KeyPolicy;

use crate::askers::fresh_key;
use crate::browser::{Browser, ORIGIN};
use crate::parties::PROFESSIONAL;
use crate::senders::Sender;
use crate::signing::{SECRET, Scheme};
use crate::world::{COMPANY, OWNER, World, payment_failed};

/// Authorized callers: an owner with an open case, signed-in staff, the schedule, and each provider.
pub struct Callers {
    pub staff: Browser,
    /// The browsers for signing out, whose sessions end with that.
    leaving: [Browser; 2],
    case_id: String,
    booking_id: String,
}

impl Callers {
    pub async fn of(world: &World) -> Self {
        let case_id = world.open_case(COMPANY, "mem_1").await;
        let staff = world.staff("provider").await;
        world.get("/api/settings").await;
        world.settle().await;
        let leaving = [world.staff("developer").await, world.staff("accountant").await];
        world.service.sandbox.stripe.add_account_of("acct_1", "usd", COMPANY, PROFESSIONAL);
        let booking = world.book("key-of-all").await;
        let booking_id = booking["booking_id"].as_str().unwrap().to_owned();
        Self { staff, leaving, case_id, booking_id }
    }

    /// A request to a route with credentials and this body; `number` makes event ids unique.
    pub fn ask(&self, world: &World, route: &Route, body: &[u8], number: usize) -> Request<Body> {
        let path = self.path(route);
        let mut request = match route.access {
            Access::SignedWebhook => return provider(world, route, body, number),
            Access::Roles(roles) if roles.contains(&Role::Owner) => {
                world.owner_request(COMPANY, OWNER, route.method.parse().unwrap(), &path, None)
            }
            _ => Request::builder().method(route.method).uri(&path).body(Body::empty()).unwrap(),
        };
        let headers = request.headers_mut();
        let mut put = |name: &'static str, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        };
        match route.access {
            Access::Scheduler => put("authorization", "Bearer sandbox-cron-secret"),
            Access::Roles(roles) if roles.contains(&Role::Owner) => {}
            Access::SignedIn | Access::Roles(_) => {
                let browser = self.signed_in(route);
                put("cookie", browser.cookie.as_deref().unwrap());
                put("x-csrf-token", &browser.csrf_token);
                put("origin", ORIGIN);
            }
            Access::Anyone => put("origin", ORIGIN),
            Access::SignedWebhook => {}
        }
        if route.method != "GET" {
            put("content-type", "application/json");
            if route.key == KeyPolicy::Required {
                headers.insert("idempotency-key", fresh_key());
            }
            *request.body_mut() = Body::from(body.to_vec());
        }
        request
    }

    fn signed_in(&self, route: &Route) -> &Browser {
        match route.path {
            "/api/auth/sign-out" => &self.leaving[0],
            "/api/auth/sign-out-everywhere" => &self.leaving[1],
            _ => &self.staff,
        }
    }

    pub fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{case_id}", &self.case_id).replace("{membership_id}", "mem_1");
        let path = path.replace("{booking_id}", &self.booking_id).replace("{professional_id}", PROFESSIONAL);
        path.replace("{event_id}", "msg_none")
            .replace("{finding_id}", "tr_none")
            .replace("{source}", "sandbox")
            .replace("{switch}", "reminders")
            .replace("{batch_id}", "payout-2025-11-18-tue")
            .replace("{kind}", "case")
            .replace("{id}", &self.case_id)
    }
}

/// A validly signed delivery with any body.
fn provider(world: &World, route: &Route, body: &[u8], number: usize) -> Request<Body> {
    let (id, now) = (format!("evt_{number}"), world.now());
    let sender = match route.path.rsplit('/').next() {
        Some("whop") => return Scheme::ALL[number % 2].sign(&id, now, body, SECRET),
        Some("stripe") => Sender::Stripe,
        Some("resend") => {
            return Sender::Shared.sign(route.path, &id, now, body, crate::mailer::secret());
        }
        _ => [Sender::Shared, Sender::Private][number % 2],
    };
    sender.sign(&sender.path(), &id, now, body, sender.secret())
}

/// The routes that read a body.
pub fn with_bodies() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.method != "GET")
}

/// A valid body for a route.
pub fn good_body(world: &World, route: &Route) -> Value {
    let (email, password) = ("customer@example.com", "correct horse battery");
    match route.path {
        "/api/auth/sign-in" => json!({"username": "provider", "password": "sandbox-provider-password"}),
        "/api/auth/sign-up" => json!({"email": email, "password": password, "role": "customer"}),
        "/api/auth/confirm" => json!({"token": "A".repeat(43), "password": password}),
        "/api/auth/password/forgot" => json!({"email": email}),
        "/api/auth/password/reset" => json!({"token": "A".repeat(43), "password": password}),
        "/api/auth/password/change" => json!({"old_password": password, "new_password": "another horse"}),
        "/api/auth/oidc/callback" => json!({"code": "code", "status": "status"}),
        "/api/settings" => json!({
            "push_enabled": true, "dm_enabled": true, "incentive_days": 7, "reminder_offsets_days": [1, 2],
        }),
        "/api/bookings" => world.job(),
        "/api/admin/professionals/{professional_id}" => json!({"stripe_account_id": "acct_1"}),
        "/api/operations/resolve" => json!({
            "case_id": "00000000-0000-4000-8000-000000000000", "operation": "none",
            "outcome": "did_not_happen",
        }),
        "/api/operations/switches/{switch}" => json!({"is_on": true}),
        "/api/operations/findings/{finding_id}/resolve" | "/api/webhooks/events/{event_id}/dismiss" => {
            json!({"note": "Agreed on by mail."})
        }
        "/api/admin/payouts/process" => json!({"dry_run": true}),
        "/api/admin/payouts/approvals" => {
            json!({"professional_id": "user_1", "currency": "usd", "amount": 1})
        }
        "/api/webhooks/whop" => payment_failed("mem_2", "pay_2", world.now()),
        "/api/webhooks/stripe" => json!({"id": "evt_1", "type": "charge.refunded", "created": 1_763_456_400}),
        "/api/webhooks/resend" => {
            json!({"type": "email.bounced", "created_at": "2025-11-18T09:00:00.000Z", "data": {"to": ["user@example.com"]}})
        }
        "/api/webhooks/{source}" => {
            json!({"type": "charge.refunded", "timestamp": "2025-11-18T09:00:00.000Z", "data": {}})
        }
        _ => json!({}),
    }
}
