//! Each question about a member fails by itself: it stops no other, operations show it, and it recovers.

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::world::{COMPANY, OWNER, World};

/// How many pushes, direct messages and mails have left.
fn sent(world: &World) -> (usize, usize, usize) {
    (world.sent(Kind::Push), world.sent(Kind::Dm), world.sent(Kind::Mail))
}

/// A look-up about a member, and the messages sent without its answer: on the first day, two hours after Whop
/// recovers, and with the next step.
struct LookUp {
    operation: Operation,
    question: &'static str,
    /// Push is outside of its audience, and direct messages are off.
    by_mail: bool,
    refused: [(usize, usize, usize); 3],
    unanswered: [(usize, usize, usize); 3],
}

/// A refusal is final for its step; an unanswered look-up is repeated.
const LOOK_UPS: [LookUp; 5] = [
    LookUp {
        operation: Operation::Memberships,
        question: "membership",
        by_mail: false,
        refused: [(1, 1, 0), (1, 1, 0), (2, 2, 0)],
        unanswered: [(0, 0, 0), (1, 1, 0), (2, 2, 0)],
    },
    LookUp {
        operation: Operation::ListMemberships,
        question: "purchases",
        by_mail: false,
        refused: [(1, 1, 0), (1, 1, 0), (2, 2, 0)],
        unanswered: [(0, 0, 0), (1, 1, 0), (2, 2, 0)],
    },
    LookUp {
        operation: Operation::Experiences,
        question: "experience",
        by_mail: false,
        refused: [(0, 1, 0), (0, 1, 0), (1, 2, 0)],
        unanswered: [(0, 1, 0), (1, 1, 0), (2, 2, 0)],
    },
    LookUp {
        operation: Operation::Access,
        question: "access",
        by_mail: false,
        refused: [(0, 1, 0), (0, 1, 0), (1, 2, 0)],
        unanswered: [(0, 1, 0), (1, 1, 0), (2, 2, 0)],
    },
    LookUp {
        operation: Operation::Payments,
        question: "payment",
        by_mail: true,
        refused: [(0, 0, 0), (0, 0, 0), (0, 0, 1)],
        unanswered: [(0, 0, 0), (0, 0, 1), (0, 0, 2)],
    },
];

impl LookUp {
    async fn check(&self, fault: &str) {
        let place = format!("{} {fault}", self.question);
        let world = World::start().await;
        world.add_company(COMPANY, OWNER, !self.by_mail);
        world.save_settings(json!({"dm_enabled": !self.by_mail})).await;
        world.settle().await;
        world.add_past_due(COMPANY, "mem_1");
        world.inject_fault(self.operation, fault, None, None);
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        let is_refusal = matches!(fault, "status:403" | "status:404");
        let expected = if is_refusal { self.refused } else { self.unanswered };
        assert_eq!(sent(&world), expected[0], "{place}");
        assert_eq!(world.read_operations().await["channel_error"]["question"], self.question, "{place}");
        // A step is spent only on a refusal, and only where nothing else is left.
        let held = world.case_of("mem_1").await["hold"]["reason"].clone();
        assert_eq!(held == "unreachable", self.by_mail && is_refusal, "{place}: {held}");

        world.service.sandbox.faults.clear();
        world.advance(Duration::hours(2));
        world.settle().await;
        assert_eq!(sent(&world), expected[1], "{place}: two hours later");
        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(sent(&world), expected[2], "{place}: with the next step");
        assert_eq!(world.read_operations().await["channel_error"], Value::Null, "{place}");
    }
}

#[tokio::test]
async fn each_look_up_fails_alone_is_shown_and_recovers() {
    for look_up in &LOOK_UPS {
        for fault in ["status:404", "status:403", "status:400", "status:500", "status:429", "drop_before"] {
            look_up.check(fault).await;
        }
    }
}

#[tokio::test]
async fn the_mail_address_is_not_fetched_if_another_channel_reaches_the_member() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.inject_fault(Operation::Payments, "status:500", None, None);
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!(sent(&world), (1, 1, 0));
    assert_eq!(world.read_operations().await["channel_error"], Value::Null);
}

#[tokio::test]
async fn if_the_experience_is_refused_and_no_other_channel_is_enabled_a_mail_is_sent() {
    for operation in [Operation::Experiences, Operation::Access] {
        for fault in ["status:404", "status:403"] {
            let world = World::start().await;
            world.save_settings(json!({"dm_enabled": false})).await;
            world.settle().await;
            world.add_past_due(COMPANY, "mem_1");
            world.inject_fault(operation, fault, None, None);
            world.fail("mem_1", "pay_1", world.now()).await.ok();
            world.settle().await;
            assert_eq!(sent(&world), (0, 0, 1), "{operation:?} {fault}");
        }
    }
}
