//! What an event of Stripe's means for a booking or for a professional who is paid.
//!
//! | event | means |
//! | --- | --- |
//! | `payment_intent.amount_capturable_updated`; `charge.succeeded` of a hold, which tells when it lapses | held |
//! | `payment_intent.succeeded` | taken, in all |
//! | `payment_intent.canceled` | let go |
//! | `charge.refunded` of a charge that was taken (letting go of a hold says the same of one that was not) | given back, in all |
//! | `charge.refund.updated`, `refund.updated`, `refund.failed` of one that came to nothing | given back is less |
//! | `charge.dispute.*` | disputed |
//! | `transfer.reversed`, `transfer.updated` | a share came back, in all |
//! | `account.updated`, `account.application.deauthorized` | an account stands otherwise |
//! | `payout.failed` | a bank did not take a professional's money |
//!
//! Whose event it is, [`origin`] decides first. A connected account's owner commands it: whatever such an event says of
//! payments is of the owner's own and never of a booking, whatever stands in its metadata.
//!
//! The fields stand as in every version that an endpoint can have; `fixtures/README.md` says where each version has
//! what.
//!
//! [`origin`]: super::origin

use serde_json::Value;

use super::account::StripeAccount;
use super::object::Object;
use super::origin::{self, EventOrigin, Mode};
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::{BookingId, PaymentIntentId, StripeAccountId, TransferId};
use crate::domain::marketplace::booking::{BookingFactKind, DisputeStatus, ReleaseReason};
use crate::domain::marketplace::payout::StripeAccountStatus;
use crate::domain::platform::event::{IgnoreReason, Meaning, Part};

/// The company, where the event names one and its booking, and what it means. What is about our money and cannot be
/// read is [`Meaning::Unreadable`]: neither a guess nor nothing. So is everything that would count while `mode`, that
/// of our key, is unknown: then nothing proves that it is of our mode.
pub(super) fn of(name: &str, root: &Value, mode: Option<Mode>) -> (Option<CompanyId>, Meaning) {
    let object = Object::new(&root["data"]["object"]);
    let (company, meaning) = match origin::identify(root, mode) {
        Err(reason) => (None, ignored(reason)),
        Ok(EventOrigin::Platform) => {
            let (company, booking) = owner(object).unzip();
            let meaning = of_platform(name, object, booking);
            (company, meaning.unwrap_or_else(unreadable).unwrap_or(Meaning::Nothing))
        }
        Ok(EventOrigin::Connected(account)) => {
            let unreadable = |part| Meaning::UnreadableAccount { account: account.clone(), part };
            (None, of_account(name, account.clone(), object).unwrap_or_else(unreadable))
        }
    };
    match meaning {
        Meaning::Nothing | Meaning::Ignored { .. } => (company, meaning),
        _ if mode.is_none() => (company, Meaning::Unreadable { part: Part::Mode }),
        _ => (company, meaning),
    }
}

fn ignored(reason: IgnoreReason) -> Meaning {
    Meaning::Ignored { reason }
}

fn unreadable(part: Part) -> Option<Meaning> {
    Some(Meaning::Unreadable { part })
}

/// What an event means; `None` where it means nothing.
type Told = Result<Option<Meaning>, Part>;

/// Whose it is by its own word: either half without the other names nobody.
fn owner(object: Object<'_>) -> Option<(CompanyId, BookingId)> {
    let company = CompanyId::parse(object.metadata("company_id")?).ok()?;
    Some((company, BookingId::parse(object.metadata("booking_id")?).ok()?))
}

fn of_platform(name: &str, object: Object<'_>, booking_id: Option<BookingId>) -> Told {
    let (id, read): (&str, Read) = match name {
        "payment_intent.amount_capturable_updated" => ("id", held),
        "payment_intent.succeeded" => ("id", taken),
        "payment_intent.canceled" => ("id", let_go),
        "charge.succeeded" => ("payment_intent", charged),
        "charge.refunded" => ("payment_intent", given_back),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => ("payment_intent", disputed),
        "charge.refund.updated" | "refund.updated" | "refund.failed" => ("payment_intent", refund_failed),
        "transfer.reversed" | "transfer.updated" => return reversal(object, booking_id),
        _ => return Ok(None),
    };
    let payment = match object.id(id, PaymentIntentId::parse) {
        Ok(Some(payment)) => payment,
        // A charge without a payment is none of a booking's.
        Ok(None) if id != "id" => return Ok(None),
        _ if booking_id.is_some() => return Err(Part::Id),
        // Every payment that we opened has an id that can be read.
        _ => return Ok(Some(ignored(IgnoreReason::NotOurs))),
    };
    match read(object, &payment) {
        Ok(change) => Ok(change.map(|change| change.of(booking_id, payment))),
        Err(part) if booking_id.is_some() => Err(part),
        Err(part) => Ok(Some(Meaning::UnreadablePayment { payment_intent: payment, part })),
    }
}

