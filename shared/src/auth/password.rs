//! Passwords: what is accepted, and the one place where they are hashed and checked.
//!
//! Argon2id takes long by design, so it runs beside the thread that serves; and it takes much memory by design,
//! so a process hashes one password at a time. Whoever comes meanwhile waits without a thread.

mod hashing;

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::Mutex;

use crate::app::App;
use crate::config::{OwnWords, password_weakness};
use crate::domain::kernel::account::EmailAddress;
use crate::http::Failure;
use crate::http::body::text_field;
use hashing::Memory;

/// Longer ones are no safer, and hashing must not take as long as a stranger likes. Counted after
/// normalisation.
const MAX_PASSWORD_CHARS: usize = 256;

/// What is read before normalisation: one composed character may be typed as four.
const MAX_TYPED_CHARS: usize = 4 * MAX_PASSWORD_CHARS;

/// The hash of a password that nobody knows, with the same parameters: checked where there is no
/// account, so that this takes as long.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$NidAesiT2TAVTHt4KQtwfg$XacNjZIe05UQ5Nlx09XDqV6wJavxm2dEbwAyh15YVkI";

/// The one of the process: however many come at once, there is one.
static MEMORY: Mutex<Memory> = Mutex::const_new(Memory::new());

/// What an account's password is checked against.
#[derive(Clone)]
pub enum Known {
    /// An Argon2id hash in PHC form.
    Hash(String),
    /// The password itself, as the environment may give it.
    Plain(String),
    /// Nothing: there is no such account, or it may not sign in.
    Nothing,
}

/// What a check of a password came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password in the very spelling that was typed: its hash was made before passwords were
    /// normalised, and should be made anew.
    RightAsTyped,
}

/// The one spelling of a password that is hashed: the OpaqueString profile of RFC 8265, as NIST SP 800-63B
/// asks for. Spaces of other scripts become plain ones, and composed and decomposed letters one form;
/// capital letters stay, and nothing is cut off.
fn normalized(password: &str) -> Cow<'_, str> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    let is_other_space = |c: char| {
        matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
    };
    let spaced = password.replace(is_other_space, " ");
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(&spaced);
    if composed == password { Cow::Borrowed(password) } else { Cow::Owned(composed.into_owned()) }
}

/// The field of a body that holds a password, as it was typed.
pub fn password_field<'b>(
    object: &'b serde_json::Map<String, serde_json::Value>,
    field: &str,
) -> Result<&'b str, Failure> {
    let typed = text_field(object, field, MAX_TYPED_CHARS)?;
    if normalized(typed).chars().count() > MAX_PASSWORD_CHARS {
        return Err(Failure::field(field, format!("is longer than {MAX_PASSWORD_CHARS} characters")));
    }
    Ok(typed)
}

/// Checks a password: normalised, and where that is not it and it was typed otherwise, as it was typed.
/// Whatever is known, this is the same number of Argon2 verifications for the same text.
pub async fn check(password: &str, known: Known) -> Result<Checked, Failure> {
    let one = normalized(password).into_owned();
    if fits(&one, known.clone()).await? {
        return Ok(Checked::Right);
    }
    let was_typed_otherwise = one != password;
    if was_typed_otherwise && fits(password, known).await? {
        Ok(Checked::RightAsTyped)
    } else {
        Ok(Checked::Wrong)
    }
}

/// Whether it is the password, in either spelling.
pub async fn is_right(password: &str, known: Known) -> Result<bool, Failure> {
    Ok(check(password, known).await? != Checked::Wrong)
}

/// One Argon2 verification, whatever is known.
async fn fits(password: &str, known: Known) -> Result<bool, Failure> {
    let password = password.to_owned();
    beside(move |memory| match known {
        Known::Hash(hash) => memory.verify(&password, &hash),
        Known::Plain(plain) => {
            memory.verify(&password, NOBODYS_HASH)?;
            Ok(equal(&normalized(&plain), &password) | equal(&plain, &password))
        }
        Known::Nothing => memory.verify(&password, NOBODYS_HASH).map(|_| false),
    })
    .await
}

/// Hashes a password with a new salt.
pub async fn hash(password: &str) -> Result<String, Failure> {
    let password = normalized(password).into_owned();
    beside(move |memory| {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| "no randomness")?;
        memory.hash(&password, &salt)
    })
    .await
}

