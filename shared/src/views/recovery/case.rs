//! A failed renewal being recovered.

use serde::Serialize;

use crate::domain::kernel::id::{CaseId, CompanyId, MembershipId, PaymentId, UserId};
use crate::domain::kernel::money::Currency;
use crate::domain::recovery::contact::HoldReason;
use crate::domain::recovery::timeline::{CaseStatus, EndedBy};
use crate::views::Timestamp;

/// One failed renewal being recovered.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CaseView {
    /// The case.
    pub case_id: CaseId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// The membership whose renewal failed.
    pub membership_id: MembershipId,
    /// The member, where an event named one.
    pub user_id: Option<UserId>,
    /// Where it stands.
    pub status: CaseStatus,
    /// When the first charge failed.
    pub first_failure_at: Timestamp,
    /// When the newest charge failed.
    pub last_failure_at: Timestamp,
    /// How many charges failed.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub failures: u32,
    /// The newest payment that failed.
    pub payment_id: Option<PaymentId>,
    /// What is to be recovered, in minor units of `currency`; null where no event said it.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: Option<i64>,
    /// ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub currency: Option<String>,
    /// When the money came back.
    pub recovered_at: Option<Timestamp>,
    /// What came back, in minor units of `recovered_currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recovered_amount: Option<i64>,
    /// ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub recovered_currency: Option<String>,
    /// What of it was refunded or disputed later, in minor units of `recovered_currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub returned_amount: i64,
    /// By what the case was cancelled; null where it was not.
    pub ended_by: Option<EndedBy>,
    /// What else the member paid on this membership since the failure, such as a one-time purchase. It recovers
    /// nothing and is no part of what came back.
    #[cfg_attr(feature = "openapi", schemars(length(max = 10)))]
    pub other_payments: Vec<OtherPaymentView>,
    /// Why no message was sent when this was decided last, by the schedule or for a nudge; null once a message
    /// was decided on, and for a case that is over.
    pub hold: Option<HoldView>,
    /// How many messages were decided on, by the schedule and by hand.
    pub attempts: u32,
    /// The newest reminder taken, in days after the first failure.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub last_offset_days: Option<u8>,
    /// Free days granted for this case.
    #[cfg_attr(feature = "openapi", schemars(range(max = 365)))]
    pub incentive_days: u16,
    /// When the schedule looks at it next; null when it is done with it.
    pub due_at: Option<Timestamp>,
    /// What the schedule failed on last, in one of our own words.
    pub last_error: Option<String>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Something else that the member paid: shown, and no part of what came back.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OtherPaymentView {
    /// The payment, where the event named it.
    pub payment_id: Option<PaymentId>,
    /// How much, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: Option<i64>,
    /// ISO 4217, lower case.
    pub currency: Option<Currency>,
    /// When it succeeded.
    pub at: Timestamp,
}

/// Why no message is sent about a case.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HoldView {
    /// `paid_unconfirmed`: Whop says that the membership is valid, and no payment was reported.
    /// `collection_paused`: nothing is charged until the membership is resumed. `status_unknown`: Whop's status
    /// is a word that is not known yet. `not_started`: the membership has not begun. `address_…`: mail is the
    /// only channel left, and the address is not written to. `channels_off`: the company has switched off every
    /// channel. `unreachable`: no channel reaches the member.
    pub reason: HoldReason,
    /// The reason as a sentence.
    pub message: &'static str,
    /// Since when.
    pub since: Timestamp,
}