/// What an event says of a payment.
enum PaymentChange {
    /// Something happened to it.
    Happened(BookingFactKind),
    /// A refund of it came to nothing.
    RefundFailed,
}

impl PaymentChange {
    fn of(self, booking_id: Option<BookingId>, payment_intent: PaymentIntentId) -> Meaning {
        match self {
            Self::Happened(what) => {
                Meaning::Booking { booking_id, payment_intent: Some(payment_intent), what }
            }
            Self::RefundFailed => Meaning::RefundFailed { payment_intent },
        }
    }
}

impl From<BookingFactKind> for PaymentChange {
    fn from(what: BookingFactKind) -> Self {
        Self::Happened(what)
    }
}

/// Reads what happened to a payment; `None` where nothing did that counts.
type Read = fn(Object<'_>, &PaymentIntentId) -> Result<Option<PaymentChange>, Part>;

fn held(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let money = intent.money("amount_capturable")?;
    let (charge, capture_before) = intent.latest_charge()?;
    // It is said again when the last of it was taken.
    let what = BookingFactKind::Authorized { payment_intent: id.clone(), charge, money, capture_before };
    Ok((intent.amount("amount_capturable")? > 0).then_some(what.into()))
}

fn charged(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    if charge.flag("captured")? {
        return Ok(None);
    }
    let capture_before = charge.card().time("capture_before")?;
    let (money, payment_intent) = (charge.money("amount")?, id.clone());
    let charge = charge.own_charge_id()?;
    Ok(Some(BookingFactKind::Authorized { payment_intent, charge, money, capture_before }.into()))
}

fn taken(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let money = intent.money("amount_received")?;
    let (charge, _) = intent.latest_charge()?;
    Ok(Some(BookingFactKind::Captured { payment_intent: id.clone(), charge, money }.into()))
}

fn let_go(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let reason = ReleaseReason::of_stripe(intent.text("cancellation_reason"));
    Ok(Some(BookingFactKind::Released { reason, payment_intent: Some(id.clone()) }.into()))
}

fn given_back(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    if !charge.flag("captured")? {
        return Ok(None);
    }
    let mut money = charge.money("amount_refunded")?;
    // As in `Charge::amount_returned`: what was never taken is counted among it.
    let never_taken = charge.amount("amount")?.saturating_sub(charge.amount("amount_captured")?).max(0);
    money.amount = money.amount.saturating_sub(never_taken).max(0);
    Ok(Some(BookingFactKind::Refunded { money, payment_intent: Some(id.clone()) }.into()))
}

fn disputed(dispute: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let dispute_id = dispute.plain_id("id")?;
    let status = dispute.text("status").and_then(DisputeStatus::parse).ok_or(Part::Status)?;
    let (money, payment_intent) = (dispute.money("amount")?, Some(id.clone()));
    Ok(Some(BookingFactKind::Disputed { dispute_id, status, money, payment_intent }.into()))
}

/// A transfer is of no payment, so that only its own word tells whose it is; and not every change of one takes
/// something back.
fn reversal(transfer: Object<'_>, booking_id: Option<BookingId>) -> Told {
    if booking_id.is_none() {
        return Ok(Some(ignored(IgnoreReason::NotOurs)));
    }
    let id = transfer.id("id", TransferId::parse)?.ok_or(Part::Id)?;
    let money = transfer.money("amount_reversed")?;
    let came_back = money.amount > 0;
    let what = BookingFactKind::TransferReversed { transfer: id, money };
    Ok(came_back.then_some(Meaning::Booking { booking_id, payment_intent: None, what }))
}

/// A refund that succeeded was reported by its charge. With any other status, also an unknown one, the payment
/// itself is asked how much of it went back.
fn refund_failed(refund: Object<'_>, _: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let stands = matches!(refund.text("status"), Some("succeeded" | "pending" | "requires_action"));
    Ok((!stands).then_some(PaymentChange::RefundFailed))
}

fn of_account(name: &str, account: StripeAccountId, object: Object<'_>) -> Result<Meaning, Part> {
    Ok(match name {
        "account.updated" => {
            let read: Option<StripeAccount> = object.read();
            let standing = read.and_then(|account| account.standing()).ok_or(Part::Account)?;
            if standing.account != account {
                return Err(Part::Account);
            }
            Meaning::Account(standing)
        }
        "account.application.deauthorized" => Meaning::Account(StripeAccountStatus::deauthorized(account)),
        "payout.failed" => Meaning::PayoutFailed { account, money: object.money("amount")? },
        _ => ignored(IgnoreReason::OtherAccount),
    })
}
