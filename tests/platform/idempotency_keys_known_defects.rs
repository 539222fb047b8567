//! Known defects of other idempotency libraries, one test each.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Duration, Utc};
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::json;
use shared::domain::kernel::id::CompanyId;
use shared::domain::kernel::ids::Ids;
use shared::idempotency::{self, Claim, KeyState, Retention, Scope};
use shared::store::Company;
use shared::store::platform::idempotency::StoredAnswer;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use crate::idempotency_keys::{send, with_a_case};
use support::answer::is_replay;
use support::backstage::until;
use support::world::{COMPANY, World, beginning};

/// Longer than a request's timeout, so the next request may take over.
fn lease() -> Duration {
    Duration::seconds(60)
}

fn company(world: &World, id: &str) -> Company {
    world.service.app.store().unwrap().company(&CompanyId::parse(id).unwrap())
}

fn answer(body: &str) -> StoredAnswer {
    StoredAnswer { status: 200, content_type: "application/json".to_owned(), body: body.to_owned() }
}

/// A request whose parts are company, caller, method, path, key, query and body, in this order.
async fn begin(world: &World, parts: [&str; 7], now: DateTime<Utc>) -> KeyState {
    let [company_id, caller, method, path, key, query, body] = parts;
    let company = company(world, company_id);
    let scope = Scope { company: &company, caller, method, path, key };
    let request = [query, body].map(|part| part.as_bytes().to_vec());
    idempotency::begin(scope, &request, Retention::Request, Ids::system().next(), now).await.unwrap()
}

const REQUEST: [&str; 7] = [COMPANY, "user_1", "POST", "/api/pay", "key-1", "a=1", "{}"];

async fn claim(world: &World, now: DateTime<Utc>) -> Claim {
    claimed(begin(world, REQUEST, now).await)
}

