//! The text of a reminder. Only the template and version of a sent message are stored, not its text.

use serde::{Deserialize, Serialize};

/// Incremented with every change of the texts below, so that an audit entry identifies the sent text.
pub const TEMPLATE_VERSION: u32 = 1;

/// The language of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Language {
    En,
    Es,
}

impl Language {
    /// Parses `en` or `es`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The parameters of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    pub language: Language,
    /// The granted free days to mention; 0 for none.
    pub incentive_days: u16,
    /// The page on which the member can pay or manage the membership.
    pub manage_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The title of a push, the subject of a mail.
    pub title: String,
    /// The text including the link.
    pub text: String,
}

impl Template {
    /// Writes the message. The same template always gives the same text, so that a retry sends an equal body.
    pub fn write(&self) -> Message {
        let (title, problem, ask) = match self.language {
            Language::En => (
                "Your payment did not go through",
                "We could not renew your membership.",
                "Update your payment method to keep your access:",
            ),
            Language::Es => (
                "Tu pago no se completó",
                "No pudimos renovar tu membresía.",
                "Actualiza tu método de pago para conservar el acceso:",
            ),
        };
        let gift = match (self.language, self.incentive_days) {
            (_, 0) => String::new(),
            (Language::En, 1) => " We added 1 free day while you sort it out.".to_owned(),
            (Language::En, days) => format!(" We added {days} free days while you sort it out."),
            (Language::Es, 1) => " Te añadimos 1 día gratis mientras lo resuelves.".to_owned(),
            (Language::Es, days) => format!(" Te añadimos {days} días gratis mientras lo resuelves."),
        };
        Message { title: title.to_owned(), text: format!("{problem}{gift} {ask} {}", self.manage_url) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(language: Language, incentive_days: u16) -> String {
        let manage_url = "https://whop.com/hub/mem_1".to_owned();
        Template { language, incentive_days, manage_url }.write().text
    }

    #[test]
    fn a_message_is_short_and_ends_with_the_link() {
        for language in [Language::En, Language::Es] {
            for days in [0, 1, 365] {
                let text = text(language, days);
                assert!(text.chars().count() < 220, "{text}");
                assert!(text.ends_with(": https://whop.com/hub/mem_1"), "{text}");
            }
        }
    }

    #[test]
    fn free_days_are_mentioned_only_when_there_are_some() {
        assert!(!text(Language::En, 0).contains("free"));
        assert!(text(Language::En, 1).contains("1 free day "));
        assert!(text(Language::Es, 3).contains("3 días gratis"));
    }
}
