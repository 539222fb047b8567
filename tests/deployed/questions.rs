//! One valid request to each function that has a route.

use bytes::Bytes;
use http::{Request, Response};
use local::demo;
use local::service::Service;
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::{ROUTES, Route};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::clock::Clock;
use shared::providers::whop::{Secret, sign_standard};
use stand_ins::whop::{APP_ID, Membership};

use support::document;

/// The questions, in an order in which none spoils the next.
pub const QUESTIONS: [(&str, &str, &str); 16] = [
    ("health", "GET", "/api/health"),
    ("webhooks", "POST", "/api/webhooks/whop"),
    ("cases", "GET", "/api/dashboard/cases"),
    ("nudge", "POST", "/api/cases/{case_id}/nudge"),
    ("case-endings", "POST", "/api/cases/{case_id}/cancel"),
    ("kpis", "GET", "/api/dashboard/kpis"),
    ("settings", "GET", "/api/settings"),
    ("memberships", "GET", "/api/memberships/{membership_id}"),
    ("bookings", "GET", "/api/bookings"),
    ("professionals", "GET", "/api/ledger/balances"),
    ("operations", "GET", "/api/operations"),
    ("payout-admin", "GET", "/api/admin/payouts/batches"),
    ("sign-in", "POST", "/api/auth/sign-in"),
    ("sign-up", "POST", "/api/auth/sign-up"),
    ("password", "POST", "/api/auth/password/forgot"),
    ("single-sign-on", "POST", "/api/auth/oidc/start"),
];

/// The client, and the providers of tokens and webhooks that the functions use.
pub struct Asker<'a> {
    service: &'a Service,
    /// The member whose renewal fails.
    membership: &'static str,
    /// The case, once the webhook has opened it.
    case_id: Option<String>,
}

impl<'a> Asker<'a> {
    /// With a company and this member of it.
    pub fn new(service: &'a Service, membership: &'static str) -> Self {
        let whop = &service.sandbox.whop;
        whop.add_company(demo::COMPANY, "A company", &[demo::OWNER], true, Some("exp_1"));
        whop.add_membership(Membership::new(membership, demo::COMPANY, "user_1", Clock::system().now()));
        Self { service, membership, case_id: None }
    }

    /// The request of a question.
    pub fn request(&self, (function, method, path): (&str, &str, &str)) -> Request<Bytes> {
        let row = ROUTES.iter().find(|row| (row.function, row.method, row.path) == (function, method, path));
        let row = row.unwrap_or_else(|| panic!("{function} has no {method} {path}"));
        if row.access == Access::SignedWebhook {
            return self.renewal(true);
        }
        let path = path.replace("{membership_id}", self.membership);
        let path = path.replace("{case_id}", self.case_id.as_deref().unwrap_or("no case was opened"));
        let mut request =
            Request::builder().method(method).uri(path).header("origin", "http://127.0.0.1:3000");
        for (name, value) in self.proof(row) {
            request = request.header(name, value);
        }
        if method == "GET" {
            return request.body(Bytes::new()).unwrap();
        }
        request.header("content-type", "application/json").body(body(row.path).to_string().into()).unwrap()
    }

    fn proof(&self, row: &Route) -> Vec<(&'static str, String)> {
        match row.access {
            Access::Roles(roles) if roles.contains(&Role::Owner) => vec![
                ("x-whop-user-token", self.service.sandbox.whop.user_token(demo::OWNER, APP_ID)),
                ("x-company-id", demo::COMPANY.to_owned()),
            ],
            Access::Roles(_) => {
                let token = self.service.sandbox.oidc.bearer("provider", demo::COMPANY);
                vec![("authorization", format!("Bearer {token}"))]
            }
            Access::Anyone => vec![],
            Access::SignedIn | Access::Scheduler | Access::SignedWebhook => {
                panic!("there is no request for {}", row.path)
            }
        }
    }

    /// The member's renewal fails, or is paid after all: the delivery that Whop would make of it.
    pub fn renewal(&self, failed: bool) -> Request<Bytes> {
        let (whop, now) = (&self.service.sandbox.whop, Clock::system().now());
        let event = demo::end_renewal(self.service, &whop.membership(self.membership).unwrap(), failed, now);
        let (id, body) = (event["id"].as_str().unwrap(), event.to_string());
        let secret = self.service.app.config.whop_webhook_secrets.first().unwrap();
        let signature = sign_standard(id, now, body.as_bytes(), &Secret::new(secret).unwrap());
        Request::post("/api/webhooks/whop")
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", signature)
            .body(body.into())
            .unwrap()
    }

    /// Checks an answer against the document's successful answers, and stores the opened case.
    pub fn judge(&mut self, (_, method, path): (&str, &str, &str), answer: &Response<Bytes>) {
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        assert!(answer.status().is_success(), "{method} {path}: {answer:?}");
        document::check(method, path, answer.status().as_u16(), kind.unwrap_or_default(), answer.body());
        if path == "/api/dashboard/cases" {
            let cases: Value = serde_json::from_slice(answer.body()).unwrap();
            self.case_id = cases["data"][0]["case_id"].as_str().map(str::to_owned);
        }
    }
}

fn body(path: &str) -> Value {
    let (email, password) = ("customer@example.com", "correct horse battery");
    match path {
        "/api/auth/sign-in" => json!({"username": "provider", "password": "sandbox-provider-password"}),
        "/api/auth/sign-up" => json!({"email": email, "password": password, "role": "customer"}),
        "/api/auth/password/forgot" => json!({"email": email}),
        _ => json!({}),
    }
}
