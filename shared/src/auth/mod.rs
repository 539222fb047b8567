//! Who may enter. A proven caller is a type: it exists only after one of these extractors made it.

pub mod caller;
mod front_door;
mod guard;
pub mod links;
mod owner;
pub mod password;
pub mod routes;
pub mod scheduler;
pub mod session;

pub use caller::Caller;
pub use routes::{Routes, Who};
pub use scheduler::Scheduler;
pub use session::Session;
