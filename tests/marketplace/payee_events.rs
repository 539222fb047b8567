//! Stripe's events about professionals' accounts: the newest one counts, in whatever order they arrive.

use chrono::Duration;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::party::StripeAccountId;
use shared::domain::marketplace::payout::StripeAccountStatus;
use shared::store::marketplace::payee::PayeeRow;
use stand_ins::fault::Operation;

use support::booked::{event, professional};
use support::world::World;

const ACCOUNT: &str = "acct_professional";

#[easy_ext::ext(PayeeEventsSteps)]
impl World {
    /// Registers the professional with an account that Stripe reported as usable.
    async fn register(&self) {
        let account = StripeAccountId::parse(ACCOUNT).unwrap();
        let company = self.marketplace();
        let status = StripeAccountStatus {
            account: account.clone(),
            charges_enabled: true,
            payouts_enabled: true,
            currency: Currency::parse("usd").ok(),
            disabled_reason: None,
        };
        let read = self.payee().await;
        let whose = company.register_payee(&account, &professional()).unwrap();
        let status =
            company.record_account_status(&read, &professional(), &status, self.now(), self.now()).unwrap();
        self.commit(vec![whose, status]).await.unwrap();
    }

    async fn payee(&self) -> PayeeRow {
        self.marketplace().payee(&professional()).await.unwrap()
    }

    async fn is_restricted(&self) -> bool {
        let account = self.payee().await.account.unwrap();
        assert_eq!(account.charges_enabled, account.payouts_enabled);
        !account.charges_enabled
    }

    /// The events of accounts so far, oldest first.
    fn of_accounts(&self) -> Vec<String> {
        let events = self.service.sandbox.stripe.events().into_iter();
        events.filter(|event| event.kind.starts_with("account.")).map(|event| event.body).collect()
    }
}

#[tokio::test]
async fn the_newest_status_of_an_account_counts_in_any_order_of_arrival() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let world = World::start().await;
        let stripe = &world.service.sandbox.stripe;
        stripe.add_account(ACCOUNT, "usd");
        world.register().await;
        for reason in [Some("requirements.past_due"), None, Some("rejected.fraud")] {
            world.advance(Duration::hours(1));
            stripe.restrict_account(ACCOUNT, reason);
        }
        let events = world.of_accounts();
        for place in order {
            assert_eq!(world.deliver_stripe_text(&events[place]).await["outcome"], "applied");
            assert_eq!(world.deliver_stripe_text(&events[place]).await["outcome"], "duplicate");
        }
        assert!(world.is_restricted().await, "{order:?}");
        let payee = world.payee().await;
        assert_eq!(payee.disabled_reason.as_deref(), Some("rejected.fraud"), "{order:?}");
        assert!(payee.due_at.is_some(), "the next payouts look again");
    }
}

#[tokio::test]
async fn for_two_events_of_one_second_the_account_is_queried() {
    for order in [[0, 1], [1, 0]] {
        let world = World::start().await;
        let stripe = &world.service.sandbox.stripe;
        stripe.add_account(ACCOUNT, "usd");
        world.register().await;
        world.advance(Duration::hours(1));
        stripe.restrict_account(ACCOUNT, Some("requirements.past_due"));
        stripe.restrict_account(ACCOUNT, None);
        let events = world.of_accounts();
        assert_eq!(world.deliver_stripe_text(&events[order[0]]).await["outcome"], "applied");
        assert_eq!(world.deliver_stripe_text(&events[order[1]]).await["outcome"], "kept", "{order:?}");
        world.advance(Duration::minutes(2));
        world.tick().await;
        assert!(!world.is_restricted().await, "{order:?}");
        let asked = stripe.requests().get(Operation::Account.name()).copied();
        assert_eq!(asked, Some(1), "{order:?}");
    }
}

#[tokio::test]
async fn a_disconnected_professional_is_not_paid_until_the_account_is_reported_again() {
    let world = World::start().await;
    world.service.sandbox.stripe.add_account(ACCOUNT, "usd");
    world.register().await;
    world.advance(Duration::hours(1));
    world.service.sandbox.stripe.delete_account(ACCOUNT);
    world.service.deliver_stripe_events().await;
    assert!(world.is_restricted().await);
    assert_eq!(world.payee().await.disabled_reason.as_deref(), Some("deauthorized"));
}

#[tokio::test]
async fn an_event_of_an_unregistered_account_is_retried_for_a_while_and_then_ignored() {
    let world = World::start().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.add_account(ACCOUNT, "usd");
    stripe.restrict_account(ACCOUNT, Some("requirements.past_due"));
    let events = world.of_accounts();
    assert_eq!(world.deliver_stripe_text(&events[0]).await["outcome"], "kept");
    assert_eq!(world.kept_event().await["reason"], "owner_unknown");
    for _ in 0..6 {
        world.advance(Duration::minutes(16));
        world.tick().await;
    }
    let kept = world.kept_event().await;
    let shown = (&kept["status"], &kept["reason"]);
    assert_eq!(shown, (&json!("received"), &json!("not_ours")), "no business of an operator's: {kept}");
    assert!(world.rows_of("PAYEE#").await.is_empty());
}

