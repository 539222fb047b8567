//! Authentication and authorization. A `Caller`, `Session` or `Scheduler` exists only after this module verified
//! it.

mod authorization;
pub mod caller;
pub mod links;
mod owner;
pub mod password;
pub mod routes;
pub mod scheduler;
pub mod session;
mod trusted_proxy;

pub use caller::Caller;
pub use routes::{Access, Routes};
pub use scheduler::Scheduler;
pub use session::Session;
