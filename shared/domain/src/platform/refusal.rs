//! The consequences of effects that did not happen: one table for every kind of effect.
//!
//! `docs/refusals.md` is the same table for operators. `providers::call` and the clients decide which answers
//! are final refusals; this module decides what follows from one.

use super::effect::Request;
use crate::marketplace::booking::{Recipient, Step};

/// Reasons that are no refusal: the opposite has happened, or the effect is not needed any more. Nothing is
/// left to do.
const EXPECTED_ENDS: [&str; 13] = [
    "already_paid",
    "amount_changed",
    "booking_absent",
    "case_absent",
    "case_closed",
    "collection_paused",
    "disputed",
    "newer_step_taken",
    "not_completed",
    "not_wanted_any_more",
    "payment_captured",
    "payment_released",
    "withdrawn",
];

/// Reasons of a mail whose address is suppressed. A member's case shows that as its hold. The customer of a
/// booking has no other channel, so a person has to inform them.
const SUPPRESSED: [&str; 3] = ["address_blocked", "address_bounced", "address_complained"];

/// Our own reason codes for effects that did not happen. Any other code is the provider's.
const OUR_REASONS: [&str; 12] = [
    "address_blocked",
    "address_bounced",
    "address_complained",
    "dispute_open",
    "key_expired",
    "not_found",
    "not_of_a_booking",
    "payment_absent",
    "recipient_unreadable",
    REFUND_RETURNED,
    "resolved_by_hand",
    "wrong_state",
];

/// Stripe made a refund, and it failed days later because the bank rejected it.
pub const REFUND_RETURNED: &str = "refund_returned";

/// How a refused effect is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// By operators, as a new version of the operation.
    ByOperations,
    /// Automatically on the next payout day.
    OnPayoutDay,
    /// By the caller, who repeats the original request.
    ByAskingAgain,
    /// It is not retried, because its reason no longer exists.
    Never,
}

/// The consequence of a final refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum ConsequenceKind {
    /// There is no payment for the customer to authorize.
    PaymentNotOpened,
    PaymentNotCaptured,
    /// The customer's money is still reserved.
    HoldNotReleased,
    PaymentNotRefunded,
    ShareNotTransferred,
    /// The customer got no mail.
    CustomerNotNotified,
    /// The professional got no mail.
    ProfessionalNotNotified,
    /// The member got no message.
    MemberNotNotified,
    DaysNotGranted,
    MembershipNotEnded,
}

impl ConsequenceKind {
    /// Every kind, for documents.
    pub const ALL: [Self; 10] = [
        Self::PaymentNotOpened,
        Self::PaymentNotCaptured,
        Self::HoldNotReleased,
        Self::PaymentNotRefunded,
        Self::ShareNotTransferred,
        Self::CustomerNotNotified,
        Self::ProfessionalNotNotified,
        Self::MemberNotNotified,
        Self::DaysNotGranted,
        Self::MembershipNotEnded,
    ];

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What follows from a final refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    pub kind: ConsequenceKind,
    /// The booking's step, if the refusal is recorded as a fact of a booking.
    pub step: Option<Step>,
    pub retry: Retry,
}

/// The consequence of a final refusal of a request; `None` if no request is sent.
pub fn consequence(request: &Request) -> Option<Consequence> {
    let of_booking = |kind, step, retry| Some(Consequence { kind, step: Some(step), retry });
    let alone = |kind, retry| Some(Consequence { kind, step: None, retry });
    match request {
        Request::Nothing => None,
        Request::Hold { .. } => of_booking(ConsequenceKind::PaymentNotOpened, Step::Hold, Retry::Never),
        Request::Capture { .. } => {
            of_booking(ConsequenceKind::PaymentNotCaptured, Step::Capture, Retry::ByOperations)
        }
        Request::Release { .. } => {
            of_booking(ConsequenceKind::HoldNotReleased, Step::Release, Retry::ByOperations)
        }
        Request::Refund { .. } => {
            of_booking(ConsequenceKind::PaymentNotRefunded, Step::Refund, Retry::ByOperations)
        }
        Request::BookingMail { mail, .. } => {
            let kind = match mail.step().recipient() {
                Some(Recipient::Professional) => ConsequenceKind::ProfessionalNotNotified,
                _ => ConsequenceKind::CustomerNotNotified,
            };
            of_booking(kind, mail.step(), Retry::ByOperations)
        }
        Request::Transfer(_) => alone(ConsequenceKind::ShareNotTransferred, Retry::OnPayoutDay),
        Request::Push { .. } | Request::Dm { .. } | Request::Mail { .. } => {
            alone(ConsequenceKind::MemberNotNotified, Retry::ByAskingAgain)
        }
        Request::Extend { .. } => alone(ConsequenceKind::DaysNotGranted, Retry::Never),
        Request::Cancel { .. } => alone(ConsequenceKind::MembershipNotEnded, Retry::ByAskingAgain),
    }
}

