//! Passwords: which are accepted, and the only place where they are hashed and checked.
//!
//! Argon2id takes long by design, so it runs outside the threads that serve requests. It needs much memory by
//! design, so a process hashes one password at a time; other requests wait asynchronously.

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

/// Longer passwords are no safer, and a stranger must not decide how long hashing takes. Counted after
/// normalization.
const MAX_PASSWORD_CHARS: usize = 256;

/// Limit before normalization: one composed character may be typed as four.
const MAX_TYPED_CHARS: usize = 4 * MAX_PASSWORD_CHARS;

/// The hash of an unknown password with the same parameters. It is checked where there is no account, so that the
/// answer takes equally long.
const UNKNOWN_PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$NidAesiT2TAVTHt4KQtwfg$XacNjZIe05UQ5Nlx09XDqV6wJavxm2dEbwAyh15YVkI";

/// Shared by all requests of the process, so that memory for one hash is enough.
static MEMORY: Mutex<Memory> = Mutex::const_new(Memory::new());

#[derive(Clone)]
pub enum Known {
    /// An Argon2id hash in PHC form.
    Hash(String),
    /// The plain password from an environment variable.
    Plain(String),
    /// The account does not exist or may not sign in.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// The password matches only as typed: the hash was made before passwords were normalized and should be
    /// replaced.
    RightAsTyped,
}

/// Normalizes a password before hashing: the OpaqueString profile of RFC 8265, as NIST SP 800-63B asks for.
/// Unicode spaces become ASCII spaces and letters their composed form; case and length stay.
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

/// Reads the password from a body's field, as typed.
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

/// Checks a password in normalized form and, if that differs and does not match, as typed. The number of Argon2
/// verifications depends on the text only, not on `known`.
pub async fn check(password: &str, known: Known) -> Result<Checked, Failure> {
    let one = normalized(password).into_owned();
    if matches_known(&one, known.clone()).await? {
        return Ok(Checked::Right);
    }
    let differs_as_typed = one != password;
    if differs_as_typed && matches_known(password, known).await? {
        Ok(Checked::RightAsTyped)
    } else {
        Ok(Checked::Wrong)
    }
}

/// Whether the password matches, normalized or as typed.
pub async fn is_right(password: &str, known: Known) -> Result<bool, Failure> {
    Ok(check(password, known).await? != Checked::Wrong)
}

/// Runs one Argon2 verification whatever `known` is, so that the time reveals nothing.
async fn matches_known(password: &str, known: Known) -> Result<bool, Failure> {
    let password = password.to_owned();
    run_blocking(move |memory| match known {
        Known::Hash(hash) => memory.verify(&password, &hash),
        Known::Plain(plain) => {
            memory.verify(&password, UNKNOWN_PASSWORD_HASH)?;
            Ok(equal(&normalized(&plain), &password) | equal(&plain, &password))
        }
        Known::Nothing => memory.verify(&password, UNKNOWN_PASSWORD_HASH).map(|_| false),
    })
    .await
}

pub async fn hash(password: &str) -> Result<String, Failure> {
    let password = normalized(password).into_owned();
    run_blocking(move |memory| {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| "no randomness")?;
        memory.hash(&password, &salt)
    })
    .await
}

/// Refuses a new password that is too short, too long, or easily guessed from the account's address, the company
/// or the service.
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

/// Compares in constant time: reveals neither the first difference nor the length of `known`.
fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce(&mut Memory) -> Result<T, &'static str> + Send + 'static,
) -> Result<T, Failure> {
    let mut memory = MEMORY.lock().await;
    let done = tokio::task::spawn_blocking(move || work(&mut memory)).await;
    let done = done.map_err(|_| Failure::Internal("the password task was aborted".to_owned()))?;
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
    async fn hashing_for_an_unknown_account_takes_as_long() {
        let cost = |hash: &str| hash.split('$').map(str::to_owned).collect::<Vec<_>>();
        let (nobodys, everybodys) =
            (cost(UNKNOWN_PASSWORD_HASH), cost(&hash("correct horse battery").await.unwrap()));
        assert_eq!(nobodys[..4], everybodys[..4]);
        let lengths = |hash: &[String]| hash.iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(lengths(&nobodys), lengths(&everybodys));
    }

    #[test]
    fn a_guessable_password_is_refused() {
        let words = OwnWords::of(Some("canary@example.org"), "", "");
        for weak in
            ["short", "aaaaaaaaaaaaaaaa", "Canary@Example.org", &"abcdefgh".repeat(33), "Passw0rd1234"]
        {
            assert!(weakness(weak, &words).is_some(), "{weak}");
        }
        assert_eq!(weakness("correct horse battery", &words), None);
        let long: String = "é".repeat(256);
        let decomposed = long.replace('é', "e\u{301}");
        assert_eq!(weakness(&decomposed, &words), weakness(&long, &words), "counted after normalization");
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
        // A hash from before normalization.
        let old = Memory::new().hash(decomposed, b"sixteen bytes of").unwrap();
        assert_eq!(check(decomposed, Known::Hash(old.clone())).await.unwrap(), Checked::RightAsTyped);
        assert_eq!(check(composed, Known::Hash(old)).await.unwrap(), Checked::Wrong);
        let plain = Known::Plain(decomposed.to_owned());
        assert_eq!(check(composed, plain.clone()).await.unwrap(), Checked::Right);
        assert_eq!(check(decomposed, plain).await.unwrap(), Checked::Right);
    }
}
