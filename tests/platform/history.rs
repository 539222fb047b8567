//! The history of an object answers what happened to it: what, who, when and why.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::time;
use stand_ins::fault::Operation;

use support::askers::{OTHER, OTHER_OWNER};
use support::parties::{PRICE, payment_of};
use support::staff::{push_in_doubt, resolution};
use support::world::{COMPANY, OWNER, World};

async fn read(world: &World, path: &str) -> Vec<Value> {
    let answer = world.as_role(Role::Developer, Method::GET, &format!("/api/history/{path}"), None).await;
    answer.ok()["data"].as_array().unwrap().clone()
}

fn id(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("{object:#}")).to_owned()
}

/// The only entry of this kind and name.
#[track_caller]
fn only<'a>(entries: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found: Vec<&Value> =
        entries.iter().filter(|entry| entry["kind"] == kind && entry["name"] == name).collect();
    assert_eq!(found.len(), 1, "{kind} {name}: {entries:#?}");
    found[0]
}

#[track_caller]
fn shows(entry: &Value, expected: Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&entry[name], value, "{name} of {entry:#}");
    }
}

fn in_order(entries: &[Value]) {
    let times: Vec<&str> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

/// A booking that is accepted and captured, then disputed.
async fn disputed_booking(world: &World) -> Value {
    let booking = world.book("key-1").await;
    world.advance(Duration::minutes(10));
    world.authorize(&booking).await;
    world.advance(Duration::minutes(10));
    world.decide(&booking, "accept", "key-2").await.ok();
    world.advance(Duration::days(2));
    world.service.sandbox.stripe.open_dispute(payment_of(&booking));
    world.service.deliver_stripe_events().await;
    booking
}

#[tokio::test]
async fn a_bookings_history_tells_who_accepted_it_what_was_captured_and_when_it_was_disputed() {
    let world = World::start().await;
    let began = world.now();
    let booking = disputed_booking(&world).await;
    let booking_id = id(&booking, "booking_id");
    let entries = read(&world, &format!("booking/{booking_id}")).await;
    in_order(&entries);
    let at = |minutes| time::format(began + Duration::minutes(minutes));

    let requested =
        json!({"at": at(0), "actor": OWNER, "amount": PRICE, "professional_id": "user_professional"});
    shows(only(&entries, "fact", "requested"), requested);
    let authorized = entries.iter().find(|entry| entry["name"] == "authorized").unwrap();
    shows(authorized, json!({"actor": "provider", "provider": "stripe", "reference": payment_of(&booking)}));
    assert!(authorized["event_id"].as_str().is_some_and(|id| id.starts_with("evt_")), "{authorized:#}");
    shows(only(&entries, "fact", "accepted"), json!({"at": at(20), "actor": OWNER, "originator": "owner"}));
    let capture = only(&entries, "effect", "payment_captured");
    shows(capture, json!({"actor": OWNER, "status": "done", "provider": "stripe", "tries": 1, "at": at(20)}));
    shows(
        only(&entries, "audit", "booking.accepted"),
        json!({"actor": OWNER, "operation": capture["operation"], "booking_id": booking_id}),
    );
    let disputes: Vec<&Value> = entries.iter().filter(|entry| entry["name"] == "disputed").collect();
    let fact = disputes.iter().find(|entry| entry["kind"] == "fact").unwrap();
    shows(
        fact,
        json!({"at": at(20 + 2 * 24 * 60), "status": "needs_response", "amount": PRICE, "currency": "usd"}),
    );
    let posted = disputes.iter().find(|entry| entry["kind"] == "ledger").unwrap();
    let sum: i64 =
        posted["postings"].as_array().unwrap().iter().map(|it| it["amount"].as_i64().unwrap()).sum();
    assert_eq!(sum, 0, "{posted:#}");
    let audited = only(&entries, "audit", "booking.disputed");
    assert_eq!(audited["actor"], "provider");
    assert!(disputes.iter().any(|fact| fact["event_id"] == audited["event_id"]), "{audited:#}");

    let own = world.get(&format!("/api/history/booking/{booking_id}")).await;
    assert_eq!(own["data"].as_array(), Some(&entries), "the owner reads the same");
    let by_payment = read(&world, &format!("payment/{}", payment_of(&booking))).await;
    assert_eq!(by_payment, entries, "so does who knows the payment only");
}

#[tokio::test]
async fn the_decision_about_a_refusal_is_shown_with_the_person_and_the_note() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::Capture, "refused:402:card_declined", Some(1));
    world.decide(&booking, "accept", "key-2").await;
    world.advance(Duration::minutes(7));
    world.resolve_refusal(&world.refused_one().await, "closed").await.ok();
    let entries = read(&world, &format!("booking/{}", id(&booking, "booking_id"))).await;
    let refused = only(&entries, "fact", "step_refused");
    shows(refused, json!({"reason": "card_declined"}));
    let decided = only(&entries, "audit", "effect.refusal_resolved");
    let staff = decided["actor"].as_str().unwrap();
    assert!(staff.contains("provider"), "the caller of the request: {decided:#}");
    shows(
        decided,
        json!({"status": "closed", "detail": "asked Stripe", "operation": refused["operation"], "at": time::format(world.now())}),
    );
    shows(
        only(&entries, "fact", "refusal_resolved"),
        json!({"actor": staff, "status": "close", "operation": refused["operation"]}),
    );
    shows(only(&entries, "effect", "payment_released"), json!({"actor": staff}));
}

