//! What users would say of the whole, through the front doors: every function behind its own router,
//! the embedded DynamoDB behind the real SDK, the providers' stand-ins over real HTTP.
#![allow(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod repository;
mod world;

mod abandoned;
mod answer;
mod backstage;
mod cases;
mod costs;
mod crashes;
mod crowd;
mod deployment;
mod dialects;
mod document;
mod doors;
mod endings;
mod fairness;
mod faults;
mod health;
mod house_rules;
mod judgement;
mod keeping;
mod kpis;
mod money;
mod nudge;
mod openapi;
mod order;
mod overlaps;
mod promise;
mod recovery;
mod refusals;
mod retries;
mod rights;
mod settings;
mod signing;
mod storage;
mod strike;
mod stripe_events;
mod table;
mod tokens;
mod waiting;
mod webhook_fuzz;
mod webhook_refusals;
mod webhook_sources;
mod webhooks;
mod window;
