//! The operations of bookings, payouts and the ledger.

pub mod auto_decline;
pub mod bookings;
pub mod payout_admin;
pub mod payouts;
pub mod professionals;
pub mod reconciliation;

use crate::operation::Function;

/// The functions of the marketplace.
pub(crate) fn functions() -> Vec<Function> {
    vec![
        bookings::function(),
        auto_decline::function(),
        payouts::function(),
        payout_admin::function(),
        professionals::function(),
        reconciliation::function(),
    ]
}
