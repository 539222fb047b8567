//! Authentication and authorization. A `Caller`, `Session`, `Scheduler` or `Operator` exists only after this
//! module verified it.

mod authorization;
pub mod caller;
mod job_call;
pub mod links;
mod operator;
mod owner;
pub mod password;
pub mod routes;
pub mod scheduler;
pub mod session;
mod trusted_proxy;

pub use caller::Caller;
pub use job_call::JobCall;
pub use operator::Operator;
pub use routes::{Access, Routes};
pub use scheduler::Scheduler;
pub use session::Session;
