//! The request for a transfer, frozen before the first call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchId;
use crate::kernel::id::CompanyId;
use crate::kernel::money::Currency;
use crate::kernel::party::{BookingId, ChargeId, StripeAccountId};

/// What Stripe is asked for (`POST /v1/transfers`). Once written it is sent as it stands or not at all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferRequest {
    /// The key Stripe recognises a repetition by; made of the operation, never of the attempt.
    pub idempotency_key: String,
    /// Minor units, above nothing.
    pub amount: i64,
    pub currency: Currency,
    pub destination: StripeAccountId,
    /// By what the transfer is found again when nobody knows what became of it.
    pub transfer_group: String,
    /// The charge the money comes from: the transfer stands although the charge is not available yet.
    pub source_transaction: Option<ChargeId>,
    /// What tells the transfer's booking, whoever looks.
    pub metadata: TransferMetadata,
    /// When the booking was asked for: a table that was restored may have sent the transfer at any time since.
    #[serde(default, with = "crate::kernel::time::option", skip_serializing_if = "Option::is_none")]
    pub booked_at: Option<DateTime<Utc>>,
}

/// What a transfer says about itself at Stripe; enough to write the booking's payout from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TransferMetadata {
    pub company_id: CompanyId,
    /// The booking that is paid.
    pub booking_id: BookingId,
    /// The batch that paid it.
    pub batch_id: BatchId,
    /// What was kept back of the booking's share for a debt.
    pub carried_amount: i64,
}

/// The name of a booking's payout, for ever. The version grows only after Stripe refused for good
/// *and* a look-up found no transfer.
pub fn operation(booking_id: BookingId, version: u32) -> String {
    format!("payout:{booking_id}:v{version}")
}

/// The group of a booking's money at Stripe. It is the booking's own and not the batch's, so that one
/// look-up of one page finds every transfer the booking ever had.
pub fn transfer_group(booking_id: BookingId) -> String {
    format!("booking_{booking_id}")
}
