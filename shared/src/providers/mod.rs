//! The providers' side of the border: what they send, how they sign it, what they mean by it.

pub mod whop;
