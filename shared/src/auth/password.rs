//! Passwords: what is accepted, and the one place where they are hashed and checked.
//!
//! Argon2id takes long by design, so it runs beside the thread that serves.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::config::password_weakness;
use crate::domain::account::EmailAddress;
use crate::http::Failure;

/// Longer ones are no safer, and hashing must not take as long as a stranger likes.
pub const MAX_PASSWORD_CHARS: usize = 256;

/// The first choice of OWASP's Password Storage Cheat Sheet for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of a password that nobody knows, with the same parameters: checked where there is no
/// account, so that this takes as long.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$NidAesiT2TAVTHt4KQtwfg$XacNjZIe05UQ5Nlx09XDqV6wJavxm2dEbwAyh15YVkI";

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
    beside(move || match known {
        Known::Hash(hash) => verify(&password, &hash),
        Known::Plain(plain) => {
            verify(&password, NOBODYS_HASH)?;
            Ok(equal(&plain, &password))
        }
        Known::Nothing => verify(&password, NOBODYS_HASH).map(|_| false),
    })
    .await
}

/// Hashes a password with a new salt.
pub async fn hash(password: &str) -> Result<String, Failure> {
    let password = password.to_owned();
    beside(move || {
        let mut salt = [0; 16];
        SystemRandom::new().fill(&mut salt).map_err(|_| "no randomness")?;
        let hash: phc::PasswordHash = argon2()?
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(|_| "the password was not hashed")?;
        Ok(hash.to_string())
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

fn argon2() -> Result<Argon2<'static>, &'static str> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| "the parameters are refused")?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// By the parameters of the hash. A hash that cannot be read is our own fault and no wrong password.
fn verify(password: &str, hash: &str) -> Result<bool, &'static str> {
    let hash = phc::PasswordHash::new(hash).map_err(|_| "a password hash cannot be read")?;
    Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
}

/// In a time that tells neither where they differ nor how long the known one is.
fn equal(known: &str, sent: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, sent.as_bytes(), hmac::sign(&key, known.as_bytes()).as_ref()).is_ok()
}

async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, &'static str> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
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

    #[test]
    fn nobodys_hash_costs_what_everybodys_does() {
        let hash = phc::PasswordHash::new(NOBODYS_HASH).unwrap();
        let params = Params::try_from(&hash).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(hash.salt.unwrap().len(), 16);
        assert_eq!(hash.hash.unwrap().len(), 32);
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
