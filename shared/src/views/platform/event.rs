//! Webhook events of providers.

use serde::Serialize;

use crate::domain::kernel::id::{CompanyId, MembershipId, PaymentId};
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::platform::event::TimeSource;
use crate::store::platform::inbox::EventStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The result of a webhook delivery.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WebhookReceiptView {
    /// The ID under which the event is stored.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// What happened to the event.
    pub outcome: ReceiptOutcome,
}

/// The result of a webhook delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptOutcome {
    /// The event is stored, and everything that follows from it is written.
    Applied,
    /// The event is stored. A scheduled job applies it later, unless nothing follows from it.
    Kept,
    /// The event had been received before; nothing changed.
    Duplicate,
}

/// A stored webhook event, without its body.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StoredEventView {
    /// The ID of the event.
    #[cfg_attr(feature = "openapi", schemars(with = "schema::EventId"))]
    pub event_id: String,
    /// The provider that sent the event.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["whop", "stripe"])))]
    pub source: String,
    /// The name of the event, in one spelling for all versions of the provider's API.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = r"^[!-~]{1,80}$")))]
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["payment.failed"])))]
    pub name: String,
    /// The company that the event names; `null` if it names none.
    pub company_id: Option<CompanyId>,
    /// The membership that the event names; `null` if it names none.
    pub membership_id: Option<MembershipId>,
    /// The payment at Whop that the event names; `null` if it names none.
    pub payment_id: Option<PaymentId>,
    /// The booking that the event names; `null` if it names none.
    pub booking_id: Option<BookingId>,
    /// The PaymentIntent at Stripe that the event names; `null` if it names none.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// `pending`: a scheduled job applies it. `applied`: its changes are written. `set_aside`: it failed too
    /// often or cannot be applied, and a person must replay or dismiss it. `received`: stored without effect, for
    /// the given reason. `dismissed`: a person decided that it is not applied.
    pub status: EventStatus,
    /// A code for the most recent error, or for why the event has no effect; `null` if there is neither.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["owner_unknown", "wrong_mode"])))]
    pub reason: Option<String>,
    /// The number of failed attempts to apply the event, since it was received or last replayed.
    pub tries: u32,
    /// The number of times a person has replayed the event.
    pub replays: u32,
    /// When it was dismissed; `null` unless it is.
    pub dismissed_at: Option<Timestamp>,
    /// Who dismissed it: `on_call:<name>` for an on-call key, or `scheduler`; `null` unless it is dismissed.
    pub dismissed_by: Option<String>,
    /// Why it was dismissed, in that person's words; `null` unless it is.
    pub note: Option<String>,
    /// When the event happened at the provider.
    pub occurred_at: Timestamp,
    /// The source of `occurred_at`. `payload`: the event states it. `arrival`: the event does not state it,
    /// and this is when the event was received.
    pub occurred_at_source: TimeSource,
    /// When the event was received.
    pub received_at: Timestamp,
}
