//! Findings of the reconciliation, as staff sees them.

use crate::askers::fresh_key;
use crate::world::{Answer, World, secret_request};
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::CompanyId;
use shared::store::marketplace::reconciliation::{Finding, FindingKind, FindingStatus};

/// The company that the local service's platform is.
pub const PLATFORM: &str = "biz_demo";

impl World {
    pub async fn staff_reads(&self, company: &str, path: &str) -> Value {
        let token = self.service.sandbox.oidc.bearer(Role::Developer.as_str(), company);
        self.ask(secret_request(Method::GET, path, &token)).await.ok()
    }

    /// What staff of a company finds listed.
    pub async fn findings_of(&self, company: &str) -> Vec<Value> {
        let list = self.staff_reads(company, "/api/operations/findings").await;
        let shown = self.staff_reads(company, "/api/operations").await["findings"].clone();
        assert_eq!(list["data"], shown["data"], "both show the same");
        list["data"].as_array().unwrap().clone()
    }

    /// Somebody's word on a finding, under a key.
    pub async fn word(&self, by: (Role, &str), id: &str, key: HeaderValue, body: &Value) -> Answer {
        let token = self.service.sandbox.oidc.bearer(by.0.as_str(), by.1);
        let path = format!("/api/operations/findings/{id}/resolve");
        let mut request = secret_request(Method::POST, &path, &token);
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        request.headers_mut().insert("idempotency-key", key);
        *request.body_mut() = body.to_string().into();
        self.ask(request).await
    }

    /// The same, with a note and a key of its own.
    pub async fn close_finding(&self, by: (Role, &str), id: &str, note: &str) -> Answer {
        self.word(by, id, fresh_key(), &json!({"note": note})).await
    }

    /// A finding of a company, or of nobody, as the reconciliation lists it.
    pub async fn file_finding(&self, company: Option<&str>, id: &str) -> String {
        let finding = Finding {
            finding_id: id.to_owned(),
            kind: FindingKind::LineUnknown,
            company_id: company.map(|id| CompanyId::parse(id).unwrap()),
            booking_id: None,
            line_id: None,
            stripe_amount: 100,
            books_amount: 0,
            currency: "usd".to_owned(),
            found_at: self.now(),
            status: FindingStatus::Open,
            closing: None,
            version: 0,
        };
        self.store().file_finding(&finding, &self.service.app.ids).await.unwrap();
        id.to_owned()
    }
}
