//! The providers: one client and one signature check each. A client knows its provider's rules for
//! retries and repeated requests, and tells by its errors what may be done next.

pub mod call;
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
