//! Measures the stack that parsing uses: a larger document must not use more, whatever its structure.

use std::cell::Cell;
use std::hint::black_box;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::*;

thread_local! {
    /// The lowest stack address at which a value was read; stacks grow downwards.
    static LOWEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Records the stack depth wherever a value is read. It handles the reserved name as the parser's own `Value`
/// does with that feature: it parses the text inside anew.
struct Followed;

impl<'de> Deserialize<'de> for Followed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let here = 0_u8;
        let address = std::ptr::from_ref(black_box(&here)).addr();
        LOWEST.with(|lowest| lowest.set(lowest.get().min(address)));
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Followed {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == format!("{RESERVED_PREFIX}RawValue") {
                let text: String = members.next_value()?;
                serde_json::from_str::<Self>(&text).map_err(serde::de::Error::custom)?;
            } else {
                members.next_value::<Self>()?;
            }
        }
        Ok(self)
    }
}

/// The bytes of stack that `read` uses on a new thread, whether or not it succeeds.
fn stack_of(read: impl FnOnce() + Send + 'static) -> usize {
    let measured = move || {
        let here = 0_u8;
        let top = std::ptr::from_ref(black_box(&here)).addr();
        LOWEST.with(|lowest| lowest.set(top));
        read();
        top - LOWEST.with(Cell::get)
    };
    thread::Builder::new().stack_size(4 * 1024 * 1024).spawn(measured).unwrap().join().unwrap()
}

/// Hostile documents of each kind: a few dozen levels of texts, or thousands of brackets or names.
pub(crate) fn hostile(size: usize) -> Vec<(&'static str, String)> {
    let many = 500 * size;
    let reserved = |name: &str, value: &str| format!("{{\"{RESERVED_PREFIX}{name}\":{value}}}");
    let nested = |open: &str, close: &str| format!("{}0{}", open.repeat(many), close.repeat(many));
    let members = |name: &str| {
        let members = (0..many).map(|number| format!("\"{name}{number}\":{{\"a\":[0]}}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    vec![
        ("texts in texts", nested_in_texts(size)),
        ("texts in texts in a member", format!("{{\"a\":{}}}", nested_in_texts(size))),
        ("a text of brackets", reserved("RawValue", &format!("\"{}\"", nested("[", "]")))),
        ("a number of digits", reserved("Number", &format!("\"{}\"", "9".repeat(many)))),
        ("lists", nested("[", "]")),
        ("objects", nested("{\"a\":", "}")),
        ("lists that stay open", "[".repeat(many)),
        ("reserved names in one another", nested(&format!("{{\"{RESERVED_PREFIX}Number\":"), "}")),
        ("many members", members("m")),
        ("many reserved members", members(RESERVED_PREFIX)),
        ("a long text", format!("\"{}\"", "\\u0024".repeat(many))),
    ]
}

/// The stack that the deepest document within the limits needs.
fn allowed(limits: Limits) -> usize {
    let deepest = [("{\"a\":", "}"), ("[", "]")].map(|(open, close)| {
        let document = format!("{}0{}", open.repeat(limits.max_depth), close.repeat(limits.max_depth));
        stack_of(move || assert!(read_within::<Followed>(document.as_bytes(), limits).is_ok()))
    });
    assert!(deepest[0] > 64 * limits.max_depth, "{deepest:?} bytes: nothing was measured");
    deepest[0].max(deepest[1])
}

#[test]
fn the_parser_alone_takes_more_stack_with_every_text_in_a_text() {
    let taken = [2, 4, 8].map(|levels| {
        let document = nested_in_texts(levels);
        stack_of(move || drop(serde_json::from_str::<Followed>(&document)))
    });
    assert!(taken[1] > taken[0] * 3 / 2 && taken[2] > taken[1] * 3 / 2, "{taken:?}");
}

#[test]
fn no_document_takes_more_stack_than_the_deepest_that_is_allowed() {
    let (request, trusted) = (allowed(REQUEST), allowed(TRUSTED));
    for size in [8, 16, 32] {
        for (name, document) in hostile(size) {
            let (one, other) = (document.clone(), document);
            let taken = stack_of(move || drop(read_request::<Followed>(one.as_bytes())));
            assert!(taken <= request, "{name} of {size}: {taken} bytes, and {request} are allowed");
            let taken = stack_of(move || drop(read_trusted::<Followed>(other.as_bytes())));
            assert!(taken <= trusted, "{name} of {size}: {taken} bytes, and {trusted} are allowed");
        }
    }
}

#[test]
fn every_size_of_every_document_is_read_and_dropped_on_the_same_small_stack() {
    for size in [8, 16, 32, 64] {
        for (_, document) in hostile(size) {
            on_small_stack(move || {
                drop(read_request::<Value>(document.as_bytes()));
                drop(read_trusted::<Value>(document.as_bytes()));
            });
        }
    }
}
