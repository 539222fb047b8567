//! The steps of a booking: the effects that its state requires.

use serde::{Deserialize, Serialize};

use super::Booking;
use super::status::BookingStatus;
use crate::kernel::party::{BookingId, PaymentIntentId};

/// An effect of a booking, apart from the payout. The facts alone determine which steps are required. A step is
/// started in the transaction of the facts that require it, and only once unless a refusal is retried.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Step {
    /// Create the payment that the customer authorizes.
    Hold,
    Capture,
    /// Void the authorization, or cancel a payment that the customer has not authorized.
    Release,
    /// Refund the whole payment.
    Refund,
    DeclineMail,
    /// Notify the customer that the payment was captured, after a mail about its refusal.
    AcceptedMail,
    /// Notify the customer of a cancelled booking that the authorization was not voided.
    ReleaseRefusedMail,
    /// Notify the customer of a cancelled booking that the refund has not gone through yet.
    RefundRefusedMail,
    /// Notify the customer that the refund went through, after a mail about its refusal.
    RefundedMail,
    /// Notify the professional that a booking they accepted was declined.
    ProfessionalDeclinedMail,
    /// Notify the professional that the payment was captured, after a mail about its refusal.
    ProfessionalAcceptedMail,
}

/// The recipient of a mail about a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    Customer,
    Professional,
}

impl Step {
    pub const ALL: [Self; 11] = [
        Self::Hold,
        Self::Capture,
        Self::Release,
        Self::Refund,
        Self::DeclineMail,
        Self::AcceptedMail,
        Self::ReleaseRefusedMail,
        Self::RefundRefusedMail,
        Self::RefundedMail,
        Self::ProfessionalDeclinedMail,
        Self::ProfessionalAcceptedMail,
    ];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The recipient, if the step is a mail.
    pub fn recipient(self) -> Option<Recipient> {
        match self {
            Self::Hold | Self::Capture | Self::Release | Self::Refund => None,
            Self::DeclineMail
            | Self::AcceptedMail
            | Self::ReleaseRefusedMail
            | Self::RefundRefusedMail
            | Self::RefundedMail => Some(Recipient::Customer),
            Self::ProfessionalDeclinedMail | Self::ProfessionalAcceptedMail => Some(Recipient::Professional),
        }
    }

    /// The earlier mail that this mail corrects; it is sent only after that one.
    pub fn corrects(self) -> Option<Self> {
        match self {
            Self::AcceptedMail => Some(Self::DeclineMail),
            Self::ProfessionalAcceptedMail => Some(Self::ProfessionalDeclinedMail),
            _ => None,
        }
    }

    /// The permanent name of the operation, which is also its idempotency key at the provider. The version is
    /// incremented only when a person retries a refused step.
    pub fn operation(self, booking_id: BookingId, version: u32) -> String {
        format!("{}:{booking_id}:v{version}", self.as_str())
    }

    /// The version in the name of an operation.
    pub fn version_of(operation: &str) -> Option<u32> {
        operation.rsplit_once(":v")?.1.parse().ok()
    }
}

impl Booking {
    /// Whether the facts require a step. `payment_intent` is the payment that we created, which may be known
    /// before the customer authorizes it.
    pub fn wants(&self, step: Step, payment_intent: Option<&PaymentIntentId>) -> bool {
        let payment_intent = self.payment_intent.as_ref().or(payment_intent);
        let is_released = self.released_at.is_some();
        let is_captured = self.amounts.captured > 0;
        match step {
            Step::Hold => self.stage == BookingStatus::Requested && payment_intent.is_none(),
            Step::Capture => {
                let is_accepted = self.stage == BookingStatus::Accepted || self.stage.is_done();
                is_accepted && self.authorization.is_some() && !is_captured && !is_released
            }
            // A payment that is not authorized yet is cancelled too, so that it cannot be authorized later.
            // After a refused capture the authorization is kept while a person may still retry the capture.
            Step::Release => {
                let may_be_captured = self.unresolved_refusal(Step::Capture).is_some();
                self.stage.is_off()
                    && payment_intent.is_some()
                    && !is_captured
                    && !is_released
                    && !may_be_captured
            }
            Step::Refund => self.stage.is_off() && self.amounts.remaining() > 0 && !self.dispute_open,
            mail => self.wants_mail(mail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{authorized, captured, fact, requested};
    use super::super::{BookingFact, BookingFactKind, CancelledBy, DeclinedReason, History, ReleaseReason};
    use super::*;

    fn wanted(facts: &[BookingFact]) -> Vec<Step> {
        let mut history = History::default();
        for fact in facts {
            history.add(fact.clone());
        }
        let booking = history.booking().unwrap();
        Step::ALL.into_iter().filter(|step| booking.wants(*step, None)).collect()
    }

    #[test]
    fn each_stage_requires_the_steps_that_move_its_money() {
        let declined =
            || fact(30.0, BookingFactKind::AutoDeclined { reason: DeclinedReason::ProfessionalNoResponse });
        let released = || {
            fact(31.0, BookingFactKind::Released { reason: ReleaseReason::Abandoned, payment_intent: None })
        };
        let accepted = || fact(2.0, BookingFactKind::Accepted);
        let cancelled = || fact(3.0, BookingFactKind::Cancelled { by: CancelledBy::Customer });
        let held = || vec![requested(), authorized(1.0, None)];
        let with = |mut facts: Vec<BookingFact>, more: Vec<BookingFact>| {
            facts.extend(more);
            wanted(&facts)
        };
        assert_eq!(wanted(&[requested()]), [Step::Hold]);
        assert_eq!(with(held(), vec![]), []);
        assert_eq!(with(held(), vec![accepted()]), [Step::Capture]);
        assert_eq!(with(held(), vec![accepted(), captured(2.1, 10_000)]), []);
        assert_eq!(with(held(), vec![declined()]), [Step::Release]);
        assert_eq!(with(held(), vec![declined(), released()]), [Step::DeclineMail]);
        assert_eq!(with(held(), vec![accepted(), cancelled()]), [Step::Release]);
        assert_eq!(with(held(), vec![accepted(), captured(2.1, 10_000), cancelled()]), [Step::Refund]);
        assert_eq!(wanted(&[requested(), cancelled()]), [], "there is no payment to close");
        assert_eq!(wanted(&[requested(), fact(1.0, BookingFactKind::Declined)]), [Step::DeclineMail]);
    }

    #[test]
    fn a_payment_created_for_an_ended_booking_is_cancelled() {
        let mut history = History::default();
        history.add(requested());
        history.add(fact(3.0, BookingFactKind::Cancelled { by: CancelledBy::Schedule }));
        let opened = PaymentIntentId::parse("pi_9").unwrap();
        assert!(history.booking().unwrap().wants(Step::Release, Some(&opened)));
    }

    #[test]
    fn an_operation_is_named_after_its_booking_and_not_after_the_attempt() {
        let id = super::super::sample::booking_id(1);
        assert_eq!(Step::Capture.operation(id, 1), format!("capture:{id}:v1"));
    }
}
