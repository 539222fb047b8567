//! Passwords: what is accepted, and the one place where they are hashed and checked.
//!
//! Argon2id takes long by design, so it runs beside the thread that serves; and it takes much memory by design,
//! so a process hashes one password at a time. Whoever comes meanwhile waits without a thread.

mod hashing;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::Mutex;

use crate::config::password_weakness;
use crate::domain::account::EmailAddress;
use crate::http::Failure;
use hashing::Memory;

/// Longer ones are no safer, and hashing must not take as long as a stranger likes.
pub const MAX_PASSWORD_CHARS: usize = 256;

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

/// Checks a password. Whatever is known, this is one Argon2 verification.
pub async fn is_right(password: &str, known: Known) -> Result<bool, Failure> {
    let password = password.to_owned();
    beside(move |memory| match known {
        Known::Hash(hash) => memory.verify(&password, &hash),
        Known::Plain(plain) => {
            memory.verify(&password, NOBODYS_HASH)?;
            Ok(equal(&plain, &password))
        }
        Known::Nothing => memory.verify(&password, NOBODYS_HASH).map(|_| false),
    })
    .await
}

/// Hashes a password with a new salt.
pub async fn hash(password: &str) -> Result<String, Failure> {
    let password = password.to_owned();
    beside(move |memory| {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| "no randomness")?;
        memory.hash(&password, &salt)
    })
    .await
}

/// Refuses a new password that is too short, too long, or easily guessed.
pub fn check_new(field: &str, password: &str, address: Option<&EmailAddress>) -> Result<(), Failure> {
    if password.chars().count() > MAX_PASSWORD_CHARS {
        return Err(Failure::field(field, format!("is longer than {MAX_PASSWORD_CHARS} characters")));
    }
    if address.is_some_and(|address| address.as_str().eq_ignore_ascii_case(password.trim())) {
        return Err(Failure::field(field, "is the address itself"));
    }
    password_weakness(password).map_or(Ok(()), |weakness| Err(Failure::field(field, weakness)))
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
        let address = EmailAddress::parse("canary@example.org").unwrap();
        for weak in ["short", "aaaaaaaaaaaaaaaa", "Canary@Example.org", &"abcdefgh".repeat(33)] {
            assert!(check_new("password", weak, Some(&address)).is_err(), "{weak}");
        }
        assert!(check_new("password", "correct horse battery", Some(&address)).is_ok());
    }
}
