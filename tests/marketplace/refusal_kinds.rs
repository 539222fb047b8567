//! Every kind of final refusal of messages to members, of membership cancellations, of payments to be created
//! and of account mails: its consequence, who is notified, how it is listed, and how it leaves the list.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use support::browser::PASSWORD;
use support::findings::PLATFORM;
use support::log::Log;
use support::world::{Answer, COMPANY, OWNER, World};

/// Each kind of refusal of Whop's and Stripe's, and the reason that is recorded.
const KINDS: [(&str, &str); 5] = [
    ("refused:400:invalid_request", "invalid_request"),
    ("refused:402:card_declined", "card_declined"),
    ("refused:403:account_closed", "account_closed"),
    ("refused:404:resource_missing", "not_found"),
    ("refused:422:validation_error", "validation_error"),
];

/// The same for Resend, whose 403 is about our key or our sender, and never about a mail.
fn kinds_of_mail() -> impl Iterator<Item = (&'static str, &'static str)> {
    KINDS.into_iter().filter(|(kind, _)| !kind.contains(":403:"))
}

#[easy_ext::ext(RefusalKindsSteps)]
impl World {
    async fn nudge(&self, case_id: &str, channel: &str) -> Answer {
        self.post(&format!("/api/cases/{case_id}/nudge"), json!({"channel": channel})).await
    }

    /// The only action of a case.
    async fn only_action(&self, case_id: &str) -> Value {
        let actions = self.actions_of(case_id).await;
        assert_eq!(actions.len(), 1, "{actions:#?}");
        actions[0].clone()
    }

    /// The listed refusal has these values and is not retried here.
    async fn check_listed(&self, provider: &str, reason: &str, consequence: &str) -> Value {
        let listed = self.refused_one().await;
        let shown =
            ["provider", "reason", "consequence"].map(|name| listed[name].as_str().unwrap().to_owned());
        assert_eq!(shown, [provider, reason, consequence], "{listed:#}");
        let again = self.resolve_refusal(&listed, "try_again").await;
        assert_eq!(again.status, 409, "the caller repeats it: {again:?}");
        listed
    }

    /// A person closes the one refused effect, which is audited and leaves the list.
    async fn check_closed(&self, listed: &Value) {
        self.resolve_refusal(listed, "closed").await.ok();
        assert_eq!(self.refused().await.len(), 0, "{listed:#}");
        let audits = self.rows_of("AUDIT#").await;
        assert!(audits.iter().any(|entry| entry["kind"] == "effect.refusal_resolved"), "{listed:#}");
    }
}

/// A company with one open case that is not due until tomorrow.
async fn with_a_case() -> (World, String) {
    let world = World::start().await;
    world.save_settings(json!({"reminder_offsets_days": [1, 2, 4]})).await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    world.settle().await;
    (world, case_id)
}

#[tokio::test]
async fn a_nudge_that_whop_refuses_is_answered_and_listed_until_it_is_closed_or_the_case_is_over() {
    for (operation, channel) in
        [(Operation::Notifications, "push"), (Operation::DmChannels, "dm"), (Operation::Messages, "dm")]
    {
        for (number, (kind, reason)) in KINDS.into_iter().enumerate() {
            let (world, case_id) = with_a_case().await;
            world.inject_fault(operation, kind, Some(1), None);
            let answer = world.nudge(&case_id, channel).await.ok();
            let shown = (&answer["status"], &answer["reason"]);
            assert_eq!(shown, (&json!("rejected"), &json!(reason)), "{operation:?} {kind}");
            assert_eq!(world.only_action(&case_id).await["reason"], reason, "the owner sees it in the case");
            assert_eq!(world.case_of("mem_1").await["status"], "open");
            let listed = world.check_listed("whop", reason, "member_not_notified").await;
            world.advance(Duration::minutes(1));
            world.nudge(&case_id, channel).await.ok();
            assert_eq!(world.sent(Kind::Push) + world.sent(Kind::Dm), 1, "another nudge is another message");
            assert_eq!(
                world.refused_one().await["operation"],
                listed["operation"],
                "which leaves this listed"
            );
            if number % 2 == 0 {
                world.check_closed(&listed).await;
            } else {
                world.post(&format!("/api/cases/{case_id}/cancel"), json!({})).await.ok();
                assert_eq!(world.refused().await.len(), 0, "nothing is left to do");
            }
        }
    }
}

