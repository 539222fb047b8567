//! The promise, as something that can be checked at any rest: once, or reported; nothing forgotten.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use local::service::Service;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use crate::world::{COMPANY, OWNER, World};

/// Longer than any claim is held.
pub const LEASES: Duration = Duration::minutes(3);

/// How often each state occurs among the actions of a company.
pub type Outcomes = BTreeMap<String, usize>;

impl World {
    /// The process dies and another one starts, over the same table and the same providers.
    pub async fn restart(&mut self) {
        let old = &self.service;
        old.dynamo.stop_intercepting();
        old.sandbox.faults.stop_intercepting();
        let (sandbox, dynamo) = (old.sandbox.clone(), old.dynamo.clone());
        self.service = Service::start(sandbox, dynamo, |_| None).await.unwrap();
    }

    /// Trouble at one of Whop's operations, as often as `times` says.
    pub fn trouble(&self, operation: Operation, kind: &str, times: Option<u32>, company: Option<&str>) {
        let (kind, company) = (kind.parse().unwrap(), company.map(str::to_owned));
        self.service.sandbox.faults.add(Rule { provider: Provider::Whop, operation, kind, times, company });
    }

    /// Time passes in steps, and all that becomes due on the way is done.
    pub async fn pass(&self, steps: &[Duration]) {
        for step in steps {
            self.advance(*step);
            self.settle().await;
        }
    }

    /// Every case of a company.
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

    /// Whoever reads a thousand cases at one instant meets the limit, and waits as it is told.
    async fn read(&self, company: &str, owner: &str, path: &str) -> Value {
        loop {
            let answer = self.ask(self.owner_request(company, owner, Method::GET, path, None)).await;
            let Some(wait) = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()) else {
                return answer.ok();
            };
            self.advance(Duration::seconds(wait));
        }
    }

    /// Every action of a case.
    pub async fn actions(&self, case: &Value) -> Vec<Value> {
        let path = format!("/api/cases/{}/actions?limit=100", case["case_id"].as_str().unwrap());
        self.read(COMPANY, OWNER, &path).await["data"].as_array().unwrap().clone()
    }

    /// How often what was meant by each key has left: a message or a grant bears the key of its step.
    pub fn left_the_house(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for entry in self.service.sandbox.outbox.entries() {
            let ends_something = matches!(entry.kind, Kind::Cancel | Kind::Terminate);
            let key = entry.idempotency_key.unwrap_or_else(|| panic!("a {:?} without a key", entry.kind));
            let seen: &mut usize = times.entry(key).or_default();
            // What has ended can be ended again without a change.
            *seen = if ends_something { 1 } else { *seen + 1 };
        }
        times
    }

    /// At rest: nothing twice, nothing unexplained, nothing left due, and the sums are right.
    pub async fn check_the_promise(&self, told: &str) -> Outcomes {
        let left = self.left_the_house();
        let mut explained = 0;
        let mut outcomes = Outcomes::new();
        for case in self.cases(COMPANY, OWNER).await {
            for action in self.actions(&case).await {
                let (operation, status) =
                    (action["operation"].as_str().unwrap(), action["status"].as_str().unwrap());
                *outcomes.entry(status.to_owned()).or_default() += 1;
                // Free days whose key was forgotten start over under the next one.
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
                assert!(fits, "{told}: left {times} times: {action:#}");
            }
        }
        assert_eq!(explained, left.len(), "{told}: something left that no action tells of: {left:#?}");
        let report = self.tick().await;
        assert_eq!(report["due"], 0, "{told}: something stays due: {report:#}");
        self.check_the_sums(told).await;
        outcomes
    }

    /// The counters of the KPIs say what counting the cases says.
    async fn check_the_sums(&self, told: &str) {
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
        assert_eq!(counted, recounted, "{told}");
    }
}
