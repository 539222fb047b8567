//! The environment of the functions: a table over HTTP, and the providers' stand-ins.

use axum::body::Body;
use http_body_util::BodyExt as _;
use local::demo;
use local::service::Service;
use serde_json::{Value, json};
use shared::domain::kernel::clock::Clock;
use stand_ins::clock::SandboxClock;
use stand_ins::sandbox::Sandbox;
use stand_ins::whop::{APP_ID, Membership};

use crate::function::Function;
use crate::request::Request;

/// Where pages of the sandbox are.
pub const ORIGIN: &str = "http://127.0.0.1:3000";

/// Table and stand-ins, and a company with a member whose payment has just failed.
pub struct Cloud {
    pub case_id: String,
    cloud: local::cloud::Cloud,
}

impl Cloud {
    pub async fn start() -> Self {
        let sandbox = Sandbox::memory(SandboxClock::running_from(Clock::system().now()));
        let cloud = local::cloud::Cloud::start(sandbox).await.unwrap();
        let service = &cloud.service;
        let whop = &service.sandbox.whop;
        whop.add_company(demo::COMPANY, "A company", &[demo::OWNER], true, Some("exp_1"));
        whop.add_company("biz_other", "Another company", &["user_other"], true, None);
        whop.add_membership(Membership::new("mem_1", demo::COMPANY, "user_1", Clock::system().now()));
        demo::renew(service, "mem_1", true, None).await.unwrap();
        let case_id = only_case(service).await;
        Self { cloud, case_id }
    }

    /// The service beside the functions.
    pub fn service(&self) -> &Service {
        &self.cloud.service
    }

    /// The environment of a function with additions.
    pub fn with(&self, more: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let is_new = |name: &str| more.iter().all(|(known, _)| *known != name);
        let usual = self.cloud.environment.iter().filter(|(name, _)| is_new(name)).cloned();
        usual.chain(more.iter().cloned()).collect()
    }

    pub async fn function(&self, name: &str) -> Function {
        Function::start(name, &self.cloud.environment).await
    }

    /// The same request as the company's owner.
    pub fn as_owner(&self, request: Request) -> Request {
        self.as_user(demo::OWNER, demo::COMPANY, request)
    }

    pub fn as_user(&self, user: &str, company: &str, request: Request) -> Request {
        let token = self.service().sandbox.whop.user_token(user, APP_ID);
        request.header("x-whop-user-token", &token).header("x-company-id", company)
    }

    /// A push to the member, under this key.
    pub fn nudge(&self, key: &str) -> Request {
        let path = format!("/api/cases/{}/nudge", self.case_id);
        self.as_owner(Request::post(&path, &json!({"channel": "push"})).header("idempotency-key", key))
    }
}

/// A user's sign-in from one of our pages.
pub fn sign_in(username: &str, password: &str) -> Request {
    let body = json!({"username": username, "password": password});
    Request::post("/api/auth/sign-in", &body).header("origin", ORIGIN)
}

async fn only_case(service: &Service) -> String {
    let request = http::Request::get("/api/dashboard/cases")
        .header("x-whop-user-token", service.sandbox.whop.user_token(demo::OWNER, APP_ID))
        .header("x-company-id", demo::COMPANY);
    let response = service.ask(request.body(Body::empty()).unwrap()).await;
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let cases: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(cases["data"].as_array().unwrap().len(), 1, "{cases}");
    cases["data"][0]["case_id"].as_str().unwrap().to_owned()
}
