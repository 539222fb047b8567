//! The whole service in one process, which is also the ground the journey tests stand on.
//!
//! Nothing here imitates our own code. The database is a real engine behind the real AWS SDK, the
//! providers are stand-ins that keep the providers' own rules (`infra/stand-ins`), asked over real
//! HTTP, and the schedules are those of the deployment. Time comes from the sandbox's one clock, and
//! ids from counters, so that a run can be repeated exactly.

pub mod cloud;
pub mod demo;
pub mod embedded;
pub mod sandbox_api;
pub mod service;
pub mod table;
pub mod ticker;
