//! Requests of staff: operations, and the resolution of effects in doubt.

use crate::world::{Answer, COMPANY, World, secret_request};
use http::{HeaderValue, Method, Request};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use stand_ins::fault::Operation;
use std::sync::atomic::{AtomicU32, Ordering};

impl World {
    /// The only effect in doubt.
    pub async fn doubtful_one(&self) -> Value {
        let operations = self.read_operations().await;
        assert_eq!(operations["in_doubt"]["count"], 1, "{operations:#}");
        operations["in_doubt"]["data"][0].clone()
    }

    /// A request of staff with a bearer token.
    pub async fn as_role(&self, role: Role, method: Method, path: &str, body: Option<Value>) -> Answer {
        let token = self.service.sandbox.oidc.bearer(role.as_str(), COMPANY);
        let mut request = secret_request(method, path, &token);
        if let Some(body) = body {
            request.headers_mut().insert("content-type", "application/json".parse().unwrap());
            *request.body_mut() = body.to_string().into();
            keyed(&mut request);
        }
        self.ask(request).await
    }

    pub async fn read_operations(&self) -> Value {
        self.as_role(Role::Developer, Method::GET, "/api/operations", None).await.ok()
    }

    /// Says that the only effect in doubt happened, and reads everything that its case leads to.
    pub async fn resolve_doubt_and_read_its_history(&self) {
        let doubt = self.doubtful_one().await;
        self.resolve(resolution(&doubt, "happened")).await.ok();
        let case_id = doubt["case_id"].as_str().unwrap();
        let history = self.get(&format!("/api/history/case/{case_id}")).await;
        let membership = history["data"][0]["membership_id"].as_str().unwrap();
        for path in [&*format!("membership/{membership}"), &format!("company/{COMPANY}")] {
            self.get(&format!("/api/history/{path}")).await;
        }
    }

    pub async fn resolve(&self, body: Value) -> Answer {
        self.as_role(Role::Provider, Method::POST, "/api/operations/resolve", Some(body)).await
    }
}

/// Adds a new idempotency key to a request.
pub fn keyed(request: &mut Request<axum::body::Body>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let key = format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    request.headers_mut().insert("idempotency-key", HeaderValue::try_from(key).unwrap());
}

/// A world with a push in doubt.
pub async fn push_in_doubt() -> (World, Value) {
    let world = World::start().await;
    world.save_settings(json!({"dm_enabled": false, "reminder_offsets_days": [0]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.inject_fault(Operation::Notifications, "drop_after", Some(1), None);
    world.settle().await;
    let effect = world.doubtful_one().await;
    (world, effect)
}

/// The body that resolves an effect of a case.
pub fn resolution(effect: &Value, outcome: &str) -> Value {
    json!({"case_id": effect["case_id"], "operation": effect["operation"], "outcome": outcome})
}
