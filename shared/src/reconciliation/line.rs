//! A line of Stripe's balance, read.

use chrono::{DateTime, Utc};

use crate::domain::kernel::money::Currency;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::line::{Dispute, LineSource};
use crate::providers::stripe::payment::Charge;
use crate::providers::stripe::refund::Refund;
use crate::providers::stripe::transfer::Transfer;

/// Lines between the platform, its bank and Stripe, which are of no booking.
const PLATFORM_KINDS: [&str; 28] = [
    "advance",
    "advance_funding",
    "climate_order_purchase",
    "climate_order_refund",
    "contribution",
    "fee_credit_funding",
    "inbound_transfer",
    "inbound_transfer_reversal",
    "network_cost",
    "payment_network_reserve_hold",
    "payment_network_reserve_release",
    "payout",
    "payout_cancel",
    "payout_failure",
    "payout_minimum_balance_hold",
    "payout_minimum_balance_release",
    "reserve_hold",
    "reserve_release",
    "reserve_transaction",
    "reserved_funds",
    "risk_reserved_funds",
    "stripe_balance_payment_debit",
    "stripe_balance_payment_debit_reversal",
    "stripe_fee",
    "stripe_fx_fee",
    "tax_fee",
    "topup",
    "topup_reversal",
];

/// Whether lines of this kind are of no booking.
pub(super) fn is_platform_kind(kind: &str) -> bool {
    PLATFORM_KINDS.contains(&kind)
}

/// A line as far as it matters here.
#[derive(Debug)]
pub(super) struct Line {
    pub id: String,
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
    pub source: MovementSource,
}

/// What a line is about.
#[derive(Debug)]
pub(super) enum MovementSource {
    Payment(Box<Charge>),
    /// Money of a payment went back, or came back from there.
    Refund(Box<Refund>),
    /// Money went to a professional.
    Transfer(Box<Transfer>),
    /// Money of this transfer came back.
    TransferReversal(String),
    /// A bank took the money of a payment, or brought it back.
    Dispute(Dispute),
    /// The platform's own business.
    Platform,
    Unknown,
}

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
        source: source(&line.kind, line.source),
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

fn source(kind: &str, source: Option<LineSource>) -> MovementSource {
    match (kind, source) {
        ("charge" | "payment", Some(LineSource::Charge(charge))) => MovementSource::Payment(charge),
        ("refund" | "payment_refund" | "refund_failure", Some(LineSource::Refund(refund))) => {
            MovementSource::Refund(refund)
        }
        ("transfer", Some(LineSource::Transfer(transfer))) => MovementSource::Transfer(transfer),
        ("transfer_refund", Some(LineSource::Reversal(reversed))) => {
            MovementSource::TransferReversal(reversed.transfer)
        }
        ("transfer_refund", Some(LineSource::Transfer(transfer))) => {
            MovementSource::TransferReversal(transfer.id)
        }
        ("adjustment", Some(LineSource::Dispute(dispute))) => MovementSource::Dispute(dispute),
        (kind, _) if is_platform_kind(kind) => MovementSource::Platform,
        _ => MovementSource::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_stripe_lists_is_of_a_booking_or_our_own_or_listed_for_a_person() {
        let of_bookings = [
            "charge",
            "payment",
            "refund",
            "payment_refund",
            "refund_failure",
            "transfer",
            "transfer_refund",
        ];
        // No booking moves money in these ways, so each is looked at by a person.
        let listed = [
            "adjustment",
            "anticipation_repayment",
            "application_fee",
            "application_fee_refund",
            "connect_collection_transfer",
            "issuing_authorization_hold",
            "issuing_authorization_release",
            "issuing_dispute",
            "issuing_dispute_provisional_credit",
            "issuing_dispute_provisional_credit_reversal",
            "issuing_transaction",
            "obligation_outbound",
            "obligation_reversal_inbound",
            "payment_failure_refund",
            "payment_reversal",
            "payment_unreconciled",
            "tax_fund",
            "transfer_cancel",
            "transfer_failure",
            "a_later_kind",
        ];
        assert!(
            PLATFORM_KINDS
                .iter()
                .all(|kind| is_platform_kind(kind) && matches!(source(kind, None), MovementSource::Platform))
        );
        for kind in of_bookings.into_iter().chain(listed) {
            assert!(!is_platform_kind(kind), "{kind}");
            assert!(
                matches!(source(kind, None), MovementSource::Unknown),
                "without its source it is listed: {kind}"
            );
        }
        assert!(PLATFORM_KINDS.is_sorted(), "so that a second entry is seen");
    }
}
