//! Effects that need a person, or may need one.

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
    /// The case, where it belongs to one.
    pub case_id: Option<CaseId>,
    /// The booking, where it belongs to one.
    pub booking_id: Option<BookingId>,
    /// What names it within its case or booking.
    pub operation: String,
    /// What is done.
    pub kind: ActionKind,
    /// How far it is.
    pub status: EffectStatus,
    /// Why it is where it is: a code, or the provider's reference.
    pub reason: Option<String>,
    /// The money that it is about, in minor units.
    pub amount: Option<i64>,
    /// In what.
    pub currency: Option<Currency>,
    /// How often it was tried.
    pub tries: u32,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// When it may have left for the first time.
    pub first_sent_at: Option<Timestamp>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// When it reached its end.
    pub ended_at: Option<Timestamp>,
}

/// Something that a provider refused for good.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RefusedEffectView {
    /// The case, where it belongs to one.
    pub case_id: Option<CaseId>,
    /// The booking, where it belongs to one.
    pub booking_id: Option<BookingId>,
    /// What names it within its case or booking.
    pub operation: String,
    /// What was to be done.
    pub kind: ActionKind,
    /// Who refused it.
    pub provider: Option<Provider>,
    /// The provider's own code; null where it gave none, or where the reason is ours.
    pub code: Option<String>,
    /// The provider's code, or our own word.
    pub reason: String,
    /// What is so because of it.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::platform::refusal::ConsequenceKind"))]
    pub consequence: Option<&'static str>,
    /// The money that waits because of it, in minor units.
    pub amount: Option<i64>,
    /// In what.
    pub currency: Option<Currency>,
    /// How often it was tried.
    pub tries: u32,
    /// Since when.
    pub refused_at: Option<Timestamp>,
}
