//! A line of Stripe's balance: a balance transaction, parsed.

use chrono::{DateTime, Utc};

use crate::domain::kernel::money::Currency;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::line::{Dispute, LineSource};
use crate::providers::stripe::payment::Charge;
use crate::providers::stripe::refund::Refund;
use crate::providers::stripe::transfer::Transfer;

/// Kinds of lines between the platform, its bank and Stripe, which belong to no booking.
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

/// Whether lines of this kind belong to no booking.
pub(super) fn is_platform_kind(kind: &str) -> bool {
    PLATFORM_KINDS.contains(&kind)
}

#[derive(Debug)]
pub(super) struct Line {
    pub id: String,
    pub kind: String,
    pub created: DateTime<Utc>,
    /// In minor units of `currency`; negative if money left the balance.
    pub amount: i64,
    /// The currency of the payment or transfer; the balance may be in another.
    pub currency: String,
    /// Stripe's fee, in minor units of `fee_currency`.
    pub fee_amount: i64,
    /// The currency of the balance.
    pub fee_currency: String,
    pub source: MovementSource,
}

#[derive(Debug)]
pub(super) enum MovementSource {
    Payment(Box<Charge>),
    /// A refund of a payment, or the return of a failed refund.
    Refund(Box<Refund>),
    Transfer(Box<Transfer>),
    /// With the id of the reversed transfer.
    TransferReversal(String),
    /// A bank withdrew the money of a payment, or reinstated it.
    Dispute(Dispute),
    /// Between the platform, its bank and Stripe.
    Platform,
    Unknown,
}

pub(super) fn parse_line(line: BalanceTransaction) -> Line {
    let moved = line.source.as_ref().and_then(source_amount).filter(|(_, own)| own.as_str() != line.currency);
    // The sign is the line's: a refund is negative, and its return after a failure is positive.
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
        source: movement_source(&line.kind, line.source),
        kind: line.kind,
    }
}

/// The amount of the source, without a sign, and its currency.
fn source_amount(source: &LineSource) -> Option<(i64, &Currency)> {
    Some(match source {
        LineSource::Charge(charge) => (charge.amount_captured, &charge.currency),
        LineSource::Refund(refund) => (refund.amount, &refund.currency),
        LineSource::Transfer(transfer) => (transfer.amount, &transfer.currency),
        LineSource::Reversal(reversed) => (reversed.amount, &reversed.currency),
        LineSource::Dispute(dispute) => (dispute.amount, &dispute.currency),
        LineSource::Other(_) => return None,
    })
}

fn movement_source(kind: &str, source: Option<LineSource>) -> MovementSource {
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
        // No booking moves money in these ways, so a person has to check each.
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
            PLATFORM_KINDS.iter().all(|kind| is_platform_kind(kind)
                && matches!(movement_source(kind, None), MovementSource::Platform))
        );
        for kind in of_bookings.into_iter().chain(listed) {
            assert!(!is_platform_kind(kind), "{kind}");
            assert!(
                matches!(movement_source(kind, None), MovementSource::Unknown),
                "without its source it is listed: {kind}"
            );
        }
        assert!(PLATFORM_KINDS.is_sorted(), "so that a second entry is seen");
    }
}
