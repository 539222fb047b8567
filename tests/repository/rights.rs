//! Least privilege: what each function requests of the table and the bus, in one journey through all of its routes, is
//! exactly what its policy in `template.yaml` allows, including the rows. An unused right is an error.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Duration;
use http::Method;
use local::embedded::RequestRecord;
use serde_json::json;
use shared::domain::kernel::account::Role;
use stacks::cloudformation::deployed;
use stacks::conditions::{Touch, complaints, tied};
use stacks::policies::{Rights, allowed};
use stacks::repository::template;
use stand_ins::fault::Operation;
use support::browser::Browser;
use support::event_bus::rights_of_a_run;
use support::findings::PLATFORM;
use support::jobs_done::ACCOUNT;
use support::parties::{PROFESSIONAL, path_of};
use support::payees::{APPROVALS, BATCHES, Job};
use support::returning::sign_in_twice;
use support::unanswered::{Market, NewBooking};
use support::world::{Answer, COMPANY, OWNER, World, bare, payment_failed, secret_request};

/// Records the requests of functions.
struct RequestRecorder {
    world: World,
    seen: BTreeMap<&'static str, RecordedRequests>,
}

/// The recorded requests of one function: its actions and their partitions.
#[derive(Default)]
struct RecordedRequests {
    rights: Rights,
    touched: BTreeSet<Touch>,
}

impl RecordedRequests {
    fn note(&mut self, requests: Vec<RequestRecord>) {
        for request in requests {
            let named: BTreeSet<&String> = request.leading_keys.keys().collect();
            assert_eq!(named, request.rights.iter().collect(), "{request:?}");
            assert!(request.leading_keys.values().all(|keys| !keys.is_empty()), "{request:?}");
            self.rights.extend(request.rights);
            self.touched.extend(request.leading_keys);
        }
    }
}

impl RequestRecorder {
    async fn record<T>(&mut self, function: &'static str, asked: impl AsyncFnOnce(&World) -> T) -> T {
        self.world.service.dynamo.reset_requests();
        let answer = asked(&self.world).await;
        self.seen.entry(function).or_default().note(self.world.service.dynamo.requests());
        answer
    }
}

/// A changing request under a key, as the dashboard sends it.
async fn change(world: &World, method: Method, path: &str, body: serde_json::Value) -> Answer {
    let mut request = world.owner_request(COMPANY, OWNER, method, path, Some(body));
    let key = path.replace('/', "-").parse().expect("a header");
    request.headers_mut().insert("idempotency-key", key);
    world.ask(request).await
}

async fn recover(recorder: &mut RequestRecorder) {
    recorder
        .record("webhooks", async |world| {
            for membership in ["mem_1", "mem_2"] {
                world.add_past_due(COMPANY, membership);
                world.fail(membership, &membership.replace("mem", "pay"), world.now()).await.ok();
            }
        })
        .await;
    let settings = json!({"push_enabled": true, "dm_enabled": true, "incentive_days": 2, "reminder_offsets_days": [0, 3]});
    recorder
        .record("settings", async |world| {
            world.get("/api/settings").await;
            change(world, Method::PUT, "/api/settings", settings).await.ok();
        })
        .await;
    recorder.record("reminders", async |world| world.settle().await).await;
}

async fn work_by_hand(recorder: &mut RequestRecorder) {
    let case = recorder.world.case_of("mem_1").await["case_id"].as_str().expect("an id").to_owned();
    let path = |end: &str| format!("/api/cases/{case}{end}");
    recorder
        .record("cases", async |world| {
            for path in ["/api/dashboard/cases", "/api/dashboard/cases?status=open", "/api/cases/export"] {
                world.owner(Method::GET, path, None).await;
            }
            world.get(&path("")).await;
            world.get(&path("/actions")).await;
        })
        .await;
    // One member owes and gets messages; another has cancelled at Whop, which the nudge finds out.
    let other = recorder.world.cancelled_case("mem_3").await;
    recorder
        .record("nudge", async |world| {
            change(world, Method::POST, &path("/nudge"), json!({})).await.ok();
            change(world, Method::POST, &format!("/api/cases/{other}/nudge"), json!({})).await;
        })
        .await;
    recorder
        .record("case-endings", async |world| {
            for end in ["/cancel", "/cancel-membership"] {
                change(world, Method::POST, &path(end), json!({})).await.ok();
            }
        })
        .await;
    recorder.record("kpis", async |world| world.kpis().await).await;
    recorder
        .record("memberships", async |world| {
            world.get("/api/memberships/mem_2").await;
            world.get("/api/memberships/mem_2/manage-url").await;
        })
        .await;
    recorder
        .record("health", async |world| {
            for kind in ["application", "database", "webhooks", "crons"] {
                world.ask(bare(Method::GET, &format!("/api/health?type={kind}"))).await;
            }
            world.operator(Method::GET, "/api/health/deep").await;
            let guess = world.ask(secret_request(Method::GET, "/api/health/deep", "guessed")).await;
            assert_eq!(guess.status, 401);
        })
        .await;
}

