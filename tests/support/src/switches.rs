//! Switches, turned by staff and owners.

use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;

use crate::findings::PLATFORM;
use crate::world::{Answer, COMPANY, World, secret_request};

pub const SWITCHES: &str = "/api/operations/switches";

impl World {
    /// A request of a company's staff or owner to turn a switch.
    pub async fn turn(&self, (company, role): (&str, Role), switch: &str, body: Value) -> Answer {
        let token = self.service.sandbox.oidc.bearer(role.as_str(), company);
        let mut request = secret_request(Method::PUT, &format!("{SWITCHES}/{switch}"), &token);
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = body.to_string().into();
        self.ask(request).await
    }

    /// Turns a switch of the whole deployment off or on.
    pub async fn turn_everywhere(&self, switch: &str, is_on: bool) -> Value {
        let body = json!({"is_on": is_on, "note": "Something is wrong."});
        self.turn((PLATFORM, Role::Provider), switch, body).await.ok()
    }

    /// Turns a switch of the company of most tests.
    pub async fn turn_own(&self, switch: &str, is_on: bool) -> Value {
        let body = json!({"is_on": is_on, "note": "Something is wrong here."});
        self.turn((COMPANY, Role::Provider), switch, body).await.ok()
    }

    /// The switches that are off, as the overview shows them to the company's staff.
    pub async fn switched_off(&self) -> Vec<Value> {
        self.read_operations().await["switches"].as_array().unwrap().clone()
    }

    /// The audit entries of a kind, of all companies and of the deployment.
    pub async fn audited(&self, kind: &str) -> Vec<Value> {
        let rows = self.rows_of("AUDIT#").await.into_iter();
        rows.filter(|row| row["kind"] == kind).collect()
    }
}
