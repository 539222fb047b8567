//! What follows where an effect ends without having happened: one table for every kind of effect.
//!
//! `docs/refusals.md` says the same for operators. Which answers of a provider are a definitive refusal is
//! decided in [`crate::providers::call`] and in the clients; what follows from one is decided here.

use super::effect::Request;
use crate::marketplace::booking::{Recipient, Step};

/// Ends that are no refusal: the opposite has happened, or nobody needs the effect any more. Nothing is left
/// to do, and nobody has to look at them.
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

/// Ends of a mail whose address is not written to any more. The case of a member shows that as its hold; the
/// customer of a booking has no other channel, so that a person has to tell them.
const SUPPRESSED: [&str; 3] = ["address_blocked", "address_bounced", "address_complained"];

/// Our own words for why an effect did not happen. Any other is the provider's code.
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

/// Stripe made a refund, and it failed days later: the bank did not take the money.
pub const REFUND_RETURNED: &str = "refund_returned";

/// Who has a refused effect tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Operations, as a new version of the operation.
    ByOperations,
    /// The next payout day, by itself.
    OnPayoutDay,
    /// The caller, by repeating the request that asked for it.
    ByAskingAgain,
    /// Nobody: it has ended with what it was asked for.
    Never,
}

/// What is so because of a definitive refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum ConsequenceKind {
    /// There is no payment that the customer could make.
    PaymentNotOpened,
    /// The customer's money was not taken.
    PaymentNotCaptured,
    /// The customer's money is still held.
    HoldNotReleased,
    /// The customer's money did not go back.
    PaymentNotRefunded,
    /// The professional's share was not transferred.
    ShareNotTransferred,
    /// The customer was not written to.
    CustomerNotTold,
    /// The professional was not written to.
    ProfessionalNotTold,
    /// The member was not written to.
    MemberNotTold,
    /// The member got no free days.
    DaysNotGranted,
    /// The membership goes on.
    MembershipNotEnded,
}

impl ConsequenceKind {
    /// Every one, for documents.
    pub const ALL: [Self; 10] = [
        Self::PaymentNotOpened,
        Self::PaymentNotCaptured,
        Self::HoldNotReleased,
        Self::PaymentNotRefunded,
        Self::ShareNotTransferred,
        Self::CustomerNotTold,
        Self::ProfessionalNotTold,
        Self::MemberNotTold,
        Self::DaysNotGranted,
        Self::MembershipNotEnded,
    ];

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What follows from a definitive refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    /// What is so since.
    pub kind: ConsequenceKind,
    /// The step of the booking whose refusal is recorded as a fact, where it is a step of one.
    pub step: Option<Step>,
    /// Who has it tried again.
    pub retry: Retry,
}

/// What follows where the effect of a request is refused for good; `None` where nothing leaves.
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
                Some(Recipient::Professional) => ConsequenceKind::ProfessionalNotTold,
                _ => ConsequenceKind::CustomerNotTold,
            };
            of_booking(kind, mail.step(), Retry::ByOperations)
        }
        Request::Transfer(_) => alone(ConsequenceKind::ShareNotTransferred, Retry::OnPayoutDay),
        Request::Push { .. } | Request::Dm { .. } | Request::Mail { .. } => {
            alone(ConsequenceKind::MemberNotTold, Retry::ByAskingAgain)
        }
        Request::Extend { .. } => alone(ConsequenceKind::DaysNotGranted, Retry::Never),
        Request::Cancel { .. } => alone(ConsequenceKind::MembershipNotEnded, Retry::ByAskingAgain),
    }
}

/// The step of a booking that a request is, where it is one.
pub fn step_of(request: &Request) -> Option<Step> {
    consequence(request).and_then(|consequence| consequence.step)
}

/// Whether an effect that ended without having happened was refused, so that a person has to look at it.
///
/// Of money the word of a person that it did not happen is one as well: what it was for still waits.
pub fn is_refusal(request: &Request, reason: &str) -> bool {
    let moves_money =
        matches!(request, Request::Capture { .. } | Request::Release { .. } | Request::Refund { .. });
    match reason {
        "resolved_by_hand" => moves_money,
        _ if SUPPRESSED.contains(&reason) => matches!(request, Request::BookingMail { .. }),
        _ => !EXPECTED_ENDS.contains(&reason) && *request != Request::Nothing,
    }
}

/// The provider's own code in a reason; `None` where the reason is ours.
pub fn provider_code(reason: &str) -> Option<&str> {
    let code = reason.split(':').next().unwrap_or(reason);
    let is_ours = OUR_REASONS.contains(&code) || code == "gave_up" || code.starts_with("status_");
    (!is_ours).then_some(code)
}

/// The field of the request that a provider found fault with, where the caller can change it.
pub fn asked_field(reason: &str) -> Option<&'static str> {
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
    fn an_expected_end_is_no_refusal_and_what_a_person_says_of_money_is_one() {
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
        assert_eq!(asked_field("invalid_request_error:currency"), Some("currency"));
        assert_eq!(asked_field("amount_too_small"), Some("amount"));
        assert_eq!(asked_field("gave_up:status_500"), None);
    }
}
