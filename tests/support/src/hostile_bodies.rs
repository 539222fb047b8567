//! Hostile JSON for parsers.

use shared::json::{REQUEST, RESERVED_PREFIX};
use tokio::runtime::Builder;

/// The stack of a Rust thread and of a tokio worker.
pub const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Runs a test on one thread with the default stack.
pub fn on_usual_stack<F: Future<Output = ()>>(journey: impl FnOnce() -> F + Send + 'static) {
    let run = || Builder::new_current_thread().enable_all().build().unwrap().block_on(journey());
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

/// An object whose name makes the parser parse the text inside anew, 48 times nested: 6,048 levels in 36 kB.
pub fn nested_in_texts() -> String {
    let escaped = |text: &str| text.replace('\\', "\\u005c").replace('"', "\\u0022");
    (0..48).fold("{}".to_owned(), |inner, _| {
        let inner = escaped(&format!("{}{inner}{}", "[".repeat(125), "]".repeat(125)));
        format!("{{\"{RESERVED_PREFIX}RawValue\":\"{inner}\"}}")
    })
}

/// Bodies that each crashed a process or had an unwanted effect.
pub fn hostile_bodies() -> Vec<String> {
    let deep = |open: &str| open.repeat(REQUEST.max_bytes / open.len());
    vec![
        nested_in_texts(),
        format!("{{\"a\":{}}}", nested_in_texts()),
        format!("{{\"{RESERVED_PREFIX}RawValue\":\"{{}}\"}}"),
        r#"{"\u0024serde_json::private::RawValue":"{}"}"#.to_owned(),
        format!("{{\"{RESERVED_PREFIX}Number\":\"5000\"}}"),
        deep("["),
        deep("{\"a\":"),
        format!("{}{}", "[".repeat(65), "]".repeat(65)),
    ]
}
