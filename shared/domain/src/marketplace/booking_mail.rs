//! The texts of the mails about bookings. They contain no personal data: a third person who reads one learns
//! only how a booking ended. Mails to professionals name the booking's id, because a professional has many
//! bookings.

use serde::{Deserialize, Serialize};

use super::booking::{DeclinedReason, Step};
use crate::kernel::message::{Language, Message};
use crate::kernel::party::BookingId;

/// Incremented with every change of the texts below, so that an audit entry identifies the sent text.
pub const BOOKING_MAIL_VERSION: u32 = 4;

/// The kind and parameters of a mail about a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum BookingMail {
    /// The booking was declined; the concierge helps to find another professional.
    Declined {
        reason: DeclinedReason,
        /// Whether the amount is still reserved on the customer's card, because Stripe refused the void or the
        /// capture. Older mails were sent only after a void.
        #[serde(default)]
        still_reserved: bool,
        /// Whether the customer had not paid yet, so that no amount was ever reserved.
        #[serde(default)]
        never_reserved: bool,
        /// The concierge's page, if the deployment has one.
        concierge_url: Option<String>,
    },
    /// The payment was captured, after a mail has said that it was not.
    Accepted,
    /// A cancelled booking's amount may stay reserved, because Stripe refused the void.
    ReleaseRefused,
    /// A cancelled booking is not refunded yet, because Stripe refused the refund.
    RefundRefused,
    /// The refund went through, after a mail has said that it did not.
    Refunded,
    /// To the professional: a booking they accepted was declined.
    ProfessionalDeclined { booking_id: BookingId },
    /// To the professional: the payment was captured, after a mail has said that it was not.
    ProfessionalAccepted { booking_id: BookingId },
}

impl BookingMail {
    /// The step of the booking that sends it.
    pub fn step(&self) -> Step {
        match self {
            Self::Declined { .. } => Step::DeclineMail,
            Self::Accepted => Step::AcceptedMail,
            Self::ReleaseRefused => Step::ReleaseRefusedMail,
            Self::RefundRefused => Step::RefundRefusedMail,
            Self::Refunded => Step::RefundedMail,
            Self::ProfessionalDeclined { .. } => Step::ProfessionalDeclinedMail,
            Self::ProfessionalAccepted { .. } => Step::ProfessionalAcceptedMail,
        }
    }

    /// Writes the mail. The same mail always gives the same text, so that a retry sends an equal body.
    pub fn write(&self, language: Language) -> Message {
        let (title, text) = match self {
            Self::Declined { reason, still_reserved, never_reserved, concierge_url } => {
                let reservation = match (still_reserved, never_reserved) {
                    (true, _) => Reservation::Open,
                    (false, true) => Reservation::None,
                    (false, false) => Reservation::Free,
                };
                return declined(*reason, reservation, concierge_url.as_deref(), language);
            }
            Self::ProfessionalDeclined { booking_id } => {
                return professional_declined(*booking_id, language);
            }
            Self::ProfessionalAccepted { booking_id } => {
                return professional_accepted(*booking_id, language);
            }
            Self::Accepted => accepted(language),
            Self::ReleaseRefused => release_refused(language),
            Self::RefundRefused => refund_refused(language),
            Self::Refunded => refunded(language),
        };
        Message { title: title.to_owned(), text: text.to_owned() }
    }
}

/// What became of the amount on the customer's card.
enum Reservation {
    /// It was never reserved.
    None,
    Open,
    Free,
}

