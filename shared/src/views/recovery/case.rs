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
    /// The company of the case.
    pub company_id: CompanyId,
    /// The membership whose renewal failed.
    pub membership_id: MembershipId,
    /// The member, if an event named one.
    pub user_id: Option<UserId>,
    /// The status of the case.
    pub status: CaseStatus,
    /// When the first charge failed.
    pub first_failure_at: Timestamp,
    /// When the newest charge failed.
    pub last_failure_at: Timestamp,
    /// The number of failed charges.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub failures: u32,
    /// The newest payment that failed.
    pub payment_id: Option<PaymentId>,
    /// The amount to recover, in minor units of `currency`; null if no event reported it.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: Option<i64>,
    /// ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub currency: Option<String>,
    /// When the renewal was paid.
    pub recovered_at: Option<Timestamp>,
    /// The recovered amount, in minor units of `recovered_currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recovered_amount: Option<i64>,
    /// ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Currency>"))]
    pub recovered_currency: Option<String>,
    /// The amount of it that was refunded or disputed later, in minor units of `recovered_currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub returned_amount: i64,
    /// What cancelled the case; null if it was not cancelled.
    pub ended_by: Option<EndedBy>,
    /// Other payments on this membership since the failure, such as a one-time purchase. They recover nothing
    /// and are not part of the recovered amount.
    #[cfg_attr(feature = "openapi", schemars(length(max = 10)))]
    pub other_payments: Vec<OtherPaymentView>,
    /// Why no message was sent at the last decision, scheduled or manual; null after a message, and for a
    /// case that is over.
    pub hold: Option<HoldView>,
    /// The number of messages, scheduled and manual.
    pub attempts: u32,
    /// The newest reminder, in days after the first failure.
    #[cfg_attr(feature = "openapi", schemars(range(max = 30)))]
    pub last_offset_days: Option<u8>,
    /// Free days granted for this case.
    #[cfg_attr(feature = "openapi", schemars(range(max = 365)))]
    pub incentive_days: u16,
    /// When the sweep processes it next; null if nothing is scheduled.
    pub due_at: Option<Timestamp>,
    /// The code of the last error of the sweep.
    pub last_error: Option<String>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Another payment of the member, which is not part of the recovered amount.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OtherPaymentView {
    /// The payment, if the event named it.
    pub payment_id: Option<PaymentId>,
    /// The amount, in minor units of `currency`.
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
    /// `paid_unconfirmed`: Whop reports a valid membership without a payment. `collection_paused`: nothing is
    /// charged until the membership is resumed. `status_unknown`: Whop's status is not known yet.
    /// `not_started`: the membership has not begun. `address_…`: mail is the only channel left, and the
    /// address gets no mails. `channels_off`: the company has disabled every channel. `unreachable`: no
    /// channel reaches the member.
    pub reason: HoldReason,
    /// The reason as a sentence.
    pub message: &'static str,
    /// Since when.
    pub since: Timestamp,
}
