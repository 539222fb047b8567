//! Generates `.env.example`: every variable, its purpose, and what is off without it.

use std::fmt::Write as _;

use shared::config::{NAMES, Name, Need};

const HEAD: &str = "\
# Every variable that is read, what it is for, and what is off without it.
# Written by `cargo secrets example`; a test holds it to the code.
#
#   cargo secrets > .env      strong values for the secrets that are yours to make
#   cargo secrets check       what is missing, and what cannot be used, all of it at once
#
# What is a list is separated by commas, newest first: add the new value in front, deploy, take the old
# one out when nobody uses it any more.
";

const PARTS: [(Need, &str); 4] = [
    (Need::Start, "Needed by every function: none starts without"),
    (Need::Always, "Needed by everybody, as soon as Whop gives it"),
    (Need::Wanted, "Needed for what you want of it"),
    (Need::Default, "Needed by nobody: the platform sets it, or a default stands in"),
];

pub fn example() -> String {
    let mut text = HEAD.to_owned();
    for (need, title) in PARTS {
        let _ = write!(text, "\n# ── {title} ──\n");
        for name in NAMES.iter().filter(|name| name.need == need) {
            text.push_str(&entry(name));
        }
    }
    text
}

fn entry(name: &Name) -> String {
    let secret = if name.secret { " Secret." } else { "" };
    let off = match name.off_without {
        "" => String::new(),
        feature => format!("\n# Off without it: {feature}."),
    };
    format!("\n# {}.{secret}{off}\n{}=\n", capitalized(name.purpose), name.name)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_in_the_repository_names_what_the_code_reads() {
        let file = include_str!("../../../.env.example");
        assert!(file == example(), "run `cargo secrets example > .env.example`");
        for name in NAMES {
            assert_eq!(file.matches(&format!("\n{}=\n", name.name)).count(), 1, "{}", name.name);
            assert!(!name.purpose.is_empty(), "{}", name.name);
        }
    }
}
