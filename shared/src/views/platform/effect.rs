//! Effects that need or may need a person.

use serde::Serialize;

use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::BookingId;
use crate::domain::kernel::provider::Provider;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::effect::EffectStatus;
use crate::views::Timestamp;

/// An external effect of a case or a booking. Its request is not shown, because it may name a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EffectView {
    /// The case, if it belongs to one.
    pub case_id: Option<CaseId>,
    /// The booking, if it belongs to one.
    pub booking_id: Option<BookingId>,
    /// Its name within its case or booking.
    pub operation: String,
    /// The kind of effect.
    pub kind: ActionKind,
    /// The status of the effect.
    pub status: EffectStatus,
    /// The reason for its status: a code, or the provider's reference.
    pub reason: Option<String>,
    /// The amount of money that it moves, in minor units.
    pub amount: Option<i64>,
    /// The currency of the amount.
    pub currency: Option<Currency>,
    /// The number of attempts.
    pub tries: u32,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When the first attempt may have been sent.
    pub first_sent_at: Option<Timestamp>,
    /// When it is retried.
    pub next_try_at: Option<Timestamp>,
    /// When its status became final.
    pub ended_at: Option<Timestamp>,
}

/// An effect that a provider refused for good.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RefusedEffectView {
    /// The case, if it belongs to one.
    pub case_id: Option<CaseId>,
    /// The booking, if it belongs to one.
    pub booking_id: Option<BookingId>,
    /// Its name within its case or booking.
    pub operation: String,
    /// The kind of effect.
    pub kind: ActionKind,
    /// The provider that refused it.
    pub provider: Option<Provider>,
    /// The provider's own code; null if it sent none, or if the reason is ours.
    pub code: Option<String>,
    /// The provider's code, or one of ours.
    pub reason: String,
    /// The consequence of the refusal.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::platform::refusal::ConsequenceKind"))]
    pub consequence: Option<&'static str>,
    /// The money that waits because of it, in minor units.
    pub amount: Option<i64>,
    /// The currency of the amount.
    pub currency: Option<Currency>,
    /// The number of attempts.
    pub tries: u32,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
}
