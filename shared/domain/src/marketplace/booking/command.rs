//! What people may ask of a booking, and the word they are refused with.

use chrono::{DateTime, Utc};

use super::Booking;
use super::fact::{BookingFact, BookingFactKind, CancelledBy};
use super::refusal::RefusalDecision;
use super::status::BookingStatus;
use super::step::Step;

/// What a person asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingCommand {
    /// The professional will do it.
    Accept,
    /// The professional will not.
    Decline,
    /// The professional has done it.
    Complete,
    /// Somebody calls it off.
    Cancel { by: CancelledBy },
}

/// Why a person is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The customer's money is not held yet.
    #[error("the customer's payment is not authorized yet")]
    NotAuthorized,
    /// The customer's money has not been taken yet.
    #[error("the customer's payment has not been taken yet")]
    NotCaptured,
    /// Nobody has promised the job.
    #[error("the booking has not been accepted")]
    NotAccepted,
    /// The professional has promised the job.
    #[error("the booking has already been accepted")]
    AlreadyAccepted,
    /// The job is done.
    #[error("the booking has already been completed")]
    AlreadyCompleted,
    /// The professional's share is settled.
    #[error("the booking has already been paid out")]
    AlreadyPaidOut,
    #[error("the booking has already been declined")]
    AlreadyDeclined,
    /// It was called off.
    #[error("the booking has already been cancelled")]
    AlreadyCancelled,
}

impl Refusal {
    /// The word that the API shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAuthorized => "not_authorized",
            Self::NotCaptured => "not_captured",
            Self::NotAccepted => "not_accepted",
            Self::AlreadyAccepted => "already_accepted",
            Self::AlreadyCompleted => "already_completed",
            Self::AlreadyPaidOut => "already_paid_out",
            Self::AlreadyDeclined => "already_declined",
            Self::AlreadyCancelled => "already_cancelled",
        }
    }
}

impl BookingCommand {
    fn fact(self) -> BookingFactKind {
        match self {
            Self::Accept => BookingFactKind::Accepted,
            Self::Decline => BookingFactKind::Declined,
            Self::Complete => BookingFactKind::Completed,
            Self::Cancel { by } => BookingFactKind::Cancelled { by },
        }
    }
}

impl Booking {
    /// The fact that a person's wish becomes, or why it becomes none.
    ///
    /// The fact is never older than the stage it answers: clocks differ by a little, and an answer
    /// that sorted before its question would be lost.
    pub fn ask(&self, ask: BookingCommand, source: &str, now: DateTime<Utc>) -> Result<BookingFact, Refusal> {
        let fact = |what| BookingFact { at: now.max(self.stage_at), what, source: source.to_owned() };
        if let Some(what) = self.resolves_refusal(ask) {
            return Ok(fact(what));
        }
        match (self.stage, ask) {
            (BookingStatus::Accepted, BookingCommand::Complete) if self.is_capture_pending() => {
                return Err(Refusal::NotCaptured);
            }
            (BookingStatus::Authorized, BookingCommand::Accept)
            | (BookingStatus::Requested | BookingStatus::Authorized, BookingCommand::Decline)
            | (BookingStatus::Accepted, BookingCommand::Complete) => {}
            (stage, BookingCommand::Cancel { .. }) if stage.may_be_cancelled() => {}
            (BookingStatus::Requested, BookingCommand::Accept) => return Err(Refusal::NotAuthorized),
            (stage, _) => return Err(stage.refusal()),
        }
        Ok(fact(ask.fact()))
    }

    /// Asking again for what was refused has it tried again: an acceptance whose capture was refused, a
    /// cancellation whose refund or release was refused. To cancel what could not be captured lets it go.
    fn resolves_refusal(&self, ask: BookingCommand) -> Option<BookingFactKind> {
        let (retry, close) = (RefusalDecision::Retry, RefusalDecision::Close);
        let choices: &[(Step, RefusalDecision)] = match ask {
            BookingCommand::Accept => &[(Step::Capture, retry)],
            BookingCommand::Cancel { .. } => {
                &[(Step::Capture, close), (Step::Refund, retry), (Step::Release, retry)]
            }
            BookingCommand::Decline | BookingCommand::Complete => &[],
        };
        choices.iter().find_map(|(step, decision)| {
            let version = self.unresolved_refusal(*step)?.version;
            Some(BookingFactKind::RefusalResolved { step: *step, version, decision: *decision })
        })
    }
}

impl BookingStatus {
    /// Why nothing but what the stage allows can be asked.
    fn refusal(self) -> Refusal {
        match self {
            Self::Requested | Self::Authorized => Refusal::NotAccepted,
            Self::Accepted => Refusal::AlreadyAccepted,
            // A stage is never `Disputed`; if it were, the job would have been done.
            Self::Completed | Self::Disputed => Refusal::AlreadyCompleted,
            Self::PaidOut => Refusal::AlreadyPaidOut,
            Self::Declined => Refusal::AlreadyDeclined,
            Self::Cancelled => Refusal::AlreadyCancelled,
        }
    }
}
