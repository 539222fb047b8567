//! A finding: a difference between Stripe and the ledger, until it is explained or accepted.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::BookingId;

/// The maximum length of a finding's id: Stripe's ids have at most 255 characters, and a suffix may follow.
pub(super) const MAX_ID_BYTES: usize = 300;

/// A difference between Stripe and the ledger about one object: a payment, its refunds, a transfer, its
/// reversals, a dispute, or a balance line that cannot be matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stripe's id of the object, such as `tr_1`, or `tr_1:reversed` for its reversals.
    pub finding_id: String,
    pub kind: FindingKind,
    /// The company of its booking; absent if unknown, and then the platform company handles it.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
    /// The booking it names, whether the ledger knows it or not.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
    /// The balance line by which it was found, if it was found by one.
    #[serde(default)]
    pub line_id: Option<String>,
    /// The amount moved according to Stripe, in minor units; negative if money left the balance.
    pub stripe_amount: i64,
    /// The amount moved according to the ledger, in minor units.
    pub books_amount: i64,
    /// The currency, as Stripe's code.
    pub currency: String,
    #[serde(with = "crate::domain::kernel::time")]
    pub found_at: DateTime<Utc>,
    pub status: FindingStatus,
    #[serde(default)]
    pub closing: Option<Closing>,
    /// Incremented with every change; 0 for a new row.
    #[serde(default)]
    pub version: u64,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum FindingKind {
    /// A payment of no booking, or a second payment of a booking, or refunds of such a payment.
    ChargeUnknown,
    /// A transfer that is not in the ledger, or reversals of such a transfer.
    TransferUnknown,
    /// One of our transfers whose outcome is in doubt; open until that is resolved.
    TransferInDoubt,
    SecondTransfer,
    /// A transfer that is in the ledger and not at Stripe.
    TransferMissing,
    /// Both know the object, with different amounts.
    AmountDiffers,
    /// The booking's row cannot be read by this version.
    BooksUnreadable,
    /// A line whose kind or source is unknown.
    LineUnknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum FindingStatus {
    Open,
    /// Stripe and the ledger agree now.
    Explained,
    /// A person closed it although the difference remains.
    Accepted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    #[serde(with = "crate::domain::kernel::time")]
    pub at: DateTime<Utc>,
    /// An account key, or the name of the reconciliation job.
    pub by: String,
    #[serde(default)]
    pub note: Option<String>,
}

impl FindingKind {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl FindingStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Finding {
    /// Stripe's amount less the ledger's.
    pub fn difference_amount(&self) -> i64 {
        self.stripe_amount.saturating_sub(self.books_amount)
    }

    /// Whether both have the same kind and amounts.
    pub(super) fn has_same_amounts(&self, other: &Self) -> bool {
        (self.kind, &self.currency) == (other.kind, &other.currency)
            && (self.stripe_amount, self.books_amount) == (other.stripe_amount, other.books_amount)
    }
}
