//! Interprets Stripe's events for bookings and for professionals who are paid.
//!
//! | event | meaning |
//! | --- | --- |
//! | `payment_intent.amount_capturable_updated`; `charge.succeeded` of an authorization, which tells when it expires | authorized |
//! | `payment_intent.succeeded` | captured, total |
//! | `payment_intent.canceled` | voided |
//! | `charge.refunded` of a captured charge (voiding sends the same event for an uncaptured one) | refunded, total |
//! | `charge.refund.updated`, `refund.updated`, `refund.failed` of a failed refund | the refunded total decreases |
//! | `charge.dispute.*` | disputed |
//! | `transfer.reversed`, `transfer.updated` | transfer reversed, total |
//! | `account.updated`, `account.application.deauthorized` | the account's status changed |
//! | `payout.failed` | a professional's bank refused a payout |
//!
//! [`origin`] first decides to whom the event belongs. The owner of a connected account controls its metadata:
//! events of its payments concern the owner only and never a booking, whatever the metadata says.
//!
//! Reads the fields of every version that an endpoint can have; `fixtures/README.md` says which version has what.
//!
//! [`origin`]: super::origin

use serde_json::Value;

use super::account::StripeAccount;
use super::object::Object;
use super::origin::{self, EventOrigin, Mode};
use super::published::is_published;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::{BookingId, PaymentIntentId, StripeAccountId, TransferId};
use crate::domain::marketplace::booking::{BookingFactKind, DisputeStatus, ReleaseReason};
use crate::domain::marketplace::payout::StripeAccountStatus;
use crate::domain::platform::event::{IgnoreReason, Meaning, Part};

/// The company, if the event names one with a booking, and the event's meaning. An event about our money that
/// cannot be read is [`Meaning::Unreadable`], and so is every relevant event while the `mode` of our key is
/// unknown, because nothing then proves that it belongs to our mode.
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

/// The meaning of an event; `None` if it has none for us.
type ParsedMeaning = Result<Option<Meaning>, Part>;

/// Owner from the metadata; requires both `company_id` and `booking_id`.
fn owner(object: Object<'_>) -> Option<(CompanyId, BookingId)> {
    let company = CompanyId::parse(object.metadata("company_id")?).ok()?;
    Some((company, BookingId::parse(object.metadata("booking_id")?).ok()?))
}

fn of_platform(name: &str, object: Object<'_>, booking_id: Option<BookingId>) -> ParsedMeaning {
    let (id, read): (&str, Read) = match name {
        "payment_intent.amount_capturable_updated" => ("id", parse_authorized),
        "payment_intent.succeeded" => ("id", parse_captured),
        "payment_intent.canceled" => ("id", parse_voided),
        "charge.succeeded" => ("payment_intent", parse_charged),
        "charge.refunded" => ("payment_intent", parse_refunded),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => ("payment_intent", parse_disputed),
        "charge.refund.updated" | "refund.updated" | "refund.failed" => ("payment_intent", refund_failed),
        "transfer.reversed" | "transfer.updated" => return reversal(object, booking_id),
        _ if is_published(name) => return Ok(None),
        _ => return Ok(Some(ignored(IgnoreReason::UnknownName))),
    };
    let payment = match object.id(id, PaymentIntentId::parse) {
        Ok(Some(payment)) => payment,
        // A charge without a PaymentIntent belongs to no booking.
        Ok(None) if id != "id" => return Ok(None),
        _ if booking_id.is_some() => return Err(Part::Id),
        // Every PaymentIntent that we created has a readable id.
        _ => return Ok(Some(ignored(IgnoreReason::NotOurs))),
    };
    match read(object, &payment) {
        Ok(change) => Ok(change.map(|change| change.of(booking_id, payment))),
        Err(part) if booking_id.is_some() => Err(part),
        Err(part) => Ok(Some(Meaning::UnreadablePayment { payment_intent: payment, part })),
    }
}

