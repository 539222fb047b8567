//! For every signed body the endpoints answer 200 or 400. `PROPTEST_CASES` lengthens the run.

use proptest::prelude::*;
use tokio::runtime::Runtime;

use support::senders::Sender;
use support::signing::{SECRET, Scheme, WHOP_PATH};
use support::world::World;

/// Bytes, almost-JSON, and JSON in the shape of an event.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| proptest::string::string_regex(text).unwrap().prop_map(String::into_bytes);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        text("[\\[{\":,}\\] 0-9a-z.-]{0,200}"),
        text(
            "\\{\"id\":\"evt_[!#-\\[\\]-~]{0,130}\",\"type\":\"[a-z.@ ]{0,90}\",\"created\":-?[0-9]{1,400}\\}"
        ),
        text(
            "\\{\"type\":\"[a-z._]{0,90}\",\"timestamp\":\"[0-9TZ:.+-]{0,40}\",\"data\":(\\{\\}|\\[\\]|null|7)\\}"
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_signed_body_is_stored_or_no_event(bodies in proptest::collection::vec((any_body(), "[!-~]{1,128}"), 1..12)) {
        let statuses = Runtime::new().unwrap().block_on(async {
            let world = World::start().await;
            let mut statuses = Vec::new();
            for (body, id) in bodies {
                for sender in Sender::ALL {
                    let request = sender.sign(&sender.path(), &id, world.now(), &body, sender.secret());
                    statuses.push((sender.path(), world.ask(request).await.status));
                }
                for scheme in Scheme::ALL {
                    let request = scheme.sign(&id, world.now(), &body, SECRET);
                    statuses.push((WHOP_PATH.to_owned(), world.ask(request).await.status));
                }
            }
            statuses
        });
        for (path, status) in statuses {
            prop_assert!(status == 200 || status == 400, "{path} answered {status}");
        }
    }
}
