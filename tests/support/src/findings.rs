//! Findings of the reconciliation, as staff sees them.

use crate::askers::fresh_key;
use crate::world::{Answer, World, secret_request};
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::CompanyId;
use shared::store::marketplace::reconciliation::{Finding, FindingKind, FindingStatus};

/// The platform's company in the local service.
pub const PLATFORM: &str = "biz_demo";

impl World {
    pub async fn staff_reads(&self, company: &str, path: &str) -> Value {
        let token = self.service.sandbox.oidc.bearer(Role::Developer.as_str(), company);
        self.ask(secret_request(Method::GET, path, &token)).await.ok()
    }

    /// The findings that a company's staff sees.
    pub async fn findings_of(&self, company: &str) -> Vec<Value> {
        let list = self.staff_reads(company, "/api/operations/findings").await;
        let shown = self.staff_reads(company, "/api/operations").await["findings"].clone();
        assert_eq!(list["data"], shown["data"], "both show the same");
        list["data"].as_array().unwrap().clone()
    }

    /// Resolves a finding with an idempotency key.
    pub async fn resolve_finding(
        &self,
        by: (Role, &str),
        id: &str,
        key: HeaderValue,
        body: &Value,
    ) -> Answer {
        let token = self.service.sandbox.oidc.bearer(by.0.as_str(), by.1);
        let path = format!("/api/operations/findings/{id}/resolve");
        let mut request = secret_request(Method::POST, &path, &token);
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        request.headers_mut().insert("idempotency-key", key);
        *request.body_mut() = body.to_string().into();
        self.ask(request).await
    }

    /// Resolves a finding with a note and a new key.
    pub async fn close_finding(&self, by: (Role, &str), id: &str, note: &str) -> Answer {
        self.resolve_finding(by, id, fresh_key(), &json!({"note": note})).await
    }

    /// Files a finding of a company, or of none, as the reconciliation does.
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
