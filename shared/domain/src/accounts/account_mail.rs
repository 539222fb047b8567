//! The texts of the mails about accounts. Each says what to do if someone else made the request.

use crate::kernel::message::{Language, Message};

/// A mail about an account.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountMail {
    /// Sent after a sign-up; the link confirms the address.
    Confirm {
        /// The link, with its token in the fragment.
        url: String,
    },
    /// Sent after a sign-up with the address of an existing account.
    AlreadyThere { url: String },
    /// Sent after a request for a new password; the link sets it.
    Reset {
        /// The link, with its token in the fragment.
        url: String,
    },
    /// Sent after a request for a new password for an address without an account.
    NoAccount,
}

impl AccountMail {
    /// Writes the mail. The same mail always gives the same text, so that a retry sends an equal body.
    pub fn write(&self, language: Language) -> Message {
        let (title, text) = match language {
            Language::En => self.english(),
            Language::Es => self.spanish(),
        };
        Message { title: title.to_owned(), text }
    }

    fn english(&self) -> (&'static str, String) {
        match self {
            Self::Confirm { url } => (
                "Confirm your address",
                format!(
                    "Someone, hopefully you, signed up with this address. Confirm it within 24 hours to open the account:\n\n{url}\n\nIf it was not you, do not follow the link: without it there is no account, and the password that was chosen never counts."
                ),
            ),
            Self::AlreadyThere { url } => (
                "You have an account already",
                format!(
                    "Someone, hopefully you, signed up with this address, which has an account already. The account and its password stay as they are. Here you can sign in, or ask for a new password:\n\n{url}\n\nIf it was not you, there is nothing to do."
                ),
            ),
            Self::Reset { url } => (
                "Choose a new password",
                format!(
                    "Someone, hopefully you, asked for a new password for your account. Choose it within an hour:\n\n{url}\n\nIf it was not you, there is nothing to do: your password stays as it is."
                ),
            ),
            Self::NoAccount => (
                "There is no account with this address",
                "Someone asked for a new password for an account with this address, but there is none. Perhaps you signed up with another address.\n\nIf it was not you, there is nothing to do.".to_owned(),
            ),
        }
    }

    fn spanish(&self) -> (&'static str, String) {
        match self {
            Self::Confirm { url } => (
                "Confirma tu dirección",
                format!(
                    "Alguien, esperamos que tú, se registró con esta dirección. Confírmala en un plazo de 24 horas para abrir la cuenta:\n\n{url}\n\nSi no fuiste tú, no sigas el enlace: sin él no hay cuenta, y la contraseña elegida nunca valdrá."
                ),
            ),
            Self::AlreadyThere { url } => (
                "Ya tienes una cuenta",
                format!(
                    "Alguien, esperamos que tú, se registró con esta dirección, que ya tiene una cuenta. La cuenta y su contraseña quedan como están. Aquí puedes iniciar sesión o pedir una contraseña nueva:\n\n{url}\n\nSi no fuiste tú, no tienes que hacer nada."
                ),
            ),
            Self::Reset { url } => (
                "Elige una contraseña nueva",
                format!(
                    "Alguien, esperamos que tú, pidió una contraseña nueva para tu cuenta. Elígela en el plazo de una hora:\n\n{url}\n\nSi no fuiste tú, no tienes que hacer nada: tu contraseña queda como está."
                ),
            ),
            Self::NoAccount => (
                "No hay ninguna cuenta con esta dirección",
                "Alguien pidió una contraseña nueva para una cuenta con esta dirección, pero no hay ninguna. Quizá te registraste con otra dirección.\n\nSi no fuiste tú, no tienes que hacer nada.".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_contains_its_link_and_instructions_for_unintended_recipients() {
        let url = "https://app.example.com/api/auth/confirm#token".to_owned();
        let mails = [
            (AccountMail::Confirm { url: url.clone() }, true),
            (AccountMail::AlreadyThere { url: url.clone() }, true),
            (AccountMail::Reset { url: url.clone() }, true),
            (AccountMail::NoAccount, false),
        ];
        for (mail, has_link) in mails {
            for (language, stranger) in
                [(Language::En, "If it was not you"), (Language::Es, "Si no fuiste tú")]
            {
                let message = mail.write(language);
                assert_eq!(message.text.contains(&url), has_link, "{}", message.text);
                assert!(message.text.contains(stranger) && !message.title.contains(&url), "{}", message.text);
            }
        }
    }
}
