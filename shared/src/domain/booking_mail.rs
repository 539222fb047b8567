//! The words of the mails about bookings. They name no person and no job: who reads over a shoulder
//! learns nothing but that a booking was declined.

use serde::{Deserialize, Serialize};

use super::booking::{DeclinedReason, Step};
use super::message::{Language, Message};

/// Counts up with every change of the words below, so that an audit can say what was sent.
pub const BOOKING_MAIL_VERSION: u32 = 2;

/// A mail about a booking, without its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum BookingMail {
    /// No professional took the booking; the concierge helps to find another one.
    Declined {
        /// Why.
        reason: DeclinedReason,
        /// Whether an amount is still reserved on the customer's card, because Stripe refused to release or
        /// to take it. Mails of earlier versions were sent only once it was free.
        #[serde(default)]
        still_reserved: bool,
        /// Where the concierge is reached, if the deployment has one.
        concierge_url: Option<String>,
    },
    /// The payment was taken after all, once a mail has said that it was not.
    Accepted,
}

impl BookingMail {
    /// The step of the booking that sends it.
    pub fn step(&self) -> Step {
        match self {
            Self::Declined { .. } => Step::DeclineMail,
            Self::Accepted => Step::AcceptedMail,
        }
    }

    /// Writes the mail. The same mail has the same words, so a resent body is equal.
    pub fn write(&self, language: Language) -> Message {
        let Self::Declined { reason, still_reserved, concierge_url } = self else {
            return accepted(language);
        };
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
                if *still_reserved {
                    "Your card was not charged. The amount we had set aside may stay reserved for some days; your bank frees it when the reservation ends."
                } else {
                    "Your card was not charged: the amount we had set aside is free again. Your bank may take a few days to show it."
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
                if *still_reserved {
                    "No hicimos ningún cobro. El monto puede seguir retenido unos días; tu banco lo libera cuando termina la retención."
                } else {
                    "No hicimos ningún cobro: el monto retenido queda libre. Tu banco puede tardar unos días en mostrarlo."
                },
            ),
        };
        let offer = concierge_url.as_ref().map(|url| match language {
            Language::En => format!("\n\nOur concierge will gladly find somebody else for you:\n\n{url}"),
            Language::Es => {
                format!("\n\nNuestro concierge con gusto te ayuda a encontrar a alguien más:\n\n{url}")
            }
        });
        Message { title: title.to_owned(), text: format!("{what} {money}{}", offer.unwrap_or_default()) }
    }
}

fn accepted(language: Language) -> Message {
    let (title, text) = match language {
        Language::En => (
            "Your booking is confirmed",
            "Your payment went through after all, so your booking is confirmed. Please ignore our earlier mail.",
        ),
        Language::Es => (
            "Tu reserva está confirmada",
            "Tu pago sí se realizó, así que tu reserva está confirmada. Por favor ignora nuestro correo anterior.",
        ),
    };
    Message { title: title.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(reason: DeclinedReason, language: Language) -> Message {
        let concierge_url = Some("https://example.com/concierge".to_owned());
        BookingMail::Declined { reason, still_reserved: false, concierge_url }.write(language)
    }

    #[test]
    fn money_that_stripe_keeps_reserved_is_not_said_to_be_free() {
        for (language, free) in [(Language::En, "free again"), (Language::Es, "queda libre")] {
            for reason in [DeclinedReason::PaymentFailed, DeclinedReason::ProfessionalDeclined] {
                let mail = BookingMail::Declined { reason, still_reserved: true, concierge_url: None };
                assert!(!mail.write(language).text.contains(free), "{language:?} {reason:?}");
            }
            assert!(!BookingMail::Accepted.write(language).text.contains(free));
        }
    }

    #[test]
    fn a_decline_says_why_what_becomes_of_the_money_and_who_helps() {
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
            concierge_url: None,
        };
        assert!(!mail.write(Language::En).text.contains("concierge"));
    }
}
