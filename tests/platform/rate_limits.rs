//! Rate limits are exact for any number of processes and concurrent requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use shared::domain::kernel::ids::Ids;
use shared::rate_limit::{
    CLASSES, Class, Deadlines, LimitCharge, LimitDecision, LimitSubject, Limiter, QuotaState, WhenUncounted,
};
use shared::store::Store;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use support::world::{World, beginning};

/// A class of a test's own.
pub fn class(name: &'static str, quota: u32, window_seconds: u32, shards: u8) -> &'static Class {
    let (subject, unanswered, reason) = (LimitSubject::Ip, WhenUncounted::Closed, "For a test.");
    Box::leak(Box::new(Class { name, quota, window_seconds, subject, shards, unanswered, reason }))
}

#[easy_ext::ext(RateLimitsSteps)]
pub impl World {
    /// A process that counts on this table, patient enough for a busy machine.
    fn limiter(&self) -> Limiter {
        let deadlines = Deadlines { answer_ms: 120_000, connect_ms: 120_000 };
        self.hasty_limiter().with_deadlines(deadlines)
    }

    /// The same with the deadlines of production.
    fn hasty_limiter(&self) -> Limiter {
        Limiter::new(Some(Store::new(self.service.dynamo.client(), local::service::TABLE)))
    }

    /// The table's requests since the last time, by name.
    fn table_cost(&self) -> BTreeMap<String, u64> {
        let mut cost = BTreeMap::new();
        for request in self.service.dynamo.requests() {
            *cost.entry(request.operation).or_default() += 1;
        }
        self.service.dynamo.reset_requests();
        cost
    }
}

/// Charges one token, in a request of its own.
pub async fn charge(
    limiter: &Limiter,
    class: &'static Class,
    subject: &str,
    now: DateTime<Utc>,
) -> LimitDecision {
    limiter.charge(&[LimitCharge { class, subject }], Ids::system().next(), now).await
}

/// The remaining tokens of an admitted request.
pub fn remaining(verdict: &LimitDecision) -> u32 {
    match verdict {
        LimitDecision::Admitted(quota) => quota.remaining,
        other => panic!("{other:?}"),
    }
}

/// How long to wait, of a request that must have been refused.
pub fn wait_seconds(verdict: &LimitDecision) -> u32 {
    match verdict {
        LimitDecision::Refused(quota) => quota.retry_after_seconds,
        other => panic!("{other:?}"),
    }
}

/// A thousand requests at once, spread over four processes; how many were admitted.
async fn charge_at_once(world: &World, class: &'static Class) -> u32 {
    let processes: Vec<Arc<Limiter>> = (0..4).map(|_| Arc::new(world.limiter())).collect();
    let mut requests = JoinSet::new();
    for number in 0..1_000 {
        let limiter = processes[number % processes.len()].clone();
        requests.spawn(async move { charge(&limiter, class, "ip:192.0.2.1", beginning()).await });
    }
    let mut admitted = 0;
    for verdict in requests.join_all().await {
        match verdict {
            LimitDecision::Admitted(_) => admitted += 1,
            LimitDecision::Refused(quota) => {
                assert!(quota.remaining == 0 && quota.retry_after_seconds > 0, "{quota:?}");
            }
            LimitDecision::Uncounted(_) => panic!("unanswered"),
        }
    }
    admitted
}

#[test]
fn every_class_has_a_name_of_its_own_a_reason_and_numbers() {
    let names: BTreeSet<&str> = CLASSES.iter().map(|class| class.name).collect();
    assert_eq!(names.len(), CLASSES.len());
    for class in CLASSES {
        assert!(class.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{class:?}");
        assert!(class.quota > 0 && class.window_seconds > 0 && class.shards > 0, "{class:?}");
        assert!(u32::from(class.shards) <= class.quota, "{class:?}");
        assert!(class.reason.len() > 20 && class.reason.ends_with('.'), "{class:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_requests_at_once_exactly_the_quota_is_admitted() {
    let world = World::start().await;
    for (name, quota, window_seconds) in
        [("one", 1, 60), ("even", 5, 900), ("odd", 7, 60), ("prime", 997, 61), ("all", 1_000, 3)]
    {
        assert_eq!(charge_at_once(&world, class(name, quota, window_seconds, 1)).await, quota, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shards_of_a_bucket_admit_together_exactly_the_quota() {
    let world = World::start().await;
    for (name, quota, shards, rows) in [("few", 3, 8, 3), ("uneven", 101, 8, 8), ("whole", 400, 4, 4)] {
        assert_eq!(charge_at_once(&world, class(name, quota, 60, shards)).await, quota, "{name}");
        assert_eq!(world.rows_of(&format!("LIMIT#{name}#")).await.len(), rows, "{name}");
    }
}

#[tokio::test]
async fn a_request_is_not_refused_while_another_shard_has_a_token() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("sharded", 6, 60, 4));
    for left in (0..6).rev() {
        assert_eq!(remaining(&charge(&limiter, class, "whop", beginning()).await), left);
    }
    assert_eq!(wait_seconds(&charge(&limiter, class, "whop", beginning()).await), 30);
}

#[tokio::test]
async fn tokens_come_back_one_by_one_at_their_time() {
    let world = World::start().await;
    // A token of seven a minute takes 8,571 3/7 ms.
    let (limiter, class) = (world.limiter(), class("seven", 7, 60, 1));
    let at = |ms: i64| beginning() + Duration::milliseconds(ms);
    for left in (0..7).rev() {
        assert_eq!(remaining(&charge(&limiter, class, "a", at(0)).await), left);
    }
    let refused = charge(&limiter, class, "a", at(0)).await;
    let expected = QuotaState { class, remaining: 0, reset_seconds: 60, retry_after_seconds: 9 };
    assert_eq!(refused, LimitDecision::Refused(expected));
    for (refused_at, admitted_at) in [(8_571, 8_572), (17_142, 17_143), (25_714, 25_715)] {
        assert_eq!(wait_seconds(&charge(&limiter, class, "a", at(refused_at)).await), 1);
        assert_eq!(remaining(&charge(&limiter, class, "a", at(admitted_at)).await), 0);
    }
    assert_eq!(remaining(&charge(&limiter, class, "b", at(25_715)).await), 6);
    assert_eq!(remaining(&charge(&limiter, class, "a", at(25_715 + 60_000)).await), 6);
}

#[tokio::test]
async fn two_processes_share_a_limit() {
    let world = World::start().await;
    let (one, other, class) = (world.limiter(), world.limiter(), class("shared", 5, 60, 1));
    for (limiter, left) in [(&one, 4), (&other, 3), (&one, 2), (&other, 1), (&one, 0)] {
        assert_eq!(remaining(&charge(limiter, class, "a", beginning()).await), left);
    }
    for limiter in [&one, &other] {
        assert_eq!(wait_seconds(&charge(limiter, class, "a", beginning()).await), 12);
    }
}

#[tokio::test]
async fn several_charges_are_taken_together_or_not_at_all() {
    let world = World::start().await;
    let limiter = world.limiter();
    let (wide, narrow) = (class("wide", 10, 60, 1), class("narrow", 2, 600, 1));
    let both = [
        LimitCharge { class: wide, subject: "ip:192.0.2.1" },
        LimitCharge { class: narrow, subject: "account:1" },
    ];
    let ask = || limiter.charge(&both, Ids::system().next(), beginning());
    for left in [1, 0] {
        let LimitDecision::Admitted(quota) = ask().await else { panic!("refused") };
        assert_eq!((quota.class.name, quota.remaining), ("narrow", left));
    }
    for process in [&limiter, &world.limiter()] {
        for _ in 0..3 {
            let verdict = process.charge(&both, Ids::system().next(), beginning()).await;
            let LimitDecision::Refused(quota) = verdict else { panic!("{verdict:?}") };
            assert_eq!((quota.class.name, quota.retry_after_seconds), ("narrow", 300));
        }
    }
    // Eight are left of ten: the refused requests burnt none.
    assert_eq!(remaining(&charge(&world.limiter(), wide, "ip:192.0.2.1", beginning()).await), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refused_concurrent_charges_take_no_tokens() {
    let world = World::start().await;
    let processes = [Arc::new(world.limiter()), Arc::new(world.limiter())];
    let (ip, account) = (class("by_ip", 7, 60, 1), class("by_account", 5, 60, 1));
    let mut requests = JoinSet::new();
    for number in 0..300 {
        let limiter = processes[number % 2].clone();
        requests.spawn(async move {
            let subject = format!("account:{number}");
            let charges = [
                LimitCharge { class: ip, subject: "ip:192.0.2.1" },
                LimitCharge { class: account, subject: &subject },
            ];
            limiter.charge(&charges, Ids::system().next(), beginning()).await
        });
    }
    let verdicts = requests.join_all().await;
    assert_eq!(verdicts.iter().filter(|verdict| matches!(verdict, LimitDecision::Admitted(_))).count(), 7);
    assert_eq!(verdicts.iter().filter(|verdict| matches!(verdict, LimitDecision::Refused(_))).count(), 293);
    assert_eq!(world.rows_of("LIMIT#by_account#").await.len(), 7);
}

#[tokio::test]
async fn what_is_charged_twice_in_one_request_takes_one_token() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("twice", 5, 60, 1));
    let (request, charges) = (Ids::system().next(), [LimitCharge { class, subject: "a" }; 2]);
    assert_eq!(remaining(&limiter.charge(&charges, request, beginning()).await), 4);
    assert_eq!(remaining(&limiter.charge(&charges[..1], request, beginning()).await), 4);
    assert!(matches!(limiter.charge(&[], request, beginning()).await, LimitDecision::Admitted(_)));
}

#[tokio::test]
async fn a_wrong_clock_locks_no_one_out() {
    let world = World::start().await;
    let class = class("clock", 2, 60, 1);
    let future = beginning() + Duration::days(365);
    for limiter in [world.limiter(), world.limiter()] {
        for left in [1, 0] {
            assert_eq!(remaining(&charge(&limiter, class, "a", future).await), left);
        }
        assert_eq!(wait_seconds(&charge(&limiter, class, "a", future).await), 30);
        for left in [1, 0] {
            assert_eq!(remaining(&charge(&limiter, class, "a", beginning()).await), left);
        }
        assert_eq!(wait_seconds(&charge(&limiter, class, "a", beginning()).await), 30);
    }
}

/// A bucket as one would explain it: so many tokens, and so many more with time. A token is counted in
/// as many parts as the window has milliseconds, so that each millisecond brings `quota` parts.
struct Model {
    quota: u64,
    window_ms: u64,
    parts: u64,
}

impl Model {
    fn pass(&mut self, ms: u64) {
        self.parts = (self.parts + ms * self.quota).min(self.quota * self.window_ms);
    }

    /// The remaining tokens after a request; otherwise the seconds until there is one.
    fn take(&mut self) -> Result<u32, u32> {
        if self.parts < self.window_ms {
            return Err((self.window_ms - self.parts).div_ceil(1_000 * self.quota) as u32);
        }
        self.parts -= self.window_ms;
        Ok((self.parts / self.window_ms) as u32)
    }
}

/// How the limiters judge one subject at those times, and how the model does.
async fn judged(quota: u32, seconds: u32, steps: &[(u64, usize)]) -> [Vec<Result<u32, u32>>; 2] {
    let world = World::start().await;
    let (processes, class) = ([world.limiter(), world.limiter()], class("any", quota, seconds, 1));
    let (quota, window_ms) = (u64::from(quota), u64::from(seconds) * 1_000);
    let mut model = Model { quota, window_ms, parts: quota * window_ms };
    let (mut now, mut got, mut expected) = (beginning(), Vec::new(), Vec::new());
    for (ms, process) in steps {
        now += Duration::milliseconds(*ms as i64);
        model.pass(*ms);
        expected.push(model.take());
        got.push(match charge(&processes[*process], class, "a", now).await {
            LimitDecision::Admitted(quota) => Ok(quota.remaining),
            LimitDecision::Refused(quota) => Err(quota.retry_after_seconds),
            LimitDecision::Uncounted(class) => panic!("{class:?}"),
        });
    }
    [got, expected]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn at_any_times_the_table_judges_as_a_bucket_of_tokens_would(
        quota in 1_u32..12,
        seconds in 1_u32..4,
        steps in prop::collection::vec((prop_oneof![3 => Just(0), 5 => 0_u64..700, 1 => 0_u64..5_000], 0_usize..2), 1..80),
    ) {
        let [got, expected] = Runtime::new().unwrap().block_on(judged(quota, seconds, &steps));
        prop_assert_eq!(got, expected);
    }
}