/// A push with an unknown outcome is listed and resolved by staff.
async fn look_after_a_doubt(recorder: &mut RequestRecorder) {
    recorder.world.add_past_due(COMPANY, "mem_7");
    let failed_at = recorder.world.now();
    recorder.record("webhooks", async |world| world.fail("mem_7", "pay_7", failed_at).await.ok()).await;
    recorder.world.inject_fault(Operation::Notifications, "drop_after", Some(1), None);
    recorder.record("reminders", async |world| world.settle().await).await;
    recorder.record("operations", async |world| world.resolve_doubt_and_read_its_history().await).await;
}

/// A payout day: a batch, a debt, a large amount, a manual run, and a transfer left in doubt.
async fn pay_professionals(recorder: &mut RequestRecorder) {
    let world = &recorder.world;
    world.add_payee(COMPANY, "user_paid", "usd").await;
    world.add_job(&Job::of(world, "user_paid")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "drop_after", Some(1));
    world.next_payout_morning();
    recorder.record("payouts", async |world| world.pay_day().await).await;
    recorder.world.advance(Duration::minutes(10));
    recorder.record("reminders", async |world| world.settle().await).await;
    recorder.record("payouts", async |world| world.pay_day().await).await;
    let world = &recorder.world;
    world
        .add_job(&Job { completed_at: world.now() - Duration::hours(30), ..Job::of(world, "user_paid") })
        .await;
    recorder
        .record("payout-admin", async |world| {
            world.process(Role::Provider, true).await;
            world.process(Role::Provider, false).await;
            let batches = world.payers_get(BATCHES).await.ok();
            let batch = batches["data"][0]["batch_id"].as_str().expect("an id").to_owned();
            world.batch(&batch).await;
            let approval = json!({"professional_id": "user_paid", "currency": "usd", "amount": 1});
            world.as_role(Role::Accountant, Method::POST, APPROVALS, Some(approval)).await.ok();
        })
        .await;
}

/// An event of an unknown owner is retried for days, set aside, and queued again by a person.
async fn look_after_a_lost_event(recorder: &mut RequestRecorder) {
    let mut event = payment_failed("mem_lost", "pay_lost", recorder.world.now());
    event["company_id"] = json!(null);
    event["data"]["company"] = json!(null);
    recorder.record("webhooks", async |world| world.deliver("msg_lost", event).await.ok()).await;
    recorder
        .record("reminders", async |world| {
            for _ in 0..20 {
                world.advance(Duration::hours(7));
                world.settle().await;
            }
        })
        .await;
    recorder
        .record("webhooks", async |world| {
            let list = world.operator(Method::GET, "/api/webhooks/events").await.ok();
            assert_eq!(list["data"][0]["status"], "set_aside", "{list}");
            let event = list["data"][0]["event_id"].as_str().expect("an id");
            world.operator(Method::POST, &format!("/api/webhooks/events/{event}/replay")).await.ok();
        })
        .await;
}

/// A customer signs up, signs in and out, and resets and changes a password.
async fn keep_an_account(recorder: &mut RequestRecorder) {
    let (address, password) = ("customer@example.com", "correct horse battery");
    recorder.record("sign-up", async |world| world.add_account(address, password).await).await;
    let mut browser = recorder
        .record("sign-in", async |world| {
            let mut browser = Browser::default();
            for _ in 0..2 {
                browser.sign_in(world, address, password).await.ok();
            }
            world.advance(Duration::minutes(10));
            browser.get(world, "/api/auth/session").await.ok();
            browser.post(world, "/api/auth/sign-out", json!({})).await.ok();
            world.staff("provider").await.post(world, "/api/auth/sign-out-everywhere", json!({})).await.ok();
            browser.sign_in(world, address, password).await.ok();
            browser
        })
        .await;
    recorder
        .record("password", async |world| {
            let body = json!({"old_password": password, "new_password": "another horse battery"});
            browser.post(world, "/api/auth/password/change", body).await.ok();
            let reset = json!({"token": world.request_password_reset(address).await, "password": password});
            world.post_without_session("/api/auth/password/reset", reset).await.ok();
        })
        .await;
}

