//! A case: the recovery of a failed renewal.

use serde::Serialize;

use crate::domain::kernel::id::{CaseId, CompanyId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::money::Currency;
use crate::domain::recovery::contact::HoldReason;
use crate::domain::recovery::timeline::{CaseStatus, EndedBy};
use crate::views::Timestamp;

/// A case: the recovery of one failed renewal.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CaseView {
    /// The ID of the case.
    pub case_id: CaseId,
    /// The company that sells the membership.
    pub company_id: CompanyId,
    /// The membership whose renewal failed.
    pub membership_id: MembershipId,
    /// The member's user ID at Whop; `null` if no event named it.
    pub user_id: Option<UserId>,
    /// The status of the case.
    pub status: CaseStatus,
    /// When the first charge failed.
    pub first_failure_at: Timestamp,
    /// When the most recent charge failed.
    pub last_failure_at: Timestamp,
    /// The number of failed charges.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub failures: u32,
    /// The most recent payment that failed; `null` if no event named it.
    pub payment_id: Option<PaymentId>,
    /// The amount to recover, in minor units of `currency`; `null` if no event stated it.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: Option<i64>,
    /// The currency of `amount`: ISO 4217, lower case; `null` if no event stated it.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub currency: Option<String>,
    /// When the payment was recovered; `null` if it was not.
    pub recovered_at: Option<Timestamp>,
    /// The recovered amount, in minor units of `recovered_currency`; `null` if nothing was recovered or no
    /// event stated it.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recovered_amount: Option<i64>,
    /// The currency of `recovered_amount`: ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub recovered_currency: Option<String>,
    /// The part of `recovered_amount` that was refunded or disputed later, in minor units of
    /// `recovered_currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub returned_amount: i64,
    /// What cancelled the case; `null` if it was not cancelled.
    pub ended_by: Option<EndedBy>,
    /// Other payments of the member on this membership since the failure, such as a one-time purchase. They
    /// do not recover the case and are not part of `recovered_amount`.
    #[cfg_attr(feature = "openapi", schemars(length(max = 10)))]
    pub other_payments: Vec<OtherPaymentView>,
    /// Why the most recent decision about a message, scheduled or manual, was not to send one. `null` after a
    /// decision to send one, and for a case that is not open.
    pub hold: Option<HoldView>,
    /// The number of messages that were decided on, scheduled and manual.
    pub attempts: u32,
    /// The most recent scheduled reminder, as the number of days after the first failure; `null` before the
    /// first one.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub last_offset_days: Option<u8>,
    /// The number of free days granted for this case.
    #[cfg_attr(feature = "openapi", schemars(range(max = 365)))]
    pub incentive_days: u16,
    /// When the reminders job processes the case next; `null` if it is finished with the case.
    pub due_at: Option<Timestamp>,
    /// A code for the most recent error while processing the case; `null` if there is none.
    pub last_error: Option<String>,
    /// When the case last changed.
    pub updated_at: Timestamp,
}

/// Another payment of the member, which is not part of the recovered amount.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OtherPaymentView {
    /// The ID of the payment; `null` if the event did not name it.
    pub payment_id: Option<PaymentId>,
    /// The amount paid, in minor units of `currency`; `null` if it is not known.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: Option<i64>,
    /// The currency of `amount`: ISO 4217, lower case; `null` if it is not known.
    pub currency: Option<Currency>,
    /// When the payment succeeded.
    pub at: Timestamp,
}

/// Why no message is sent about a case.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HoldView {
    /// `paid_unconfirmed`: Whop reports a valid membership, but no payment was reported yet.
    /// `collection_paused`: payment collection is paused, so nothing is charged until the membership is
    /// resumed. `status_unknown`: this version does not know the membership status that Whop reports.
    /// `not_started`: the membership has not started. `address_…`: email is the only remaining channel, and
    /// the address is suppressed. `channels_off`: the company has switched off every channel. `unreachable`:
    /// no channel reaches the member.
    pub reason: HoldReason,
    /// The reason as a sentence.
    pub message: &'static str,
    /// Since when no message has been sent for this reason.
    pub since: Timestamp,
}
