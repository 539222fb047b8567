//! Which version of Whop's API we speak.

/// The dated version that every request asks for, and whose bodies [`client`](super::client) writes. It stands
/// here and nowhere else, because the same path means something else under another date: `/cancel` without
/// its flag ends a membership at once. A date that Whop does not know is answered with 400.
///
/// Source: the official crate `whop_sdk` 1.1.5, whose memberships, payments, experiences, notifications and
/// messages all pin this date.
pub const API_VERSION_DATE: &str = "2026-09-15";
