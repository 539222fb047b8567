//! The outside shape of every answer: problem documents, headers, one log line a request.

pub mod allowance;
pub mod answer;
pub mod body;
pub mod door;
pub mod extension;
pub mod failure;
pub mod once;
pub mod origin;
pub mod page;
pub mod query;
pub mod random;

pub use allowance::Allowance;
pub use answer::Answer;
pub use body::JsonBody;
pub use failure::Failure;
pub use page::Page;
pub use random::Random;
