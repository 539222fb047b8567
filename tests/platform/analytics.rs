//! Analytics: it receives the same events as the bus, about companies and without personal data.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use support::analytics::Sinks;
use support::event_bus::PUBLISH;
use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::payees::Job;
use support::world::{COMPANY, World};

const ENTRIES: usize = 12;

async fn prepared(sinks: Sinks) -> World {
    let world = World::with_sinks(sinks).await;
    world.add_entries(COMPANY, ENTRIES).await;
    world
}

#[tokio::test]
async fn analytics_gets_the_id_and_time_of_the_event_bus() {
    let world = World::with_sinks(Sinks::Both).await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    let report = world.publish().await;
    assert_eq!(report["analytics"], json!({"due": 1, "done": 1, "failed": 0, "given_up": 0}), "{report}");
    let (received, counted) = (world.received().remove(0), world.counted().remove(0));
    let case_id = world.case_of("mem_1").await["case_id"].clone();
    let expected = json!({
        "uuid": received.detail["event_id"],
        "event": "case.opened",
        "distinct_id": COMPANY,
        "timestamp": received.detail["occurred_at"],
        "properties": {
            "source": "webhook",
            "subject": case_id,
            "$process_person_profile": false,
            "$geoip_disable": true,
        },
    });
    assert_eq!(json!(counted), expected);
    assert_eq!(world.check_published("both").await, 0);
    assert_eq!(world.publish().await["analytics"]["due"], 0);
    assert_eq!((world.asked_bus(), world.asked_analytics()), (1, 1), "an empty batch is not sent");
}

#[tokio::test]
async fn the_source_is_the_role_of_the_actor_without_a_name() {
    let world = World::with_sinks(Sinks::Analytics).await;
    world.add_payee(COMPANY, "user_paid", "usd").await;
    world.add_job(&Job::of(&world, "user_paid")).await;
    let booking = world.held("1").await;
    world.decide(&booking, "decline", "no").await.ok();
    world.service.sandbox.stripe.add_account_of("acct_1", "usd", "biz_alpha", "user_connected");
    let professional = "/api/admin/professionals/user_connected";
    world.keyed(Method::PUT, professional, "key-1", json!({"stripe_account_id": "acct_1"})).await.ok();
    world.publish().await;
    world.next_payout_morning();
    world.pay_day().await;
    world.publish_everything().await;
    let counted = world.counted();
    for (kind, source) in [
        ("booking.authorized", "webhook"),
        ("booking.paid_out", "cron"),
        ("payout.transfer_made", "cron"),
        ("payout.batch_completed", "cron"),
        ("payee.connected", "owner"),
    ] {
        let of_kind: Vec<&Value> =
            counted.iter().filter(|it| it.event == kind).map(|it| &it.properties["source"]).collect();
        assert!(!of_kind.is_empty() && of_kind.iter().all(|it| **it == source), "{kind}: {of_kind:?}");
    }
    let text = json!(counted).to_string();
    assert!(!text.contains("user_") && !text.contains('@'), "{text}");
    assert_eq!(world.check_counted("a marketplace").await, 0);
}

#[tokio::test]
async fn without_configuration_neither_analytics_nor_the_bus_is_called() {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, 3).await;
    assert_eq!(world.publish().await.get("analytics"), None);
    assert_eq!((world.asked_bus(), world.asked_analytics()), (1, 0));
    assert_eq!(world.check_published("the bus alone").await, 0);
    let world = World::with_sinks(Sinks::Analytics).await;
    world.add_entries(COMPANY, 3).await;
    let report = world.publish().await;
    assert_eq!((&report["due"], &report["analytics"]["done"]), (&json!(0), &json!(3)), "{report}");
    assert_eq!((world.asked_bus(), world.asked_analytics()), (0, 1));
    assert_eq!((world.check_counted("analytics alone").await, world.unpublished().await.len()), (0, 0));
}

async fn requests_of_a_run(world: &World) -> (usize, u64) {
    world.service.dynamo.reset_requests();
    let asked = world.asked_analytics();
    world.publish().await;
    (world.service.dynamo.requests().len(), world.asked_analytics() - asked)
}

#[tokio::test]
async fn each_listener_costs_four_reads_of_an_idle_minute_and_one_write_of_an_entry() {
    for (sinks, idle) in [(Sinks::Both, 8 + 1), (Sinks::Analytics, 4 + 1)] {
        let world = World::with_sinks(sinks).await;
        assert_eq!(requests_of_a_run(&world).await, (idle, 0), "{sinks:?}");
        world.add_entries(COMPANY, 10).await;
        let (busy, asked) = requests_of_a_run(&world).await;
        // The entries are read once per sink; a run of the bus is added to its hour.
        let expected = if sinks == Sinks::Both { idle + 2 * (1 + 10) + 1 } else { idle + 1 + 10 };
        assert_eq!((busy, asked), (expected, 1), "{sinks:?}");
    }
}

