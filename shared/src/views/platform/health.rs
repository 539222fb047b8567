//! The health of the service.

use std::collections::BTreeMap;

use serde::Serialize;

use super::job::JobStateView;
use super::probe::{DeliveriesView, ProbeView};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The health of the service.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HealthView {
    /// `ok` if every check that was run passed, otherwise `failing`.
    pub status: HealthStatus,
    /// The version of the service.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^\d+\.\d+\.\d+$")))]
    pub version: &'static str,
    /// How long this process has been running, in seconds.
    pub uptime_seconds: u64,
    /// The current time of the server.
    pub time: Timestamp,
    /// The results of the checks that were run.
    pub checks: ChecksView,
}

/// The overall result of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Every check that was run passed.
    Ok,
    /// At least one check failed.
    Failing,
}

/// The results of the checks that were run. A check that was not run is absent.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(extend("minProperties" = 1)))]
pub struct ChecksView {
    /// The configuration of the application. It passes if no required setting is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<ConfigurationCheckView>,
    /// The database. It passes if the database answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseCheckView>,
    /// The receiving of webhooks. It passes if no required setting is missing and no source is refused as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<WebhooksCheckView>,
    /// The scheduled jobs. It passes if the database answers, no job is late or failing, and no required setting
    /// is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crons: Option<CronsCheckView>,
    /// The keys of providers, each tried by a request that changes nothing. The check passes if every configured key
    /// works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::by_provider::<ProbeView>"))]
    pub keys: Option<BTreeMap<&'static str, ProbeView>>,
    /// A dry run of the verification of Whop's user tokens: the keys are fetched, and a forged token is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_tokens: Option<ProbeView>,
    /// A dry run of a reminder's text in every language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder_texts: Option<ProbeView>,
}

/// The result of a configuration check. It passes if no required setting is missing. A missing webhook secret
/// of Stripe or Resend is listed but does not fail the check.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ConfigurationCheckView {
    /// The environment variables that are not set. Their values are never shown.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// The result of the check of webhooks. A missing webhook secret of Stripe or Resend is listed but does not fail the
/// check.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WebhooksCheckView {
    /// The environment variables that are not set. Their values are never shown.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
    /// The sources of which everything is refused, as after a wrong secret was set: at least three deliveries with a
    /// signature since the last accepted one, the newest of them in the last hour. It fails the check.
    pub only_refused: Vec<String>,
    /// The deliveries of each source. Only in the check of an operator; there is no entry for a source without
    /// deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_24_hours: Option<BTreeMap<String, DeliveriesView>>,
}

/// The result of the database check. It passes if the database answers.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DatabaseCheckView {
    /// Whether the database answered.
    pub answers: bool,
    /// The version of the stored data: the number of the last completed migration. `null` if the database did
    /// not answer.
    pub data_version: Option<u32>,
    /// The data version that this release expects. A different `data_version` does not fail the check,
    /// because both versions are in use during a migration.
    pub expected_data_version: u32,
    /// How long the database took to answer, in milliseconds.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub duration_ms: f64,
    /// The environment variables that are not set. Their values are never shown.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}

/// The result of the check of scheduled jobs. It passes if the database answers, no job is late or failing, and no
/// required setting is missing. A job that has not run yet does not fail the check before its first planned run has
/// passed, except `reminders`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CronsCheckView {
    /// The status of every job.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::by_job::<JobStateView>"))]
    pub jobs: BTreeMap<&'static str, JobStateView>,
    /// The environment variables that are not set. Their values are never shown.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::MissingConfiguration"))]
    pub missing_configuration: Vec<&'static str>,
}
