//! A company with members, the service, and all its callers.

use shared::environment::read_variable;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use chrono::{DateTime, Duration, Utc};
use http::{Method, Request};
use local::embedded::EmbeddedDynamo;
use local::service::{PATIENCE, Parts, Service};
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::http::extension::ClientIp;
use shared::rate_limit::Deadlines;
use stand_ins::clock::SandboxClock;
use stand_ins::outbox::Kind;
use stand_ins::sandbox::Sandbox;
use stand_ins::whop::{APP_ID, Membership, MembershipStatus, Payment, Shape};

pub use crate::answer::Answer;
use crate::answer::answered;

pub const COMPANY: &str = "biz_alpha";
pub const OWNER: &str = "user_owner";
pub const REMINDERS: &str = "/api/scheduler/reminders";

/// The service with its sandbox.
pub struct World {
    pub service: Service,
}

/// The start of every test: a Tuesday.
pub fn beginning() -> DateTime<Utc> {
    time::parse("2025-11-18T09:02:03.000Z").unwrap()
}

impl World {
    pub async fn start() -> Self {
        Self::with(EmbeddedDynamo::memory(), |_| None).await
    }

    /// A world whose Whop uses this shape.
    pub async fn with_shape(shape: Shape) -> Self {
        let world = Self::start().await;
        world.service.sandbox.whop.set_shape(shape);
        world
    }

    pub async fn with(dynamo: EmbeddedDynamo, lookup: impl Fn(&str) -> Option<String>) -> Self {
        Self::with_deadlines(dynamo, lookup, PATIENCE).await
    }

    /// A world whose rate limits wait this long for the table, in milliseconds.
    pub async fn waiting_ms(answer_ms: u64) -> Self {
        let deadlines = Deadlines { answer_ms, connect_ms: answer_ms };
        Self::with_deadlines(EmbeddedDynamo::memory(), |_| None, deadlines).await
    }

    pub async fn with_deadlines(
        dynamo: EmbeddedDynamo,
        lookup: impl Fn(&str) -> Option<String>,
        deadlines: Deadlines,
    ) -> Self {
        let parts = Parts::usual(&dynamo, deadlines).unwrap();
        Self::of(dynamo, lookup, parts).await
    }

    pub async fn of(dynamo: EmbeddedDynamo, lookup: impl Fn(&str) -> Option<String>, parts: Parts) -> Self {
        // Logs only if `RUST_LOG` is set: `RUST_LOG=info cargo test -p tests -- --nocapture`.
        if read_variable("RUST_LOG").is_some() {
            shared::logs::init("tests");
        }
        let sandbox = Sandbox::memory(SandboxClock::frozen(beginning()));
        let service = Service::start_of(sandbox, dynamo, lookup, parts).await.unwrap();
        let world = Self { service };
        world.add_company(COMPANY, OWNER, true);
        world
    }

    pub fn add_company(&self, company: &str, owner: &str, access_while_past_due: bool) {
        let experience = format!("exp_{company}");
        self.service.sandbox.whop.add_company(
            company,
            "A company",
            &[owner],
            access_while_past_due,
            Some(&experience),
        );
    }

    /// Adds a member whose renewal has just failed at Whop.
    pub fn add_past_due(&self, company: &str, membership: &str) {
        let user = membership.replace("mem_", "user_");
        let ends = self.now();
        let status = MembershipStatus::PastDue;
        let membership = Membership { status, ..Membership::new(membership, company, &user, ends) };
        self.service.sandbox.whop.add_membership(membership);
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.service.sandbox.clock.now()
    }

    pub fn advance(&self, step: Duration) {
        self.service.sandbox.clock.advance(step);
    }

    pub fn sent(&self, kind: Kind) -> usize {
        self.service.sandbox.outbox.count(kind)
    }

    /// Runs the reminders job once.
    pub async fn tick(&self) -> Value {
        let response = self.service.fire("reminders", REMINDERS, self.now()).await;
        answered(&Method::POST, REMINDERS, response).await.ok()
    }

    /// Runs the reminders job until nothing is due.
    pub async fn settle(&self) {
        for _ in 0..20 {
            let report = self.tick().await;
            if report["due"] == 0 || report["done"] == 0 {
                return;
            }
        }
        panic!("never at rest");
    }

