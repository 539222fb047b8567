//! Rate limits when the table is slow, unresponsive or loses data, and their cost otherwise.

use crate::rate_limits::RateLimitsSteps;
use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Duration;
use local::embedded::{Failure, Intervention};
use local::service::TABLE;
use shared::domain::kernel::ids::Ids;
use shared::rate_limit::class::{AUTH, DASHBOARD};
use shared::rate_limit::{LimitCharge, LimitDecision, Limiter};

use crate::rate_limits::{charge, class, remaining, wait_seconds};
use support::world::{World, beginning};

#[easy_ext::ext(RateLimitsTroubledSteps)]
impl World {
    /// Lets the chosen of the coming attempts, counted from 1, end in `intervention`.
    fn break_attempts(&self, chosen: std::ops::RangeInclusive<u64>, intervention: Intervention) {
        self.service.dynamo.reset_requests();
        self.service.dynamo.intercept(Arc::new(move |call, _| {
            if chosen.contains(&call) { intervention } else { Intervention::Pass }
        }));
    }
}

fn cost(parts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    parts.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
}

const LOST: [Intervention; 2] = [Intervention::LoseAnswer, Intervention::FailAfter(Failure::Internal)];

#[tokio::test]
async fn a_charge_costs_one_write_and_a_bucket_known_to_be_empty_none() {
    let world = World::start().await;
    let (limiter, other, class) = (world.limiter(), world.limiter(), class("cost", 3, 60, 1));
    let ask = |process| charge(process, class, "a", beginning());
    world.table_cost();
    let one = cost(&[("UpdateItem", 1)]);
    for (context, process, left, expected) in [
        ("a whole bucket", &limiter, 2, one.clone()),
        ("one that lacks a token", &limiter, 1, one.clone()),
        ("one that another process took from", &other, 0, cost(&[("UpdateItem", 2)])),
    ] {
        assert_eq!(remaining(&ask(process).await), left, "{context}");
        assert_eq!(world.table_cost(), expected, "{context}");
    }
    let third = world.limiter();
    for (context, process, expected) in [
        ("empty, and unknown to this process", &limiter, one.clone()),
        ("empty, as seen with the last token", &other, cost(&[])),
        ("empty, and never seen", &third, one),
        ("empty, as seen before", &limiter, cost(&[])),
        ("still empty", &third, cost(&[])),
    ] {
        assert_eq!(wait_seconds(&ask(process).await), 20, "{context}");
        assert_eq!(world.table_cost(), expected, "{context}");
    }
}

#[tokio::test]
async fn an_abuser_costs_the_table_nothing_and_is_served_again_on_time() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("abuse", 2, 60, 1));
    for _ in 0..3 {
        charge(&limiter, class, "a", beginning()).await;
    }
    world.table_cost();
    for ms in 0..1_000 {
        let now = beginning() + Duration::milliseconds(29 * ms);
        wait_seconds(&charge(&limiter, class, "a", now).await);
    }
    wait_seconds(&charge(&limiter, class, "a", beginning() + Duration::milliseconds(29_999)).await);
    assert_eq!(world.table_cost(), cost(&[]));
    let verdict = charge(&limiter, class, "a", beginning() + Duration::seconds(30)).await;
    assert_eq!((remaining(&verdict), world.table_cost()), (0, cost(&[("UpdateItem", 1)])));
}

#[tokio::test]
async fn several_charges_cost_one_transaction() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("pair", 3, 60, 1));
    let charges = ["ip:192.0.2.1", "account:1"].map(|subject| LimitCharge { class, subject });
    world.table_cost();
    for left in [2, 1, 0] {
        let verdict = limiter.charge(&charges, Ids::system().next(), beginning()).await;
        assert_eq!((remaining(&verdict), world.table_cost()), (left, cost(&[("TransactWriteItems", 1)])));
    }
    wait_seconds(&limiter.charge(&charges, Ids::system().next(), beginning()).await);
    assert_eq!(world.table_cost(), cost(&[]));
    let other = world.limiter();
    wait_seconds(&other.charge(&charges, Ids::system().next(), beginning()).await);
    assert_eq!(world.table_cost(), cost(&[("TransactWriteItems", 1)]));
}

#[tokio::test]
async fn a_lost_answer_takes_one_token() {
    for lost in LOST {
        let world = World::start().await;
        let (limiter, class) = (world.limiter(), class("lost", 3, 60, 1));
        // The retry finds a full bucket, a partly used one, and an empty one.
        for left in [2, 1, 0] {
            world.break_attempts(1..=1, lost);
            let verdict = charge(&limiter, class, "a", beginning()).await;
            assert_eq!((remaining(&verdict), world.table_cost()), (left, cost(&[("UpdateItem", 2)])));
        }
        world.service.dynamo.stop_intercepting();
        wait_seconds(&charge(&world.limiter(), class, "a", beginning()).await);
    }
}

