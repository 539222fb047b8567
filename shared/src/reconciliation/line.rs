//! A line of Stripe's balance, read.

use chrono::{DateTime, Utc};

use crate::domain::money::Currency;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::line::{Dispute, LineSource};
use crate::providers::stripe::payment::Charge;
use crate::providers::stripe::refund::Refund;
use crate::providers::stripe::transfer::Transfer;

/// Lines between the platform, its bank and Stripe, which are of no booking.
const OWN_KINDS: [&str; 15] = [
    "advance",
    "advance_funding",
    "contribution",
    "network_cost",
    "payout",
    "payout_cancel",
    "payout_failure",
    "reserve_transaction",
    "reserved_funds",
    "risk_reserved_funds",
    "stripe_fee",
    "stripe_fx_fee",
    "tax_fee",
    "topup",
    "topup_reversal",
];

/// Whether lines of this kind are of no booking.
pub(super) fn is_own(kind: &str) -> bool {
    OWN_KINDS.contains(&kind)
}

/// A line as far as it matters here.
#[derive(Debug)]
pub(super) struct Line {
    /// `txn_…`.
    pub id: String,
    /// Stripe's word.
    pub kind: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// What moved, in the currency in which it was asked for: below nothing where it left.
    pub amount: i64,
    /// In what it was asked for; the balance may be kept in another.
    pub currency: String,
    /// What Stripe kept of it, in the currency of the balance.
    pub fee_amount: i64,
    /// The currency of the balance.
    pub fee_currency: String,
    /// What it is about.
    pub about: About,
}

/// What a line is about.
#[derive(Debug)]
pub(super) enum About {
    /// A customer paid.
    Payment(Box<Charge>),
    /// Money of a payment went back, or came back from there.
    GivenBack(Box<Refund>),
    /// Money went to a professional.
    Transfer(Box<Transfer>),
    /// Money of this transfer came back.
    CameBack(String),
    /// A bank took the money of a payment, or brought it back.
    Dispute(Dispute),
    /// The platform's own business.
    Own,
    /// Nothing we know.
    Unknown,
}

/// Reads a line.
pub(super) fn read(line: BalanceTransaction) -> Line {
    let moved = line.source.as_ref().and_then(moved).filter(|(_, own)| own.as_str() != line.currency);
    // The sign is the line's: money of one refund goes back, and comes back when that fails.
    let (amount, currency) = moved.map_or((line.amount, line.currency.clone()), |(amount, own)| {
        (amount.saturating_mul(line.amount.signum()), own.as_str().to_owned())
    });
    Line {
        id: line.id,
        created: line.created,
        amount,
        currency,
        fee_amount: line.fee,
        fee_currency: line.currency,
        about: about(&line.kind, line.source),
        kind: line.kind,
    }
}

/// What the source says moved, without a sign.
fn moved(source: &LineSource) -> Option<(i64, &Currency)> {
    Some(match source {
        LineSource::Charge(charge) => (charge.amount_captured, &charge.currency),
        LineSource::Refund(refund) => (refund.amount, &refund.currency),
        LineSource::Transfer(transfer) => (transfer.amount, &transfer.currency),
        LineSource::Reversal(reversed) => (reversed.amount, &reversed.currency),
        LineSource::Dispute(dispute) => (dispute.amount, &dispute.currency),
        LineSource::Other(_) => return None,
    })
}

fn about(kind: &str, source: Option<LineSource>) -> About {
    match (kind, source) {
        ("charge" | "payment", Some(LineSource::Charge(charge))) => About::Payment(charge),
        ("refund" | "payment_refund" | "refund_failure", Some(LineSource::Refund(refund))) => {
            About::GivenBack(refund)
        }
        ("transfer", Some(LineSource::Transfer(transfer))) => About::Transfer(transfer),
        ("transfer_refund", Some(LineSource::Reversal(reversed))) => About::CameBack(reversed.transfer),
        ("transfer_refund", Some(LineSource::Transfer(transfer))) => About::CameBack(transfer.id),
        ("adjustment", Some(LineSource::Dispute(dispute))) => About::Dispute(dispute),
        (kind, _) if is_own(kind) => About::Own,
        _ => About::Unknown,
    }
}
