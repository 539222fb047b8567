//! When a booking must be looked at next.

use chrono::{DateTime, Duration, Utc};

use super::Booking;
use super::fact::DeclinedReason;
use super::status::BookingStatus;

/// The spans of time that a deployment chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a customer has to pay once a booking was asked for.
    pub payment_window: Duration,
    /// How long a professional has to answer once the money is held.
    pub answer_window: Duration,
    /// How long before the network lets go of a hold a booking without an answer is declined, so
    /// that the customer hears it from us and not from a bank statement.
    pub hold_margin: Duration,
    /// How long after its completion a booking is paid out at the earliest, so that a complaint
    /// comes before the money has left.
    pub hold_back: Duration,
}

impl Default for Policy {
    /// A day to pay, a day to answer, an hour of margin for a sweep of every five minutes, a day of hold-back.
    fn default() -> Self {
        Self {
            payment_window: Duration::hours(24),
            answer_window: Duration::hours(24),
            hold_margin: Duration::hours(1),
            hold_back: Duration::hours(24),
        }
    }
}

/// What a booking is due for. Only one thing at a time: each follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The customer did not pay in time: call the booking off.
    Expire { at: DateTime<Utc> },
    /// Nobody answered in time: let the money go and decline.
    Decline {
        at: DateTime<Utc>,
        /// Which time runs out.
        reason: DeclinedReason,
    },
    /// It came to nothing and the customer's money is still held: let it go.
    Release { at: DateTime<Utc> },
    /// The professional's share may be settled.
    Payout { at: DateTime<Utc> },
}

impl Due {
    /// When it is due.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Expire { at } | Self::Decline { at, .. } | Self::Release { at } | Self::Payout { at } => {
                *at
            }
        }
    }
}

impl Booking {
    /// What the booking is due for next; `None` where only people and Stripe can move it.
    ///
    /// A booking whose share waits for a dispute stays due, so that every batch says why it waits.
    pub fn next_due(&self, policy: &Policy) -> Option<Due> {
        match self.stage {
            BookingStatus::Requested => {
                let window_ends_at = after(self.requested_at, policy.payment_window);
                Some(Due::Expire { at: window_ends_at.min(self.terms.scheduled_start) })
            }
            BookingStatus::Authorized => self.decline_due(policy),
            BookingStatus::Declined | BookingStatus::Cancelled => {
                let held = self.authorization.is_some() && self.released_at.is_none();
                (held && self.amounts.captured == 0).then_some(Due::Release { at: self.stage_at })
            }
            BookingStatus::Completed if self.amounts.payable > 0 => {
                self.hold_back_ends_at(policy).map(|at| Due::Payout { at })
            }
            _ => None,
        }
    }

    /// When a booking that nobody answers is declined; `None` unless it waits for an answer.
    pub fn decline_due_at(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.next_due(policy).filter(|due| matches!(due, Due::Decline { .. })).map(|due| due.at())
    }

    /// When the share of a completed booking may be settled.
    pub fn hold_back_ends_at(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.completed_at.map(|at| after(at, policy.hold_back))
    }

    /// The first of three ends: of the professional's time, of the hold, and of the time before the
    /// job should have begun.
    fn decline_due(&self, policy: &Policy) -> Option<Due> {
        let authorization = self.authorization.as_ref()?;
        let silent = DeclinedReason::ProfessionalNoResponse;
        let window_ends_at = after(authorization.at, policy.answer_window);
        let hold_ends_at = authorization.capture_before.map(|at| after(at, -policy.hold_margin));
        let ends = [
            Some((window_ends_at, silent)),
            Some((self.terms.scheduled_start, silent)),
            hold_ends_at.map(|at| (at, DeclinedReason::HoldExpired)),
        ];
        ends.into_iter().flatten().min().map(|(at, reason)| Due::Decline { at, reason })
    }
}

/// An instant so much later, or the end of time: a far-away time must not stop a sweep.
fn after(at: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    let end = if span < Duration::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    at.checked_add_signed(span).unwrap_or(end)
}
