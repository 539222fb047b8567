//! Whether a secret can be guessed.

mod guessable;

pub use guessable::OwnWords;

/// A secret that can be guessed is none.
const MIN_SECRET_CHARS: usize = 16;

/// Nobody's random secret repeats eight characters only; `aaaaaaaaaaaaaaaa` does.
const MIN_DISTINCT_CHARS: usize = 6;

/// A password is typed by a person, so the limiter stands beside it; below this even that does not help.
const MIN_PASSWORD_CHARS: usize = 12;

/// Words of example files, which end up in deployments.
const PLACEHOLDERS: [&str; 6] = ["change", "example", "placeholder", "your-", "your_", "secret-here"];

/// What is wrong with a secret; `None` when nothing is.
pub fn weakness(secret: &str) -> Option<String> {
    if secret.chars().count() < MIN_SECRET_CHARS {
        return Some(format!("is shorter than {MIN_SECRET_CHARS} characters"));
    }
    commonness(secret)
}

/// What is wrong with a password of whom these are the words; `None` when nothing is.
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
