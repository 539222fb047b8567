//! Which mails the facts of a booking require.

use chrono::{DateTime, Duration, Utc};

use super::Booking;
use super::fact::CancelledBy;
use super::refusal::RefusalDecision;
use super::status::BookingStatus;
use super::step::Step;

/// About the time that a caller waits for the answer to a request.
const CALLER_WAITS_MINUTES: i64 = 2;

impl Booking {
    /// Whether the facts require this mail; `false` for steps that are no mail.
    pub(super) fn wants_mail(&self, step: Step) -> bool {
        let is_captured = self.amounts.captured > 0;
        let is_accepted = self.stage == BookingStatus::Accepted || self.stage.is_done();
        let is_captured_after_all = self.refusals.contains_key(&Step::Capture) && is_captured && is_accepted;
        match step {
            Step::Hold | Step::Capture | Step::Release | Step::Refund => false,
            Step::DeclineMail => self.wants_decline_mail(),
            Step::AcceptedMail => is_captured_after_all,
            Step::ReleaseRefusedMail => {
                let is_held = self.authorization.is_some() && self.released_at.is_none() && !is_captured;
                let is_refused = self.refusals.contains_key(&Step::Release);
                self.stage == BookingStatus::Cancelled
                    && is_held
                    && is_refused
                    && !self.is_answered_with_refusal(Step::Release)
            }
            // While the customer's bank decides about a dispute, the refund does not depend on us. After a
            // person closed the refusal, the refund is not retried any more, so the mail would be wrong.
            Step::RefundRefusedMail => {
                let is_open = self
                    .refusals
                    .get(&Step::Refund)
                    .is_some_and(|refusal| refusal.decision != Some(RefusalDecision::Close));
                let waits = self.stage.is_off() && self.amounts.remaining() > 0 && !self.dispute_open;
                is_open && waits && !self.is_answered_with_refusal(Step::Refund)
            }
            Step::RefundedMail => {
                let is_refunded = is_captured && self.amounts.refunded == self.amounts.captured;
                self.refusals.contains_key(&Step::Refund) && self.stage.is_off() && is_refunded
            }
            // Also if the authorization expired before the capture: the professional believes that the job is
            // agreed.
            Step::ProfessionalDeclinedMail => self.is_promised && self.stage == BookingStatus::Declined,
            Step::ProfessionalAcceptedMail => self.is_promised && is_captured_after_all,
        }
    }

    /// Whether to mail the decline. Not before the authorization is voided, because until then a concurrent
    /// capture may still win. If Stripe refuses the void or the capture, the mail says where the money is.
    fn wants_decline_mail(&self) -> bool {
        let is_known = self.authorization.is_none()
            || self.released_at.is_some()
            || self.refusals.contains_key(&Step::Release)
            || self.refusals.contains_key(&Step::Capture);
        // The caller who requested the booking got the refusal of its payment as the answer.
        let is_answered = self.is_refused_by(Step::Hold, self.requested_at);
        self.stage == BookingStatus::Declined && is_known && !is_answered
    }

    /// Whether the customer cancelled and the answer said that a step was refused.
    fn is_answered_with_refusal(&self, step: Step) -> bool {
        match self.cancellation {
            Some((at, CancelledBy::Customer)) => self.is_refused_by(step, at),
            _ => false,
        }
    }