#[tokio::test]
async fn a_run_survives_a_fault_at_every_request_to_any_service() {
    let (mut runs, mut again) = (0, 0);
    for sinks in [Sinks::Both, Sinks::Analytics] {
        for fault in FAULT_POINTS {
            for call in 1.. {
                let context = format!("{sinks:?}: {fault:?} at call {call}");
                let mut world = prepared(sinks).await;
                let injected_fault = InjectedFault::at(&world, fault, call);
                let was_injected =
                    injected_fault.during(world.service.fire("event-publisher", PUBLISH, world.now())).await;
                world.restart_with_sinks(sinks).await;
                world.advance(Duration::minutes(16));
                world.publish_everything().await;
                let twice = world.check_counted(&context).await;
                if sinks == Sinks::Both {
                    world.check_published(&context).await;
                }
                assert!(was_injected || twice == 0, "{context}: {twice} counted twice without a reason");
                (runs, again) = (runs + 1, again + twice);
                if !was_injected {
                    break;
                }
            }
        }
    }
    eprintln!("analytics: {runs} runs, {again} events sent again under one id");
    assert!(again > 0, "some of them died between analytics and the table");
}

#[tokio::test]
async fn while_analytics_is_down_the_bus_gets_everything_and_analytics_later() {
    for kind in ["status:500", "status:429", "status:401", "drop_before", "drop_after"] {
        let world = prepared(Sinks::Both).await;
        world.inject_analytics_fault(kind, None);
        let report = world.publish().await;
        assert_eq!((&report["done"], &report["failed"]), (&json!(ENTRIES), &json!(0)), "{kind}: {report}");
        assert_eq!(report["analytics"]["failed"], ENTRIES, "{kind}: {report}");
        assert_eq!(world.received().len(), ENTRIES, "{kind}");
        world.service.dynamo.reset_requests();
        world.publish().await;
        assert!(world.service.dynamo.requests().len() <= 8 + 2, "{kind}: waiting costs next to nothing");
        assert_eq!(world.asked_analytics(), 2, "{kind}: once in a minute");
        world.all_well();
        world.advance(Duration::hours(47));
        assert_eq!(world.publish().await["analytics"]["done"], ENTRIES, "{kind}");
        world.check_counted(kind).await;
        assert_eq!((world.received().len(), world.unpublished().await.len()), (ENTRIES, 0), "{kind}");
    }
}

#[tokio::test]
async fn a_hanging_analytics_delays_a_run_a_few_seconds_after_publishing_to_the_bus() {
    let world = prepared(Sinks::Both).await;
    world.inject_analytics_fault("slow:60000", None);
    let began = std::time::Instant::now();
    let report = world.publish().await;
    assert!(began.elapsed() < std::time::Duration::from_secs(6), "{:?}", began.elapsed());
    assert_eq!((&report["done"], &report["analytics"]["failed"]), (&json!(ENTRIES), &json!(ENTRIES)));
}

#[tokio::test]
async fn while_the_bus_is_down_analytics_gets_everything_once() {
    let world = World::with_sinks(Sinks::Both).await;
    world.add_entries(COMPANY, 90).await;
    world.inject_bus_fault("status:500", None, None);
    let report = world.publish().await;
    assert_eq!((&report["done"], &report["analytics"]["done"]), (&json!(0), &json!(90)), "{report}");
    assert_eq!(world.check_counted("without the bus").await, 0);
    world.publish().await;
    world.all_well();
    world.advance(Duration::minutes(16));
    world.publish_everything().await;
    assert_eq!((world.check_published("once it is back").await, world.check_counted("still").await), (0, 0));
}

#[tokio::test]
async fn after_two_days_an_event_is_dropped_for_analytics_and_counted() {
    let world = prepared(Sinks::Both).await;
    world.inject_analytics_fault("status:500", None);
    world.publish().await;
    world.advance(Duration::hours(48));
    world.add_entries(COMPANY, 1).await;
    let report = world.publish().await;
    let analytics = &report["analytics"];
    assert_eq!((&analytics["given_up"], &analytics["failed"]), (&json!(ENTRIES), &json!(1)), "{report}");
    world.all_well();
    world.publish().await;
    assert_eq!((world.counted().len(), world.received().len()), (1, ENTRIES + 1));
    assert_eq!(world.unpublished().await, [Value::Null; 0]);
}

#[tokio::test]
async fn an_event_that_analytics_refuses_is_found_and_the_others_are_counted() {
    let world = prepared(Sinks::Analytics).await;
    let at = shared::domain::kernel::time::format(world.now());
    let text = |text: &str| json!({"S": text});
    let spoilt = json!({
        "pk": text(&format!("AUDIT#{COMPANY}")), "sk": text(&format!("{at}#strange")), "at": text(&at),
        "subject": text("x"), "cause": text("x"), "kind": text(&"case.".repeat(50)),
        "due_shard": text("analytics#0"), "due_at": text(&at),
    });
    world.service.dynamo.put_rows(local::service::TABLE, &[spoilt]);
    let analytics = world.publish().await["analytics"].clone();
    assert_eq!((&analytics["done"], &analytics["failed"]), (&json!(ENTRIES), &json!(1)), "{analytics}");
    assert_eq!(world.publish().await["analytics"]["due"], 0, "it waits for a minute");
    world.advance(Duration::hours(48));
    assert_eq!(world.publish().await["analytics"]["given_up"], 1);
    assert_eq!((world.counted().len(), world.unpublished().await.len()), (ENTRIES, 0));
}

#[tokio::test]
async fn two_runs_at_once_lose_nothing_and_make_nothing_up() {
    let world = World::with_sinks(Sinks::Both).await;
    world.add_entries(COMPANY, 45).await;
    tokio::join!(world.publish(), world.publish());
    world.publish_everything().await;
    world.check_published("two at once").await;
    world.check_counted("two at once").await;
}
