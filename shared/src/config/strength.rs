//! Checks whether secrets and passwords can be guessed.

mod guessable;

pub use guessable::OwnWords;

/// Shorter secrets can be guessed.
const MIN_SECRET_CHARS: usize = 16;

/// A random secret has more different characters than this; `aaaaaaaaaaaaaaaa` has one.
const MIN_DISTINCT_CHARS: usize = 6;

/// Passwords are typed by people and protected by the rate limit, so they may be shorter than secrets; below this
/// the limit does not help.
const MIN_PASSWORD_CHARS: usize = 12;

/// Words of example files, which get copied into deployments.
const PLACEHOLDERS: [&str; 6] = ["change", "example", "placeholder", "your-", "your_", "secret-here"];

/// Why a secret is weak; `None` if it is not.
pub fn weakness(secret: &str) -> Option<String> {
    if secret.chars().count() < MIN_SECRET_CHARS {
        return Some(format!("is shorter than {MIN_SECRET_CHARS} characters"));
    }
    commonness(secret)
}

/// Why a password is weak, given the words of its own account; `None` if it is not.
pub fn password_weakness(password: &str, words: &OwnWords) -> Option<String> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Some(format!("is shorter than {MIN_PASSWORD_CHARS} characters"));
    }
    commonness(password).or_else(|| guessable::reason(password, words).map(str::to_owned))
}

fn commonness(secret: &str) -> Option<String> {
    let lower = secret.to_lowercase();
    if PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return Some("is a placeholder".to_owned());
    }
    let mut distinct: Vec<char> = secret.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    (distinct.len() < MIN_DISTINCT_CHARS).then(|| "repeats a few characters".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_guessed_is_weak() {
        for weak in
            ["hunter2", "aaaaaaaaaaaaaaaaaaaaaaaa", "change-me-change-me-now", "your_secret_goes_in_here"]
        {
            assert!(weakness(weak).is_some(), "{weak}");
        }
        assert_eq!(weakness("sandbox-cron-secret"), None);
        assert!(password_weakness("short", &OwnWords::default()).is_some());
        assert_eq!(password_weakness("correct horse battery", &OwnWords::default()), None);
    }
}
