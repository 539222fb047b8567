//! Findings as staff sees them: listed for the right company, closed once by one person, and kept closed by
//! later reconciliations.

use crate::reconciliation_findings::ReconciliationFindingsSteps;
use chrono::Duration;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use stand_ins::fault::Operation;
use support::findings::PLATFORM;

use support::answer::is_replay;
use support::askers::{OTHER, fresh_key};
use support::exactly_once::LEASES;
use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::jobs_done::ACCOUNT;
use support::world::{Answer, COMPANY, World, secret_request};

const NOTE: &str = "A bonus, agreed on by mail.";

#[easy_ext::ext(FindingsSteps)]
impl World {
    /// A booking of the company that was paid out twice, once by hand; returns the second transfer.
    async fn paid_twice(&self) -> String {
        let job = self.done_job("1", 10_000).await;
        self.transfer_share(&job, 8_500).await;
        let second = self.transfer_by_hand(&job, "by-hand", 8_500).await;
        assert_eq!(self.reconcile().await["failed"], 1);
        second
    }

    async fn closings(&self) -> Vec<Value> {
        let entries = self.rows_of("AUDIT#").await.into_iter();
        entries.filter(|row| row["kind"] == "finding.closed").collect()
    }
}

#[tokio::test]
async fn an_unexplained_difference_is_listed_closed_by_one_person_and_stays_closed() {
    let world = World::with_an_account().await;
    let second = world.paid_twice().await;
    let finding_totals = world.findings_of(COMPANY).await;
    let [finding] = &finding_totals[..] else { panic!("{finding_totals:#?}") };
    let amounts = ["stripe_amount", "books_amount", "difference_amount"].map(|name| &finding[name]);
    assert_eq!(amounts, [&json!(-8_500), &json!(0), &json!(-8_500)]);
    assert_eq!((&finding["kind"], &finding["currency"]), (&json!("second_transfer"), &json!("usd")));
    assert_eq!((&finding["finding_id"], &finding["status"]), (&json!(second), &json!("open")));

    let (accountant, key) = ((Role::Accountant, COMPANY), fresh_key());
    let body = json!({"note": format!("  {NOTE}\n")});
    let first = world.resolve_finding(accountant, &second, key.clone(), &body).await;
    let closed = first.ok();
    assert_eq!((&closed["status"], &closed["closing"]["note"]), (&json!("accepted"), &json!(NOTE)));
    let again = world.resolve_finding(accountant, &second, key.clone(), &body).await;
    assert_eq!((is_replay(&again), again.json()), (true, closed.clone()));
    assert_eq!(world.resolve_finding(accountant, &second, key, &json!({"note": "Else."})).await.status, 422);
    assert_eq!(world.close_finding(accountant, &second, NOTE).await.ok(), closed, "the same word");
    for (role, note) in [(Role::Accountant, "Something else."), (Role::Provider, NOTE)] {
        let late = world.close_finding((role, COMPANY), &second, note).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{late:?}");
        assert_eq!(late.json()["detail"], "The finding is closed already.");
    }
    let audit = world.closings().await;
    assert_eq!(audit.len(), 1, "{audit:#?}");
    assert!(audit[0]["detail"].as_str().unwrap().contains(NOTE), "{audit:?}");

    assert_eq!(world.findings_of(COMPANY).await, [json!(null); 0]);
    for _ in 0..2 {
        assert_eq!(world.reconcile().await["failed"], 0, "it is not found anew");
    }
    assert_eq!(world.findings_of(COMPANY).await, [json!(null); 0]);
    assert_eq!((world.cash().await.accepted_amount, world.cash().await.unexplained_amount()), (-8_500, 0));
}

