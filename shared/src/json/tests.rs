pub(crate) mod stack;

use std::thread;

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::*;

/// Escapes every `"` and `\` as `\uXXXX`, which adds five bytes per level instead of doubling the size.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\u005c").replace('"', "\\u0022")
}

/// Reserved texts inside texts, each as deep as the parser allows.
fn nested_in_texts(levels: usize) -> String {
    (0..levels).fold("0".to_owned(), |inner, _| {
        let inner = escaped(&inner);
        format!("{}{{\"{RESERVED_PREFIX}RawValue\":\"{inner}\"}}{}", "[".repeat(125), "]".repeat(125))
    })
}

/// Runs on a stack that a few hundred levels of recursion would overflow.
pub(crate) fn on_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(192 * 1024).spawn(work).unwrap().join().unwrap()
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth_of).max().unwrap_or_default(),
        _ => 0,
    }
}

#[test]
fn these_tests_run_with_the_parser_at_its_most_dangerous() {
    let raw = format!("{{\"{RESERVED_PREFIX}RawValue\":\"[1]\"}}");
    assert_eq!(serde_json::from_str::<Value>(&raw).unwrap(), json!([1]));
    let number = format!("{{\"{RESERVED_PREFIX}Number\":\"5000\"}}");
    assert_eq!(serde_json::from_str::<Value>(&number).unwrap(), json!(5000));
    assert_eq!(depth_of(&serde_json::from_str(&nested_in_texts(2)).unwrap()), 250);
}

#[test]
fn a_short_body_of_thousands_of_levels_is_refused_and_where_it_must_be_kept_it_is_flat() {
    let body = nested_in_texts(48);
    assert!(body.len() < REQUEST.max_bytes, "{}", body.len());
    let (flat, refused) = on_small_stack(move || {
        let refused = read_request::<Value>(body.as_bytes()).unwrap_err();
        (depth_of(&read_trusted::<Value>(body.as_bytes()).unwrap()), refused)
    });
    assert_eq!(flat, 126);
    assert_eq!(refused.to_string(), "it is nested more than 64 levels deep at line 1, column 65");
}

#[test]
fn a_reserved_name_is_found_however_it_is_written_and_wherever_it_stands() {
    let names = [
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
        "$serde_json::private::",
        "$serde_json::private::Whatever comes next",
        "\\u0024serde_json::private::RawValue",
        "\\u0024\\u0073\\u0065rde_json\\u003A\\u003aprivate::Number",
    ];
    for name in names {
        for body in [
            format!("{{\"{name}\":\"1\"}}"),
            format!("{{ \"{name}\" \n\t : 1}}"),
            format!("{{\"a\":1,\"{name}\":\"1\",\"{name}\":\"2\"}}"),
            format!("[[{{\"a\":[{{\"{name}\":\"1\"}}]}}]]"),
            format!("{{\"a\\\\\":\"\\\"\",\"{name}\":1}}"),
        ] {
            let refused = check(body.as_bytes(), REQUEST).unwrap_err();
            assert!(matches!(refused, JsonError::ReservedName { .. }), "{body}: {refused}");
            let kept: Value = read_trusted(body.as_bytes()).unwrap();
            assert!(kept.to_string().contains("\"$$serde_json::private::"), "{body}: {kept}");
        }
    }
    let second_line = "{\"a\":1,\n \"$serde_json::private::Number\":\"1\"}";
    assert_eq!(
        check(second_line.as_bytes(), REQUEST).unwrap_err().to_string(),
        "a field name begins with the reserved $serde_json::private:: at line 2, column 2"
    );
}

#[test]
fn what_only_looks_like_a_reserved_name_is_data() {
    for body in [
        json!({"note": "$serde_json::private::RawValue"}),
        json!(["$serde_json::private::Number"]),
        json!({"$serde_json": 1, "serde_json::private::Number": 2, "$Serde_json::private::Number": 3}),
        json!({"a": "{\"$serde_json::private::RawValue\":\"{}\"}"}),
        json!({"\\u0024serde_json::private::Number": 1}),
    ] {
        let bytes = body.to_string().into_bytes();
        assert_eq!(read_request::<Value>(&bytes), Ok(body.clone()));
        assert!(matches!(rename_reserved(&bytes, TRUSTED), Ok(Cow::Borrowed(_))));
    }
}

