//! Events of providers.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId};
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::platform::event::TimeSource;
use crate::store::platform::inbox::EventStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The result of a delivery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WebhookReceiptView {
    /// The event.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// The result of the delivery.
    pub outcome: ReceiptOutcome,
}

/// The result of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// Stored and applied with all its consequences.
    Applied,
    /// Stored; the scheduled job applies it, unless no events of its source are applied.
    Kept,
    /// It had been received before; nothing changed.
    Duplicate,
}

/// A stored event without its body.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StoredEventView {
    /// The event.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// The provider that sent it.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["whop", "stripe"])))]
    pub source: String,
    /// Its normalized name.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,80}$")))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["payment.failed"])))]
    pub name: String,
    /// The company, if the event names it.
    pub company_id: Option<CompanyId>,
    /// The membership, if the event names it.
    pub membership_id: Option<MembershipId>,
    /// The payment, if the event names it.
    pub payment_id: Option<PaymentId>,
    /// The booking, if the event names it.
    pub booking_id: Option<BookingId>,
    /// The payment of a booking, if the event names it.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// `pending`: the scheduled job applies it. `applied`: applied. `set_aside`: failed too often, or not
    /// applicable; waits for a person. `received`: stored without effect, for the given reason.
    pub status: EventStatus,
    /// The code of its last error, or why it has no effect.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["owner_unknown", "wrong_mode"])))]
    pub reason: Option<String>,
    /// The number of failed attempts since it was last queued.
    pub tries: u32,
    /// How often a person queued it again.
    pub replays: u32,
    /// When it happened at the provider.
    pub occurred_at: Timestamp,
    /// The source of that time: `payload`, the event reports it; `arrival`, it does not, and this is the time
    /// of arrival.
    pub occurred_at_source: TimeSource,
    /// When it was received.
    pub received_at: Timestamp,
}