#[tokio::test]
async fn a_company_sees_its_own_findings_and_only_the_platform_those_without_an_owner() {
    let world = World::with_an_account().await;
    let second = world.paid_twice().await;
    let nobodys = world.service.sandbox.stripe.transfer_outside(ACCOUNT, 700, "usd");
    world.reconcile().await;
    let ids = async |company| {
        let finding_totals = world.findings_of(company).await.into_iter();
        finding_totals.map(|finding| finding["finding_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(COMPANY).await, [second.as_str()]);
    assert_eq!(ids(PLATFORM).await, [nobodys.as_str()]);
    assert_eq!(ids(OTHER).await, [""; 0]);
    for (company, foreign) in [(COMPANY, &nobodys), (PLATFORM, &second), (OTHER, &second), (OTHER, &nobodys)]
    {
        let theirs = world.close_finding((Role::Accountant, company), foreign, NOTE).await;
        let absent = world.close_finding((Role::Accountant, company), "tr_none", NOTE).await;
        let comparable = |answer: &Answer| (answer.status, answer.json()["detail"].clone());
        assert_eq!(
            (comparable(&theirs), theirs.status),
            (comparable(&absent), StatusCode::NOT_FOUND),
            "{company}"
        );
    }
    assert_eq!(world.closings().await, [json!(null); 0]);
    world.close_finding((Role::Provider, PLATFORM), &nobodys, NOTE).await.ok();
    assert_eq!((ids(PLATFORM).await.len(), ids(COMPANY).await.len()), (0, 1));
}

#[tokio::test]
async fn the_sums_of_all_companies_are_shown_to_the_platform_alone() {
    let world = World::with_an_account().await;
    let before = world.staff_reads(PLATFORM, "/api/operations").await["reconciliation"].clone();
    assert_eq!(before, json!({"open_findings": 0, "amounts": [], "runs": []}));
    world.paid_twice().await;
    world.service.sandbox.stripe.adjust_balance("usd", 33);
    world.reconcile().await;
    let shown = world.staff_reads(PLATFORM, "/api/operations").await["reconciliation"].clone();
    let amounts = json!([{"currency": "usd", "open_amount": -8_467, "accepted_amount": 0}]);
    assert_eq!((&shown["open_findings"], &shown["amounts"]), (&json!(2), &amounts));
    let runs = shown["runs"].as_array().unwrap();
    let found: Vec<&Value> = runs.iter().map(|run| &run["findings"]).collect();
    assert_eq!(found, [&json!(1), &json!(1)], "the newest first: {shown:#}");
    assert_eq!(runs[0]["cash"][0]["unexplained_amount"], 0);
    assert!(runs[0]["started_at"].as_str() > runs[1]["started_at"].as_str());
    for company in [COMPANY, OTHER] {
        assert_eq!(world.staff_reads(company, "/api/operations").await["reconciliation"], json!(null));
    }
}

#[tokio::test]
async fn findings_of_the_platform_and_those_without_an_owner_are_one_paged_list() {
    let world = World::start().await;
    for number in 0..9 {
        let company = [None, None, Some(PLATFORM), Some(COMPANY)][number % 4];
        world.file_finding(company, &format!("txn_{number}")).await;
        world.advance(Duration::milliseconds(i64::try_from(number % 2).unwrap()));
    }
    let (mut path, mut seen) = ("/api/operations/findings?limit=2".to_owned(), Vec::new());
    loop {
        let page = world.staff_reads(PLATFORM, &path).await;
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 2 && !data.is_empty(), "{page}");
        seen.extend(data.iter().map(|finding| finding["finding_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/operations/findings?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["txn_0", "txn_1", "txn_2", "txn_4", "txn_5", "txn_6", "txn_8"]);
    assert_eq!(world.findings_of(COMPANY).await.len(), 2);
}

#[tokio::test]
async fn of_two_concurrent_closings_one_succeeds() {
    for _ in 0..8 {
        let world = World::start().await;
        let id = world.file_finding(Some(COMPANY), "txn_1").await;
        let (one, other) = tokio::join!(
            world.close_finding((Role::Accountant, COMPANY), &id, NOTE),
            world.close_finding((Role::Provider, COMPANY), &id, NOTE),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
        assert_eq!(world.closings().await.len(), 1);
        let finding_totals = world.store().finding_totals().await.unwrap();
        assert_eq!((finding_totals.open_findings, finding_totals.accepted_amounts["usd"]), (0, 100));
    }
}

#[tokio::test]
async fn closing_a_finding_survives_a_fault_at_every_request() {
    let mut runs = 0;
    for fault in FAULT_POINTS {
        for call in 1.. {
            let context = format!("{fault:?} at call {call}");
            let mut world = World::start().await;
            let id = world.file_finding(Some(COMPANY), "txn_1").await;
            let (key, body) = (fresh_key(), json!({"note": NOTE}));
            let by = (Role::Accountant, COMPANY);
            let word = world.resolve_finding(by, &id, key.clone(), &body);
            let was_injected = InjectedFault::at(&world, fault, call).during(word).await;
            world.restart().await;
            world.advance(LEASES + Duration::minutes(2));
            let closed = world.resolve_finding(by, &id, key.clone(), &body).await;
            assert_eq!(closed.status, StatusCode::OK, "{context}: {closed:?}");
            assert_eq!(closed.json()["status"], "accepted", "{context}");
            assert_eq!(world.closings().await.len(), 1, "{context}");
            let finding_totals = world.store().finding_totals().await.unwrap();
            assert_eq!(
                (finding_totals.open_findings, finding_totals.accepted_amounts["usd"]),
                (0, 100),
                "{context}"
            );
            runs += 1;
            if !was_injected {
                break;
            }
        }
    }
    eprintln!("{runs} runs");
}

#[tokio::test]
async fn closing_its_finding_does_not_resolve_a_transfer_in_doubt() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "drop_after", Some(1));
    world.transfer_share(&job, 8_500).await;
    world.reconcile().await;
    let id = world.findings_of(COMPANY).await[0]["finding_id"].as_str().unwrap().to_owned();
    let refused = world.close_finding((Role::Accountant, COMPANY), &id, NOTE).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    world.perform_payout(&job).await;
    world.reconcile().await;
    assert_eq!(world.findings_of(COMPANY).await, [json!(null); 0]);
    assert_eq!(world.cash().await.unexplained_amount(), 0);
    let late = world.close_finding((Role::Accountant, COMPANY), &id, NOTE).await;
    assert!(late.status == 409 && late.body.contains("agree by now"), "{late:?}");
    assert_eq!(world.closings().await, [json!(null); 0]);
}

#[tokio::test]
async fn closing_a_finding_without_a_note_or_with_the_wrong_role_is_refused() {
    let world = World::start().await;
    let id = world.file_finding(Some(COMPANY), "txn_1").await;
    let by = (Role::Provider, COMPANY);
    for note in [json!(null), json!(""), json!(" \n\t"), json!(7), json!("x".repeat(501))] {
        let refused = world.resolve_finding(by, &id, fresh_key(), &json!({"note": note})).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{note}: {refused:?}");
        assert_eq!(refused.json()["errors"][0]["field"], "note", "{note}");
    }
    for body in [json!({}), json!({"note": NOTE, "amount": 1}), json!([])] {
        assert_eq!(world.resolve_finding(by, &id, fresh_key(), &body).await.status, 400, "{body}");
    }
    for absent in ["tr_none".to_owned(), "x".repeat(301), "x".repeat(3_000), "%F0%9F%92%B6".repeat(99)] {
        assert_eq!(world.close_finding(by, &absent, NOTE).await.status, 404, "{absent}");
    }
    let long = format!("2026-07-20T10:00:00.000Z#{}", "x".repeat(2_000));
    for path in [
        "cursor=x",
        "limit=0",
        "limit=101",
        "since=1",
        &format!("cursor={}", shared::http::query::cursor(&long)),
    ] {
        let token = world.service.sandbox.oidc.bearer("developer", COMPANY);
        let path = format!("/api/operations/findings?{path}");
        assert_eq!(world.ask(secret_request(Method::GET, &path, &token)).await.status, 400, "{path}");
    }
    let developer = world.close_finding((Role::Developer, COMPANY), &id, NOTE).await;
    assert_eq!(developer.status, StatusCode::FORBIDDEN);
    assert_eq!(world.findings_of(COMPANY).await.len(), 1);
    world.close_finding(by, &id, &"ñ".repeat(500)).await.ok();
}
