//! Checks exactly-once at rest: every effect happened once or is reported, and nothing is forgotten.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use local::service::Service;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use crate::world::{COMPANY, OWNER, World};

/// Longer than any claim.
pub const LEASES: Duration = Duration::minutes(3);

/// The number of a company's actions by status.
pub type Outcomes = BTreeMap<String, usize>;

impl World {
    /// Replaces the process by a new one over the same table and providers.
    pub async fn restart(&mut self) {
        let old = &self.service;
        old.dynamo.stop_intercepting();
        old.sandbox.faults.stop_intercepting();
        let (sandbox, dynamo) = (old.sandbox.clone(), old.dynamo.clone());
        self.service = Service::start(sandbox, dynamo, |_| None).await.unwrap();
    }

    /// Injects a fault at one of Whop's operations, `times` times.
    pub fn inject_fault(&self, operation: Operation, kind: &str, times: Option<u32>, company: Option<&str>) {
        let (kind, company) = (kind.parse().unwrap(), company.map(str::to_owned));
        self.service.sandbox.faults.add(Rule { provider: Provider::Whop, operation, kind, times, company });
    }

    /// Advances in steps and processes everything that becomes due.
    pub async fn pass(&self, steps: &[Duration]) {
        for step in steps {
            self.advance(*step);
            self.settle().await;
        }
    }

    pub async fn cases(&self, company: &str, owner: &str) -> Vec<Value> {
        let mut cases = Vec::new();
        let mut path = "/api/dashboard/cases?limit=100".to_owned();
        loop {
            let list = self.read(company, owner, &path).await;
            cases.extend(list["data"].as_array().unwrap().iter().cloned());
            let Some(cursor) = list["next_cursor"].as_str() else { return cases };
            path = format!("/api/dashboard/cases?limit=100&cursor={cursor}");
        }
    }

    /// Waits at the rate limit, which reading a thousand cases reaches.
    async fn read(&self, company: &str, owner: &str, path: &str) -> Value {
        loop {
            let answer = self.ask(self.owner_request(company, owner, Method::GET, path, None)).await;
            let Some(wait) = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()) else {
                return answer.ok();
            };
            self.advance(Duration::seconds(wait));
        }
    }

    pub async fn actions(&self, case: &Value) -> Vec<Value> {
        let path = format!("/api/cases/{}/actions?limit=100", case["case_id"].as_str().unwrap());
        self.read(COMPANY, OWNER, &path).await["data"].as_array().unwrap().clone()
    }

    /// How often each message or grant was sent, by the key of its step.
    pub fn count_sent(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for entry in self.service.sandbox.outbox.entries() {
            let ends_something = matches!(entry.kind, Kind::Cancel | Kind::Terminate);
            let key = entry.idempotency_key.unwrap_or_else(|| panic!("a {:?} without a key", entry.kind));
            let seen: &mut usize = times.entry(key).or_default();
            // A repeated ending has no effect.
            *seen = if ends_something { 1 } else { *seen + 1 };
        }
        times
    }

    /// Checks at rest that nothing happened twice or is unexplained or due, and that the sums are right.
    pub async fn check_exactly_once(&self, context: &str) -> Outcomes {
        let left = self.count_sent();
        let mut explained = 0;
        let mut outcomes = Outcomes::new();
        for case in self.cases(COMPANY, OWNER).await {
            for action in self.actions(&case).await {
                let (operation, status) =
                    (action["operation"].as_str().unwrap(), action["status"].as_str().unwrap());
                *outcomes.entry(status.to_owned()).or_default() += 1;
                // Free days whose key has expired are granted with the next version.
                let key = format!("{operation}:{}:v", case["case_id"].as_str().unwrap());
                let of_step: Vec<usize> = left
                    .iter()
                    .filter(|(other, _)| other.starts_with(&key))
                    .map(|(_, times)| *times)
                    .collect();
                let times = of_step.iter().sum::<usize>();
                explained += of_step.len();
                let fits = match status {
                    "done" => times == 1 || action["kind"] == "case_cancelled",
                    "rejected" => times == 0 && action["reason"].is_string(),
                    "unknown" => times <= 1 && action["reason"].is_string(),
                    _ => false,
                };
                assert!(fits, "{context}: left {times} times: {action:#}");
            }
        }
        assert_eq!(explained, left.len(), "{context}: an effect has no action: {left:#?}");
        let report = self.tick().await;
        assert_eq!(report["due"], 0, "{context}: something stays due: {report:#}");
        self.check_the_sums(context).await;
        outcomes
    }

    /// Checks that the KPI counters equal a recount of the cases.
    async fn check_the_sums(&self, context: &str) {
        let cases = self.cases(COMPANY, OWNER).await;
        let recovered: Vec<&Value> = cases.iter().filter(|case| case["status"] == "recovered").collect();
        let revenue: i64 = recovered
            .iter()
            .map(|case| {
                case["recovered_amount"].as_i64().unwrap() - case["returned_amount"].as_i64().unwrap()
            })
            .sum();
        let kpis = self.kpis().await;
        let (counted, recounted) = (
            json!([kpis["active_cases"], kpis["recoveries"], kpis["recovered_revenue_cents"]]),
            json!([cases.len(), recovered.len(), revenue]),
        );
        assert_eq!(counted, recounted, "{context}");
    }
}
