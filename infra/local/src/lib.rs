//! The whole service in one process; the tests through the API use it too.
//!
//! Nothing here imitates our own code. The database is a real engine behind the real AWS SDK, the providers
//! are stand-ins that keep the providers' rules (`infra/stand-ins`) and answer over real HTTP, and the
//! schedules are those of the deployment. The time comes from the sandbox's clock, and ids from counters, so
//! that a run can be repeated exactly.

pub mod cloud;
pub mod demo;
pub mod embedded;
pub mod sandbox_api;
pub mod service;
pub mod table;
pub mod ticker;
