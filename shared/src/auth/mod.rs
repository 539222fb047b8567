//! Who may enter. A proven caller is a type: it exists only after one of these extractors made it.

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
