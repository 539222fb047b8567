//! The commands on a booking, and the reasons for refusing them.

use chrono::{DateTime, Utc};

use super::Booking;
use super::fact::{BookingFact, BookingFactKind, CancelledBy};
use super::refusal::RefusalDecision;
use super::status::BookingStatus;
use super::step::Step;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingCommand {
    /// The professional accepts the job.
    Accept,
    /// The professional declines the job.
    Decline,
    /// The professional reports the job as done.
    Complete,
    Cancel {
        by: CancelledBy,
    },
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    #[error("the customer's payment is not authorized yet")]
    NotAuthorized,
    #[error("the customer's payment has not been taken yet")]
    NotCaptured,
    #[error("the booking has not been accepted")]
    NotAccepted,
    #[error("the booking has already been accepted")]
    AlreadyAccepted,
    #[error("the booking has already been completed")]
    AlreadyCompleted,
    #[error("the booking has already been paid out")]
    AlreadyPaidOut,
    #[error("the booking has already been declined")]
    AlreadyDeclined,
    #[error("the booking has already been cancelled")]
    AlreadyCancelled,
}

impl Refusal {
    /// The code in the API.
    pub fn code(self) -> &'static str {
        self.into()
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
    /// The fact that a command leads to, or the reason for refusing it.
    ///
    /// The fact is never dated before the stage it changes: clocks differ slightly, and an earlier fact would
    /// have no effect.
    pub fn apply_command(
        &self,
        command: BookingCommand,
        source: &str,
        now: DateTime<Utc>,
    ) -> Result<BookingFact, Refusal> {
        let fact = |what| BookingFact { at: now.max(self.stage_at), what, source: source.to_owned() };
        if let Some(what) = self.resolve_refusal(command) {
            return Ok(fact(what));
        }
        match (self.stage, command) {
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
        Ok(fact(command.fact()))
    }

    /// Repeating a command retries its refused step: the capture of an acceptance, the refund or void of a
    /// cancellation. Cancelling a booking whose capture was refused closes that refusal, so that the payment is
    /// voided.
    fn resolve_refusal(&self, command: BookingCommand) -> Option<BookingFactKind> {
        let (retry, close) = (RefusalDecision::Retry, RefusalDecision::Close);
        let choices: &[(Step, RefusalDecision)] = match command {
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
    /// Why a command that the stage does not allow is refused.
    fn refusal(self) -> Refusal {
        match self {
            Self::Requested | Self::Authorized => Refusal::NotAccepted,
            Self::Accepted => Refusal::AlreadyAccepted,
            // A stage is never `Disputed`; the arm exists for completeness.
            Self::Completed | Self::Disputed => Refusal::AlreadyCompleted,
            Self::PaidOut => Refusal::AlreadyPaidOut,
            Self::Declined => Refusal::AlreadyDeclined,
            Self::Cancelled => Refusal::AlreadyCancelled,
        }
    }
}
