//! Fingerprints of the world and of answers: equal ones lead to equal behaviour.
//!
//! They leave out random and measured values: sealed texts, whose nonces are random, and the duration of a run.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;
use stand_ins::sandbox::Sandbox;

use super::rows::Rows;

/// The prefix of every sealed text.
const SEALED: &str = "v1.";

/// The fingerprint of an answer of the table. Rows of a batch read have no guaranteed order.
pub fn print_of_answer(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(tables) = answer["Responses"].as_object() else {
        add(&answer, &mut hasher);
        return hasher.finish();
    };
    for rows in tables.values() {
        let mut prints: Vec<u64> = rows.as_array().into_iter().flatten().map(print_of_value).collect();
        prints.sort_unstable();
        prints.hash(&mut hasher);
    }
    hasher.finish()
}

pub fn print_of_text(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

pub fn print_of_rows(rows: &Rows) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (key, row) in &rows.0 {
        key.hash(&mut hasher);
        add(&row.0, &mut hasher);
    }
    hasher.finish()
}

/// The fingerprint of the sandbox providers, the outbox and the time.
pub fn print_of_sandbox(sandbox: &Sandbox) -> u64 {
    let mut hasher = Writing(DefaultHasher::new());
    let Sandbox { clock, outbox, whop, resend, stripe, .. } = sandbox;
    // Reading the balance books what has become available, which may not have happened before.
    let _booked = stripe.available("usd");
    let written = write!(hasher, "{:?}", (clock.now(), outbox.entries(), whop, resend, stripe));
    written.expect("hashing does not fail");
    hasher.0.finish()
}

fn print_of_value(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    add(value, &mut hasher);
    hasher.finish()
}

fn add(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                name.hash(hasher);
                if name != "duration_ms" {
                    add(value, hasher);
                }
            }
        }
        Value::Array(values) => {
            values.len().hash(hasher);
            values.iter().for_each(|value| add(value, hasher));
        }
        Value::String(text) if text.starts_with(SEALED) => SEALED.hash(hasher),
        Value::String(text) => text.hash(hasher),
        other => other.to_string().hash(hasher),
    }
}

/// Hashes the written text instead of storing it.
struct Writing(DefaultHasher);

impl fmt::Write for Writing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