#[test]
fn depth_and_size_are_counted_to_the_last_level_and_byte() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read_request::<Value>(nested(64).as_bytes()).is_ok());
    assert!(read_request::<Value>(nested(65).as_bytes()).is_err());
    assert!(read_trusted::<Value>(nested(127).as_bytes()).is_ok());
    assert!(read_trusted::<Value>(nested(128).as_bytes()).is_err());
    let padded = |bytes: usize| " ".repeat(bytes - 2) + "{}";
    assert!(read_request::<Value>(padded(REQUEST.max_bytes).as_bytes()).is_ok());
    let refused = read_request::<Value>(padded(REQUEST.max_bytes + 1).as_bytes()).unwrap_err();
    assert_eq!(refused, JsonError::TooLarge { max_bytes: REQUEST.max_bytes });
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        let body = open.repeat(REQUEST.max_bytes / open.len());
        let refused = on_small_stack(move || check(body.as_bytes(), REQUEST).unwrap_err());
        assert!(matches!(refused, JsonError::TooDeep { .. }), "{refused}");
    }
}

/// Fragments of hostile documents; some random combinations are JSON and most are nearly JSON.
fn any_pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(&[
            "[", "]", "{", "}", "\"", ":", ",", "\\", "\\\"", "\\\\", "\\u0024", "$", " ", "\n", "0", "1e5", "true",
            "null", "\"a\"", "\"a\":", "{\"a\":", "[[[[[[[[", "]]]]]]]]", "\u{e9}",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        4 => proptest::sample::select(&[
            "\"$serde_json::private::RawValue\"", "{\"$serde_json::private::RawValue\":\"{}\"}",
            "{\"\\u0024serde_json::private::Number\":\"1\"}", "\"$serde_json::private::Number\" :",
            "{\"$serde_json::private::RawValue\":\"[[[[[[[[]]]]]]]]\"}", "$serde_json::private::RawValue",
        ][..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A document with some reserved names in different spellings.
fn any_document() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(&[
        "a",
        "b",
        "",
        "\\\"",
        "$serde_json::private::RawValue",
        "$serde_json::private::Number",
        "\\u0024serde_json::private::RawValue",
        "$serde_json\\u003a:private::Number",
    ]);
    let leaf = prop_oneof![
        Just("0".to_owned()),
        Just("\"5000\"".to_owned()),
        Just("\"{}\"".to_owned()),
        Just(format!("\"{}\"", escaped(&nested_in_texts(1)))),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(80, 160, 3, move |inner| {
        let name = name.clone();
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec((name, inner), 0..3).prop_map(|members| {
                let members = members.into_iter().map(|(name, value)| format!("\"{name}\" : {value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// Whether every level comes from a bracket of the text and no name is reserved.
fn is_plain(value: &Value, max_depth: usize) -> bool {
    fn is_unreserved(value: &Value) -> bool {
        match value {
            Value::Array(items) => items.iter().all(is_unreserved),
            Value::Object(members) => {
                members.iter().all(|(name, value)| !name.starts_with(RESERVED_PREFIX) && is_unreserved(value))
            }
            _ => true,
        }
    }
    depth_of(value) <= max_depth && is_unreserved(value)
}

/// `PROPTEST_CASES` sets the number of cases.
fn holds_for(bytes: Vec<u8>) -> bool {
    on_small_stack(move || {
        let depth = |limits: Limits| check(&bytes, limits).err();
        let is_json = serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
        // An accepted document parses to the same value as with the parser alone.
        let accepted = depth(REQUEST).is_none();
        let as_it_stands = match read_request::<Value>(&bytes) {
            Ok(read) => {
                accepted
                    && is_plain(&read, REQUEST.max_depth)
                    && serde_json::from_slice(&bytes).ok() == Some(read)
            }
            Err(JsonError::Syntax(_)) => accepted && serde_json::from_slice::<Value>(&bytes).is_err(),
            Err(_) => !accepted,
        };
        // A renamed document parses if it is JSON within the depth limit.
        let kept = match read_trusted::<Value>(&bytes) {
            Ok(read) => is_json && is_plain(&read, TRUSTED.max_depth),
            Err(JsonError::Syntax(_)) => !is_json,
            Err(_) => true,
        };
        as_it_stands && kept
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_documents_are_parsed_on_a_small_stack(bytes in any_pieces()) {
        prop_assert!(holds_for(bytes));
    }

    #[test]
    fn reserved_names_have_no_effect_in_any_document(document in any_document()) {
        prop_assert!(holds_for(document.into_bytes()));
    }
}
