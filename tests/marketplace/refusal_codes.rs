//! The consequence of each kind of refused effect in the list of operations; and that the operators' table in
//! `docs/refusals.md` and the API document contain the same codes as the code.

use crate::refusal_mails::RefusalMailsSteps;
use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::domain::platform::refusal::ConsequenceKind;
use stand_ins::fault::Operation;

use crate::refusal_mails::{PROFESSIONAL, key_of, with_accounts};
use support::parties::payment_of;
use support::payees::Job;
use support::world::{COMPANY, OWNER, World};

const REFUSED: &str = "refused:422:validation_error";

/// Every kind of effect that a provider can refuse, with its consequence.
const WORDS: [(&str, ConsequenceKind); 18] = [
    ("payment_opened", ConsequenceKind::PaymentNotOpened),
    ("payment_captured", ConsequenceKind::PaymentNotCaptured),
    ("payment_released", ConsequenceKind::HoldNotReleased),
    ("payment_refunded", ConsequenceKind::PaymentNotRefunded),
    ("share_transferred", ConsequenceKind::ShareNotTransferred),
    ("decline_mail", ConsequenceKind::CustomerNotNotified),
    ("accepted_mail", ConsequenceKind::CustomerNotNotified),
    ("release_refused_mail", ConsequenceKind::CustomerNotNotified),
    ("refund_refused_mail", ConsequenceKind::CustomerNotNotified),
    ("refunded_mail", ConsequenceKind::CustomerNotNotified),
    ("professional_declined_mail", ConsequenceKind::ProfessionalNotNotified),
    ("professional_accepted_mail", ConsequenceKind::ProfessionalNotNotified),
    ("nudge_push", ConsequenceKind::MemberNotNotified),
    ("nudge_dm", ConsequenceKind::MemberNotNotified),
    ("nudge_mail", ConsequenceKind::MemberNotNotified),
    ("incentive_applied", ConsequenceKind::DaysNotGranted),
    ("membership_cancelled", ConsequenceKind::MembershipNotEnded),
    ("membership_terminated", ConsequenceKind::MembershipNotEnded),
];

/// A world in which an effect of that kind was refused.
async fn refuse(kind: &str) -> World {
    match kind {
        "payment_opened" => {
            let world = World::start().await;
            world.inject_stripe_fault(Operation::CreatePaymentIntent, REFUSED, Some(1));
            world.keyed(http::Method::POST, "/api/bookings", "key-1", world.job()).await;
            world
        }
        "share_transferred" => {
            let world = World::start().await;
            world.add_payee(COMPANY, "user_p", "usd").await;
            world.add_job(&Job::of(&world, "user_p")).await;
            world.inject_stripe_fault(Operation::CreateTransfer, REFUSED, Some(1));
            world.pay_day().await;
            world
        }
        "nudge_push" | "nudge_dm" | "nudge_mail" | "incentive_applied" => refuse_step_of_case(kind).await,
        "membership_cancelled" | "membership_terminated" => {
            let world = World::start().await;
            let case_id = world.open_case(COMPANY, "mem_1").await;
            world.inject_fault(Operation::Cancel, REFUSED, Some(1), None);
            let how = if kind == "membership_cancelled" { "cancel-membership" } else { "terminate" };
            world.post(&format!("/api/cases/{case_id}/{how}"), json!({})).await.ok();
            world
        }
        _ => refuse_step_of_booking(kind).await,
    }
}

async fn refuse_step_of_case(kind: &str) -> World {
    let world = World::start().await;
    let operation = match kind {
        "nudge_push" => Operation::Notifications,
        "nudge_dm" => Operation::Messages,
        "incentive_applied" => Operation::Extend,
        _ => Operation::Any,
    };
    let settings = json!({
        "push_enabled": kind != "nudge_dm",
        "dm_enabled": kind == "nudge_dm",
        "incentive_days": if kind == "incentive_applied" { 3 } else { 0 },
        "reminder_offsets_days": [0],
    });
    if kind == "nudge_mail" {
        world.add_company(COMPANY, OWNER, false);
        world.inject_mail_fault(REFUSED, Some(1));
    } else {
        world.inject_fault(operation, REFUSED, Some(1), None);
    }
    world.save_settings(settings).await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    world
}

