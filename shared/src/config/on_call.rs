//! The keys of the people on call.

use super::strength::weakness;

/// A person on call and one of their keys.
#[derive(Clone, PartialEq, Eq)]
pub struct OnCallKey {
    /// Named in the audit log.
    pub name: String,
    pub key: String,
}

/// Longer than every name that a person would choose.
const MAX_NAME_CHARS: usize = 40;

/// Parses `name=key` pairs. A key must identify one person and must not open jobs as well.
pub(super) fn on_call_keys(
    list: &[String],
    cron_secrets: &[String],
    mistakes: &mut Vec<String>,
) -> Vec<OnCallKey> {
    let mut keys: Vec<OnCallKey> = Vec::new();
    for entry in list {
        let Some((name, key)) = entry.split_once('=').filter(|(name, _)| is_name(name)) else {
            mistakes.push("ON_CALL_KEYS: expected entries such as ana=<key>".to_owned());
            continue;
        };
        if let Some(weakness) = weakness(key) {
            mistakes.push(format!("ON_CALL_KEYS: the key of {name} {weakness}"));
        }
        if cron_secrets.iter().any(|secret| secret == key) {
            mistakes
                .push(format!("ON_CALL_KEYS: the key of {name} is in CRON_SECRET too, which starts jobs"));
        }
        if keys.iter().any(|known| known.key == key && known.name != name) {
            mistakes.push(format!("ON_CALL_KEYS: the key of {name} is another person's too"));
        }
        keys.push(OnCallKey { name: name.to_owned(), key: key.to_owned() });
    }
    keys
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    const KEY: &str = "q7Yw2Zr9Lk4TnB8sVf3XcJ6h";
    const OTHER_KEY: &str = "mP5dHs1Gv8RbN3wKzQ7tYc2X";

    fn read(on_call: &str, cron: &str) -> Result<Vec<String>, Vec<String>> {
        let read = Config::read(|name| match name {
            "ON_CALL_KEYS" => Some(on_call.to_owned()),
            "CRON_SECRET" => Some(cron.to_owned()),
            _ => None,
        });
        let names = |config: Config| config.on_call_keys.into_iter().map(|on_call| on_call.name).collect();
        read.map(names).map_err(|error| error.mistakes)
    }

    #[test]
    fn each_person_has_keys_of_their_own() {
        let keys = format!("ana={KEY}, ana={OTHER_KEY},night-shift=Zx9Qw2Er5Ty8Ui1Op4As7Df=");
        assert_eq!(read(&keys, "").unwrap(), ["ana", "ana", "night-shift"]);
        for (keys, cron) in [
            (format!("ana={KEY},ben={KEY}"), ""),
            (format!("ana={KEY}"), KEY),
            (KEY.to_owned(), ""),
            (format!("Ana={KEY}"), ""),
            (format!("={KEY}"), ""),
            ("ana=hunter2".to_owned(), ""),
        ] {
            let mistakes = read(&keys, cron).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].starts_with("ON_CALL_KEYS: ") && !mistakes[0].contains(KEY), "{mistakes:?}");
        }
    }
}
