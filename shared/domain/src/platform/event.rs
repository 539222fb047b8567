//! A provider's event in our own types, without personal data.
//!
//! This is `payload_min`, the part of a webhook that is processed and therefore stored in clear text. The raw
//! body is stored with it, encrypted.

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use crate::kernel::id::{CompanyId, MembershipId, PaymentId, UserId};
use crate::kernel::money::Money;
use crate::kernel::party::{BookingId, PaymentIntentId, StripeAccountId};
use crate::marketplace::booking::BookingFactKind;
use crate::marketplace::payout::StripeAccountStatus;

/// One event, whatever payload version it arrived in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The provider's id of the event, or one derived from its content if the payload has none.
    pub event_id: String,
    /// The normalized name: `payment.failed`, without `app_`, with a dot.
    pub name: String,
    /// The tenant, if the event names it; otherwise it is found through the membership.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The membership, if the event names it; otherwise it is found through the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_id: Option<MembershipId>,
    /// The payment that failed, succeeded, was refunded or disputed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<PaymentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// When it happened at the provider; the signed time of arrival if the event has no time.
    pub occurred_at: DateTime<Utc>,
    /// The source of `occurred_at`.
    pub occurred_at_source: TimeSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// When the membership was bought, if the event reports a purchase.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::kernel::time::option")]
    pub bought_at: Option<DateTime<Utc>>,
    /// A part that could not be parsed although the rest is applied; listed for an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Part>,
    pub meaning: Meaning,
}

impl Event {
    /// An event without a meaning; the parser sets what it finds.
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

/// When an event happened, and the source of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurred {
    pub at: DateTime<Utc>,
    pub source: TimeSource,
}

/// The source of an event's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum TimeSource {
    Payload,
    /// The time of arrival, because the event has no plausible time.
    Arrival,
}

impl TimeSource {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// 2015-01-01: the platform did not exist, so an older time is a default value or a unit error.
const EARLIEST_S: i64 = 1_420_070_400;

/// Whether an event that was known at `known_at` can have happened at `at`. Clocks may differ, but by less than
/// a day.
pub fn is_plausible(at: DateTime<Utc>, known_at: DateTime<Utc>) -> bool {
    let latest = known_at.checked_add_days(Days::new(1));
    at.timestamp() >= EARLIEST_S && latest.is_some_and(|latest| at <= latest)
}

/// The meaning of an event for a case, a booking or a payee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Meaning {
    /// The charge of a renewal failed (a failed first checkout is `Nothing`).
    RenewalFailed {
        /// The amount due; `None` if the event has no readable amount.
        money: Option<Money>,
    },
    /// A payment of the membership succeeded.
    PaymentSucceeded {
        money: Option<Money>,
        /// Whether it paid a renewal; other purchases recover nothing.
        #[serde(default = "of_renewal_by_default")]
        of_renewal: bool,
    },
    /// The membership is valid (again).
    MembershipValid,
    /// The membership has ended finally; an unpaid one is `Nothing`.
    MembershipEnded,
    /// The membership's cancellation or collection was changed.
    MembershipChanged {
        /// Whether it ends with its period, if the event says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_scheduled: Option<bool>,
        /// Whether collection is paused, if the event says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        collection_paused: Option<bool>,
    },
    /// Money was returned to the customer; the newest event of a refund or dispute counts.
    MoneyReturned {
        /// The id of the refund or dispute.
        return_id: String,
        /// The amount returned by it; zero if it failed or was won. `None` means the whole payment.
        money: Option<Money>,
    },
    /// A fact about the money of a booking.
    Booking {
        /// The booking, if the event names it and its company; otherwise it is found through the payment.
        booking_id: Option<BookingId>,
        payment_intent: Option<PaymentIntentId>,
        what: BookingFactKind,
    },
    /// A refund failed later. The refunded total is smaller now and must be read from the payment.
    RefundFailed { payment_intent: PaymentIntentId },
    /// The new status of a professional's account at Stripe.
    Account(StripeAccountStatus),
    /// A payout from a professional's account to the bank failed.
    PayoutFailed { account: StripeAccountId, money: Money },
    /// The event is about money and a part of it cannot be parsed. It waits for a person, because amounts must
    /// not be guessed.
    Unreadable { part: Part },
    /// The event is about a payment without our metadata, and a part of it cannot be parsed. It waits for a
    /// person if the payment turns out to be ours, and is ignored otherwise.
    UnreadablePayment { payment_intent: PaymentIntentId, part: Part },
    /// The event is about a connected account, and a part of it cannot be parsed. It waits for a person if the
    /// account is a professional's, and is ignored otherwise.
    UnreadableAccount { account: StripeAccountId, part: Part },
    /// Its signature is valid and it has no effect on purpose: it is stored, acknowledged and counted.
    Ignored { reason: IgnoreReason },
    /// An event that we do not act on; it is stored.
    Nothing,
}

/// Older versions treated every success as a renewal's.
fn of_renewal_by_default() -> bool {
    true
}

/// Why a signed event is ignored. An event is applied only if it has the deployment's mode and account and is
/// about an object of this deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IgnoreReason {
    /// The event's mode (test or live) is not that of our key, or is missing.
    WrongMode,
    /// The event belongs to another account, such as the own payments of a connected account.
    OtherAccount,
    /// The event contains only the id of an object, in a format that is not supported.
    ThinEvent,
    /// The event has our account and mode, but this deployment did not create the object.
    NotOurs,
    /// The event's name is not one that this version knows; a later version may act on it.
    UnknownName,
}

impl IgnoreReason {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A part of an event that could not be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Not a whole number of minor units, negative, or above every amount.
    Amount,
    /// Not a currency that cards are charged in.
    Currency,
    /// An unknown status value.
    Status,
    /// Neither true nor false.
    Flag,
    /// Not an id of the expected kind.
    Id,
    /// An unknown billing reason.
    Reason,
    Time,
    /// An account of an unknown shape.
    Account,
    /// The event's mode, because our own key does not show its mode.
    Mode,
}

impl Part {
    /// Our own reason code for the waiting event.
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
