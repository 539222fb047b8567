//! Normalizes event names to one spelling, such as `payment.failed`.

/// The normalized name; `None` if the text is no name.
///
/// `payment_failed`, `app_payment.failed` and `app_payment_failed` become `payment.failed`. Names with an unknown
/// noun keep their spelling, in lower case.
pub(super) fn normalize(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_NAME_CHARS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let name = text.to_ascii_lowercase();
    let known =
        ["app_", "app."].iter().find_map(|tag| split(name.strip_prefix(tag)?)).or_else(|| split(&name));
    Some(match known {
        Some((noun, verb)) => format!("{noun}.{}", verb.replace('.', "_")),
        None => name,
    })
}

/// Twice Whop's longest name; names are stored and logged.
const MAX_NAME_CHARS: usize = 80;

/// Longer nouns come before their prefixes.
const NOUNS: [&str; 20] = [
    "payment_method",
    "payment",
    "membership",
    "member",
    "invoice",
    "refund",
    "dispute_alert",
    "dispute",
    "setup_intent",
    "entry",
    "payout_account",
    "payout_method",
    "payout",
    "withdrawal",
    "verification",
    "identity_profile",
    "course_lesson_interaction",
    "resolution_center_case",
    "chat_message",
    "deal",
];

fn split(name: &str) -> Option<(&'static str, &str)> {
    NOUNS.iter().find_map(|noun| {
        let verb = name.strip_prefix(noun)?.strip_prefix(['.', '_'])?;
        (!verb.is_empty()).then_some((*noun, verb))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_name_becomes_the_one() {
        for (text, expected) in [
            ("payment.failed", "payment.failed"),
            ("payment_failed", "payment.failed"),
            ("app_payment.failed", "payment.failed"),
            ("app_payment_failed", "payment.failed"),
            ("app.payment.failed", "payment.failed"),
            ("Payment.Failed", "payment.failed"),
            ("payment.requires_action", "payment.requires_action"),
            ("payment_requires_action", "payment.requires_action"),
            ("membership_went_valid", "membership.went_valid"),
            ("membership.went.valid", "membership.went_valid"),
            ("app_membership_went_valid", "membership.went_valid"),
            ("app_membership.cancel_at_period_end_changed", "membership.cancel_at_period_end_changed"),
            ("dispute_alert.created", "dispute_alert.created"),
            ("dispute_alert_created", "dispute_alert.created"),
            ("dispute_updated", "dispute.updated"),
            ("setup_intent_requires_action", "setup_intent.requires_action"),
            ("payment_method_created", "payment_method.created"),
            ("app_build.released", "app_build.released"),
            ("something_new", "something_new"),
            ("payment", "payment"),
            ("payment.", "payment."),
        ] {
            assert_eq!(normalize(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_name_is_none() {
        for text in ["", " ", "pay ment.failed", "payment.failed\n.x", "zahlung.fällig", &"x".repeat(81)] {
            assert_eq!(normalize(text), None, "{text}");
        }
    }
}
