//! What all HTTP answers share: problem documents, headers, idempotency keys, and one log line per request.

pub mod answer;
pub mod body;
pub mod extension;
pub mod failure;
pub mod idempotent;
pub mod middleware;
pub mod origin;
pub mod page;
pub mod query;
pub mod random;
pub mod rate_limit_charge;

pub use answer::Answer;
pub use body::JsonBody;
pub use failure::Failure;
pub use page::HtmlPage;
pub use random::Random;
pub use rate_limit_charge::RateLimitCharge;
