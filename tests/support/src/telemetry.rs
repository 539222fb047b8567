//! A world with external monitoring, and the telemetry that was sent.

use std::sync::Arc;

use local::embedded::{EmbeddedDynamo, Failure, Intervention};
use local::service::SENTRY;
use serde_json::Value;
use shared::rate_limit::Deadlines;
use stand_ins::better_stack::SOURCE_TOKEN;
use stand_ins::fault::{Operation, Rule};
use stand_ins::healthchecks::{PING_KEY, Ping};
use stand_ins::outbox::Provider;

use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitoring {
    Sentry,
    BetterStack,
    Both,
    Heartbeats,
}

impl Monitoring {
    fn lookup(self, name: &str) -> Option<String> {
        match name {
            "SENTRY_DSN" if matches!(self, Self::Sentry | Self::Both) => Some(SENTRY.to_owned()),
            "BETTER_STACK_SOURCE_TOKEN" if matches!(self, Self::BetterStack | Self::Both) => {
                Some(SOURCE_TOKEN.to_owned())
            }
            "HEALTHCHECKS_PING_KEY" if self == Self::Heartbeats => Some(PING_KEY.to_owned()),
            _ => None,
        }
    }
}

impl World {
    pub async fn watched_by(eyes: Monitoring) -> Self {
        Self::with(EmbeddedDynamo::memory(), |name| eyes.lookup(name)).await
    }

    /// A world with all monitoring, whose rate limits wait this long for the table.
    pub async fn watched_waiting_ms(answer_ms: u64) -> Self {
        let deadlines = Deadlines { answer_ms, connect_ms: answer_ms };
        Self::with_deadlines(EmbeddedDynamo::memory(), |name| Monitoring::Both.lookup(name), deadlines).await
    }

    pub fn inject_telemetry_fault(&self, kind: &str) {
        for (provider, operation) in [
            (Provider::Sentry, Operation::Envelope),
            (Provider::BetterStack, Operation::Ingest),
            (Provider::Healthchecks, Operation::Ping),
        ] {
            let kind = kind.parse().unwrap();
            self.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
        }
    }

    /// Makes the table answer with errors only.
    pub fn lose_the_table(&self) {
        let broken = Intervention::FailBefore(Failure::Internal);
        self.service.dynamo.intercept(Arc::new(move |_, _| broken));
    }

    pub fn errors_seen(&self) -> Vec<Value> {
        self.service.sandbox.sentry.events()
    }

    pub fn check_ins(&self) -> Vec<Value> {
        self.service.sandbox.sentry.check_ins()
    }

    pub fn pings(&self) -> Vec<Ping> {
        self.service.sandbox.healthchecks.pings()
    }

    pub fn lines_shipped(&self) -> Vec<Value> {
        self.service.sandbox.better_stack.lines()
    }

    /// The numbers of requests to Sentry and to Better Stack.
    pub fn asked_watchers(&self) -> (u64, u64) {
        let sandbox = &self.service.sandbox;
        (sandbox.sentry.requests().values().sum(), sandbox.better_stack.requests().values().sum())
    }
}
