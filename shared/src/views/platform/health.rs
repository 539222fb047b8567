//! Whether the service is well.

use std::collections::BTreeMap;

use serde::Serialize;

use super::job::JobStateView;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// Whether the service is well.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HealthView {
    /// How it is.
    pub status: HealthStatus,
    /// The version that runs.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^\d+\.\d+\.\d+$")))]
    pub version: &'static str,
    /// For how long this process has run.
    pub uptime_seconds: u64,
    /// What time it is here.
    pub time: Timestamp,
    /// The checks that were made.
    pub checks: ChecksView,
}

/// How the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Every check made is well.
    Ok,
    /// One of them is not.
    Failing,
}

/// The checks that were made.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
pub struct ChecksView {
    /// Well where nothing is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ConfigurationCheckView>,
    /// Well where the table answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseCheckView>,
    /// Well where nothing is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<ConfigurationCheckView>,
    /// Well where no last run is late and nothing is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crons: Option<CronsCheckView>,
}

/// Well where nothing is missing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ConfigurationCheckView {
    /// Names of the environment that are not set. Never a value.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// Well where the table answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DatabaseCheckView {
    /// Whether the table answered.
    pub answers: bool,
    /// The version of the data: the number of the last migration that was done. `null` where the table did not
    /// answer.
    pub data_version: Option<u32>,
    /// The version that this code expects. Another one is no illness: while a migration and a switch are under
    /// way, either is in use.
    pub expected_data_version: u32,
    /// How long that took, in milliseconds.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub duration_ms: f64,
    /// Names of the environment that are not set. Never a value.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// Well where no last run is late and nothing is missing. A daily job that never ran yet is well.
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
