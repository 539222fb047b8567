//! The version of Whop's API that we use.

/// The dated version that every request sends, and for which [`client`](super::client) writes its bodies. It is
/// defined only here, because the same path means something else under another date: `/cancel` without its flag
/// ends a membership at once. Whop answers an unknown date with 400.
///
/// Source: the official crate `whop_sdk` 1.1.5, whose memberships, payments, experiences, notifications and
/// messages all pin this date.
pub const API_VERSION_DATE: &str = "2026-09-15";
