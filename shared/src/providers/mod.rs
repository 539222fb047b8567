//! Clients and webhook signatures of the providers. Each client follows its provider's rules for retries and
//! idempotency, and its errors say what the caller may do next.

pub mod call;
pub mod call_counts;
pub mod client;
pub mod posthog;
pub mod resend;
pub mod signed;
pub mod standard_webhooks;
pub mod stripe;
mod tls;
pub mod tokens;
pub mod whop;

pub use tls::TrustError;
