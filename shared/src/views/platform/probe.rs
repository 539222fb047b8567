//! The deep health checks: keys that are tried, and dry runs.

use serde::Serialize;

use crate::views::Timestamp;

/// The result of a check that tries something and changes nothing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProbeView {
    /// Whether the checked thing works.
    pub status: ProbeStatus,
    /// If it failed: a code of the provider or of this service, such as `status_401`. If it is not configured: the
    /// environment variable that is missing. `sending_access_only`: the key of Resend may send and not read, which is
    /// enough. Otherwise `null`.
    pub reason: Option<String>,
    /// When the check was made.
    pub checked_at: Timestamp,
    /// How long the check took, in milliseconds.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub duration_ms: f64,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProbeStatus {
    /// The checked thing works.
    Ok,
    /// The checked thing does not work.
    Failed,
    /// A setting is missing, so there is nothing to check. This does not fail the health check.
    NotConfigured,
}

/// The deliveries of one source of webhooks in the last 24 hours, by full hours (UTC). Busy processes write their counts
/// once a minute, so the newest deliveries may be missing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeliveriesView {
    /// Deliveries with a valid signature.
    pub accepted: u64,
    /// Deliveries with a signature that was not valid. Requests without one are not counted.
    pub refused: u64,
    /// When the last delivery was accepted; `null` if none was.
    pub last_accepted_at: Option<Timestamp>,
    /// When the last delivery was refused; `null` if none was.
    pub last_refused_at: Option<Timestamp>,
    /// The number of accepted deliveries whose event has a name that this version does not know; approximate.
    pub unknown_names: u64,
    /// The newest of these names; `null` if there is none.
    pub last_unknown_name: Option<String>,
}
