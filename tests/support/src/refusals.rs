//! Refusals by Stripe and Resend, and their resolution by staff.

use crate::world::{Answer, World};
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

impl World {
    /// A fault at one of Resend's operations.
    pub fn inject_mail_fault(&self, kind: &str, times: Option<u32>) {
        let (provider, operation, kind) = (Provider::Resend, Operation::Emails, kind.parse().unwrap());
        self.service.sandbox.faults.add(Rule { provider, operation, kind, times, company: None });
    }

    /// The refused effects in operations.
    pub async fn refused(&self) -> Vec<Value> {
        let operations = self.read_operations().await;
        operations["refused"]["data"].as_array().unwrap().clone()
    }

    /// The only refused effect.
    pub async fn refused_one(&self) -> Value {
        let refused = self.refused().await;
        assert_eq!(refused.len(), 1, "{refused:#?}");
        refused[0].clone()
    }

    /// Resolves a refused effect.
    pub async fn resolve_refusal(&self, effect: &Value, outcome: &str) -> Answer {
        let mut body = json!({"operation": effect["operation"], "outcome": outcome, "note": "asked Stripe"});
        for subject in ["case_id", "booking_id"] {
            if !effect[subject].is_null() {
                body[subject] = effect[subject].clone();
            }
        }
        self.resolve(body).await
    }
}
