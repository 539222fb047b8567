//! The operations of the service itself.

pub mod event_publisher;
pub mod health;
mod history;
pub mod operations;
pub mod resolution;
pub mod switches;
pub mod webhooks;

use crate::operation::Function;

/// The functions of the platform.
pub(crate) fn functions() -> Vec<Function> {
    vec![webhooks::function(), event_publisher::function(), operations::function(), health::function()]
}