#[tokio::test]
async fn an_event_during_the_registration_of_an_account_is_not_missed() {
    let world = World::start().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.add_account(ACCOUNT, "usd");
    stripe.restrict_account(ACCOUNT, Some("requirements.past_due"));
    let events = world.of_accounts();
    assert_eq!(world.deliver_stripe_text(&events[0]).await["outcome"], "kept");
    // The registration itself has just queried Stripe.
    world.register().await;
    assert!(!world.is_restricted().await);
    world.advance(Duration::minutes(2));
    world.tick().await;
    assert!(world.is_restricted().await);
}

#[tokio::test]
async fn a_payout_that_a_bank_did_not_take_is_noted_and_audited() {
    let world = World::start().await;
    world.register().await;
    let stripe = &world.service.sandbox.stripe;
    for amount in [8_500, 4_000] {
        world.advance(Duration::days(1));
        stripe.fail_payout(ACCOUNT, amount, "usd");
    }
    let mut events: Vec<_> = stripe.undelivered_events();
    events.reverse();
    for event in events.iter().filter(|event| event.kind == "payout.failed") {
        assert_eq!(world.deliver_stripe_text(&event.body).await["outcome"], "applied");
    }
    let payee = world.payee().await;
    assert_eq!(payee.last_failed_payout.map(|money| money.amount), Some(4_000), "the newest");
    assert_eq!(payee.last_failed_payout_at, Some(world.now()));
    let entries = world.rows_of("AUDIT#").await;
    let failed: Vec<&Value> = entries.iter().filter(|entry| entry["kind"] == "payee.payout_failed").collect();
    assert_eq!(failed.len(), 2);
    assert_eq!(failed[0]["subject"], json!(professional().as_str()));
    assert!(!world.is_restricted().await, "the account itself is well");
}

#[tokio::test]
async fn a_failed_payout_of_test_mode_is_ignored_at_a_live_endpoint() {
    let lookup = |name: &str| (name == "STRIPE_SECRET_KEY").then(|| "sk_live_sandbox_key".to_owned());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    world.register().await;
    world.service.sandbox.stripe.fail_payout(ACCOUNT, 8_500, "usd");
    let undelivered = world.service.sandbox.stripe.undelivered_events();
    let real = undelivered.iter().find(|event| event.kind == "payout.failed").unwrap();
    let mut of_test_mode: Value = serde_json::from_str(&real.body).unwrap();
    assert_eq!(of_test_mode["livemode"], true, "the stand-in is of the mode of the key");
    (of_test_mode["livemode"], of_test_mode["id"]) = (json!(false), json!("evt_test"));
    let effects = async || {
        let rows = world.rows().await.into_iter();
        let is_effect = |pk: &str| !pk.starts_with("EVENT#") && !pk.starts_with("LIMIT#");
        rows.filter(|row| is_effect(row["pk"].as_str().unwrap())).collect::<Vec<_>>()
    };
    let before = effects().await;
    assert_eq!(world.deliver_stripe(&of_test_mode).await["outcome"], "kept");
    assert_eq!(effects().await, before, "neither the professional nor the event bus is notified");
    let kept = world.stripe_event("evt_test").await;
    assert_eq!((&kept["status"], &kept["reason"]), (&json!("received"), &json!("wrong_mode")));
    assert_eq!(world.deliver_stripe_text(&real.body).await["outcome"], "applied");
    assert_eq!(world.payee().await.last_failed_payout.map(|money| money.amount), Some(8_500));
}

#[tokio::test]
async fn what_cannot_be_read_of_an_account_needs_a_person_only_if_it_is_a_professionals() {
    let world = World::start().await;
    world.register().await;
    let failed = |id: &str, account: &str| {
        let payout = json!({"id": "po_1", "object": "payout", "amount": -1, "currency": "usd"});
        let mut failed = event(id, "payout.failed", world.now(), payout);
        failed["account"] = json!(account);
        failed
    };
    for (id, account) in [("evt_ours", ACCOUNT), ("evt_other", "acct_other")] {
        assert_eq!(world.deliver_stripe(&failed(id, account)).await["outcome"], "kept");
    }
    for _ in 0..6 {
        world.advance(Duration::minutes(16));
        world.tick().await;
    }
    for (id, status, reason) in
        [("evt_ours", "set_aside", "amount_unreadable"), ("evt_other", "received", "not_ours")]
    {
        let kept = world.stripe_event(id).await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!(status), &json!(reason)), "{id}");
    }
}