/// The booking's step of a request, if it is one.
pub fn step_of(request: &Request) -> Option<Step> {
    consequence(request).and_then(|consequence| consequence.step)
}

/// Whether an effect that did not happen was refused, so that a person has to resolve it.
///
/// For a payment, a person's statement that it did not happen counts as a refusal too, because its purpose is
/// still open.
pub fn is_refusal(request: &Request, reason: &str) -> bool {
    let moves_money =
        matches!(request, Request::Capture { .. } | Request::Release { .. } | Request::Refund { .. });
    match reason {
        "resolved_by_hand" => moves_money,
        _ if SUPPRESSED.contains(&reason) => matches!(request, Request::BookingMail { .. }),
        _ => !is_expected_end(reason) && *request != Request::Nothing,
    }
}

/// Whether a reason says that the effect is not needed any more.
pub fn is_expected_end(reason: &str) -> bool {
    EXPECTED_ENDS.contains(&reason)
}

/// The provider's code in a reason; `None` if the reason is our own.
pub fn provider_code(reason: &str) -> Option<&str> {
    let code = reason.split(':').next().unwrap_or(reason);
    let is_ours = OUR_REASONS.contains(&code) || code == "gave_up" || code.starts_with("status_");
    (!is_ours).then_some(code)
}

/// The field that the provider refused, if the caller can change it.
pub fn refused_field(reason: &str) -> Option<&'static str> {
    match reason.split_once(':') {
        Some((_, "amount")) => Some("amount"),
        Some((_, "currency")) => Some("currency"),
        _ if matches!(reason, "amount_too_small" | "amount_too_large") => Some("amount"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::message::{Language, Template};
    use crate::kernel::party::PaymentIntentId;

    #[test]
    fn an_expected_end_is_no_refusal_and_a_persons_decision_about_money_is_one() {
        let payment_intent = PaymentIntentId::parse("pi_1").unwrap();
        let capture = Request::Capture { payment_intent };
        for reason in EXPECTED_ENDS {
            assert!(!is_refusal(&capture, reason), "{reason}");
        }
        for reason in ["charge_expired_for_capture", "gave_up:status_403", "resolved_by_hand", "status_422"] {
            assert!(is_refusal(&capture, reason), "{reason}");
        }
        let template =
            Template { language: Language::En, incentive_days: 0, manage_url: "https://whop.com".to_owned() };
        let mail = Request::Mail { sealed_to: String::new(), template };
        assert!(!is_refusal(&mail, "resolved_by_hand"));
        assert!(!is_refusal(&mail, "address_bounced"), "the case shows it as its hold");
        assert!(!is_refusal(&Request::Nothing, "anything"));
    }

    #[test]
    fn the_providers_code_and_the_field_are_read_from_the_reason() {
        assert_eq!(provider_code("charge_expired_for_capture"), Some("charge_expired_for_capture"));
        assert_eq!(provider_code("amount_too_small:amount"), Some("amount_too_small"));
        for ours in ["payment_absent", "gave_up:status_403", "status_422", "resolved_by_hand"] {
            assert_eq!(provider_code(ours), None);
        }
        assert_eq!(refused_field("invalid_request_error:currency"), Some("currency"));
        assert_eq!(refused_field("amount_too_small"), Some("amount"));
        assert_eq!(refused_field("gave_up:status_500"), None);
    }
}