#[tokio::test]
async fn a_cases_history_has_its_facts_its_messages_and_the_resolution_of_a_doubt() {
    let (world, effect) = push_in_doubt().await;
    world.resolve(resolution(&effect, "happened")).await.ok();
    let case_id = id(&effect, "case_id");
    let entries = read(&world, &format!("case/{case_id}")).await;
    in_order(&entries);
    let failed = only(&entries, "fact", "failed");
    shows(failed, json!({"reference": "pay_1", "membership_id": "mem_1", "case_id": case_id}));
    shows(only(&entries, "audit", "case.opened"), json!({"actor": "provider"}));
    let push = only(&entries, "effect", "nudge_push");
    shows(push, json!({"actor": "schedule", "status": "done", "reason": "resolved_by_hand"}));
    let resolved = only(&entries, "audit", "effect.resolved");
    shows(resolved, json!({"operation": push["operation"], "status": "done"}));
    let text = json!(entries).to_string();
    assert!(!text.contains("user_1") && !text.contains("template"), "nothing names the member: {text}");

    for path in ["membership/mem_1", "payment/pay_1"] {
        let entries = read(&world, path).await;
        shows(only(&entries, "fact", "failed"), json!({"at": failed["at"], "reference": "pay_1"}));
        shows(only(&entries, "audit", "case.opened"), json!({"case_id": case_id}));
    }
    let event_id = id(only(&entries, "audit", "case.opened"), "event_id");
    let entries = read(&world, &format!("event/{event_id}")).await;
    let event = only(&entries, "event", "payment.failed");
    shows(event, json!({"status": "applied", "provider": "whop", "reference": "pay_1"}));
}

#[tokio::test]
async fn pages_and_a_time_to_begin_with_lead_through_the_same_entries() {
    let world = World::start().await;
    let booking = disputed_booking(&world).await;
    for path in [format!("booking/{}", id(&booking, "booking_id")), format!("company/{COMPANY}")] {
        let whole = read(&world, &path).await;
        assert!(whole.len() >= 4, "{whole:#?}");
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("/api/history/{path}?limit=2{cursor}")).await;
            let entries = page["data"].as_array().unwrap();
            assert!((1..=2).contains(&entries.len()), "{page:#}");
            walked.extend(entries.clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, whole);
        let last = whole.last().unwrap()["at"].as_str().unwrap();
        let recent = read(&world, &format!("{path}?from={last}")).await;
        let expected: Vec<Value> = whole.iter().filter(|entry| entry["at"] == last).cloned().collect();
        assert_eq!(recent, expected);
    }
}

#[tokio::test]
async fn audit_entries_of_every_kind_can_be_read() {
    let world = World::of_two_companies().await;
    world.save_settings(json!({"incentive_days": 3})).await;
    world.open_case(COMPANY, "mem_1").await;
    let finding = world.file_finding(Some(COMPANY), "tr_1").await;
    world.close_finding((Role::Provider, COMPANY), &finding, "Agreed on by mail.").await.ok();
    world.service.sandbox.stripe.add_account_of("acct_1", "usd", COMPANY, "user_professional");
    let connect = json!({"stripe_account_id": "acct_1"});
    world.keyed(Method::PUT, "/api/admin/professionals/user_professional", "key-9", connect).await.ok();
    let log = read(&world, &format!("company/{COMPANY}?limit=100")).await;
    let written = world.rows_of(&format!("AUDIT#{COMPANY}")).await;
    assert_eq!(log.len(), written.len(), "every row is an entry");
    for kind in ["settings.changed", "case.opened", "finding.closed", "payee.connected", "account.signed_up"]
    {
        assert!(log.iter().any(|entry| entry["name"] == kind), "{kind}: {log:#?}");
    }
    let closed = only(&log, "audit", "finding.closed");
    assert!(closed["detail"].as_str().unwrap().contains("Agreed on by mail."), "{closed:#}");
    let account = log.iter().find(|entry| entry["name"] == "account.signed_up").unwrap();
    for (path, name) in [
        (format!("finding/{finding}"), "finding.closed"),
        ("professional/user_professional".to_owned(), "payee.connected"),
        (format!("account/{}", id(account, "subject")), "account.signed_up"),
    ] {
        let entries = read(&world, &path).await;
        assert!(entries.iter().any(|entry| entry["name"] == name), "{path}: {entries:#?}");
    }
}

