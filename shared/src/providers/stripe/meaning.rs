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
//! An event that bears an `account` is of a connected account, which its owner commands: whatever it
//! says of payments is of the owner's own and never of a booking, whatever stands in its metadata.

use serde_json::Value;

use super::account::Account;
use super::object::Object;
use crate::domain::booking::{DisputeStatus, ReleaseReason, What};
use crate::domain::event::{Meaning, Part};
use crate::domain::id::CompanyId;
use crate::domain::party::{BookingId, ChargeId, PaymentIntentId, StripeAccountId, TransferId};
use crate::domain::payout::AccountStanding;

/// The company, where the event names one and its booking, and what it means. What is about our money
/// and cannot be read is [`Meaning::Unreadable`]: neither a guess nor nothing.
pub(super) fn of(name: &str, root: &Value) -> (Option<CompanyId>, Meaning) {
    let object = Object::new(&root["data"]["object"]);
    let (company, meaning) = match &root["account"] {
        Value::Null => {
            let (company, booking) = owner(object).unzip();
            (company, of_platform(name, object, booking))
        }
        account => (None, of_account(name, account.as_str().unwrap_or_default(), object)),
    };
    let unreadable = |part| Some(Meaning::Unreadable { part });
    (company, meaning.unwrap_or_else(unreadable).unwrap_or(Meaning::Nothing))
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
        "charge.refund.updated" | "refund.updated" | "refund.failed" => return refund(object),
        "transfer.reversed" | "transfer.updated" => return reversal(object, booking_id),
        _ => return Ok(None),
    };
    // A charge without a payment is none of a booking's.
    let Some(payment) = object.id(id, PaymentIntentId::parse)? else { return Ok(None) };
    let what = read(object, &payment)?;
    Ok(what.map(|what| Meaning::Booking { booking_id, payment_intent: Some(payment), what }))
}

/// Reads what happened to a payment; `None` where nothing did that counts.
type Read = fn(Object<'_>, &PaymentIntentId) -> Result<Option<What>, Part>;

fn held(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    let money = intent.money("amount_capturable")?;
    let charge = intent.id("latest_charge", ChargeId::parse)?;
    // It is said again when the last of it was taken.
    let what = What::Authorized { payment_intent: id.clone(), charge, money, capture_before: None };
    Ok((intent.amount("amount_capturable")? > 0).then_some(what))
}

fn charged(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    if charge.flag("captured")? {
        return Ok(None);
    }
    let capture_before = charge.card().time("capture_before")?;
    let (money, payment_intent) = (charge.money("amount")?, id.clone());
    let charge = charge.id("id", ChargeId::parse)?;
    Ok(Some(What::Authorized { payment_intent, charge, money, capture_before }))
}

fn taken(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    let money = intent.money("amount_received")?;
    let charge = intent.id("latest_charge", ChargeId::parse)?;
    Ok(Some(What::Captured { payment_intent: id.clone(), charge, money }))
}

fn let_go(intent: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    let reason = ReleaseReason::of_stripe(intent.text("cancellation_reason"));
    Ok(Some(What::Released { reason, payment_intent: Some(id.clone()) }))
}

fn given_back(charge: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    if !charge.flag("captured")? {
        return Ok(None);
    }
    let mut money = charge.money("amount_refunded")?;
    // As in `Charge::amount_returned`: what was never taken is counted among it.
    let never_taken = charge.amount("amount")?.saturating_sub(charge.amount("amount_captured")?).max(0);
    money.amount = money.amount.saturating_sub(never_taken).max(0);
    Ok(Some(What::Refunded { money, payment_intent: Some(id.clone()) }))
}

fn disputed(dispute: Object<'_>, id: &PaymentIntentId) -> Result<Option<What>, Part> {
    let dispute_id = dispute.plain_id("id")?;
    let status = dispute.text("status").and_then(DisputeStatus::parse).ok_or(Part::Status)?;
    let (money, payment_intent) = (dispute.money("amount")?, Some(id.clone()));
    Ok(Some(What::Disputed { dispute_id, status, money, payment_intent }))
}

/// A transfer is of no payment, so that only its own word tells whose it is; and not every change of one
/// takes something back.
fn reversal(transfer: Object<'_>, booking_id: Option<BookingId>) -> Told {
    if booking_id.is_none() {
        return Ok(None);
    }
    let Some(id) = transfer.id("id", TransferId::parse)? else { return Ok(None) };
    let money = transfer.money("amount_reversed")?;
    let came_back = money.amount > 0;
    let what = What::TransferReversed { transfer: id, money };
    Ok(came_back.then_some(Meaning::Booking { booking_id, payment_intent: None, what }))
}

/// A refund that stands was told by its charge.
fn refund(refund: Object<'_>) -> Told {
    if matches!(refund.text("status"), Some("succeeded" | "pending" | "requires_action")) {
        return Ok(None);
    }
    let payment_intent = refund.id("payment_intent", PaymentIntentId::parse)?;
    Ok(payment_intent.map(|payment_intent| Meaning::RefundFailed { payment_intent }))
}

fn of_account(name: &str, account: &str, object: Object<'_>) -> Told {
    let account = StripeAccountId::parse(account).map_err(|_| Part::Id);
    Ok(match name {
        "account.updated" => {
            let read: Option<Account> = object.read();
            let standing = read.and_then(|account| account.standing()).ok_or(Part::Account)?;
            if standing.account != account? {
                return Err(Part::Account);
            }
            Some(Meaning::Account(standing))
        }
        "account.application.deauthorized" => Some(Meaning::Account(AccountStanding::gone(account?))),
        "payout.failed" => Some(Meaning::PayoutFailed { account: account?, money: object.money("amount")? }),
        _ => None,
    })
}
