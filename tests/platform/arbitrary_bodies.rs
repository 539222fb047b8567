//! No body makes a route fail. `PROPTEST_CASES` lengthens the run.

use proptest::prelude::*;
use shared::environment::read_variable;
use tokio::runtime::Runtime;

use support::every_route::{Callers, with_bodies};
use support::world::World;

/// Every name that a body of ours may have, and some that it may not.
const NAMES: [&str; 31] = [
    "username",
    "password",
    "email",
    "role",
    "language",
    "token",
    "old_password",
    "new_password",
    "code",
    "status",
    "error",
    "iss",
    "push_enabled",
    "dm_enabled",
    "incentive_days",
    "reminder_offsets_days",
    "channel",
    "professional_id",
    "customer_id",
    "customer_email",
    "amount",
    "currency",
    "scheduled_start",
    "stripe_account_id",
    "id",
    "type",
    "created",
    "timestamp",
    "data",
    "__proto__",
    "",
];

/// A text that is JSON, or would be if a reader were generous.
fn any_json() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        "-?[1-9][0-9]{0,400}(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,12})?",
    ];
    let text = prop_oneof![
        any::<String>(),
        "(\\u0000|\u{202e}|\u{feff}|\u{1f469}\u{200d}\u{1f4bb}|e\u{301}|\u{10ffff}|[a-z@.]){0,40}",
        Just("provider".to_owned()),
        Just("customer@example.com".to_owned()),
        Just("push".to_owned()),
        "[A-Za-z0-9_-]{43}",
    ];
    let escapes = prop_oneof![Just("\"\\ud800\""), Just("\"\\u0000\""), Just("\"\\udc00\\ud800\"")];
    let leaf = prop_oneof![
        4 => text.prop_map(|text| serde_json::Value::from(text).to_string()),
        4 => number,
        1 => escapes.prop_map(str::to_owned),
        2 => prop_oneof![Just("true"), Just("false"), Just("null"), Just("NaN"), Just("[]"), Just("{}")]
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        let name = prop_oneof![8 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            // Names may come twice.
            proptest::collection::vec((name, inner), 0..6).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let deep = (1_usize..20_000, proptest::sample::select(&["[", "{\"a\":", "[{\"data\":"][..]));
    prop_oneof![
        6 => any_json().prop_map(String::into_bytes),
        2 => proptest::collection::vec(any::<u8>(), 0..400),
        1 => deep.prop_map(|(depth, open)| open.repeat(depth).into_bytes()),
        1 => (1_usize..400_000).prop_map(|length| vec![b' '; length]),
        1 => any_json().prop_map(|text| [b"\xef\xbb\xbf", text.as_bytes()].concat()),
    ]
}

/// Few cases by default, because each calls every route.
fn cases() -> u32 {
    read_variable("PROPTEST_CASES").and_then(|cases| cases.parse().ok()).unwrap_or(16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_route_answers_every_body_as_documented(
        bodies in proptest::collection::vec(any_body(), 1..6),
    ) {
        let answers = Runtime::new().unwrap().block_on(async {
            let world = World::start().await;
            let (callers, mut answers) = (Callers::of(&world).await, Vec::new());
            for (number, body) in bodies.iter().enumerate() {
                for route in with_bodies() {
                    // That an answer is one of the document's is checked where it is read.
                    let answer = world.ask(callers.ask(&world, route, body, number)).await;
                    answers.push((route.path, answer));
                }
                world.advance(chrono::Duration::minutes(1));
            }
            answers
        });
        for (path, answer) in answers {
            prop_assert!(!answer.status.is_server_error(), "{path}: {answer:?}");
            prop_assert!(answer.status != 401 || path.starts_with("/api/auth/"), "{path}: {answer:?}");
        }
    }
}