/// What an event reports about a payment.
enum PaymentChange {
    Happened(BookingFactKind),
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

/// Parses a change of a payment; `None` if nothing relevant happened.
type Read = fn(Object<'_>, &PaymentIntentId) -> Result<Option<PaymentChange>, Part>;

fn parse_authorized(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let money = intent.money("amount_capturable")?;
    let (charge, capture_before) = intent.latest_charge()?;
    // The event is repeated at the capture of the last part.
    let what = BookingFactKind::Authorized { payment_intent: id.clone(), charge, money, capture_before };
    Ok((intent.amount("amount_capturable")? > 0).then_some(what.into()))
}

fn parse_charged(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    if charge.flag("captured")? {
        return Ok(None);
    }
    let capture_before = charge.card().time("capture_before")?;
    let (money, payment_intent) = (charge.money("amount")?, id.clone());
    let charge = charge.own_charge_id()?;
    Ok(Some(BookingFactKind::Authorized { payment_intent, charge, money, capture_before }.into()))
}

fn parse_captured(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let money = intent.money("amount_received")?;
    let (charge, _) = intent.latest_charge()?;
    Ok(Some(BookingFactKind::Captured { payment_intent: id.clone(), charge, money }.into()))
}

fn parse_voided(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let reason = ReleaseReason::of_stripe(intent.text("cancellation_reason"));
    Ok(Some(BookingFactKind::Released { reason, payment_intent: Some(id.clone()) }.into()))
}

fn parse_refunded(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    if !charge.flag("captured")? {
        return Ok(None);
    }
    let mut money = charge.money("amount_refunded")?;
    // As in `Charge::amount_returned`: Stripe counts the uncaptured part as refunded.
    let never_captured = charge.amount("amount")?.saturating_sub(charge.amount("amount_captured")?).max(0);
    money.amount = money.amount.saturating_sub(never_captured).max(0);
    Ok(Some(BookingFactKind::Refunded { money, payment_intent: Some(id.clone()) }.into()))
}

fn parse_disputed(dispute: Object<'_>, id: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let dispute_id = dispute.plain_id("id")?;
    let status = dispute.text("status").and_then(DisputeStatus::parse).ok_or(Part::Status)?;
    let (money, payment_intent) = (dispute.money("amount")?, Some(id.clone()));
    Ok(Some(BookingFactKind::Disputed { dispute_id, status, money, payment_intent }.into()))
}

/// A transfer belongs to no payment, so only its metadata names the owner; and not every update of a transfer is
/// a reversal.
fn reversal(transfer: Object<'_>, booking_id: Option<BookingId>) -> ParsedMeaning {
    if booking_id.is_none() {
        return Ok(Some(ignored(IgnoreReason::NotOurs)));
    }
    let id = transfer.id("id", TransferId::parse)?.ok_or(Part::Id)?;
    let money = transfer.money("amount_reversed")?;
    let came_back = money.amount > 0;
    let what = BookingFactKind::TransferReversed { transfer: id, money };
    Ok(came_back.then_some(Meaning::Booking { booking_id, payment_intent: None, what }))
}

/// A successful refund is reported by its charge. With any other status, also an unknown one, the payment is
/// queried for the refunded total.
fn refund_failed(refund: Object<'_>, _: &PaymentIntentId) -> Result<Option<PaymentChange>, Part> {
    let stands = matches!(refund.text("status"), Some("succeeded" | "pending" | "requires_action"));
    Ok((!stands).then_some(PaymentChange::RefundFailed))
}

fn of_account(name: &str, account: StripeAccountId, object: Object<'_>) -> Result<Meaning, Part> {
    Ok(match name {
        "account.updated" => {
            let read: Option<StripeAccount> = object.read();
            let status = read.and_then(|account| account.status()).ok_or(Part::Account)?;
            if status.account != account {
                return Err(Part::Account);
            }
            Meaning::Account(status)
        }
        "account.application.deauthorized" => Meaning::Account(StripeAccountStatus::deauthorized(account)),
        "payout.failed" => Meaning::PayoutFailed { account, money: object.money("amount")? },
        _ => ignored(IgnoreReason::OtherAccount),
    })
}
