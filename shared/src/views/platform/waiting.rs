//! What waits for a provider, for the schedule or for a person: one kind of row for everything.

use serde::Serialize;

use crate::domain::kernel::id::{CaseId, MembershipId};
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::kernel::provider::Provider;
use crate::domain::marketplace::payout::BatchId;
use crate::domain::platform::action::ActionKind;
use crate::domain::platform::waiting::{WaitingKind, WaitsFor};
use crate::views::Timestamp;

/// Something that is not done because of a provider, a refusal, a doubt or a scheduler. It is listed from the
/// first failure until it is over.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WaitingView {
    /// The kind of thing that waits.
    pub what: WaitingKind,
    /// Who or what ends the waiting.
    pub waits_for: WaitsFor,
    /// The case that waits, or that the effect belongs to; `null` if it is not about a case.
    pub case_id: Option<CaseId>,
    /// The membership of the case or the event; `null` if it is not known.
    pub membership_id: Option<MembershipId>,
    /// The booking that waits, or that the effect belongs to; `null` if it is not about a booking.
    pub booking_id: Option<BookingId>,
    /// The professional who waits; `null` if it is not about a professional.
    pub professional_id: Option<ProfessionalId>,
    /// The payout batch that waits, or that the professional belongs to; `null` if it is not about a payout.
    pub batch_id: Option<BatchId>,
    /// The event that waits; `null` if it is not about an event.
    pub event_id: Option<String>,
    /// Identifies an effect within its case or booking; `null` if it is not an effect.
    pub operation: Option<String>,
    /// What the effect does; `null` if it is not an effect.
    pub kind: Option<ActionKind>,
    /// The status of the effect, the case, the event or the batch; `null` if it has none.
    pub status: Option<&'static str>,
    /// The provider that is waited for or that refused; `null` if no provider is the reason.
    pub provider: Option<Provider>,
    /// The provider's error code; `null` if it gave none, or if the reason is a code of this API.
    pub code: Option<String>,
    /// The reason: the provider's error code, or a code of this API; `null` if none is known.
    pub reason: Option<String>,
    /// What the state means and what comes next, as a sentence.
    pub message: &'static str,
    /// The consequence of a refusal; `null` for everything else.
    #[cfg_attr(
        feature = "openapi",
        schemars(with = "Option<crate::domain::platform::refusal::ConsequenceKind>")
    )]
    pub consequence: Option<&'static str>,
    /// The amount that waits, in minor units of `currency`; `null` if no money waits or its amount is not known.
    pub amount: Option<i64>,
    /// The currency of `amount`: ISO 4217, lower case; `null` if there is none.
    pub currency: Option<Currency>,
    /// Since when it waits: the time at which it was due or decided.
    pub since: Timestamp,
    /// The number of attempts so far.
    pub tries: u32,
    /// When it is tried again; `null` if it is not tried again by itself.
    pub next_try_at: Option<Timestamp>,
    /// When the effect was decided on; `null` if it is not an effect.
    pub decided_at: Option<Timestamp>,
    /// When the effect's request may have been sent for the first time; `null` if it was not sent.
    pub first_sent_at: Option<Timestamp>,
    /// When the effect reached a final status; `null` until then.
    pub ended_at: Option<Timestamp>,
    /// When the provider refused the effect; `null` if it did not.
    pub refused_at: Option<Timestamp>,
}

impl WaitingView {
    /// A row without details.
    pub fn new(what: WaitingKind, since: chrono::DateTime<chrono::Utc>) -> Self {
        Self {
            what,
            waits_for: what.waits_for(),
            case_id: None,
            membership_id: None,
            booking_id: None,
            professional_id: None,
            batch_id: None,
            event_id: None,
            operation: None,
            kind: None,
            status: None,
            provider: None,
            code: None,
            reason: None,
            message: what.message(),
            consequence: None,
            amount: None,
            currency: None,
            since: Timestamp(since),
            tries: 0,
            next_try_at: None,
            decided_at: None,
            first_sent_at: None,
            ended_at: None,
            refused_at: None,
        }
    }

    /// Sets the recorded reason, and the provider's code if it is one.
    pub fn because(self, provider: Option<Provider>, reason: Option<&str>) -> Self {
        let code = reason.and_then(crate::domain::platform::refusal::provider_code).map(str::to_owned);
        Self { provider, code, reason: reason.map(str::to_owned), ..self }
    }
}
