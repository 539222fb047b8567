//! Faults at chosen requests, and the content of the table.

use local::service::TABLE;
use serde_json::Value;
use shared::store::Item;
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use crate::world::{World, id_of, payment};

impl World {
    pub fn all_well(&self) {
        self.service.sandbox.faults.clear();
    }

    /// Injects a fault into every call to one provider.
    pub fn down(&self, provider: Provider) {
        let kind = "status:503".parse().unwrap();
        let rule = Rule { provider, operation: Operation::Any, kind, times: None, company: None };
        self.service.sandbox.faults.add(rule);
    }

    /// The number of requests to Whop for an operation.
    pub fn asked(&self, operation: Operation) -> u64 {
        let requests = self.service.sandbox.whop.requests();
        requests.get(operation.name()).copied().unwrap_or_default()
    }

    /// Adds a past-due member and returns the id of its open case.
    pub async fn open_case(&self, company: &str, membership: &str) -> String {
        self.add_past_due(company, membership);
        let pay = membership.replace("mem_", "pay_");
        let event = payment("payment.failed", company, membership, &pay, self.now());
        self.deliver(&id_of(&event), event).await.ok();
        let cases = self.items(&format!("CASE#{company}#")).await;
        let is_its =
            |row: &&Item| row.get("membership_id").is_some_and(|id| id.as_s().unwrap() == membership);
        cases.iter().find(is_its).unwrap()["case_id"].as_s().unwrap().clone()
    }

    /// All rows whose key has this prefix.
    pub async fn items(&self, prefix: &str) -> Vec<Item> {
        let (client, mut rows, mut start) = (self.service.dynamo.client(), Vec::new(), None);
        loop {
            let scan = client.scan().table_name(TABLE).consistent_read(true);
            let page = scan.set_exclusive_start_key(start).send().await.unwrap();
            rows.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        rows.retain(|row| row["pk"].as_s().unwrap().starts_with(prefix));
        rows
    }

    /// The actions of a case, in order.
    pub async fn actions_of(&self, case_id: &str) -> Vec<Value> {
        let list = self.get(&format!("/api/cases/{case_id}/actions?limit=100")).await;
        list["data"].as_array().unwrap().clone()
    }
}

/// Waits for a change by another task.
pub async fn until(happened: impl Fn() -> bool) {
    for _ in 0..5_000 {
        if happened() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    panic!("it never happened");
}