fn declined(
    reason: DeclinedReason,
    reservation: Reservation,
    concierge_url: Option<&str>,
    language: Language,
) -> Message {
    let (title, what, money) = match language {
        Language::En => (
            "Your booking was not taken",
            match reason {
                DeclinedReason::PaymentFailed => {
                    "Your payment could not be taken, so your booking is not confirmed."
                }
                DeclinedReason::ProfessionalDeclined => "The professional could not take your booking.",
                DeclinedReason::ProfessionalNoResponse => {
                    "The professional did not answer your booking in time, so we have declined it."
                }
                DeclinedReason::HoldExpired => {
                    "Your booking was not answered before the hold on your card ended, so we have declined it."
                }
            },
            match reservation {
                Reservation::None => "Your card was not charged.",
                Reservation::Open => {
                    "Your card was not charged. The amount we had set aside may stay reserved for some days; your bank frees it when the reservation ends."
                }
                Reservation::Free => {
                    "Your card was not charged: the amount we had set aside is free again. Your bank may take a few days to show it."
                }
            },
        ),
        Language::Es => (
            "Tu reserva no fue aceptada",
            match reason {
                DeclinedReason::PaymentFailed => {
                    "No pudimos cobrar tu pago, así que tu reserva no está confirmada."
                }
                DeclinedReason::ProfessionalDeclined => "El profesional no pudo aceptar tu reserva.",
                DeclinedReason::ProfessionalNoResponse => {
                    "El profesional no respondió a tu reserva a tiempo, así que la hemos cancelado."
                }
                DeclinedReason::HoldExpired => {
                    "Nadie respondió a tu reserva antes de que terminara la retención en tu tarjeta, así que la hemos cancelado."
                }
            },
            match reservation {
                Reservation::None => "No hicimos ningún cobro.",
                Reservation::Open => {
                    "No hicimos ningún cobro. El monto puede seguir retenido unos días; tu banco lo libera cuando termina la retención."
                }
                Reservation::Free => {
                    "No hicimos ningún cobro: el monto retenido queda libre. Tu banco puede tardar unos días en mostrarlo."
                }
            },
        ),
    };
    let offer = concierge_url.map(|url| match language {
        Language::En => format!("\n\nOur concierge will gladly find another professional for you:\n\n{url}"),
        Language::Es => {
            format!("\n\nNuestro concierge con gusto te ayuda a encontrar a alguien más:\n\n{url}")
        }
    });
    Message { title: title.to_owned(), text: format!("{what} {money}{}", offer.unwrap_or_default()) }
}

fn accepted(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::En => (
            "Your booking is confirmed",
            "Your payment went through after all, so your booking is confirmed. Please ignore our earlier mail.",
        ),
        Language::Es => (
            "Tu reserva está confirmada",
            "Tu pago sí se realizó, así que tu reserva está confirmada. Por favor ignora nuestro correo anterior.",
        ),
    }
}

fn release_refused(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::En => (
            "Your booking was cancelled",
            "Your booking was cancelled. The amount we had set aside on your card may stay reserved for some days; your bank frees it when the reservation ends.",
        ),
        Language::Es => (
            "Tu reserva fue cancelada",
            "Tu reserva fue cancelada. El monto que retuvimos en tu tarjeta puede seguir retenido unos días; tu banco lo libera cuando termina la retención.",
        ),
    }
}

fn refund_refused(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::En => (
            "Your refund has not gone through yet",
            "Your booking was cancelled. The refund of your payment has not gone through yet. We are working on it and will write to you once it has; you do not need to do anything.",
        ),
        Language::Es => (
            "Tu reembolso todavía no se ha realizado",
            "Tu reserva fue cancelada. El reembolso de tu pago todavía no se ha realizado. Estamos en ello y te escribiremos cuando se haya realizado; no tienes que hacer nada.",
        ),
    }
}

fn refunded(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::En => (
            "Your refund has gone through",
            "The refund of your payment has gone through after all. Your bank may take a few days to show it.",
        ),
        Language::Es => (
            "Tu reembolso se ha realizado",
            "El reembolso de tu pago ya se ha realizado. Tu banco puede tardar unos días en mostrarlo.",
        ),
    }
}

fn professional_declined(booking_id: BookingId, language: Language) -> Message {
    let (title, text) = match language {
        Language::En => (
            "A booking is not confirmed",
            format!(
                "The customer's payment for a booking that you accepted could not be taken, so the booking is not confirmed. Please do not do the job unless we write to you that the payment has gone through.\n\nBooking {booking_id}"
            ),
        ),
        Language::Es => (
            "Una reserva no está confirmada",
            format!(
                "No se pudo cobrar el pago del cliente de una reserva que aceptaste, así que la reserva no está confirmada. Por favor no hagas el trabajo si no te escribimos que el pago se ha realizado.\n\nReserva {booking_id}"
            ),
        ),
    };
    Message { title: title.to_owned(), text }
}

