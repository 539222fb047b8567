//! The recovery settings of a company.

use serde::Serialize;

use crate::domain::kernel::message::Language;
use crate::store::company::SettingsRow;
use crate::views::Timestamp;

/// A company's settings for the recovery of failed renewals.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SettingsView {
    /// Whether each step sends a push notification.
    pub push_enabled: bool,
    /// Whether each step sends a direct message.
    pub dm_enabled: bool,
    /// The number of free days granted once per case, before its first reminder; 0 grants none.
    #[cfg_attr(feature = "openapi", schemars(range(max = 365)))]
    pub incentive_days: u16,
    /// The days after the first failure on which reminders are sent, in ascending order without duplicates.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1, max = 10), inner(range(max = 30))))]
    #[cfg_attr(feature = "openapi", schemars(extend("uniqueItems" = true)))]
    pub reminder_offsets_days: Vec<u8>,
    /// The language of messages to members.
    pub language: Language,
    /// When the settings were saved; `null` while the defaults apply.
    pub updated_at: Option<Timestamp>,
    /// The number of times the settings were saved; 0 for the defaults.
    pub version: u64,
}

impl From<SettingsRow> for SettingsView {
    fn from(SettingsRow { settings, updated_at, version }: SettingsRow) -> Self {
        Self {
            push_enabled: settings.push_enabled,
            dm_enabled: settings.dm_enabled,
            incentive_days: settings.incentive_days,
            reminder_offsets_days: settings.reminder_offsets_days,
            language: settings.language,
            updated_at: updated_at.map(Timestamp),
            version,
        }
    }
}