/// A booking step of a professional who gets mails.
async fn refuse_step_of_booking(kind: &str) -> World {
    let world = with_accounts().await;
    world.open_account(PROFESSIONAL, "professional", true).await;
    let booking = world.authorized_booking_for(&key_of(PROFESSIONAL), "key-1").await;
    let refuse = |operation| world.inject_stripe_fault(operation, REFUSED, Some(1));
    match kind {
        "payment_captured" => {
            refuse(Operation::Capture);
            world.decide(&booking, "accept", "key-2").await;
        }
        "payment_released" => {
            refuse(Operation::CancelPaymentIntent);
            world.decide(&booking, "decline", "key-2").await.ok();
        }
        "payment_refunded" => {
            world.decide(&booking, "accept", "key-2").await.ok();
            refuse(Operation::CreateRefund);
            world.decide(&booking, "cancel", "key-3").await.ok();
        }
        "decline_mail" => {
            world.inject_mail_fault(REFUSED, Some(1));
            world.decide(&booking, "decline", "key-2").await.ok();
        }
        "release_refused_mail" => {
            refuse(Operation::CancelPaymentIntent);
            world.inject_mail_fault(REFUSED, Some(1));
            world.decide(&booking, "cancel", "key-2").await.ok();
        }
        "refund_refused_mail" | "refunded_mail" => {
            world.decide(&booking, "accept", "key-2").await.ok();
            refuse(Operation::CreateRefund);
            refuse_mail(&world, kind == "refund_refused_mail");
            world.decide(&booking, "cancel", "key-3").await.ok();
            refuse_mail(&world, kind == "refunded_mail");
            if kind == "refunded_mail" {
                world.decide(&booking, "cancel", "key-4").await.ok();
            }
        }
        _ => {
            // Each side gets a mail about the refusal, and one with the correction.
            refuse(Operation::Capture);
            let is_corrected = kind.ends_with("accepted_mail");
            for _ in 0..2 {
                refuse_mail(&world, !is_corrected);
            }
            world.decide(&booking, "accept", "key-2").await;
            if is_corrected {
                world.inject_mail_fault(REFUSED, Some(2));
                world.service.sandbox.stripe.capture_outside(payment_of(&booking));
                world.service.deliver_stripe_events().await;
                world.settle().await;
            }
        }
    }
    world
}

fn refuse_mail(world: &World, is_refused: bool) {
    if is_refused {
        world.inject_mail_fault(REFUSED, Some(1));
    }
}

#[tokio::test]
async fn each_kind_of_refused_effect_is_listed_with_its_consequence() {
    for (kind, consequence) in WORDS {
        let world = refuse(kind).await;
        let refused = world.refused().await;
        let listed: Vec<&Value> = refused.iter().filter(|effect| effect["kind"] == kind).collect();
        assert_eq!(listed.len(), 1, "{kind}: {refused:#?}");
        assert_eq!(listed[0]["consequence"], consequence.as_str(), "{kind}");
        assert_eq!(listed[0]["code"], "validation_error", "{kind}");
    }
    let tried: BTreeSet<&str> = WORDS.iter().map(|(_, consequence)| consequence.as_str()).collect();
    assert_eq!(tried, words(), "each code is one of a tested effect");
}

/// The codes in the Rust enum.
fn words() -> BTreeSet<&'static str> {
    ConsequenceKind::ALL.into_iter().map(ConsequenceKind::as_str).collect()
}

/// The quoted codes in one column of the table, found by the column's title.
fn words_of_column(document: &str, title: &str) -> BTreeSet<String> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut lines = document.lines().skip_while(|line| !cells(line).contains(&title.to_owned()));
    let head = cells(lines.next().expect("the table is there"));
    let column = head.iter().position(|cell| cell == title).unwrap();
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.flat_map(|row| quoted(&cells(row)[column])).collect()
}

#[test]
fn the_operators_table_and_the_api_document_have_exactly_the_codes_of_the_enum() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/refusals.md")).unwrap();
    let mut listed = words_of_column(&docs, "listed as");
    // Other quoted terms in that column: the field of a booking, and a reason.
    for other in ["refused", "dispute_open", "try_again"] {
        listed.remove(other);
    }
    let expected: BTreeSet<String> = words().into_iter().map(str::to_owned).collect();
    assert_eq!(listed, expected, "docs/refusals.md, the column `listed as`");

    let document: Value = serde_json::from_str(health::OPENAPI).unwrap();
    // A value with its own description is a constant; the others are one list.
    let schema = &document["components"]["schemas"]["ConsequenceKind"]["oneOf"];
    let words = schema.as_array().unwrap().iter().flat_map(|part| match part["enum"].as_array() {
        Some(words) => words.clone(),
        None => vec![part["const"].clone()],
    });
    let documented = words.map(|word| word.as_str().unwrap().to_owned());
    assert_eq!(documented.collect::<BTreeSet<String>>(), expected, "the API document");
}