#[tokio::test]
async fn a_lost_answer_to_several_charges_takes_one_token_of_each() {
    for lost in LOST {
        let world = World::start().await;
        let (limiter, class) = (world.limiter(), class("lost", 3, 60, 1));
        let charges = ["ip:192.0.2.1", "account:1"].map(|subject| LimitCharge { class, subject });
        for left in [2, 1] {
            world.break_attempts(1..=1, lost);
            let verdict = limiter.charge(&charges, Ids::system().next(), beginning()).await;
            assert_eq!(remaining(&verdict), left);
        }
        world.service.dynamo.stop_intercepting();
        for charge in charges {
            let verdict = world.limiter().charge(&[charge], Ids::system().next(), beginning()).await;
            assert_eq!(remaining(&verdict), 0);
        }
    }
}

#[tokio::test]
async fn rows_held_by_others_are_waited_for_but_not_for_ever() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("held", 9, 60, 1));
    let charges = ["ip:192.0.2.1", "account:1"].map(|subject| LimitCharge { class, subject });
    for count in [1, 2] {
        world.break_attempts(1..=4, Intervention::FailBefore(Failure::Conflict));
        let verdict = limiter.charge(&charges[..count], Ids::system().next(), beginning()).await;
        assert_eq!(remaining(&verdict), 9 - count as u32);
        world.break_attempts(1..=u64::MAX, Intervention::FailBefore(Failure::Conflict));
        let verdict = limiter.charge(&charges[..count], Ids::system().next(), beginning()).await;
        assert_eq!(verdict, LimitDecision::Uncounted(class));
    }
}

#[tokio::test]
async fn a_table_that_hangs_or_fails_leaves_a_request_uncounted() {
    let faults = [
        Intervention::HangBefore,
        Intervention::HangAfter,
        Intervention::DropBefore,
        Intervention::FailBefore(Failure::Throttled),
        Intervention::FailBefore(Failure::Internal),
    ];
    for fault in faults {
        let world = World::start().await;
        let (limiter, class) = (world.hasty_limiter(), class("trouble", 1, 60, 1));
        world.break_attempts(1..=u64::MAX, fault);
        assert_eq!(
            charge(&limiter, class, "a", beginning()).await,
            LimitDecision::Uncounted(class),
            "{fault:?}"
        );
        // The answer must be closed even if only one of the two classes is closed on outages.
        let charges =
            [LimitCharge { class: &DASHBOARD, subject: "a" }, LimitCharge { class: &AUTH, subject: "a" }];
        let verdict = limiter.charge(&charges, Ids::system().next(), beginning()).await;
        assert_eq!(verdict, LimitDecision::Uncounted(&AUTH), "{fault:?}");
    }
    let nowhere = Limiter::new(None);
    assert_eq!(charge(&nowhere, &DASHBOARD, "a", beginning()).await, LimitDecision::Uncounted(&DASHBOARD));
}

#[tokio::test]
async fn a_known_empty_bucket_is_refused_while_the_table_hangs() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("known", 1, 60, 1));
    remaining(&charge(&limiter, class, "a", beginning()).await);
    world.break_attempts(1..=u64::MAX, Intervention::HangBefore);
    assert_eq!(wait_seconds(&charge(&limiter, class, "a", beginning()).await), 60);
}

#[tokio::test]
async fn a_row_that_was_cleared_away_is_a_whole_bucket() {
    let world = World::start().await;
    let (limiter, class) = (world.limiter(), class("cleared", 4, 60, 1));
    let pair = ["a", "b"].map(|subject| LimitCharge { class, subject });
    for charges in [&pair[..1], &pair[..]] {
        for _ in 0..2 {
            remaining(&limiter.charge(charges, Ids::system().next(), beginning()).await);
        }
        for row in world.rows_of("LIMIT#cleared#").await {
            let text = |name: &str| AttributeValue::S(row[name].as_str().unwrap().to_owned());
            let delete = world.service.dynamo.client().delete_item().table_name(TABLE);
            delete.key("pk", text("pk")).key("sk", text("sk")).send().await.unwrap();
        }
        assert_eq!(remaining(&limiter.charge(charges, Ids::system().next(), beginning()).await), 3);
    }
}

#[tokio::test]
async fn rows_do_not_reveal_their_subject_and_expire() {
    let world = World::start().await;
    let limiter = world.limiter();
    let subjects = ["ip:192.0.2.1", "account:canary@example.com"];
    let charges = subjects.map(|subject| LimitCharge { class: &AUTH, subject });
    remaining(&limiter.charge(&charges, Ids::system().next(), beginning()).await);
    remaining(&charge(&limiter, &DASHBOARD, "user_canary", beginning()).await);
    let rows = world.rows_of("LIMIT#").await;
    assert_eq!(rows.len(), 3);
    for row in rows {
        let text = row.to_string();
        for clear in ["192.0.2.1", "canary", "example"] {
            assert!(!text.contains(clear), "{text}");
        }
        let hash = row["pk"].as_str().unwrap().rsplit('#').next().unwrap();
        assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{text}");
        let kept_seconds =
            row["expires_at"].as_str().unwrap().parse::<i64>().unwrap() - beginning().timestamp();
        assert!((120..=960).contains(&kept_seconds), "{text}");
    }
}