    pub async fn ask(&self, mut request: Request<Body>) -> Answer {
        // Each request comes from a new address unless a test sets one.
        if request.extensions().get::<ClientIp>().is_none() {
            request.extensions_mut().insert(unknown_client_ip());
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        answered(&method, &path, self.service.ask(request).await).await
    }

    /// A request of the company's owner.
    pub async fn owner(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.ask(self.owner_request(COMPANY, OWNER, method, path, body)).await
    }

    pub fn owner_request(
        &self,
        company: &str,
        user: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-whop-user-token", self.service.sandbox.whop.user_token(user, APP_ID))
            .header("x-company-id", company);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.owner(Method::GET, path, None).await.ok()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.owner(Method::POST, path, Some(body)).await
    }

    pub async fn save_settings(&self, change: Value) -> Value {
        let mut settings = json!({"push_enabled": true, "dm_enabled": true, "incentive_days": 0, "reminder_offsets_days": [0, 2, 4]});
        for (name, value) in change.as_object().unwrap() {
            settings[name] = value.clone();
        }
        self.owner(Method::PUT, "/api/settings", Some(settings)).await.ok()
    }

    /// Delivers a signed event in Whop's current dialect.
    pub async fn deliver(&self, event_id: &str, event: Value) -> Answer {
        self.deliver_text(event_id, &event.to_string()).await
    }

    /// Delivers exactly these bytes as a signed event.
    pub async fn deliver_text(&self, event_id: &str, body: &str) -> Answer {
        let response = self.service.deliver(event_id, body).await;
        answered(&Method::POST, "/api/webhooks/whop", response).await
    }

    /// The only case of a membership.
    pub async fn case_of(&self, membership: &str) -> Value {
        let list = self.get("/api/dashboard/cases?limit=100").await;
        let cases: Vec<&Value> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|case| case["membership_id"] == membership)
            .collect();
        assert_eq!(cases.len(), 1, "{list}");
        cases[0].clone()
    }

    pub async fn kpis(&self) -> Value {
        self.get("/api/dashboard/kpis?window=30").await
    }
}

/// A new client address.
pub fn unknown_client_ip() -> ClientIp {
    static NEXT: AtomicU32 = AtomicU32::new(0x0a00_0001);
    ClientIp(Some(IpAddr::V4(NEXT.fetch_add(1, Ordering::Relaxed).into())))
}

/// A request without credentials.
pub fn bare(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// A request with a scheduler's secret.
pub fn secret_request(method: Method, path: &str, secret: &str) -> Request<Body> {
    let mut request = bare(method, path);
    let value = format!("Bearer {secret}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

/// A failed renewal, undated.
pub fn payment_failed(membership: &str, payment_id: &str, at: DateTime<Utc>) -> Value {
    payment("payment.failed", COMPANY, membership, payment_id, at)
}

/// A renewal that succeeded, undated.
pub fn payment_succeeded(membership: &str, payment_id: &str, at: DateTime<Utc>) -> Value {
    payment("payment.succeeded", COMPANY, membership, payment_id, at)
}

pub fn payment(kind: &str, company: &str, membership: &str, payment: &str, at: DateTime<Utc>) -> Value {
    let failed = kind == "payment.failed";
    let stamp = time::format(at);
    json!({
        "id": format!("msg_{kind}_{payment}_{}", at.timestamp()),
        "api_version": "v1",
        "type": kind,
        "timestamp": stamp,
        "company_id": company,
        "data": {
            "id": payment,
            "status": if failed { "open" } else { "paid" },
            "substatus": if failed { "past_due" } else { "succeeded" },
            "billing_reason": "subscription_cycle",
            "currency": "usd",
            "subtotal": 19.0,
            "membership": {"id": membership, "status": if failed { "past_due" } else { "active" }},
            "user": {"id": membership.replace("mem_", "user_"), "email": "canary@example.com"},
            "company": {"id": company},
            "last_payment_attempt": if failed { json!(stamp) } else { Value::Null },
            "paid_at": if failed { Value::Null } else { json!(stamp) },
            "created_at": stamp,
            "payments_failed": u8::from(failed),
            "failure_message": if failed { json!("Your card was declined.") } else { Value::Null },
        },
    })
}

/// The event's own id.
pub fn id_of(event: &Value) -> String {
    event["id"].as_str().unwrap().to_owned()
}

impl World {
    /// Fails a renewal of 19 US dollars at Whop, which sends the webhook in its shape.
    pub async fn fail(&self, membership: &str, payment: &str, at: DateTime<Utc>) -> Answer {
        self.end_payment(Payment { failed: true, ..renewal(COMPANY, membership, payment, at) }).await
    }

    pub async fn succeed(&self, membership: &str, payment: &str, at: DateTime<Utc>) -> Answer {
        self.end_payment(renewal(COMPANY, membership, payment, at)).await
    }

    /// Ends a payment at Whop and delivers the webhook.
    pub async fn end_payment(&self, payment: Payment) -> Answer {
        let whop = &self.service.sandbox.whop;
        whop.add_payment(payment.clone());
        let event = whop.payment_event(&payment);
        self.deliver(&id_of(&event), event).await
    }

    /// Delivers the membership's webhook with this name and its current status at Whop.
    pub async fn deliver_membership_event(&self, name: &str, membership: &str) -> Answer {
        let event = self.service.sandbox.whop.membership_event(name, membership).unwrap();
        self.deliver(&id_of(&event), event).await
    }
}

/// A successful renewal; change the fields that matter.
pub fn renewal(company: &str, membership: &str, payment: &str, at: DateTime<Utc>) -> Payment {
    Payment {
        id: payment.to_owned(),
        company_id: company.to_owned(),
        membership_id: membership.to_owned(),
        user_id: membership.replace("mem_", "user_"),
        email: Some("canary@example.com".to_owned()),
        product_id: "prod_1".to_owned(),
        billing_reason: "subscription_cycle".to_owned(),
        currency: "usd".to_owned(),
        amount_cents: 1_900,
        failed: false,
        at,
    }
}
