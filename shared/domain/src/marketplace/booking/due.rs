//! The next deadline of a booking.

use chrono::{DateTime, Duration, Utc};

use super::Booking;
use super::fact::DeclinedReason;
use super::status::BookingStatus;

/// The time limits that a deployment configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The time to pay after the request.
    pub payment_window: Duration,
    /// The professional's time to answer after the authorization.
    pub answer_window: Duration,
    /// An unanswered booking is declined this long before its authorization expires, so that we inform the
    /// customer before the bank does.
    pub hold_margin: Duration,
    /// A booking is paid out at the earliest this long after its completion, so that a complaint can arrive
    /// before the transfer.
    pub hold_back: Duration,
}

impl Default for Policy {
    /// A day to pay, a day to answer, an hour of margin for a sweep every five minutes, a day of hold-back.
    fn default() -> Self {
        Self {
            payment_window: Duration::hours(24),
            answer_window: Duration::hours(24),
            hold_margin: Duration::hours(1),
            hold_back: Duration::hours(24),
        }
    }
}

/// What a booking is due for; only one thing at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The customer did not pay in time: cancel the booking.
    Expire { at: DateTime<Utc> },
    /// The professional did not answer in time: decline the booking and void the authorization.
    Decline {
        at: DateTime<Utc>,
        /// The deadline that has passed.
        reason: DeclinedReason,
    },
    /// The booking was declined or cancelled and the authorization still exists: void it.
    Release { at: DateTime<Utc> },
    /// The professional's share may be settled.
    Payout { at: DateTime<Utc> },
}

impl Due {
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Expire { at } | Self::Decline { at, .. } | Self::Release { at } | Self::Payout { at } => {
                *at
            }
        }
    }
}

impl Booking {
    /// What the booking is due for next; `None` if only people and Stripe can change it.
    ///
    /// A booking whose share waits for a dispute stays due, so that every batch lists the reason.
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

    /// When an unanswered booking is declined; `None` unless it waits for an answer.
    pub fn decline_due_at(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.next_due(policy).filter(|due| matches!(due, Due::Decline { .. })).map(|due| due.at())
    }

    pub fn hold_back_ends_at(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.completed_at.map(|at| after(at, policy.hold_back))
    }

    /// The earliest of three deadlines: of the professional's answer, of the authorization, and the scheduled
    /// start.
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

/// Adds a span to a time, saturating: an extreme time must not make the sweep fail.
fn after(at: DateTime<Utc>, span: Duration) -> DateTime<Utc> {
    let end = if span < Duration::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
    at.checked_add_signed(span).unwrap_or(end)
}