/// Refuses a new password that is too short, too long, or easily guessed by a person who knows the account's
/// address, the company and the service.
pub fn check_new(
    app: &App,
    field: &str,
    password: &str,
    address: Option<&EmailAddress>,
) -> Result<(), Failure> {
    let company = app.config.platform_company.as_ref().map(|company| company.as_str()).unwrap_or_default();
    let base_url = app.config.public_base_url.as_deref().unwrap_or_default();
    let words = OwnWords::of(address.map(EmailAddress::as_str), company, base_url);
    weakness(password, &words).map_or(Ok(()), |weakness| Err(Failure::field(field, weakness)))
}

fn weakness(password: &str, words: &OwnWords) -> Option<String> {
    let password = normalized(password);
    if password.chars().count() > MAX_PASSWORD_CHARS {
        return Some(format!("is longer than {MAX_PASSWORD_CHARS} characters"));
    }
    password_weakness(&password, words)
}

/// In a time that tells neither where they differ nor how long the known one is.
fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce(&mut Memory) -> Result<T, &'static str> + Send + 'static,
) -> Result<T, Failure> {
    let mut memory = MEMORY.lock().await;
    let done = tokio::task::spawn_blocking(move || work(&mut memory)).await;
    let done = done.map_err(|_| Failure::Internal("the password work was given up".to_owned()))?;
    done.map_err(|reason| Failure::Internal(reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_and_no_other_does() {
        let known = hash("correct horse battery").await.unwrap();
        assert!(known.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{known}");
        assert_ne!(known, hash("correct horse battery").await.unwrap());
        assert!(is_right("correct horse battery", Known::Hash(known.clone())).await.unwrap());
        assert!(!is_right("correct horse batterz", Known::Hash(known)).await.unwrap());
        let plain = || Known::Plain("correct horse battery".to_owned());
        assert!(is_right("correct horse battery", plain()).await.unwrap());
        assert!(!is_right("correct horse batter", plain()).await.unwrap());
        assert!(!is_right("", Known::Nothing).await.unwrap());
        assert!(is_right("x", Known::Hash("$argon2id$broken".to_owned())).await.is_err());
    }

    #[tokio::test]
    async fn nobodys_hash_costs_what_everybodys_does() {
        let cost = |hash: &str| hash.split('$').map(str::to_owned).collect::<Vec<_>>();
        let (nobodys, everybodys) = (cost(NOBODYS_HASH), cost(&hash("correct horse battery").await.unwrap()));
        assert_eq!(nobodys[..4], everybodys[..4]);
        let lengths = |hash: &[String]| hash.iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(lengths(&nobodys), lengths(&everybodys));
    }

    #[test]
    fn what_can_be_guessed_is_no_new_password() {
        let words = OwnWords::of(Some("canary@example.org"), "", "");
        for weak in
            ["short", "aaaaaaaaaaaaaaaa", "Canary@Example.org", &"abcdefgh".repeat(33), "Passw0rd1234"]
        {
            assert!(weakness(weak, &words).is_some(), "{weak}");
        }
        assert_eq!(weakness("correct horse battery", &words), None);
        let long: String = "é".repeat(256);
        let decomposed = long.replace('é', "e\u{301}");
        assert_eq!(weakness(&decomposed, &words), weakness(&long, &words), "counted after normalisation");
    }

    #[tokio::test]
    async fn every_spelling_of_a_password_is_one_and_hashes_of_before_stay_usable() {
        let (composed, decomposed) = ("contraseña muy larguísima", "contrasen\u{303}a muy largui\u{301}sima");
        let spaced = composed.replace(' ', "\u{a0}");
        let known = Known::Hash(hash(decomposed).await.unwrap());
        for typed in [composed, decomposed, &spaced] {
            assert_eq!(check(typed, known.clone()).await.unwrap(), Checked::Right, "{typed}");
        }
        assert_eq!(check("Contraseña muy larguísima", known).await.unwrap(), Checked::Wrong);
        // Hashed as it was typed, before.
        let old = Memory::new().hash(decomposed, b"sixteen bytes of").unwrap();
        assert_eq!(check(decomposed, Known::Hash(old.clone())).await.unwrap(), Checked::RightAsTyped);
        assert_eq!(check(composed, Known::Hash(old)).await.unwrap(), Checked::Wrong);
        let plain = Known::Plain(decomposed.to_owned());
        assert_eq!(check(composed, plain.clone()).await.unwrap(), Checked::Right);
        assert_eq!(check(decomposed, plain).await.unwrap(), Checked::Right);
    }
}
