//! How the jobs are doing, and what needs a person.

use serde::Serialize;

use super::effect::{EffectView, RefusedEffectView};
use super::finding::FindingView;
use super::job::JobSummaryView;
use super::mail::MailReportsView;
use super::reconciliation::ReconciliationSummaryView;
use crate::domain::kernel::id::{MembershipId, PaymentId};
use crate::domain::marketplace::payout::{BatchId, BatchStatus};
use crate::views::{ExcerptView, Timestamp};

/// How the jobs are doing, and what needs a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OperationsView {
    /// When it was looked at.
    pub at: Timestamp,
    /// Every job.
    pub jobs: Vec<JobSummaryView>,
    /// Bookings that were declined in the last 24 hours, the oldest first, up to a hundred.
    pub declined_last_24_hours: ExcerptView<DeclinedBookingView>,
    /// What may have happened or not; it is not sent again until a person says.
    pub in_doubt: ExcerptView<EffectView>,
    /// What was tried three times or more and is tried again.
    pub waiting: ExcerptView<EffectView>,
    /// Events that were applied although a part of them could not be read, such as an amount: the newest, up to
    /// a hundred. They leave the list with the event, after forty days. The platform's own company also sees
    /// those that name no company.
    pub unread_events: ExcerptView<UnreadEventView>,
    /// A question about a member that Whop did not answer when it was asked last, such as which experience
    /// reaches the member: messages go out by the other channels meanwhile.
    pub channel_error: Option<ChannelErrorView>,
    /// What a provider refused for good, until a person or a later fact resolves it: of bookings the oldest
    /// hundred, of members with an open case the newest hundred.
    pub refused: ExcerptView<RefusedEffectView>,
    /// What Stripe and the books differ in, the oldest first, up to a hundred; the rest stands in
    /// `/api/operations/findings`. The platform's own company also sees what has no owner.
    pub findings: ExcerptView<FindingView>,
    /// What the reconciliation came to. Its sums are those of all companies together, so only the platform's
    /// own company sees them.
    pub reconciliation: Option<ReconciliationSummaryView>,
    /// What the mailer reported in the last seven days. It is about the mail of all companies together, so only
    /// the platform's own company sees it.
    pub mail: Option<MailReportsView>,
    /// The ten newest payout batches.
    pub batches: Vec<RecentBatchView>,
    /// What has been due for more than an hour: a sign that a scheduler has stopped.
    pub overdue: OverdueView,
}

/// A booking that was declined.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeclinedBookingView {
    /// The booking.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::party::BookingId"))]
    pub booking_id: String,
    /// When it was written down.
    pub at: Timestamp,
    /// Who or what caused it: a job, an account, an event's id.
    pub cause: String,
}

/// An event of which a part could not be read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UnreadEventView {
    /// The event's id.
    pub event_id: String,
    /// Who sent it.
    pub source: String,
    /// Its name.
    pub name: String,
    /// The membership, where the event names it.
    pub membership_id: Option<MembershipId>,
    /// The payment, where the event names it.
    pub payment_id: Option<PaymentId>,
    /// What could not be read.
    #[cfg_attr(feature = "openapi", schemars(with = "String", extend("examples" = ["amount_unreadable", "currency_unknown"])))]
    pub reason: Option<&'static str>,
    /// When it came in.
    pub received_at: Timestamp,
}

/// A question about a member that Whop did not answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ChannelErrorView {
    /// What was asked for.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["membership", "paused_memberships", "purchases", "experience", "access", "payment"])))]
    pub question: String,
    /// Why there is no answer.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["status_403"])))]
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A payout batch, in short.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentBatchView {
    /// The batch.
    pub batch_id: BatchId,
    /// How far it is.
    pub status: BatchStatus,
    /// Why it failed, if it did.
    pub reason: Option<String>,
    /// Transfers that were made.
    pub done: u64,
    /// Transfers that Stripe refused.
    pub rejected: u64,
    /// Transfers with an unknown outcome.
    pub in_doubt: u64,
    /// When its state changed last.
    pub changed_at: Timestamp,
}

/// What has been due for more than an hour: a sign that a scheduler has stopped.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OverdueView {
    /// How many rows were counted.
    pub count: usize,
    /// Whether there are more.
    pub more: bool,
    /// Since when the oldest is due.
    pub oldest_due_at: Option<Timestamp>,
}
