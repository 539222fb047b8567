//! A world with analytics, with or without an event bus, and the captured events.

use std::collections::BTreeMap;

use local::embedded::EmbeddedDynamo;
use local::service::Service;
use serde_json::Value;
use shared::domain::platform::announcement::{event_id, is_announced};
use stand_ins::bus::BUS;
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;
use stand_ins::posthog::{API_KEY, Captured};

use crate::event_bus::PAUSES;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sinks {
    Both,
    Analytics,
}

impl Sinks {
    fn lookup(self, name: &str) -> Option<String> {
        match name {
            "EVENT_BUS_NAME" if self == Self::Both => Some(BUS.to_owned()),
            "POSTHOG_API_KEY" => Some(API_KEY.to_owned()),
            _ => None,
        }
    }
}

impl World {
    pub async fn with_sinks(sinks: Sinks) -> Self {
        Self::with(EmbeddedDynamo::memory(), |name| sinks.lookup(name)).await
    }

    /// Replaces the process by a new one over the same table and sinks.
    pub async fn restart_with_sinks(&mut self, sinks: Sinks) {
        let old = &self.service;
        old.dynamo.stop_intercepting();
        old.sandbox.faults.stop_intercepting();
        let (sandbox, dynamo) = (old.sandbox.clone(), old.dynamo.clone());
        self.service = Service::start(sandbox, dynamo, |name| sinks.lookup(name)).await.unwrap();
    }

    pub fn inject_analytics_fault(&self, kind: &str, times: Option<u32>) {
        let (provider, operation) = (Provider::PostHog, Operation::Batch);
        let kind = kind.parse().unwrap();
        self.service.sandbox.faults.add(Rule { provider, operation, kind, times, company: None });
    }

    pub fn counted(&self) -> Vec<Captured> {
        self.service.sandbox.posthog.captured()
    }

    /// The number of requests to analytics.
    pub fn asked_analytics(&self) -> u64 {
        self.service.sandbox.posthog.requests().values().sum()
    }

    /// Publishes until nothing is pending.
    pub async fn publish_everything(&self) {
        for _ in 0..10 {
            self.publish().await;
            if self.unpublished().await.is_empty() {
                return;
            }
            self.advance(PAUSES);
        }
        panic!("never at rest");
    }

    /// Checks that the captured events equal the written ones, each with its one id and time. Returns how many
    /// were captured more than once.
    pub async fn check_counted(&self, context: &str) -> usize {
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = self.rows_of("AUDIT#").await;
        let announced = rows.iter().filter(|row| is_announced(&text(row, "kind")));
        let id = |row: &Value| event_id(&text(row, "pk"), &text(row, "sk")).to_string();
        let written: BTreeMap<String, (String, String)> =
            announced.map(|row| (id(row), (text(row, "kind"), text(row, "at")))).collect();
        let counted = self.counted();
        let received: BTreeMap<String, (String, String)> =
            counted.iter().map(|it| (it.uuid.clone(), (it.event.clone(), it.timestamp.clone()))).collect();
        assert_eq!(received, written, "{context}");
        for it in &counted {
            assert_eq!(received[&it.uuid], (it.event.clone(), it.timestamp.clone()), "{context}");
        }
        counted.len() - received.len()
    }
}