    /// Whether a step was refused while the caller of a request of that time still waited for the answer.
    fn is_refused_by(&self, step: Step, requested_at: DateTime<Utc>) -> bool {
        let waits_until = requested_at + Duration::minutes(CALLER_WAITS_MINUTES);
        self.refusals.get(&step).is_some_and(|refusal| refusal.refused_at <= waits_until)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{authorized, booking, captured, fact, refunded, requested};
    use super::super::{BookingFact, BookingFactKind, DisputeStatus, ReleaseReason};
    use super::*;

    fn mails(facts: &[BookingFact]) -> Vec<Step> {
        let booking = booking(facts);
        Step::ALL.into_iter().filter(|step| booking.wants_mail(*step)).collect()
    }

    fn with(facts: &[BookingFact], more: &[BookingFact]) -> Vec<Step> {
        mails(&[facts, more].concat())
    }

    fn refused(hours: f64, step: Step) -> BookingFact {
        fact(hours, BookingFactKind::StepRefused { step, version: 1, reason: "card_declined".to_owned() })
    }

    fn decided(hours: f64, step: Step, decision: RefusalDecision) -> BookingFact {
        fact(hours, BookingFactKind::RefusalResolved { step, version: 1, decision })
    }

    fn cancelled(by: CancelledBy) -> BookingFact {
        fact(2.0, BookingFactKind::Cancelled { by })
    }

    fn released(hours: f64) -> BookingFact {
        fact(hours, BookingFactKind::Released { reason: ReleaseReason::Automatic, payment_intent: None })
    }

    fn accepted() -> Vec<BookingFact> {
        vec![requested(), authorized(0.1, None), fact(1.0, BookingFactKind::Accepted)]
    }

    #[test]
    fn both_sides_get_a_mail_about_a_refused_capture_and_its_correction() {
        let failed = [accepted(), vec![refused(1.1, Step::Capture)]].concat();
        assert_eq!(mails(&failed), [Step::DeclineMail, Step::ProfessionalDeclinedMail]);
        let corrected = [Step::AcceptedMail, Step::ProfessionalAcceptedMail];
        assert_eq!(with(&failed, &[captured(3.0, 10_000)]), corrected);
        assert_eq!(with(&accepted(), &[captured(1.1, 10_000)]), [], "nothing was refused");
    }

    #[test]
    fn a_professional_who_accepted_gets_a_mail_when_the_authorization_expires_before_the_capture() {
        let lapsed = [Step::DeclineMail, Step::ProfessionalDeclinedMail];
        assert_eq!(with(&accepted(), &[released(5.0)]), lapsed);
        assert_eq!(with(&accepted(), &[released(0.5)]), lapsed, "also where Stripe dates it before");
        assert_eq!(mails(&[requested(), authorized(0.1, None), released(5.0)]), [Step::DeclineMail]);
    }

    #[test]
    fn the_customer_gets_a_mail_about_a_refused_void_unless_the_answer_reported_it() {
        let held = [requested(), authorized(0.1, None)];
        for (by, hours, expected) in [
            (CancelledBy::Owner, 2.0, vec![Step::ReleaseRefusedMail]),
            (CancelledBy::Professional, 2.0, vec![Step::ReleaseRefusedMail]),
            (CancelledBy::Customer, 2.0, vec![]),
            (CancelledBy::Customer, 3.0, vec![Step::ReleaseRefusedMail]),
        ] {
            let facts = [&held[..], &[cancelled(by), refused(hours, Step::Release)]].concat();
            assert_eq!(mails(&facts), expected, "{by:?} after {hours} hours");
            assert_eq!(with(&facts, &[released(100.0)]), [], "it said that the hold lapses");
        }
    }

    #[test]
    fn the_customer_gets_mails_about_a_refused_refund_and_its_later_success() {
        for (by, hours, expected) in [
            (CancelledBy::Owner, 2.0, vec![Step::RefundRefusedMail]),
            (CancelledBy::Customer, 2.0, vec![]),
            (CancelledBy::Customer, 3.0, vec![Step::RefundRefusedMail]),
        ] {
            let facts =
                [accepted(), vec![captured(1.1, 10_000), cancelled(by), refused(hours, Step::Refund)]]
                    .concat();
            assert_eq!(mails(&facts), expected, "{by:?} after {hours} hours");
            assert_eq!(with(&facts, &[refunded(5.0, 10_000)]), [Step::RefundedMail], "{by:?}");
            assert_eq!(with(&facts, &[refunded(5.0, 4_000)]), expected, "a part is not all of it");
            let closed = decided(4.0, Step::Refund, RefusalDecision::Close);
            assert_eq!(with(&facts, &[closed]), [], "no person works on it any more");
        }
    }

    #[test]
    fn while_the_customers_bank_decides_no_mail_says_that_we_do() {
        let status = |status| {
            let money = super::super::sample::usd(10_000);
            let dispute = BookingFactKind::Disputed {
                dispute_id: "du_1".to_owned(),
                status,
                money,
                payment_intent: None,
            };
            fact(if status == DisputeStatus::Won { 9.0 } else { 2.0 }, dispute)
        };
        let facts = [
            accepted(),
            vec![captured(1.1, 10_000), cancelled(CancelledBy::Owner), refused(3.0, Step::Refund)],
            vec![status(DisputeStatus::NeedsResponse)],
        ]
        .concat();
        assert_eq!(mails(&facts), []);
        assert_eq!(with(&facts, &[status(DisputeStatus::Won)]), [Step::RefundRefusedMail]);
    }
}