/// A company whose members are reached by mail only, and its open case.
async fn with_a_case_by_mail() -> (World, String) {
    let world = World::start().await;
    world.add_company(COMPANY, OWNER, false);
    world.save_settings(json!({"dm_enabled": false, "reminder_offsets_days": [0]})).await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    let case_id = world.case_of("mem_1").await["case_id"].as_str().unwrap().to_owned();
    (world, case_id)
}

#[tokio::test]
async fn a_mail_to_a_member_that_resend_refuses_is_listed_until_it_is_closed_or_the_case_is_over() {
    for (number, (kind, reason)) in kinds_of_mail().enumerate() {
        let (world, case_id) = with_a_case_by_mail().await;
        world.inject_mail_fault(kind, Some(1));
        world.settle().await;
        let action = world.only_action(&case_id).await;
        let shown = (&action["status"], &action["kind"], &action["reason"]);
        assert_eq!(shown, (&json!("rejected"), &json!("nudge_mail"), &json!(reason)), "{kind}");
        let listed = world.check_listed("resend", reason, "member_not_notified").await;
        assert!(!listed.to_string().contains('@'), "no address is shown");
        if number % 2 == 0 {
            world.check_closed(&listed).await;
        } else {
            world.succeed("mem_1", "pay_1", world.now()).await.ok();
            assert_eq!(world.refused().await.len(), 0, "nothing is left to do");
        }
        assert_eq!(world.sent(Kind::Mail), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_mail_to_a_member_for_which_our_sender_is_refused_waits_and_is_sent_once_that_is_mended() {
    let (world, case_id) = with_a_case_by_mail().await;
    world.inject_mail_fault("refused:403:invalid_api_key", Some(2));
    world.settle().await;
    let operations = world.read_operations().await;
    let waiting = &operations["waiting"]["data"][0];
    assert_eq!((&waiting["case_id"], &waiting["reason"]), (&json!(case_id), &json!("invalid_api_key")));
    assert_eq!(world.refused().await.len(), 0);
    world.advance(Duration::minutes(10));
    world.settle().await;
    world.advance(Duration::minutes(10));
    world.settle().await;
    assert_eq!(
        (world.sent(Kind::Mail), world.only_action(&case_id).await["status"].clone()),
        (1, json!("done"))
    );
}

#[tokio::test]
async fn a_refused_membership_cancellation_is_answered_and_listed_until_it_is_repeated() {
    for (number, (kind, reason)) in KINDS.into_iter().enumerate() {
        for (how, ended) in [("cancel-membership", Kind::Cancel), ("terminate", Kind::Terminate)] {
            let (world, case_id) = with_a_case().await;
            world.inject_fault(Operation::Cancel, kind, Some(1), None);
            let path = format!("/api/cases/{case_id}/{how}");
            let answer = world.post(&path, json!({})).await.ok();
            let shown = (&answer["case_status"], &answer["status"], &answer["reason"]);
            assert_eq!(shown, (&json!("cancelled"), &json!("rejected"), &json!(reason)), "{how} {kind}");
            assert_eq!(
                (world.sent(ended), world.only_action(&case_id).await["status"].clone()),
                (0, json!("rejected"))
            );
            let listed = world.check_listed("whop", reason, "membership_not_ended").await;
            if number % 2 == 0 {
                world.advance(Duration::hours(30));
                assert_eq!(world.post(&path, json!({})).await.ok()["status"], "done", "{how} {kind}");
                assert_eq!((world.sent(ended), world.refused().await.len()), (1, 0), "{how} {kind}");
            } else {
                world.check_closed(&listed).await;
            }
        }
    }
}

#[tokio::test]
async fn a_payment_that_stripe_does_not_open_is_answered_with_its_code_and_listed_until_it_is_closed() {
    for (kind, reason) in KINDS {
        let world = World::start().await;
        world.inject_stripe_fault(Operation::CreatePaymentIntent, kind, Some(1));
        let answer = world.keyed(Method::POST, "/api/bookings", "key-1", world.job()).await;
        assert_eq!(answer.status, 409, "{kind}: {answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("payment_failed: "), "{kind}");
        let booking = world.get("/api/bookings").await["data"][0].clone();
        let status = ["status", "declined_reason", "payment_status"].map(|name| booking[name].clone());
        assert_eq!(status, [json!("declined"), json!("payment_failed"), json!("refused")], "{kind}");
        let listed = world.check_listed("stripe", reason, "payment_not_opened").await;
        assert_eq!(
            (&listed["amount"], world.sent(Kind::Mail)),
            (&Value::Null, 0),
            "the caller got it: {kind}"
        );
        world.check_closed(&listed).await;
        assert_eq!(world.book("key-2").await["status"], "requested", "another booking is another payment");
    }
}

#[tokio::test]
async fn a_field_of_a_payment_that_stripe_finds_fault_with_is_named_to_the_caller_and_not_listed() {
    for kind in ["refused:400:amount_too_small", "refused:400:amount_too_large"] {
        let world = World::start().await;
        world.inject_stripe_fault(Operation::CreatePaymentIntent, kind, Some(1));
        let answer = world.keyed(Method::POST, "/api/bookings", "key-1", world.job()).await;
        let field = answer.json()["errors"][0]["field"].clone();
        assert_eq!((answer.status.as_u16(), field), (400, json!("amount")), "{kind}: {answer:?}");
        let booking = world.get("/api/bookings").await["data"][0].clone();
        assert_eq!(
            (&booking["status"], &booking["refused"][0]["step"]),
            (&json!("declined"), &json!("hold"))
        );
        assert_eq!(world.refused().await.len(), 0, "the caller asks for another amount");
    }
}

/// Sends a request for an account mail; the address has an account or none.
const ACCOUNT_MAILS: [(&str, &str); 4] = [
    ("/api/auth/sign-up", "known@example.com"),
    ("/api/auth/sign-up", "unknown@example.com"),
    ("/api/auth/password/forgot", "known@example.com"),
    ("/api/auth/password/forgot", "unknown@example.com"),
];

async fn ask_for_mail(world: &World, (path, email): (&str, &str)) -> Answer {
    let mut body = json!({"email": email});
    if path.ends_with("sign-up") {
        body["password"] = json!(PASSWORD);
        body["role"] = json!("customer");
    }
    world.post_without_session(path, body).await
}

/// An answer without the fields that differ in every answer.
fn answered(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    (answer.status.as_u16(), body)
}

#[tokio::test]
async fn a_refused_account_mail_is_logged_and_counted_and_reveals_no_account() {
    for (kind, reason) in kinds_of_mail() {
        let world = World::start().await;
        world.add_account("known@example.com", PASSWORD).await;
        let (mails, mut answers) = (world.sent(Kind::Mail), Vec::new());
        let (log, guard) = Log::open();
        world.inject_mail_fault(kind, Some(4));
        for asked in ACCOUNT_MAILS {
            let answer = ask_for_mail(&world, asked).await;
            let request_id = answer.header("x-request-id").unwrap().to_owned();
            let lines = log.lines_with("reason");
            let line = lines.iter().find(|line| line["request_id"] == request_id.as_str());
            let line = line.unwrap_or_else(|| panic!("{kind} {asked:?}: {}", log.text()));
            let logged = (&line["level"], &line["message"], &line["reason"]);
            assert_eq!(logged, (&json!("warn"), &json!("an account mail was refused"), &json!(reason)));
            answers.push(answered(&answer));
        }
        drop(guard);
        assert!(!log.text().contains("known@example.com"), "no address is logged");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{kind}: {answers:#?}");
        assert_eq!((answers[0].0, &answers[0].1["errors"][0]["field"]), (400, &json!("email")), "{kind}");
        assert_eq!(world.sent(Kind::Mail), mails);
        let counted = world.mail_reports(PLATFORM).await;
        assert_eq!(counted["refused"], 4, "{counted}");

        ask_for_mail(&world, ACCOUNT_MAILS[2]).await;
        assert_eq!(world.sent(Kind::Mail), mails + 1, "repeated, it is sent");
        world.advance(Duration::days(8));
        assert_eq!(world.mail_reports(PLATFORM).await["refused"], 0, "a week is counted");
    }
}

#[tokio::test]
async fn an_account_mail_with_a_refused_sender_is_our_own_error() {
    let world = World::start().await;
    world.add_account("known@example.com", PASSWORD).await;
    let (provider, operation, kind) =
        (Provider::Resend, Operation::Emails, "refused:403:invalid_api_key".parse().unwrap());
    world.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    let mut answers = Vec::new();
    for asked in ACCOUNT_MAILS {
        answers.push(answered(&ask_for_mail(&world, asked).await));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(answers[0].0, 503);
    assert_eq!(world.mail_reports(PLATFORM).await["refused"], 0);
}