#[track_caller]
fn claimed(begun: KeyState) -> Claim {
    match begun {
        KeyState::Run(claim) => claim,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn replayed(begun: KeyState) -> String {
    match begun {
        KeyState::Replay(answer) => answer.body,
        other => panic!("{other:?}"),
    }
}

/// Lets the chosen writes of keys, counted from 1, end in `intervention`.
fn break_key_writes(world: &World, chosen: std::ops::RangeInclusive<u32>, intervention: Intervention) {
    let writes = AtomicU32::new(0);
    world.service.dynamo.intercept(Arc::new(move |_, request: &RequestRecord| {
        let is_chosen = request.kinds.contains("IDEMPOTENCY")
            && chosen.contains(&(writes.fetch_add(1, Ordering::SeqCst) + 1));
        if is_chosen { intervention } else { Intervention::Pass }
    }));
}

#[tokio::test]
async fn a_late_completer_cannot_overwrite_the_answer_of_the_one_that_took_over() {
    let world = World::start().await;
    let slow = claim(&world, beginning()).await;
    let late = beginning() + lease();
    let other = claim(&world, late).await;
    assert_eq!(slow.operation_id(), other.operation_id(), "both mean the same effect");
    assert!(!slow.save_answer(&answer("late")).await.unwrap(), "while the other is still at it");
    assert!(matches!(begin(&world, REQUEST, late).await, KeyState::Busy));
    assert!(other.save_answer(&answer("first")).await.unwrap());

    let (slow, parts) = (claimed(begin(&world, with(4, "key-2"), beginning()).await), with(4, "key-2"));
    assert!(claimed(begin(&world, parts, late).await).save_answer(&answer("first")).await.unwrap());
    assert!(!slow.save_answer(&answer("late")).await.unwrap(), "after the other was done");
    for parts in [REQUEST, parts] {
        assert_eq!(replayed(begin(&world, parts, late).await), "first");
    }
}

#[tokio::test]
async fn a_request_that_was_taken_over_gives_no_answer_of_its_own() {
    let (world, nudge) = with_a_case().await;
    world.inject_fault(Operation::Memberships, "slow:500", Some(1), None);
    let overtaking = async {
        until(|| world.asked(Operation::Memberships) >= 1).await;
        world.advance(lease());
        send(&world, &nudge, json!({}), "key-1").await
    };
    let before = world.sent(Kind::Push);
    let (slow, other) = tokio::join!(send(&world, &nudge, json!({}), "key-1"), overtaking);
    assert_eq!((other.status.as_u16(), is_replay(&other)), (200, false), "{other:?}");
    assert_eq!((slow.status.as_u16(), slow.header("retry-after")), (409, Some("2")), "{slow:?}");
    let again = send(&world, &nudge, json!({}), "key-1").await;
    assert_eq!((is_replay(&again), again.body), (true, other.body));
    assert_eq!(world.sent(Kind::Push) - before, 1);
}

#[tokio::test]
async fn a_late_failer_cannot_free_the_key_of_the_one_that_took_over() {
    let world = World::start().await;
    let slow = claim(&world, beginning()).await;
    let late = beginning() + lease();
    let other = claim(&world, late).await;
    slow.release(late).await.unwrap();
    assert!(matches!(begin(&world, REQUEST, late).await, KeyState::Busy), "the other still holds it");
    assert!(other.save_answer(&answer("first")).await.unwrap());

    let parts = with(4, "key-2");
    let slow = claimed(begin(&world, parts, beginning()).await);
    assert!(claimed(begin(&world, parts, late).await).save_answer(&answer("first")).await.unwrap());
    slow.release(late).await.unwrap();
    for parts in [REQUEST, parts] {
        assert_eq!(replayed(begin(&world, parts, late).await), "first");
    }
}

#[tokio::test]
async fn a_lost_claim_response_does_not_lock_the_owner_out() {
    for lost in [Intervention::LoseAnswer, Intervention::FailAfter(Failure::Internal)] {
        let world = World::start().await;
        break_key_writes(&world, 1..=1, lost);
        claim(&world, beginning()).await;
        // The first write finds the abandoned claim; the second takes it over, and its answer is lost.
        break_key_writes(&world, 2..=2, lost);
        let late = beginning() + lease();
        let owner = claim(&world, late).await;
        world.service.dynamo.stop_intercepting();
        assert!(owner.save_answer(&answer("first")).await.unwrap());
        // The same for an expired key.
        break_key_writes(&world, 2..=2, lost);
        claim(&world, late + Duration::hours(24)).await;

        let (world, nudge) = with_a_case().await;
        break_key_writes(&world, 1..=1, lost);
        send(&world, &nudge, json!({}), "key-1").await.ok();
        break_key_writes(&world, 2..=2, lost);
        send(&world, &nudge, json!({}), "key-2").await.ok();
        world.service.dynamo.stop_intercepting();
        assert!(is_replay(&send(&world, &nudge, json!({}), "key-2").await), "its answer was kept");
        assert_eq!(world.sent(Kind::Push), 2);
    }
}

#[tokio::test]
async fn a_failed_save_after_the_effect_leads_to_no_second_effect() {
    for fault in [
        Intervention::FailBefore(Failure::Internal),
        Intervention::FailBefore(Failure::Throttled),
        Intervention::DropBefore,
        Intervention::LoseAnswer,
        Intervention::FailAfter(Failure::Internal),
    ] {
        let (world, nudge) = with_a_case().await;
        let before = world.sent(Kind::Push);
        break_key_writes(&world, 2..=u32::MAX, fault);
        let failed = send(&world, &nudge, json!({}), "key-1").await;
        assert_eq!(
            (failed.status.as_u16(), failed.header("retry-after"), world.sent(Kind::Push) - before),
            (503, Some("2"), 1),
            "{fault:?}"
        );
        world.service.dynamo.stop_intercepting();
        world.advance(lease());
        let again = send(&world, &nudge, json!({}), "key-1").await;
        assert_eq!(again.clone().ok()["status"], "done", "{fault:?}");
        assert_eq!(send(&world, &nudge, json!({}), "key-1").await.body, again.body);
        assert_eq!(world.sent(Kind::Push) - before, 1, "{fault:?}");
        assert_eq!(world.actions_of(nudge.split('/').nth(3).unwrap()).await.len(), 1 + before, "{fault:?}");
    }
}

/// The request with one part changed.
fn with(part: usize, value: &'static str) -> [&'static str; 7] {
    let mut parts = REQUEST;
    parts[part] = value;
    parts
}

#[tokio::test]
async fn a_missing_or_changed_key_part_never_makes_two_requests_collide() {
    let world = World::start().await;
    assert!(claim(&world, beginning()).await.save_answer(&answer("first")).await.unwrap());
    // The scope of the key: a different value makes it another request with its own key.
    for parts in [
        with(0, "biz_beta"),
        with(1, "user_2"),
        with(1, ""),
        with(2, "PUT"),
        with(2, "post"),
        with(2, ""),
        with(3, "/api/pay/"),
        with(3, ""),
        with(4, "KEY-1"),
        with(4, ""),
    ] {
        let begun = begin(&world, parts, beginning()).await;
        assert!(matches!(begun, KeyState::Run(_)), "{parts:?}: {begun:?}");
    }
    // The parts that must be equal for a replay.
    for parts in [with(5, "a=2"), with(5, ""), with(6, "{\"a\":1}"), with(6, "")] {
        let begun = begin(&world, parts, beginning()).await;
        assert!(matches!(begun, KeyState::Mismatch), "{parts:?}: {begun:?}");
    }
    assert_eq!(replayed(begin(&world, REQUEST, beginning()).await), "first");
}

#[tokio::test]
async fn parts_never_run_into_each_other() {
    let world = World::start().await;
    let keep = |parts: [&'static str; 7]| {
        let world = &world;
        async move {
            assert!(
                claimed(begin(world, parts, beginning()).await).save_answer(&answer("first")).await.unwrap()
            );
        }
    };
    // "ab" and "c" against "a" and "bc", at every seam between the parts of the scope.
    keep([COMPANY, "user_1", "POST", "/pay", "key", "", "{}"]).await;
    for parts in [
        ["biz_alphau", "ser_1", "POST", "/pay", "key", "", "{}"],
        [COMPANY, "user_1P", "OST", "/pay", "key", "", "{}"],
        [COMPANY, "user_1", "POST/", "pay", "key", "", "{}"],
        [COMPANY, "user_1", "POST", "/payk", "ey", "", "{}"],
        [COMPANY, "user_1POST", "", "/pay", "key", "", "{}"],
        [COMPANY, "user_1", "", "POST/pay", "key", "", "{}"],
    ] {
        let begun = begin(&world, parts, beginning()).await;
        assert!(matches!(begun, KeyState::Run(_)), "{parts:?}: {begun:?}");
    }
    // And between query and body.
    keep(with(4, "seam")).await;
    let mut parts = with(4, "seam");
    (parts[5], parts[6]) = ("a=1{", "}");
    assert!(matches!(begin(&world, parts, beginning()).await, KeyState::Mismatch));
    (parts[5], parts[6]) = ("", "a=1{}");
    assert!(matches!(begin(&world, parts, beginning()).await, KeyState::Mismatch));
}
