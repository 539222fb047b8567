//! Switches, and what those that are off hold back.

use serde::Serialize;

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::BookingId;
use crate::domain::platform::switch::SwitchName;
use crate::views::Timestamp;

/// A switch: work that people turn off for the whole deployment or for one company.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SwitchView {
    /// The name of the switch.
    pub switch: SwitchName,
    /// What the switch applies to.
    pub scope: SwitchScopeView,
    /// The company of the switch; `null` for the whole deployment.
    pub company_id: Option<CompanyId>,
    /// Whether the work goes on. The work of a company goes on if neither its own switch nor that of the deployment
    /// is off.
    pub is_on: bool,
    /// Why the switch was last turned; `null` if it was never turned or turned on without a note. Notes about the
    /// deployment are for the platform's own company only.
    pub note: Option<String>,
    /// The ID of the person who last turned the switch; `null` under the same conditions.
    pub by: Option<String>,
    /// When the switch was last turned; `null` if it was never turned.
    pub at: Option<Timestamp>,
}

/// What a switch applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SwitchScopeView {
    /// All companies of the deployment.
    Deployment,
    /// One company and no other.
    Company,
}

/// A switch after a request to turn it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TurnedSwitchView {
    /// Whether this request turned the switch. `false`: it was turned this way already, and the other fields say by
    /// whom, since when and why.
    pub changed: bool,
    #[serde(flatten)]
    pub switch: SwitchView,
}

/// A switch that is off, with what it holds back.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SwitchedOffView {
    #[serde(flatten)]
    pub switch: SwitchView,
    /// What is due and held back.
    pub held: HeldRowsView,
}

/// Due rows that a switch holds back.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HeldRowsView {
    /// The number of rows that were counted: cases, bookings, messages, transfers or professionals. A switch of the
    /// deployment counts the rows of all companies.
    pub count: usize,
    /// Whether there are more rows than were counted.
    pub more: bool,
    /// Since when the oldest of these rows has been due; `null` if there are none.
    pub oldest_due_at: Option<Timestamp>,
    /// Up to 100 bookings of the caller's company among them, those that wait longest first.
    pub booking_ids: Vec<BookingId>,
}
