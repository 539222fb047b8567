//! The request of a booking's step, frozen when the step starts.

use super::{BookingConfig, BookingRecord, Contact};
use crate::marketplace::booking::{Booking, CancelledBy, DeclinedReason, Step};
use crate::marketplace::booking_mail::BookingMail;
use crate::platform::action::ActionKind;
use crate::platform::effect::Request;

/// The request of a step; `None` if it cannot be made, such as a mail without a known recipient.
pub(super) fn step_request(
    row: &BookingRecord,
    booking: &Booking,
    step: Step,
    booking_config: &BookingConfig,
) -> Option<(ActionKind, Request)> {
    let payment_intent = booking.payment_intent.clone().or_else(|| row.payment_intent_id.clone());
    Some(match step {
        Step::Hold => {
            let (company_id, booking_id) = (row.company_id.clone(), row.booking_id);
            let money = booking.terms.price.clone();
            (ActionKind::PaymentOpened, Request::Hold { company_id, booking_id, money })
        }
        Step::Capture => (ActionKind::PaymentCaptured, Request::Capture { payment_intent: payment_intent? }),
        Step::Release => {
            let by = booking.cancellation.as_ref().map(|(_, by)| *by);
            let by_customer = by == Some(CancelledBy::Customer);
            let request = Request::Release { payment_intent: payment_intent?, by_customer };
            (ActionKind::PaymentReleased, request)
        }
        Step::Refund => (ActionKind::PaymentRefunded, Request::Refund { payment_intent: payment_intent? }),
        mail => return mail_request(row, booking, mail, booking_config),
    })
}

/// The mail of a step; `None` if the recipient's address is unknown.
fn mail_request(
    row: &BookingRecord,
    booking: &Booking,
    step: Step,
    booking_config: &BookingConfig,
) -> Option<(ActionKind, Request)> {
    let booking_id = row.booking_id;
    let (kind, mail) = match step {
        Step::Hold | Step::Capture | Step::Release | Step::Refund => return None,
        Step::DeclineMail => {
            let reason = booking.decline.map_or(DeclinedReason::ProfessionalDeclined, |it| it.reason);
            let still_reserved = booking.authorization.is_some() && booking.released_at.is_none();
            let never_reserved = booking.authorization.is_none();
            let concierge_url = booking_config.concierge_url.clone();
            let mail = BookingMail::Declined { reason, still_reserved, never_reserved, concierge_url };
            (ActionKind::DeclineMail, mail)
        }
        Step::AcceptedMail => (ActionKind::AcceptedMail, BookingMail::Accepted),
        Step::ReleaseRefusedMail => (ActionKind::ReleaseRefusedMail, BookingMail::ReleaseRefused),
        Step::RefundRefusedMail => (ActionKind::RefundRefusedMail, BookingMail::RefundRefused),
        Step::RefundedMail => (ActionKind::RefundedMail, BookingMail::Refunded),
        Step::ProfessionalDeclinedMail => {
            (ActionKind::ProfessionalDeclinedMail, BookingMail::ProfessionalDeclined { booking_id })
        }
        Step::ProfessionalAcceptedMail => {
            (ActionKind::ProfessionalAcceptedMail, BookingMail::ProfessionalAccepted { booking_id })
        }
    };
    let Contact { email_sealed, language } = row.contact_of(step.recipient()?).cloned()?;
    Some((kind, Request::BookingMail { sealed_to: email_sealed, language, mail }))
}
