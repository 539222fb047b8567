//! What the limits of an account do not allow is refused before anything is made.

use shared::providers::client::client;
use stacks::repository::root;

use super::emulator::Emulator;
use super::stack::{infra_deploy, output_text};

/// What AWS gives a new account.
const EXECUTIONS_OF_A_NEW_ACCOUNT: u32 = 10;

#[tokio::test]
#[ignore = "deploys into an AWS on this machine: infra/check/run deploy"]
async fn an_account_that_cannot_reserve_what_the_jobs_need_is_told_what_to_do() {
    let http = client().unwrap();
    let emulator = Emulator::with_executions(&http, "http://127.0.0.1:9", EXECUTIONS_OF_A_NEW_ACCOUNT).await;
    let parameters = ["WhopAppId=app_1".to_owned(), "AlarmMail=you@example.com".to_owned()];
    let output = infra_deploy(&emulator, &root().join("template.yaml"), &parameters).await;
    let said = output_text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("nothing is deployed: the jobs reserve 6 executions"), "{said}");
    assert!(said.contains("106 at least, and has 10 ") && said.contains("Service Quotas"), "{said}");
}
