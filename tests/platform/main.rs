//! The parts common to all products: webhooks, idempotency keys, rate limits, the event bus, operations, the
//! API document.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod analytics;
mod arbitrary_bodies;
mod cors;
mod deep_health;
mod event_publisher;
mod event_publisher_faults;
mod health;
mod hostile_json;
mod hostile_providers;
mod idempotency_keys;
mod idempotency_keys_abandoned;
mod idempotency_keys_answers;
mod idempotency_keys_known_defects;
mod migrations;
mod migrations_faults;
mod missed_runs;
mod openapi;
mod openapi_inputs;
mod openapi_judge;
mod operations;
mod operations_incidents;
mod personal_data;
mod rate_limit_answers;
mod rate_limits;
mod rate_limits_faults;
mod rate_limits_shared;
mod request_bursts;
mod roles;
mod suppression;
mod switches;
mod table_outages;
mod telemetry;
mod webhooks_fuzz;
mod webhooks_kept;
mod webhooks_refused;
mod webhooks_resend;
mod webhooks_sources;
mod webhooks_storage;
mod webhooks_stripe;
mod webhooks_waiting;
mod webhooks_whop;
mod webhooks_whop_refused;
