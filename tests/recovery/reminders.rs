//! A failed renewal is noticed, reminded and recovered, in either shape of Whop's API and webhooks.

use chrono::Duration;
use serde_json::json;
use stand_ins::outbox::Kind;
use stand_ins::whop::{Payment, Shape};

use support::world::{COMPANY, World, renewal};

#[tokio::test]
async fn a_failed_renewal_opens_a_case_and_the_money_closes_it() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");

        let receipt = world.fail("mem_1", "pay_1", world.now()).await.ok();
        assert_eq!(receipt["outcome"], "applied");
        let case = world.case_of("mem_1").await;
        assert_eq!(
            (case["status"].as_str(), case["amount"].as_i64(), case["currency"].as_str()),
            (Some("open"), Some(1900), Some("usd"))
        );

        world.advance(Duration::days(3));
        assert_eq!(world.succeed("mem_1", "pay_1", world.now()).await.ok()["outcome"], "applied");
        let case = world.case_of("mem_1").await;
        assert_eq!(
            (case["status"].as_str(), case["recovered_amount"].as_i64()),
            (Some("recovered"), Some(1900))
        );

        let kpis = world.kpis().await;
        assert_eq!(
            (
                &kpis["active_cases"],
                &kpis["recoveries"],
                &kpis["recovery_rate"],
                &kpis["recovered_revenue_cents"]
            ),
            (&json!(1), &json!(1), &json!(1.0), &json!(1900))
        );
    }
}

#[tokio::test]
async fn reminders_go_out_on_their_days_and_stop_with_the_money() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");
        world.save_settings(json!({"reminder_offsets_days": [0, 2, 4]})).await;
        world.settle().await;
        world.fail("mem_1", "pay_1", world.now()).await.ok();

        world.settle().await;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (1, 1), "offset 0 at once");
        world.advance(Duration::hours(47));
        world.settle().await;
        assert_eq!(world.sent(Kind::Push), 1, "not before its day");
        world.advance(Duration::hours(1));
        world.settle().await;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (2, 2));
        world.succeed("mem_1", "pay_1", world.now()).await.ok();
        world.advance(Duration::days(10));
        world.settle().await;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (2, 2), "what is paid is not reminded of");
    }
}

#[tokio::test]
async fn free_days_are_granted_once_and_named_in_the_message() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_past_due(COMPANY, "mem_1");
        world.save_settings(json!({"incentive_days": 3, "language": "es"})).await;
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.settle().await;
        world.advance(Duration::days(2));
        world.settle().await;
        assert_eq!(world.sent(Kind::FreeDays), 1);
        let said = serde_json::to_string(&world.service.sandbox.outbox.entries()).unwrap();
        assert!(said.contains("Te añadimos 3 días gratis"), "{said}");
        assert!(said.contains("https://"), "{said}");
        assert_eq!(world.case_of("mem_1").await["incentive_days"], 3);
    }
}

#[tokio::test]
async fn where_push_cannot_reach_another_way_is_taken() {
    for shape in Shape::ALL {
        let world = World::with_shape(shape).await;
        world.add_company("biz_strict", "user_strict", false);
        world.add_past_due("biz_strict", "mem_9");
        let settings = json!({"push_enabled": true, "dm_enabled": false, "incentive_days": 0, "reminder_offsets_days": [0]});
        let request = world.owner_request(
            "biz_strict",
            "user_strict",
            http::Method::PUT,
            "/api/settings",
            Some(settings),
        );
        world.ask(request).await.ok();
        let failed = Payment { failed: true, ..renewal("biz_strict", "mem_9", "pay_9", world.now()) };
        world.end_payment(failed).await.ok();
        world.settle().await;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm), world.sent(Kind::Mail)), (0, 0, 1));
        assert!(world.service.sandbox.whop.unreached().is_empty(), "no push went nowhere");
    }
}