/// Bookings are requested, accepted, completed, declined and cancelled; a professional is paid.
async fn deal_with_bookings(recorder: &mut RequestRecorder) {
    recorder.world.service.sandbox.stripe.add_account_of("acct_1", "usd", COMPANY, PROFESSIONAL);
    let professional = format!("/api/admin/professionals/{PROFESSIONAL}");
    recorder
        .record("professionals", async |world| {
            change(world, Method::PUT, &professional, json!({"stripe_account_id": "acct_1"})).await.ok();
            world.get(&professional).await
        })
        .await;
    for ends in [&["accept", "complete"][..], &["decline"], &["cancel"]] {
        let key = format!("key-{}", ends[0]);
        let booking = recorder.record("bookings", async |world| world.book(&key).await).await;
        recorder.world.authorize(&booking).await;
        for end in ends {
            let key = format!("{key}-{end}");
            recorder.record("bookings", async |world| world.decide(&booking, end, &key).await.ok()).await;
        }
        recorder
            .record("bookings", async |world| {
                world.get(&path_of(&booking)).await;
                world.get(&format!("{}/payment", path_of(&booking))).await
            })
            .await;
    }
    let lists = ["", "?status=declined", "?customer_id=user_customer", "?professional_id=user_professional"];
    recorder
        .record("bookings", async |world| {
            for list in lists {
                world.get(&format!("/api/bookings{list}")).await;
            }
        })
        .await;
    recorder
        .record("professionals", async |world| {
            world.get(&format!("/api/professionals/{PROFESSIONAL}/statement")).await;
            world.get("/api/ledger/balances").await;
        })
        .await;
}

/// Staff whose session is used after a while, at routes that its role may and may not use; and wrong
/// passwords.
async fn come_with_a_session(recorder: &mut RequestRecorder) {
    let mut browser = recorder.world.staff("accountant").await;
    for (function, path, status) in [
        ("kpis", "/api/dashboard/kpis", 200),
        ("memberships", "/api/memberships/mem_2", 403),
        ("cases", "/api/cases/export", 403),
        ("professionals", "/api/ledger/balances", 200),
        ("bookings", "/api/bookings", 403),
        ("health", "/api/health/deep", 401),
    ] {
        recorder.world.advance(Duration::minutes(10));
        let answer = recorder.record(function, async |world| browser.get(world, path).await).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

/// Functions without actions on the table beyond the rows of sessions and limits, or one more kind.
const TIED: [(&str, &[&str]); 4] = [
    ("cases", &["UpdateItem"]),
    ("health", &["GetItem", "Query", "UpdateItem"]),
    ("kpis", &["Query", "GetItem", "UpdateItem"]),
    ("memberships", &["GetItem", "UpdateItem"]),
];

/// A marketplace of its own, in which a booking is declined and another is never paid.
async fn let_money_go(recorder: &mut RequestRecorder) {
    let market = Market::open().await;
    market.held(1, NewBooking::default()).await;
    market.asked(2, NewBooking::default()).await;
    market.world.advance(Duration::days(1));
    market.world.service.dynamo.reset_requests();
    assert_eq!(market.sweep().await["done"], 2);
    recorder.seen.entry("auto-decline").or_default().note(market.world.service.dynamo.requests());
}

/// A day at Stripe with a payout, an undelivered event and a balance transaction without an owner.
async fn hold_stripe_against_the_books(recorder: &mut RequestRecorder) {
    let world = &recorder.world;
    world.service.sandbox.stripe.add_account(ACCOUNT, "usd");
    world.service.sandbox.stripe.set_balance("usd", 1_000_000);
    let job = world.done_job("rights", 10_000).await;
    world.transfer_share(&job, 8_500).await;
    world.paid_job("unheard", 1_000).await;
    world.service.sandbox.stripe.adjust_balance("usd", -1);
    for _ in 0..2 {
        recorder.record("reconciliation", async |world| world.reconcile().await).await;
    }
    recorder
        .record("operations", async |world| {
            let id = world.findings_of(PLATFORM).await[0]["finding_id"].as_str().expect("an id").to_owned();
            world.close_finding((Role::Accountant, PLATFORM), &id, "Seen.").await.ok();
        })
        .await;
}

#[tokio::test]
async fn a_function_has_exactly_the_rights_that_it_uses() {
    let mut recorder = RequestRecorder { world: World::start().await, seen: BTreeMap::new() };
    recover(&mut recorder).await;
    work_by_hand(&mut recorder).await;
    look_after_a_doubt(&mut recorder).await;
    pay_professionals(&mut recorder).await;
    look_after_a_lost_event(&mut recorder).await;
    keep_an_account(&mut recorder).await;
    deal_with_bookings(&mut recorder).await;
    come_with_a_session(&mut recorder).await;
    hold_stripe_against_the_books(&mut recorder).await;
    recorder.record("single-sign-on", async |world| sign_in_twice(world).await).await;
    let_money_go(&mut recorder).await;
    recorder.seen.entry("event-publisher").or_default().rights = rights_of_a_run().await;
    let template = template();
    for (name, function) in deployed(&template) {
        let seen = recorder.seen.remove(name.as_str()).unwrap_or_default();
        assert_eq!(seen.rights, allowed(function), "{name}");
        assert_eq!(complaints(function, &seen.touched), [""; 0], "{name}");
        let wanted = TIED.iter().find(|(only_looks, _)| *only_looks == name);
        assert_eq!(tied(function), wanted.map_or(&[][..], |(_, rights)| *rights), "{name}");
    }
}
