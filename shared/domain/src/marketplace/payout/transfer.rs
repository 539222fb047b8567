//! The request for a transfer, frozen before the first call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchId;
use crate::kernel::id::CompanyId;
use crate::kernel::money::Currency;
use crate::kernel::party::{BookingId, ChargeId, StripeAccountId};

/// The body of `POST /v1/transfers`. Once stored it is sent unchanged or not at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferRequest {
    /// Derived from the operation, so equal for every attempt.
    pub idempotency_key: String,
    /// In minor units, always positive.
    pub amount: i64,
    pub currency: Currency,
    pub destination: StripeAccountId,
    /// By which the transfer is looked up if its outcome is unknown.
    pub transfer_group: String,
    /// The charge the money comes from; it allows a transfer before the charge is in the available balance.
    pub source_transaction: Option<ChargeId>,
    /// Identifies the booking at Stripe.
    pub metadata: TransferMetadata,
    /// When the booking was requested: a table restored from a backup may have sent the transfer at any time
    /// since.
    #[serde(default, with = "crate::kernel::time::option", skip_serializing_if = "Option::is_none")]
    pub booked_at: Option<DateTime<Utc>>,
}

/// The metadata of a transfer at Stripe, sufficient to record the booking's payout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferMetadata {
    pub company_id: CompanyId,
    pub booking_id: BookingId,
    pub batch_id: BatchId,
    /// The part of the booking's share withheld for a debt.
    pub carried_amount: i64,
}

/// The prefix of every transfer's operation.
pub const OPERATION_PREFIX: &str = "payout:";

/// The permanent name of a booking's payout. The version is incremented only after Stripe finally refused *and*
/// a look-up found no transfer.
pub fn operation(booking_id: BookingId, version: u32) -> String {
    format!("{OPERATION_PREFIX}{booking_id}:v{version}")
}

/// The transfer group of a booking at Stripe. It is per booking and not per batch, so that one page of a
/// look-up contains every transfer of the booking.
pub fn transfer_group(booking_id: BookingId) -> String {
    format!("booking_{booking_id}")
}