#[tokio::test]
async fn a_batch_and_a_job_show_their_newest_state() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_1", "usd").await;
    world.add_job(&support::payees::Job::of(&world, "user_1")).await;
    world.pay_day().await;
    let entries = read(&world, &format!("batch/{}", support::payees::TUESDAY)).await;
    shows(only(&entries, "batch", "payout_batch"), json!({"status": "completed", "actor": "schedule"}));
    shows(only(&entries, "audit", "payout.batch_completed"), json!({"batch_id": support::payees::TUESDAY}));
    let entries = read(&world, "job/payouts").await;
    shows(only(&entries, "run", "payouts"), json!({"actor": "schedule"}));
    let own = world.owner(Method::GET, "/api/history/job/payouts", None).await;
    assert_eq!(own.status, 404, "jobs work for all companies, so an owner does not see them: {own:?}");
}

#[tokio::test]
async fn another_companys_object_gets_the_answer_of_an_absent_one() {
    let world = World::of_two_companies().await;
    let booking = disputed_booking(&world).await;
    world.open_case(COMPANY, "mem_1").await;
    let event = world.rows_of("EVENT#whop").await[0]["payload_min"]["event_id"].as_str().unwrap().to_owned();
    let stripe_event = read(&world, &format!("booking/{}", id(&booking, "booking_id"))).await;
    let stripe_event = id(only(&stripe_event, "audit", "booking.disputed"), "event_id");
    let finding = world.file_finding(Some(COMPANY), "tr_1").await;
    let mut paths = vec![
        (format!("booking/{}", id(&booking, "booking_id")), "booking/00000000-0000-4000-8000-000000000000"),
        ("membership/mem_1".to_owned(), "membership/mem_none"),
        ("payment/pay_mem_1".to_owned(), "payment/pay_none"),
        (format!("payment/{}", payment_of(&booking)), "payment/pi_none"),
        (format!("event/{event}"), "event/msg_none"),
        (format!("event/{stripe_event}"), "event/evt_none"),
        (format!("finding/{finding}"), "finding/tr_none"),
        (format!("company/{COMPANY}"), "company/biz_nobody"),
    ];
    let log = read(&world, &format!("company/{COMPANY}?limit=100")).await;
    let account = log.iter().find(|entry| entry["name"] == "account.signed_up").unwrap();
    paths.push((format!("account/{}", id(account, "subject")), "account/email:none"));
    for (theirs, absent) in paths {
        let ask = async |path: &str| {
            let request =
                world.owner_request(OTHER, OTHER_OWNER, Method::GET, &format!("/api/history/{path}"), None);
            let answer = world.ask(request).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("request_id");
            body.to_string()
        };
        assert_eq!(ask(&theirs).await, ask(absent).await, "{theirs}");
    }
}

#[tokio::test]
async fn a_history_names_no_address_and_no_text() {
    let world = World::start().await;
    let mut job = world.job();
    job["customer_email"] = json!("c4n4ry@example.com");
    let booking = world.keyed(Method::POST, "/api/bookings", "key-1", job).await.json();
    world.authorize(&booking).await;
    world.decide(&booking, "decline", "key-2").await.ok();
    world.settle().await;
    for path in [format!("booking/{}", id(&booking, "booking_id")), format!("company/{COMPANY}")] {
        let entries = json!(read(&world, &path).await).to_string();
        assert!(entries.contains("booking.declined") && !entries.contains("c4n4ry"), "{entries}");
        assert!(!entries.contains("sealed") && !entries.contains("user_customer"), "{entries}");
    }
}

#[tokio::test]
async fn an_unknown_kind_and_a_malformed_id_are_named() {
    let world = World::start().await;
    for (path, field) in [
        ("nothing/1", "kind"),
        ("booking/1", "id"),
        ("case/1", "id"),
        ("payment/1", "id"),
        ("batch/1", "id"),
        (&*format!("company/{COMPANY}?from=yesterday"), "from"),
        (&*format!("company/{COMPANY}?cursor=YQ"), "cursor"),
        (&*format!("company/{COMPANY}?until=2025"), "until"),
    ] {
        let answer = world.owner(Method::GET, &format!("/api/history/{path}"), None).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["errors"][0]["field"]),
            (400, &json!(field)),
            "{path}"
        );
    }
}
