//! What a provider's event says, in our words and without personal data.
//!
//! This is `payload_min`: the part of a webhook that is kept in clear, because work is done on it.
//! The raw body is kept beside it, encrypted.

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{CompanyId, MembershipId, PaymentId, UserId};
use crate::kernel::money::Money;
use crate::kernel::party::{BookingId, PaymentIntentId, StripeAccountId};
use crate::marketplace::booking::BookingFactKind;
use crate::marketplace::payout::StripeAccountStatus;

/// One event, whatever dialect it arrived in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The provider's id of the event, or one derived from its content where the dialect has none.
    pub event_id: String,
    /// The name in one spelling: `payment.failed`, without `app_`, with a dot.
    pub name: String,
    /// The tenant, where the event names it; otherwise it is found through the membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The membership, where the event names it; otherwise it is found through the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_id: Option<MembershipId>,
    /// The payment that failed, succeeded, was refunded or disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// When it happened at the provider; the signed time of arrival where the event does not say.
    pub occurred_at: DateTime<Utc>,
    /// Where that is known from.
    pub occurred_at_source: TimeSource,
    /// The product of the membership, where the event names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// When the membership was bought, where the event tells of a purchase.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::kernel::time::option")]
    pub bought_at: Option<DateTime<Utc>>,
    /// A part that could not be read although the rest of the event is applied: listed for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Part>,
    /// What it means for us.
    pub meaning: Meaning,
}

impl Event {
    /// An event that is about nothing of ours: what a reader finds out is set on top of it.
    pub fn without_meaning(event_id: String, name: String, occurred: Occurred) -> Self {
        Self {
            event_id,
            name,
            company_id: None,
            membership_id: None,
            payment_id: None,
            user_id: None,
            product_id: None,
            bought_at: None,
            unread: None,
            occurred_at: occurred.at,
            occurred_at_source: occurred.source,
            meaning: Meaning::Nothing,
        }
    }
}

/// When an event happened, and where that is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurred {
    pub at: DateTime<Utc>,
    pub source: TimeSource,
}

/// Where the time of an event is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// The event itself says it.
    Payload,
    /// It does not, or what it says cannot be: it is the time at which it came.
    Arrival,
}

impl TimeSource {
    /// The word it is written as.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Arrival => "arrival",
        }
    }
}

/// 2015-01-01: no platform of ours existed, so what is older is a default or a unit error.
const EARLIEST_S: i64 = 1_420_070_400;

/// Whether something that was known at `known_at` can have happened at `at`. Clocks may differ, but nothing
/// happens a day after it was reported.
pub fn is_plausible(at: DateTime<Utc>, known_at: DateTime<Utc>) -> bool {
    let latest = known_at.checked_add_days(Days::new(1));
    at.timestamp() >= EARLIEST_S && latest.is_some_and(|latest| at <= latest)
}

/// What an event means for a case, a booking, or a professional who is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Meaning {
    /// The charge of a renewal failed (a failed first checkout is `Nothing`).
    RenewalFailed {
        /// What the customer was to pay; `None` where the event names no readable amount.
        money: Option<Money>,
    },
    /// A payment of the membership succeeded.
    PaymentSucceeded {
        money: Option<Money>,
        /// Whether it paid a renewal; anything else that is bought recovers nothing.
        #[serde(default = "of_renewal_by_default")]
        of_renewal: bool,
    },
    /// The membership is valid (again).
    MembershipValid,
    /// The membership has ended for good; a merely unpaid one is `Nothing`.
    MembershipEnded,
    /// It was changed what becomes of the membership.
    MembershipChanged {
        /// Whether it ends with its period, where the event says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_scheduled: Option<bool>,
        /// Whether nothing is charged for now, where the event says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        collection_paused: Option<bool>,
    },
    /// Money went back to the customer; the newest word on one refund or dispute counts.
    MoneyReturned {
        /// The refund's or dispute's own id.
        return_id: String,
        /// What went back by this refund or dispute; zero when it failed or was won.
        /// `None` means the whole payment.
        money: Option<Money>,
    },
    /// Something happened to the money of a booking.
    Booking {
        /// The booking, where the event names it beside its company; otherwise it is found through the
        /// payment.
        booking_id: Option<BookingId>,
        /// The payment, where the event names it.
        payment_intent: Option<PaymentIntentId>,
        what: BookingFactKind,
    },
    /// A refund came to nothing after all. How much of the payment went back is less now, and only the
    /// payment itself says how much.
    RefundFailed {
        /// The payment it was of.
        payment_intent: PaymentIntentId,
    },
    /// A professional's account at Stripe stands like this.
    Account(StripeAccountStatus),
    /// A payout from a professional's account to the bank failed.
    PayoutFailed { account: StripeAccountId, money: Money },
    /// It is about money, and part of it cannot be read. Nothing is guessed: it waits for a person.
    Unreadable { part: Part },
    /// It is about a payment that the event itself does not name as ours, and part of it cannot be read. Where the
    /// payment turns out to be ours it waits for a person; otherwise it is ignored.
    UnreadablePayment { payment_intent: PaymentIntentId, part: Part },
    /// It is about a connected account, and part of it cannot be read. Where the account is a professional's it waits
    /// for a person; otherwise it is ignored.
    UnreadableAccount { account: StripeAccountId, part: Part },
    /// Proven by its signature, and deliberately without effect: kept, acknowledged and counted.
    Ignored { reason: IgnoreReason },
    /// Nothing that we act on; stored all the same.
    Nothing,
}

/// Rows of versions that did not tell them apart took every success for the renewal's.
fn of_renewal_by_default() -> bool {
    true
}

/// Why a signed event has no effect. An event is applied only when it is proven to be of the deployment's mode and
/// account and about something that the deployment owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoreReason {
    /// The event's mode (test or live) is not the mode of our key, or the event does not name its mode.
    WrongMode,
    /// The event belongs to another account, such as a connected account's own payments.
    OtherAccount,
    /// The event only refers to an object by its id, in a format that nothing here reads.
    ThinEvent,
    /// The event is of our account and mode, but about an object that this deployment did not create.
    NotOurs,
}

impl IgnoreReason {
    /// The word used in rows, JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongMode => "wrong_mode",
            Self::OtherAccount => "other_account",
            Self::ThinEvent => "thin_event",
            Self::NotOurs => "not_ours",
        }
    }
}

/// A part of an event that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// No whole number of minor units, less than nothing, or beyond every amount.
    Amount,
    /// No currency that money is charged in.
    Currency,
    /// A word for where something stands that we do not know.
    Status,
    /// Neither true nor false.
    Flag,
    /// Something else than an id of its kind.
    Id,
    /// A reason for a charge that we do not know.
    Reason,
    Time,
    /// An account of another form than we know.
    Account,
    /// Whether the event is of test or live mode, because our own key does not say which mode it is of.
    Mode,
}

impl Part {
    /// Why the event waits, in one of our own words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Amount => "amount_unreadable",
            Self::Currency => "currency_unknown",
            Self::Status => "status_unknown",
            Self::Flag => "flag_unreadable",
            Self::Id => "id_unreadable",
            Self::Reason => "billing_reason_unknown",
            Self::Time => "time_unreadable",
            Self::Account => "account_unreadable",
            Self::Mode => "mode_unknown",
        }
    }
}
