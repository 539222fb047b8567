//! What users would say of the whole, through the front doors: every function behind its own router,
//! the embedded DynamoDB behind the real SDK, the providers' stand-ins over real HTTP.
#![allow(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod crowd;
mod promise;
mod repository;
mod strike;
mod world;

mod costs;
mod crashes;
mod deployment;
mod dialects;
mod document;
mod fairness;
mod faults;
mod house_rules;
mod judgement;
mod keeping;
mod kpis;
mod money;
mod openapi;
mod order;
mod overlaps;
mod recovery;
mod refusals;
mod rights;
mod signing;
mod storage;
mod table;
mod waiting;
mod webhooks;
mod window;
