//! The professionals' Stripe accounts, their balances, and a balanced ledger.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use support::askers::{OTHER, OTHER_OWNER};
use support::parties::{PRICE, PROFESSIONAL, payment_of};
use support::world::{Answer, COMPANY, World};

const ACCOUNT: &str = "acct_professional1";

async fn connect(world: &World, professional: &str, account: &str) -> Answer {
    let body = json!({"stripe_account_id": account});
    world.owner(Method::PUT, &format!("/api/admin/professionals/{professional}"), Some(body)).await
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_professional_is_paid_to_the_registered_account() {
    let world = World::start().await;
    let path = format!("/api/admin/professionals/{PROFESSIONAL}");
    assert_eq!(world.owner(Method::GET, &path, None).await.status, 404);
    let unknown = connect(&world, PROFESSIONAL, ACCOUNT).await;
    assert_eq!(unknown.status, 409, "{unknown:?}");

    let stripe = &world.service.sandbox.stripe;
    stripe.add_account_of(ACCOUNT, "usd", COMPANY, PROFESSIONAL);
    let connected = connect(&world, PROFESSIONAL, ACCOUNT).await.ok();
    assert_eq!((&connected["stripe_account_id"], &connected["currency"]), (&json!(ACCOUNT), &json!("usd")));
    assert_eq!((&connected["charges_enabled"], &connected["payouts_enabled"]), (&json!(true), &json!(true)));
    assert_eq!(world.get(&path).await, connected);

    world.advance(Duration::minutes(5));
    world.service.sandbox.stripe.restrict_account(ACCOUNT, Some("requirements.past_due"));
    let restricted = connect(&world, PROFESSIONAL, ACCOUNT).await.ok();
    assert_eq!(
        (&restricted["charges_enabled"], &restricted["payouts_enabled"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(restricted["disabled_reason"], "requirements.past_due");

    let taken = connect(&world, "user_somebody_else", ACCOUNT).await;
    assert_eq!(
        (taken.status.as_u16(), detail(&taken)),
        (409, detail(&unknown)),
        "not distinguished from an unknown one"
    );
    world.service.sandbox.stripe.delete_account(ACCOUNT);
    assert_eq!(connect(&world, PROFESSIONAL, ACCOUNT).await.status, 409);
    assert_eq!(world.get(&path).await["stripe_account_id"], ACCOUNT, "what was known stays");
}

#[tokio::test]
async fn an_owner_can_neither_claim_another_companys_account_nor_learn_its_owner() {
    let world = World::of_two_companies().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.add_account("acct_nobodys", "usd");
    stripe.add_account_of("acct_theirs", "usd", OTHER, "user_theirs");
    stripe.add_account_of("acct_registered", "usd", OTHER, PROFESSIONAL);
    let their_own = world.owner_request(
        OTHER,
        OTHER_OWNER,
        Method::PUT,
        &format!("/api/admin/professionals/{PROFESSIONAL}"),
        Some(json!({"stripe_account_id": "acct_registered"})),
    );
    world.ask(their_own).await.ok();
    stripe.add_account_of("acct_of_a_colleague", "usd", COMPANY, "user_colleague");
    let mut answers = Vec::new();
    for account in ["acct_unknown", "acct_nobodys", "acct_theirs", "acct_registered", "acct_of_a_colleague"] {
        world.service.dynamo.reset_requests();
        let answer = connect(&world, PROFESSIONAL, account).await;
        answers.push((answer.status.as_u16(), detail(&answer), world.table_requests()));
    }
    assert!(answers[0].0 == 409 && answers.iter().all(|one| *one == answers[0]), "{answers:#?}");
    // Metadata that names our company does not take over another company's registered account.
    stripe.name_account_owner("acct_registered", COMPANY, PROFESSIONAL);
    assert_eq!(detail(&connect(&world, PROFESSIONAL, "acct_registered").await), answers[0].1);
    stripe.name_account_owner("acct_nobodys", COMPANY, PROFESSIONAL);
    connect(&world, PROFESSIONAL, "acct_nobodys").await.ok();
    // A registered account stays registered, whatever its metadata says later.
    stripe.name_account_owner("acct_nobodys", OTHER, "user_theirs");
    connect(&world, PROFESSIONAL, "acct_nobodys").await.ok();
}

#[tokio::test]
async fn an_unknown_account_and_an_outage_of_stripe_have_different_answers() {
    let world = World::start().await;
    for wrong in ["", "acct", "acct_", "pi_1", "acct_1/../2", "acct_1 "] {
        let answer = connect(&world, PROFESSIONAL, wrong).await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "stripe_account_id");
    }
    world.service.sandbox.stripe.add_account_of(ACCOUNT, "usd", COMPANY, PROFESSIONAL);
    let kind = "status:503".parse().unwrap();
    let (provider, operation, times) = (Provider::Stripe, Operation::Account, Some(1));
    world.service.sandbox.faults.add(Rule { provider, operation, kind, times, company: None });
    let away = connect(&world, PROFESSIONAL, ACCOUNT).await;
    assert_eq!((away.status.as_u16(), detail(&away).as_str()), (503, "Stripe does not answer. Try again."));
    connect(&world, PROFESSIONAL, ACCOUNT).await.ok();
}

#[tokio::test]
async fn a_statement_lists_earnings_and_losses() {
    let world = World::start().await;
    let path = format!("/api/professionals/{PROFESSIONAL}/statement");
    let empty = world.get(&path).await;
    assert_eq!((&empty["balances"], &empty["data"]), (&json!([]), &json!([])));
    for number in 0..3 {
        let booking = world.accepted_booking(&format!("key-{number}")).await;
        world.advance(Duration::hours(1));
        world.decide(&booking, "complete", &format!("key-{number}-complete")).await.ok();
        if number == 2 {
            world.advance(Duration::hours(1));
            world.service.sandbox.stripe.refund(payment_of(&booking), PRICE / 2);
            world.service.deliver_stripe_events().await;
        }
    }
    let statement = world.get(&path).await;
    assert_eq!(statement["balances"][0]["owed_amount"], 2 * 8_500 + 4_250);
    let causes: Vec<&str> =
        statement["data"].as_array().unwrap().iter().map(|line| line["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["refunded", "completed", "completed", "completed"]);
    let (mut lines, mut next) = (Vec::new(), String::new());
    for _ in 0..20 {
        let page = world.get(&format!("{path}?limit=2{next}")).await;
        lines.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(json!(lines), statement["data"], "page by page the same");
    let other = world.get(&format!("{path}?currency=eur")).await;
    assert_eq!((&other["balances"], &other["data"]), (&json!([]), &json!([])));
    world.check_the_books().await;
}

#[tokio::test]
async fn a_dispute_is_in_the_books_until_it_is_decided() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.decide(&booking, "complete", "key-2").await.ok();
    let stripe = &world.service.sandbox.stripe;
    let payment = payment_of(&booking);
    let steps: [(&dyn Fn(), _, _); 2] =
        [(&|| stripe.open_dispute(payment), -PRICE, PRICE), (&|| stripe.close_dispute(payment, true), 0, 0)];
    for (happens, disputed, contested) in steps {
        world.advance(Duration::hours(1));
        happens();
        world.service.deliver_stripe_events().await;
        let accounts = &world.check_the_books().await["data"][0]["accounts"];
        assert_eq!((&accounts["disputed"], &accounts["contested"]), (&json!(disputed), &json!(contested)));
    }
}

#[tokio::test]
async fn a_professional_reads_its_own_statement_and_no_other() {
    let world = World::start().await;
    let own = world.party("professional-1");
    let who = ("professional", "professional-1");
    let path = |id: &str| format!("/api/professionals/{id}/statement");
    assert_eq!(world.as_party(who, Method::GET, &path(&own), None).await.ok()["data"], json!([]));
    assert_eq!(world.as_party(who, Method::GET, &path(PROFESSIONAL), None).await.status, 404);
    for (role, status) in [("accountant", 200), ("provider", 200), ("customer", 403), ("developer", 403)] {
        let answer = world.as_party((role, "staff"), Method::GET, &path(PROFESSIONAL), None).await;
        assert_eq!(answer.status, status, "{role}: {answer:?}");
    }
    let odd = ["?currency=dollars", "?cursor=AAAA", "?window=3"];
    for query in odd {
        let answer = world.owner(Method::GET, &format!("{}{query}", path(&own)), None).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    let books: Value = world.get("/api/ledger/balances").await;
    assert_eq!(books, json!({"data": [], "sums_to_zero": true}));
}
