//! The status of the jobs, and everything that needs a person.

use serde::Serialize;

use super::finding::FindingView;
use super::job::JobSummaryView;
use super::mail::MailReportsView;
use super::objective::ObjectiveView;
use super::reconciliation::ReconciliationSummaryView;
use super::switch::SwitchedOffView;
use super::waiting::WaitingView;
use crate::domain::kernel::id::{MembershipId, PaymentId};
use crate::domain::marketplace::payout::{BatchId, BatchStatus};
use crate::views::{ExcerptView, Timestamp};

/// The status of the jobs, and everything that needs a person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OperationsView {
    /// When this overview was created.
    pub at: Timestamp,
    /// The status of every job.
    pub jobs: Vec<JobSummaryView>,
    /// The bookings that were declined in the last 24 hours, oldest first, up to 100.
    pub declined_last_24_hours: ExcerptView<DeclinedBookingView>,
    /// Effects whose outcome is unknown. They are not retried until a person resolves them.
    pub in_doubt: ExcerptView<WaitingView>,
    /// Everything else that is not done because of a provider or a scheduler, oldest first: effects that are
    /// retried, cases and events that wait for an answer, companies that are set aside, payout batches and
    /// professionals who are not paid, rows that are overdue. A row is listed from the first failure until it is
    /// over.
    pub waiting: ExcerptView<WaitingView>,
    /// The newest events that were applied although a part of them, such as an amount, could not be read, up
    /// to 100. They leave the list when the event is deleted, after 40 days. The platform's own company also
    /// sees events that name no company.
    pub unread_events: ExcerptView<UnreadEventView>,
    /// The newest request to Whop about a member that got no answer, such as the one for the experience
    /// through which the member is reached; `null` if there is none. Meanwhile, messages wait or are sent by
    /// other channels.
    pub channel_error: Option<ChannelErrorView>,
    /// Effects that a provider refused permanently, until a person or a later fact resolves them: the oldest
    /// 100 of bookings, and the newest 100 of members with an open case.
    pub refused: ExcerptView<WaitingView>,
    /// Open differences between Stripe and the ledger, oldest first, up to 100; `GET
    /// /api/operations/findings` lists all. The platform's own company also sees findings without an owner.
    pub findings: ExcerptView<FindingView>,
    /// The results of the reconciliation. `null` for every company except the platform's own, because the
    /// totals are those of all companies.
    pub reconciliation: Option<ReconciliationSummaryView>,
    /// The delivery reports of the email provider for the last seven days. `null` for every company except
    /// the platform's own, because they cover all companies.
    pub mail: Option<MailReportsView>,
    /// The service level objectives over the last 30 days with their error budgets, for all companies together.
    pub objectives: Vec<ObjectiveView>,
    /// The ten newest payout batches.
    pub batches: Vec<RecentBatchView>,
    /// The switches that are off for the whole deployment or for the caller's company, with what they hold back. The
    /// platform's own company also sees those of other companies.
    pub switches: Vec<SwitchedOffView>,
    /// Rows that have been due for more than an hour and that no switch holds back, which indicates that a scheduler
    /// has stopped.
    pub overdue: OverdueView,
}

/// A booking that was declined.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeclinedBookingView {
    /// The ID of the booking.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::party::BookingId"))]
    pub booking_id: String,
    /// When the decline was recorded.
    pub at: Timestamp,
    /// What caused the decline: a job, the ID of an account or the ID of an event.
    pub cause: String,
}

/// An event that was applied although a part of it could not be read.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct UnreadEventView {
    /// The ID of the event.
    pub event_id: String,
    /// The provider that sent the event.
    pub source: String,
    /// The name of the event.
    pub name: String,
    /// The membership that the event names; `null` if it names none.
    pub membership_id: Option<MembershipId>,
    /// The payment that the event names; `null` if it names none.
    pub payment_id: Option<PaymentId>,
    /// A code for what could not be read.
    #[cfg_attr(feature = "openapi", schemars(with = "String", extend("examples" = ["amount_unreadable", "currency_unknown"])))]
    pub reason: Option<&'static str>,
    /// When the event was received.
    pub received_at: Timestamp,
}

/// A request to Whop about a member that got no answer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ChannelErrorView {
    /// What was requested from Whop.
    #[cfg_attr(feature = "openapi", schemars(extend("enum" = ["membership", "paused_memberships", "purchases", "experience", "access", "payment"])))]
    pub question: String,
    /// A code for why there is no answer.
    #[cfg_attr(feature = "openapi", schemars(extend("examples" = ["status_403"])))]
    pub reason: String,
    /// Since when there has been no answer.
    pub since: Timestamp,
}

/// A payout batch, summarized.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentBatchView {
    /// The ID of the batch.
    pub batch_id: BatchId,
    /// The status of the batch.
    pub status: BatchStatus,
    /// A code for why the batch waits, is incomplete or failed; `null` otherwise.
    pub reason: Option<String>,
    /// The number of professionals who were due on its day and are not processed.
    pub professionals_left: u64,
    /// The number of transfers that were made.
    pub done: u64,
    /// The number of transfers that Stripe refused, or that were withdrawn before they were sent.
    pub rejected: u64,
    /// The number of transfers whose outcome is unknown.
    pub in_doubt: u64,
    /// When the status of the batch last changed.
    pub changed_at: Timestamp,
}

/// Rows that have been due for more than an hour, which indicates that a scheduler has stopped.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OverdueView {
    /// The number of overdue rows that were counted.
    pub count: usize,
    /// Whether there are more overdue rows than were counted.
    pub more: bool,
    /// When the oldest of these rows was due; `null` if there are none.
    pub oldest_due_at: Option<Timestamp>,
}
