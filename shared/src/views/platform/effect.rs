//! External effects that need a person, or may need one.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::BookingId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;

/// An external effect of a case or a booking, such as a message or a transfer. Its request is not shown,
/// because it may contain personal data.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EffectView {
    /// The case that the effect belongs to; `null` if it belongs to a booking.
    pub case_id: Option<CaseId>,
    /// The booking that the effect belongs to; `null` if it belongs to a case.
    pub booking_id: Option<BookingId>,
    /// Identifies the effect within its case or booking.
    pub operation: String,
    /// What the effect does.
    pub kind: ActionKind,
    /// The delivery status of the effect.
    pub status: EffectStatus,
    /// A code for why the effect has this status, or the provider's reference if it is `done`; `null` if
    /// there is neither.
    pub reason: Option<String>,
    /// The amount of the effect, in minor units of `currency`; `null` if it has none.
    pub amount: Option<i64>,
    /// The currency of `amount`: ISO 4217, lower case; `null` if there is none.
    pub currency: Option<Currency>,
    /// The number of attempts so far.
    pub tries: u32,
    /// When the effect was decided on.
    pub decided_at: Timestamp,
    /// When the request may have been sent for the first time; `null` if it was not sent.
    pub first_sent_at: Option<Timestamp>,
    /// When the effect is retried; `null` if it is not retried.
    pub next_try_at: Option<Timestamp>,
    /// When the effect reached a final status; `null` until then.
    pub ended_at: Option<Timestamp>,
}
