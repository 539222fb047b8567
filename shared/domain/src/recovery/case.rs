//! A case as it is kept and shown: what follows from the timeline, and how far its reminders are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::contact::HoldReason;
use super::timeline::{CaseStatus, EndedBy, OtherPayment};
use crate::kernel::id::{CaseId, CompanyId, MembershipId, PaymentId, UserId};

/// Why nobody is written to about a case, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: HoldReason,
    /// When it was first decided.
    #[serde(with = "crate::kernel::time")]
    pub since: DateTime<Utc>,
}

impl Hold {
    /// The hold after another look: the time stays while the reason does.
    pub fn new(before: Option<&Self>, reason: HoldReason, now: DateTime<Utc>) -> Self {
        match before {
            Some(before) if before.reason == reason => before.clone(),
            _ => Self { reason, since: now },
        }
    }
}

/// One failed renewal being recovered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub case_id: CaseId,
    pub company_id: CompanyId,
    /// The membership whose renewal failed.
    pub membership_id: MembershipId,
    /// The member, where an event named one.
    #[serde(default)]
    pub user_id: Option<UserId>,
    pub status: CaseStatus,
    /// When the first charge failed.
    #[serde(with = "crate::kernel::time")]
    pub first_failure_at: DateTime<Utc>,
    /// When the newest charge failed.
    #[serde(with = "crate::kernel::time")]
    pub last_failure_at: DateTime<Utc>,
    /// How many charges failed.
    pub failures: u32,
    /// The newest payment that failed.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// What is to be recovered, in minor units; absent where no event said it.
    #[serde(default)]
    pub amount: Option<i64>,
    #[serde(default)]
    pub currency: Option<String>,
    /// When the money came back.
    #[serde(default, with = "crate::kernel::time::option")]
    pub recovered_at: Option<DateTime<Utc>>,
    /// What came back, in minor units.
    #[serde(default)]
    pub recovered_amount: Option<i64>,
    /// In which currency it came back.
    #[serde(default)]
    pub recovered_currency: Option<String>,
    /// What of it was refunded or disputed later.
    #[serde(default)]
    pub returned_amount: i64,
    /// By what it was cancelled.
    #[serde(default)]
    pub ended_by: Option<EndedBy>,
    /// What else the member paid on the membership since the failure: shown, and no recovery.
    #[serde(default)]
    pub other_payments: Vec<OtherPayment>,
    /// The product of the membership, where an event named it.
    #[serde(default)]
    pub product_id: Option<String>,
    /// Whether the membership is to end with its period, by its newest event.
    #[serde(default)]
    pub cancel_scheduled: bool,
    /// Whether nothing is charged for now, by the membership's newest event.
    #[serde(default)]
    pub collection_paused: bool,
    /// Why no message was sent when the schedule looked last; absent once one was.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Whether the newest reminder went out without its push, because Whop did not say whether that reaches the
    /// member: it is asked again until the next reminder is due.
    #[serde(default)]
    pub push_pending: bool,
    /// The newest reminder taken, in days after the first failure.
    #[serde(default)]
    pub last_offset_days: Option<u8>,
    /// How many messages were decided on, by schedule and by hand.
    #[serde(default)]
    pub attempts: u32,
    /// Free days granted for this case.
    #[serde(default)]
    pub incentive_days: u16,
    /// When the schedule looks at it next; absent when it is done with it.
    #[serde(default, with = "crate::kernel::time::option")]
    pub due_at: Option<DateTime<Utc>>,
    /// How often in a row the schedule failed on it.
    #[serde(default)]
    pub failed_tries: u32,
    /// What it failed on.
    #[serde(default)]
    pub last_error: Option<String>,
    /// When it changed last.
    #[serde(with = "crate::kernel::time")]
    pub updated_at: DateTime<Utc>,
    /// Counts its changes; every write demands the one it has read.
    pub version: u64,
}
