//! The status of the jobs, and everything that needs a person.

use serde::Serialize;

use super::effect::{EffectView, RefusedEffectView};
use super::finding::FindingView;
use super::job::JobSummaryView;
use super::mail::MailReportsView;
use super::reconciliation::ReconciliationSummaryView;
use crate::domain::kernel::id::{MembershipId, PaymentId};
use crate::domain::marketplace::payout::{BatchId, BatchStatus};
use crate::views::{ExcerptView, Timestamp};

/// The status of the jobs, and everything that needs a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OperationsView {
    /// The time of this report.
    pub at: Timestamp,
    /// Every job.
    pub jobs: Vec<JobSummaryView>,
    /// Bookings that were declined in the last 24 hours, the oldest first, up to a hundred.
    pub declined_last_24_hours: ExcerptView<DeclinedBookingView>,
    /// Effects that may have happened or not; they are not repeated until a person resolves them.
    pub in_doubt: ExcerptView<EffectView>,
    /// Effects that were not successful yet and are retried.
    pub waiting: ExcerptView<EffectView>,
    /// Events that were applied although a part of them could not be read, such as an amount: the newest, up
    /// to a hundred. They are listed as long as the event is stored, forty days. The platform's own company
    /// also sees those that name no company.
    pub unread_events: ExcerptView<UnreadEventView>,
    /// A look-up about a member that Whop did not answer last time, such as which experience reaches the
    /// member: until then messages are sent by the other channels.
    pub channel_error: Option<ChannelErrorView>,
    /// Effects that a provider refused for good, until a person or a later fact resolves them: of bookings
    /// the oldest hundred, of members with an open case the newest hundred.
    pub refused: ExcerptView<RefusedEffectView>,
    /// Differences between Stripe's balance and the ledger, the oldest first, up to a hundred;
    /// `/api/operations/findings` lists all. The platform's own company also sees those without an owner.
    pub findings: ExcerptView<FindingView>,
    /// The result of the reconciliation. Its sums cover all companies, so only the platform's own company
    /// sees them.
    pub reconciliation: Option<ReconciliationSummaryView>,
    /// The mail provider's reports of the last seven days. They cover the mail of all companies, so only the
    /// platform's own company sees them.
    pub mail: Option<MailReportsView>,
    /// The ten newest payout batches.
    pub batches: Vec<RecentBatchView>,
    /// Rows that have been due for more than an hour: a sign that a scheduler has stopped.
    pub overdue: OverdueView,
}

/// A booking that was declined.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeclinedBookingView {
    /// The booking.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::party::BookingId"))]
    pub booking_id: String,
    /// When the decline was recorded.
    pub at: Timestamp,
    /// The cause: a job, an account, an event's id.
    pub cause: String,
}

/// An event with a part that could not be read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UnreadEventView {
    /// The event's id.
    pub event_id: String,
    /// The provider that sent it.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The membership, if the event names it.
    pub membership_id: Option<MembershipId>,
    /// The payment, if the event names it.
    pub payment_id: Option<PaymentId>,
    /// The part that could not be read.
    #[cfg_attr(feature = "openapi", schemars(with = "String", extend("examples" = ["amount_unreadable", "currency_unknown"])))]
    pub reason: Option<&'static str>,
    /// When it was received.
    pub received_at: Timestamp,
}

/// A look-up about a member that Whop did not answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ChannelErrorView {
    /// The kind of look-up.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["membership", "paused_memberships", "purchases", "experience", "access", "payment"])))]
    pub question: String,
    /// The reason of the failure.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["status_403"])))]
    pub reason: String,
    /// When it failed first.
    pub since: Timestamp,
}

/// A summary of a payout batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentBatchView {
    /// The batch.
    pub batch_id: BatchId,
    /// The status of the batch.
    pub status: BatchStatus,
    /// Why it failed, if it did.
    pub reason: Option<String>,
    /// Transfers that were completed.
    pub done: u64,
    /// Transfers that Stripe refused.
    pub rejected: u64,
    /// Transfers with an unknown outcome.
    pub in_doubt: u64,
    /// When its status changed last.
    pub changed_at: Timestamp,
}

/// Rows that have been due for more than an hour: a sign that a scheduler has stopped.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OverdueView {
    /// The number of counted rows.
    pub count: usize,
    /// Whether there are more.
    pub more: bool,
    /// When the oldest became due.
    pub oldest_due_at: Option<Timestamp>,
}
