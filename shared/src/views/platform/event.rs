//! Events of providers.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId};
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::platform::event::TimeSource;
use crate::store::platform::inbox::EventStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// What became of the delivery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WebhookReceiptView {
    /// The event.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// What became of it.
    pub outcome: ReceiptOutcome,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// Kept, and everything that follows from it is written.
    Applied,
    /// Kept; the schedule applies it, unless it is of a source whose events nothing applies.
    Kept,
    /// It had been received before; nothing changed.
    Duplicate,
}

/// An event as it is kept, without its body.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StoredEventView {
    /// The event.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// Which provider sent it.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["whop", "stripe"])))]
    pub source: String,
    /// Its name in one spelling.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,80}$")))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["payment.failed"])))]
    pub name: String,
    /// The company, where the event names it.
    pub company_id: Option<CompanyId>,
    /// The membership, where the event names it.
    pub membership_id: Option<MembershipId>,
    /// The payment, where the event names it.
    pub payment_id: Option<PaymentId>,
    /// The booking, where the event names it.
    pub booking_id: Option<BookingId>,
    /// The payment of a booking, where the event names it.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// `pending`: the schedule applies it. `applied`: done with. `set_aside`: tried too often, or not
    /// applicable; waits for a person. `received`: kept without effect, for the reason given.
    pub status: EventStatus,
    /// What it failed on, or why it has no effect, in one of our own words.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["owner_unknown", "wrong_mode"])))]
    pub reason: Option<String>,
    /// How often applying it was tried and failed since it was last taken up.
    pub tries: u32,
    /// How often a person had it applied again.
    pub replays: u32,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// Where that is known from: `payload`, the event says it; `arrival`, it does not, and this is when it
    /// came.
    pub occurred_at_source: TimeSource,
    /// When it came in.
    pub received_at: Timestamp,
}
