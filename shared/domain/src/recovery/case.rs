//! A case: what is derived from the timeline, and the progress of its reminders.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::contact::HoldReason;
use super::timeline::{CaseStatus, EndedBy, OtherPayment};
use crate::kernel::id::{CaseId, CompanyId, MembershipId, PaymentId, UserId};

/// Why no message is sent about a case, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub reason: HoldReason,
    #[serde(with = "crate::kernel::time")]
    pub since: DateTime<Utc>,
}

impl Hold {
    /// The hold after another decision: an unchanged reason keeps its time.
    pub fn new(before: Option<&Self>, reason: HoldReason, now: DateTime<Utc>) -> Self {
        match before {
            Some(before) if before.reason == reason => before.clone(),
            _ => Self { reason, since: now },
        }
    }
}

impl Case {
    /// The case after an attempt that a provider did not spoil.
    pub fn without_failures(self) -> Self {
        Self { failed_tries: 0, waits_since: None, ..self }
    }
}

/// One failed renewal being recovered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub case_id: CaseId,
    pub company_id: CompanyId,
    pub membership_id: MembershipId,
    /// The member, if an event named one.
    #[serde(default)]
    pub user_id: Option<UserId>,
    pub status: CaseStatus,
    #[serde(with = "crate::kernel::time")]
    pub first_failure_at: DateTime<Utc>,
    #[serde(with = "crate::kernel::time")]
    pub last_failure_at: DateTime<Utc>,
    /// The number of failed charges.
    pub failures: u32,
    /// The latest failed payment.
    #[serde(default)]
    pub payment_id: Option<PaymentId>,
    /// The amount to recover, in minor units; absent if no event named it.
    #[serde(default)]
    pub amount: Option<i64>,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default, with = "crate::kernel::time::option")]
    pub recovered_at: Option<DateTime<Utc>>,
    /// The recovered amount, in minor units.
    #[serde(default)]
    pub recovered_amount: Option<i64>,
    #[serde(default)]
    pub recovered_currency: Option<String>,
    /// The part that was refunded or disputed later, in minor units.
    #[serde(default)]
    pub returned_amount: i64,
    #[serde(default)]
    pub ended_by: Option<EndedBy>,
    /// Other payments on the membership since the failure; shown, and no recovery.
    #[serde(default)]
    pub other_payments: Vec<OtherPayment>,
    /// The product of the membership, if an event named it.
    #[serde(default)]
    pub product_id: Option<String>,
    /// Whether the membership ends with its period, according to its newest event.
    #[serde(default)]
    pub cancel_scheduled: bool,
    /// Whether collection is paused, according to its newest event.
    #[serde(default)]
    pub collection_paused: bool,
    /// Why the last run sent no message; absent after one was sent.
    #[serde(default)]
    pub hold: Option<Hold>,
    /// Whether the newest reminder was sent without its push, because the query about push failed. The query is
    /// repeated until the next reminder is due.
    #[serde(default)]
    pub push_pending: bool,
    /// The newest reminder, in days after the first failure.
    #[serde(default)]
    pub last_offset_days: Option<u8>,
    /// The number of messages, scheduled and manual.
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub incentive_days: u16,
    /// When the sweep checks it next; absent if nothing is left to do.
    #[serde(default, with = "crate::kernel::time::option")]
    pub due_at: Option<DateTime<Utc>>,
    /// Consecutive failed attempts of the sweep.
    #[serde(default)]
    pub failed_tries: u32,
    /// The reason of the last failure.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Since when a message of its due step waits for the provider's answer; absent unless the last attempt
    /// failed.
    #[serde(default, with = "crate::kernel::time::option")]
    pub waits_since: Option<DateTime<Utc>>,
    #[serde(with = "crate::kernel::time")]
    pub updated_at: DateTime<Utc>,
    /// Incremented with every change; every write is conditional on it.
    pub version: u64,
}