fn professional_accepted(booking_id: BookingId, language: Language) -> Message {
    let (title, text) = match language {
        Language::En => (
            "A booking is confirmed",
            format!(
                "The customer's payment went through after all, so a booking that you accepted is confirmed. This corrects what we told you before.\n\nBooking {booking_id}"
            ),
        ),
        Language::Es => (
            "Una reserva está confirmada",
            format!(
                "El pago del cliente sí se realizó, así que una reserva que aceptaste está confirmada. Esto corrige lo que te dijimos antes.\n\nReserva {booking_id}"
            ),
        ),
    };
    Message { title: title.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(reason: DeclinedReason, language: Language) -> Message {
        let concierge_url = Some("https://example.com/concierge".to_owned());
        BookingMail::Declined { reason, still_reserved: false, never_reserved: false, concierge_url }
            .write(language)
    }

    #[test]
    fn a_mail_never_calls_money_free_that_stripe_still_reserves_or_never_reserved() {
        for (language, free) in [(Language::En, "free again"), (Language::Es, "queda libre")] {
            for reason in [DeclinedReason::PaymentFailed, DeclinedReason::ProfessionalDeclined] {
                for (still_reserved, never_reserved) in [(true, false), (false, true)] {
                    let concierge_url = None;
                    let mail =
                        BookingMail::Declined { reason, still_reserved, never_reserved, concierge_url };
                    assert!(!mail.write(language).text.contains(free), "{language:?} {mail:?}");
                }
            }
            assert!(!BookingMail::Accepted.write(language).text.contains(free));
        }
    }

    #[test]
    fn only_the_correction_mail_says_that_the_money_is_back() {
        for (language, back) in
            [(Language::En, "has gone through after all"), (Language::Es, "ya se ha realizado")]
        {
            for mail in [BookingMail::ReleaseRefused, BookingMail::RefundRefused] {
                let text = mail.write(language).text;
                assert!(!text.contains(back) && !text.contains("free again"), "{text}");
            }
            let text = BookingMail::Refunded.write(language).text;
            assert!(text.contains(back), "{text}");
        }
    }

    #[test]
    fn a_mail_to_a_professional_says_which_booking_it_is_about() {
        let booking_id = BookingId::parse("7f0b8a52-5f0e-5a0f-9d55-0d7a0f5c2b11").unwrap();
        let mails = [
            BookingMail::ProfessionalDeclined { booking_id },
            BookingMail::ProfessionalAccepted { booking_id },
        ];
        for mail in mails {
            for language in [Language::En, Language::Es] {
                assert!(mail.write(language).text.ends_with(&booking_id.to_string()), "{mail:?}");
            }
            let row = serde_json::to_value(&mail).unwrap();
            assert_eq!(serde_json::from_value::<BookingMail>(row).unwrap(), mail);
        }
    }

    #[test]
    fn a_decline_mail_has_the_reason_the_state_of_the_money_and_a_contact() {
        let reasons = [
            DeclinedReason::ProfessionalDeclined,
            DeclinedReason::ProfessionalNoResponse,
            DeclinedReason::HoldExpired,
            DeclinedReason::PaymentFailed,
        ];
        let mut texts = std::collections::BTreeSet::new();
        for (language, free) in [(Language::En, "free again"), (Language::Es, "queda libre")] {
            for reason in reasons {
                let text = declined(reason, language).text;
                assert!(text.contains(free) && text.ends_with("https://example.com/concierge"), "{text}");
                texts.insert(text);
            }
        }
        assert_eq!(texts.len(), 8, "each says its own");
    }

    #[test]
    fn without_a_concierge_none_is_offered() {
        let mail = BookingMail::Declined {
            reason: DeclinedReason::HoldExpired,
            still_reserved: false,
            never_reserved: false,
            concierge_url: None,
        };
        assert!(!mail.write(Language::En).text.contains("concierge"));
    }
}
