//! What people may ask of a booking, and the word they are refused with.

use chrono::{DateTime, Utc};

use super::Booking;
use super::fact::{CancelledBy, Fact, What};
use super::state::BookingState;

/// What a person asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The professional will do it.
    Accept,
    /// The professional will not.
    Decline,
    /// The professional has done it.
    Complete,
    /// Somebody calls it off.
    Cancel {
        /// Who.
        by: CancelledBy,
    },
}

/// Why a person is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The customer's money is not held yet.
    #[error("the customer's payment is not authorized yet")]
    NotAuthorized,
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
    /// It was declined.
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
            Self::NotAccepted => "not_accepted",
            Self::AlreadyAccepted => "already_accepted",
            Self::AlreadyCompleted => "already_completed",
            Self::AlreadyPaidOut => "already_paid_out",
            Self::AlreadyDeclined => "already_declined",
            Self::AlreadyCancelled => "already_cancelled",
        }
    }
}

impl Ask {
    fn fact(self) -> What {
        match self {
            Self::Accept => What::Accepted,
            Self::Decline => What::Declined,
            Self::Complete => What::Completed,
            Self::Cancel { by } => What::Cancelled { by },
        }
    }
}

impl Booking {
    /// The fact that a person's wish becomes, or why it becomes none.
    ///
    /// The fact is never older than the stage it answers: clocks differ by a little, and an answer
    /// that sorted before its question would be lost.
    pub fn ask(&self, ask: Ask, source: &str, now: DateTime<Utc>) -> Result<Fact, Refusal> {
        match (self.stage, ask) {
            (BookingState::Authorized, Ask::Accept)
            | (BookingState::Requested | BookingState::Authorized, Ask::Decline)
            | (BookingState::Accepted, Ask::Complete) => {}
            (stage, Ask::Cancel { .. }) if stage.may_be_called_off() => {}
            (BookingState::Requested, Ask::Accept) => return Err(Refusal::NotAuthorized),
            (stage, _) => return Err(stage.refusal()),
        }
        Ok(Fact { at: now.max(self.stage_at), what: ask.fact(), source: source.to_owned() })
    }
}

impl BookingState {
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
