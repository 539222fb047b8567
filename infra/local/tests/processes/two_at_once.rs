//! Two processes of one function know of each other through the table only.

use std::collections::BTreeSet;
use std::time::Duration;

use platforms::PATIENCE;
use stand_ins::fault::{FaultKind, Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use crate::cloud::{Cloud, sign_in};
use crate::function::Function;
use crate::request::{Reply, Request};
use crate::tally::{QUOTA, Tally};

/// Enough races for one of each outcome.
const RACES: usize = 6;

/// Retries while the first request is in progress, as a client does.
async fn retry_while_in_progress(function: &mut Function, request: &Request) -> Reply {
    loop {
        let answer = function.ask(request).await;
        if !matches!(answer.status(), 409 | 503) {
            return answer.ok();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn of_two_processes_with_one_key_one_acts_and_both_answer_the_same() {
    let cloud = Cloud::start().await;
    let (mut one, mut two) = (cloud.function("nudge").await, cloud.function("nudge").await);
    for race in 1..=RACES {
        let request = cloud.nudge(&format!("key-{race}"));
        let (left, right) = tokio::join!(
            retry_while_in_progress(&mut one, &request),
            retry_while_in_progress(&mut two, &request)
        );
        assert_eq!(left.body(), right.body());
        let replayed = [&left, &right].map(|answer| answer.header("idempotency-replayed").is_some());
        assert_eq!(BTreeSet::from(replayed).len(), 2, "one acted: {left:?} {right:?}");
        assert_eq!(cloud.service().sandbox.outbox.count(Kind::Push), race);
    }
}

async fn guess(function: &mut Function, who: &str) -> Tally {
    let mut tally = Tally::default();
    for guess in 0..QUOTA {
        let answer = function.ask(&sign_in(&format!("{who}-{guess}"), "a wrong password")).await;
        tally.note(answer.status());
    }
    tally
}

#[tokio::test]
async fn two_processes_admit_together_exactly_the_quota() {
    let cloud = Cloud::start().await;
    let (mut one, mut two) = (cloud.function("sign-in").await, cloud.function("sign-in").await);
    let (left, right) = tokio::join!(guess(&mut one, "one"), guess(&mut two, "two"));
    left.with(&right).holds();
}

#[tokio::test]
async fn the_retry_after_a_killed_process_sends_no_second_message() {
    let cloud = Cloud::start().await;
    let (mut one, mut two) = (cloud.function("nudge").await, cloud.function("nudge").await);
    cloud.service().sandbox.faults.add(Rule {
        provider: Provider::Whop,
        operation: Operation::Notifications,
        kind: FaultKind::SlowMs(500),
        times: Some(1),
        company: None,
    });
    let request = cloud.nudge("key-1");
    let sandbox = &cloud.service().sandbox;
    let asked = || sandbox.whop.requests().get("notifications").copied().unwrap_or_default();
    tokio::select! {
        answer = one.ask(&request) => panic!("{answer:?}"),
        () = until(|| asked() > 0) => {}
    }
    drop(one);
    // The killed process holds the key until its lease expires.
    two.ask(&request).await.refused(409);
    until(|| sandbox.outbox.count(Kind::Push) == 1).await;
    two.ask(&request).await.refused(409);
    assert_eq!((asked(), sandbox.outbox.count(Kind::Push)), (1, 1));
}

async fn until(happened: impl Fn() -> bool) {
    let waited = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("it happens in time");
}
