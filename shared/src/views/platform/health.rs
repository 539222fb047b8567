//! Whether the service is well.

use std::collections::BTreeMap;

use serde::Serialize;

use super::job::JobStateView;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The result of the health checks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HealthView {
    /// The overall status of the service.
    pub status: HealthStatus,
    /// The running version of the service.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^\d+\.\d+\.\d+$")))]
    pub version: &'static str,
    /// The uptime of this process, in seconds.
    pub uptime_seconds: u64,
    /// The current time of the service.
    pub time: Timestamp,
    /// The checks that were requested.
    pub checks: ChecksView,
}

/// The overall status of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Every check succeeded.
    Ok,
    /// At least one check failed.
    Failing,
}

/// The checks that were requested.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
pub struct ChecksView {
    /// Succeeds if no required variable is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ConfigurationCheckView>,
    /// Succeeds if the table answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseCheckView>,
    /// Succeeds if no required variable is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<ConfigurationCheckView>,
    /// Succeeds if no last run is late and no required variable is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crons: Option<CronsCheckView>,
}

/// Succeeds if no required variable is missing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ConfigurationCheckView {
    /// Names of the environment that are not set. Never a value.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// Succeeds if the table answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DatabaseCheckView {
    /// Whether the table answered.
    pub answers: bool,
    /// The version of the data: the number of the last completed migration. `null` if the table did not
    /// answer.
    pub data_version: Option<u32>,
    /// The version that this code expects. A difference is no failure: during a migration and a deployment,
    /// either is in use.
    pub expected_data_version: u32,
    /// The duration of the check, in milliseconds.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub duration_ms: f64,
    /// Names of the environment that are not set. Never a value.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// Succeeds if no last run is late and no required variable is missing. A daily job that has never run is not
/// late.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CronsCheckView {
    /// Every job.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::by_job::<JobStateView>"))]
    pub jobs: BTreeMap<&'static str, JobStateView>,
    /// Names of the environment that are not set. Never a value.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}
