//! What must leave the house because of where a booking stands.

use serde::{Deserialize, Serialize};

use super::Booking;
use super::status::BookingStatus;
use crate::kernel::party::{BookingId, PaymentIntentId};

/// A step that leaves the house for a booking, apart from the payout. Each begins at most once, in the
/// transaction of whatever made it necessary; which are necessary follows from the facts alone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Step {
    /// Open the payment by which the customer's money is held.
    Hold,
    Capture,
    /// Let the money go, or close a payment that nobody made.
    Release,
    /// Give the money back.
    Refund,
    /// Tell the customer that it was declined.
    DeclineMail,
    /// Tell the customer that the payment was taken after all, once a mail has said that it was not.
    AcceptedMail,
    /// Tell the customer of a cancelled booking that the hold was not released.
    ReleaseRefusedMail,
    /// Tell the customer of a cancelled booking that the refund has not gone through yet.
    RefundRefusedMail,
    /// Tell the customer that the refund went through after all.
    RefundedMail,
    /// Tell the professional that a booking they accepted is declined after all.
    ProfessionalDeclinedMail,
    /// Tell the professional that the payment was taken after all, once a mail has said that it was not.
    ProfessionalAcceptedMail,
}

/// Who reads a mail about a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Who asked for the job.
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

    /// The word used in keys and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Who reads it, where the step is a mail.
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

    /// The mail that it corrects, where it is one that does: without that mail there is nothing to correct.
    pub fn corrects(self) -> Option<Self> {
        match self {
            Self::AcceptedMail => Some(Self::DeclineMail),
            Self::ProfessionalAcceptedMail => Some(Self::ProfessionalDeclinedMail),
            _ => None,
        }
    }

    /// The name of the operation, for ever: also the key a provider recognises a repetition by. The
    /// version grows only when a person has it begun again after it ended without success.
    pub fn operation(self, booking_id: BookingId, version: u32) -> String {
        format!("{}:{booking_id}:v{version}", self.as_str())
    }

    /// The version in the name of one of its operations.
    pub fn version_of(operation: &str) -> Option<u32> {
        operation.rsplit_once(":v")?.1.parse().ok()
    }
}

impl Booking {
    /// Whether the facts ask for a step. `payment_intent` is the payment that was opened, which may be
    /// known before anybody has paid by it.
    pub fn wants(&self, step: Step, payment_intent: Option<&PaymentIntentId>) -> bool {
        let payment_intent = self.payment_intent.as_ref().or(payment_intent);
        let let_go = self.released_at.is_some();
        let taken = self.amounts.captured > 0;
        match step {
            Step::Hold => self.stage == BookingStatus::Requested && payment_intent.is_none(),
            Step::Capture => {
                let promised = self.stage == BookingStatus::Accepted || self.stage.is_done();
                promised && self.authorization.is_some() && !taken && !let_go
            }
            // A payment that nobody made yet is closed as well, so that nobody makes it later.
            // Money that Stripe refused to take stays held while a person may still have it tried again.
            Step::Release => {
                let may_be_captured = self.unresolved_refusal(Step::Capture).is_some();
                self.stage.is_off() && payment_intent.is_some() && !taken && !let_go && !may_be_captured
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
    fn each_stage_asks_for_what_moves_the_money_as_it_says() {
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
    fn a_payment_opened_for_a_booking_that_came_to_nothing_is_closed() {
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
