//! JSON that is made to hurt a parser.

use shared::json::{REQUEST, RESERVED_PREFIX};
use tokio::runtime::Builder;

/// What a thread of Rust's, and a worker of tokio's, has.
pub const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Runs a journey on one thread of the usual stack.
pub fn on_usual_stack<F: Future<Output = ()>>(journey: impl FnOnce() -> F + Send + 'static) {
    let run = || Builder::new_current_thread().enable_all().build().unwrap().block_on(journey());
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

/// An object whose one name makes the parser read the text inside anew, 48 times over: 6,048 levels in 36 kB.
pub fn nested_in_texts() -> String {
    let escaped = |text: &str| text.replace('\\', "\\u005c").replace('"', "\\u0022");
    (0..48).fold("{}".to_owned(), |inner, _| {
        let inner = escaped(&format!("{}{inner}{}", "[".repeat(125), "]".repeat(125)));
        format!("{{\"{RESERVED_PREFIX}RawValue\":\"{inner}\"}}")
    })
}

/// Bodies of which each alone ended a process, or did what was not asked for.
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
