//! A world with an event bus, and the received events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use local::service::Service;
use serde_json::Value;
use shared::domain::platform::action::Source;
use shared::domain::platform::announcement::{event_id, is_announced};
use shared::store::company::AuditEntry;
use stand_ins::bus::{BUS, ReceivedEvent};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use crate::answer::answered;
use crate::world::{COMPANY, World};

pub const PUBLISH: &str = "/api/cron/publish-events";

/// Longer than any backoff of an entry.
pub const PAUSES: Duration = Duration::minutes(16);

pub fn with_bus(name: &str) -> Option<String> {
    (name == "EVENT_BUS_NAME").then(|| BUS.to_owned())
}

impl World {
    pub async fn with_bus() -> Self {
        Self::with(EmbeddedDynamo::memory(), with_bus).await
    }

    /// Replaces the process by a new one over the same table and bus.
    pub async fn restart_with_bus(&mut self) {
        let old = &self.service;
        old.dynamo.stop_intercepting();
        old.sandbox.faults.stop_intercepting();
        let (sandbox, dynamo) = (old.sandbox.clone(), old.dynamo.clone());
        self.service = Service::start(sandbox, dynamo, with_bus).await.unwrap();
    }

    pub async fn publish(&self) -> Value {
        let response = self.service.fire("event-publisher", PUBLISH, self.now()).await;
        answered(&Method::POST, PUBLISH, response).await.ok()
    }

    /// A fault at the bus, for one company's entries or for whole requests.
    pub fn inject_bus_fault(&self, kind: &str, times: Option<u32>, company: Option<&str>) {
        let (provider, operation) = (Provider::EventBridge, Operation::PutEvents);
        let (kind, company) = (kind.parse().unwrap(), company.map(str::to_owned));
        self.service.sandbox.faults.add(Rule { provider, operation, kind, times, company });
    }

    /// The number of requests to the bus.
    pub fn asked_bus(&self) -> u64 {
        self.service.sandbox.bus.requests().values().sum()
    }

    pub fn received(&self) -> Vec<ReceivedEvent> {
        self.service.sandbox.bus.received()
    }

    /// The number of received events by kind.
    pub fn published_kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for received in self.received() {
            *kinds.entry(received.detail_type).or_default() += 1;
        }
        kinds
    }

    /// Adds entries to a company's audit log, each of another case.
    pub async fn add_entries(&self, company: &str, count: usize) {
        let (company, now) = (self.company(company), self.now());
        let unique = self.service.app.ids.next();
        let entry = |n: usize| AuditEntry {
            at: now,
            kind: "case.opened".to_owned(),
            subject: format!("{unique}-{n}"),
            cause: "test".to_owned(),
            source: Some(Source::Cron),
            detail: None,
        };
        let all: Vec<usize> = (0..count).collect();
        for part in all.chunks(100) {
            let write = |n: &usize| company.audit(&entry(*n), &format!("{unique}#{n}")).unwrap();
            let writes = part.iter().map(write).collect();
            company.store().commit(self.service.app.ids.next(), writes).await.unwrap();
        }
    }

    pub async fn unpublished(&self) -> Vec<Value> {
        self.rows_of("AUDIT#").await.into_iter().filter(|row| row.get("due_at").is_some()).collect()
    }

    /// Checks that the received events equal the written ones and nothing is pending. Returns how many were
    /// received more than once.
    pub async fn check_published(&self, context: &str) -> usize {
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = self.rows_of("AUDIT#").await;
        let announced = rows.iter().filter(|row| is_announced(&text(row, "kind")));
        let written: BTreeMap<String, String> = announced
            .map(|row| (event_id(&text(row, "pk"), &text(row, "sk")).to_string(), text(row, "subject")))
            .collect();
        let received = self.received();
        let ids: BTreeSet<String> =
            received.iter().map(|received| text(&received.detail, "event_id")).collect();
        assert_eq!(ids, written.keys().cloned().collect(), "{context}");
        for received in &received {
            assert_eq!(
                text(&received.detail, "subject"),
                written[&text(&received.detail, "event_id")],
                "{context}"
            );
        }
        assert_eq!(self.unpublished().await, [Value::Null; 0], "{context}");
        received.len() - ids.len()
    }
}

/// The permissions that a run with pending events uses, as in a policy.
pub async fn rights_of_a_run() -> BTreeSet<String> {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, 1).await;
    world.service.dynamo.reset_requests();
    assert_eq!(world.publish().await["done"], 1);
    let missed = "/api/cron/publish-events?scheduled_at=2025-11-18T09:01:00Z";
    world.operator(Method::POST, missed).await.ok();
    let requests = world.service.dynamo.requests();
    let of_bus = (world.asked_bus() > 0).then(|| "PutEvents EventBus".to_owned());
    requests.into_iter().flat_map(|request| request.rights).chain(of_bus).collect()
}
