//! What Stripe and the books differ in at one place, until somebody or something explains it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::party::BookingId;

/// No finding has a longer id: Stripe's have at most 255 characters, and a word may follow.
pub(super) const MAX_ID_BYTES: usize = 300;

/// What Stripe and the books differ in at one place: a payment taken, what went back of it, a transfer,
/// what came back of it, a dispute, or a line that is of nothing we know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The place: Stripe's id of what moved, such as `tr_1`, or `tr_1:reversed` for what came back of it.
    pub finding_id: String,
    pub kind: FindingKind,
    /// In whose books its booking is; nobody's otherwise, and the platform looks after it.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
    /// Which booking it names, in the books or not.
    #[serde(default)]
    pub booking_id: Option<BookingId>,
    /// The line of Stripe's balance by which it was found, where it was found by one.
    #[serde(default)]
    pub line_id: Option<String>,
    /// What has moved there by Stripe's word, in minor units: below nothing where it left.
    pub stripe_amount: i64,
    /// What has moved there by the books.
    pub books_amount: i64,
    /// In what, in Stripe's word.
    pub currency: String,
    /// When it was found.
    #[serde(with = "crate::domain::kernel::time")]
    pub found_at: DateTime<Utc>,
    /// How far it is.
    pub status: FindingStatus,
    /// How it was closed, where it was.
    #[serde(default)]
    pub closing: Option<Closing>,
    /// Counts its changes; 0 for one not written down yet.
    #[serde(default)]
    pub version: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A payment that is no booking's, or a second one of a booking, or what went back of such.
    ChargeUnknown,
    /// A transfer that the books know nothing of, or what came back of such.
    TransferUnknown,
    /// A transfer of ours whose outcome is still in doubt; it is listed until that is settled.
    TransferInDoubt,
    /// A second transfer of one booking.
    SecondTransfer,
    /// A transfer that the books have and Stripe has not.
    TransferMissing,
    /// Both know of it, and not of the same amount.
    AmountDiffers,
    /// The booking cannot be read by this version.
    BooksUnreadable,
    /// A line of a kind, or of a source, that belongs to nothing we know.
    LineUnknown,
}

/// How far a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingStatus {
    /// Nobody has explained it yet.
    Open,
    /// Stripe and the books have come to agree.
    Explained,
    /// A person has looked at it and closed it as it is.
    Accepted,
}

/// How a finding was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    #[serde(with = "crate::domain::kernel::time")]
    pub at: DateTime<Utc>,
    /// By whom: an account, or the reconciliation.
    pub by: String,
    /// What the person has to say of it.
    #[serde(default)]
    pub note: Option<String>,
}

impl Finding {
    /// What Stripe and the books differ by.
    pub fn difference_amount(&self) -> i64 {
        self.stripe_amount.saturating_sub(self.books_amount)
    }

    /// Whether another look found the same.
    pub(super) fn has_same_amounts(&self, other: &Self) -> bool {
        (self.kind, &self.currency) == (other.kind, &other.currency)
            && (self.stripe_amount, self.books_amount) == (other.stripe_amount, other.books_amount)
    }
}
