//! What a payout run says about its own work.

use serde_json::json;
use stand_ins::fault::Operation;

use support::log::Log;
use support::payees::Job;
use support::telemetry::Monitoring;
use support::world::{COMPANY, World};

/// The outcomes of the runs so far, by their lines in the log.
fn outcomes(log: &Log) -> Vec<String> {
    let lines = log.lines_with("outcome").into_iter().filter(|line| line["message"] == "run finished");
    lines.map(|line| line["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_run_whose_transfers_are_all_refused_has_failed_and_sentry_hears_of_it() {
    let (log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Sentry).await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "stored:400", Some(1));
    world.pay_day().await;
    assert_eq!(outcomes(&log), ["failed"]);
    assert_eq!(world.check_ins().pop().unwrap()["status"], json!("error"));

    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(outcomes(&log).pop().as_deref(), Some("ok"));
    assert_eq!(world.check_ins().pop().unwrap()["status"], json!("ok"));
    world.advance(chrono::Duration::minutes(10));
    world.pay_day().await;
    assert_eq!(outcomes(&log).pop().as_deref(), Some("nothing_to_do"));
}
