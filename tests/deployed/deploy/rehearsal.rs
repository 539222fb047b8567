//! The emergency, rehearsed on the stack of the journey: a release with a migration goes back, an old copy is
//! restored by steps, two operators press the same button. Nothing happens twice, and nothing is lost.
//!
//! What the emulator cannot show: CodeDeploy's roll-outs, the table as of a moment (a backup takes its place), and
//! the code of a version before (it hands out the newest).

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use local::cloud::Cloud;
use serde_json::{Value, json};
use stand_ins::outbox::Kind;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::emulator::Emulator;
use super::journey::{get, until};
use super::stack::{STACK, Stack, infra_deploy, output_text};
use crate::questions::Asker;
use stacks::repository::root;

const DONE: i32 = 0;
const HELD: i32 = 3;
const REFUSED: i32 = 4;

/// An event as the version before the migration has stored it.
const OLD_EVENT: &str = r#"{"pk": {"S": "EVENT#whop#msg_rehearsal"}, "sk": {"S": "EVENT"}, "source": {"S": "whop"},
    "status": {"S": "applied"}, "payload_min": {"M": {}}, "received_at": {"S": "2025-11-18T08:00:05.000Z"}}"#;
const OLD_EVENT_KEY: &str = r#"{"pk": {"S": "EVENT#whop#msg_rehearsal"}, "sk": {"S": "EVENT"}}"#;

/// The stack, and the tools that its operators have.
pub struct Rehearsal<'a> {
    pub cloud: &'a Cloud,
    pub emulator: &'a Emulator,
    pub stack: Stack<'a>,
    pub copy: &'a Path,
}

impl Rehearsal<'_> {
    pub async fn run(mut self) {
        let first = self.release().await;
        self.deploy_with_a_migration().await;
        let second = self.release().await;
        assert_ne!(first, second);
        self.go_back(&first, &second).await;
        let copy = self
            .aws(&["dynamodb", "create-backup", "--table-name", &self.table().await, "--backup-name", "copy"])
            .await;
        let backup = copy["BackupDetails"]["BackupArn"].as_str().unwrap().to_owned();
        self.press_the_same_button_twice().await;
        self.restore(&backup).await;
    }

    /// Version n+1: other code in every function, and a table whose rows are not migrated yet.
    async fn deploy_with_a_migration(&mut self) {
        let before = self.table().await;
        // The emulator's CloudFormation leaves it out, and every verification looks for it.
        let recovery = ["--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true"];
        let backups = ["dynamodb", "update-continuous-backups", "--table-name", &before];
        self.aws(&[&backups[..], &recovery].concat()).await;
        self.migrate(&["back", "--to", "0"]).await;
        self.aws(&["dynamodb", "put-item", "--table-name", &before, "--item", OLD_EVENT]).await;
        for folder in std::fs::read_dir(root().join(".aws-sam/build")).unwrap() {
            let folder = folder.unwrap().path();
            if folder.join("bootstrap").exists() {
                std::fs::write(folder.join("release.txt"), "the release after").unwrap();
            }
        }
        let output = infra_deploy(self.emulator, self.copy, &[]).await;
        assert!(output.status.success(), "{}", output_text(&output));
        assert!(output_text(&output).contains("changed: 1 of"), "{}", output_text(&output));
        assert_eq!(self.data_version().await, 1);
        assert!(self.old_event().await["occurred_at"].is_object(), "it is migrated");
    }

    async fn go_back(&self, first: &str, second: &str) {
        self.emergency(&["status"], DONE).await;
        let said = self.emergency(&["app-rollback", "--dry-run"], DONE).await;
        assert!(said.contains("would run: aws lambda update-alias"), "{said}");
        assert_eq!(self.release().await, second, "a dry run changes nothing");
        let said = self.emergency(&["app-rollback"], DONE).await;
        assert_eq!(self.release().await, first, "{said}");
        let said = self.emergency(&["app-rollback"], DONE).await;
        assert!(said.contains("serves already") && said.contains("Nothing was changed"), "{said}");
        assert_eq!(self.release().await, first, "the button goes back by one, however often it is pressed");

        self.emergency(&["migration-rollback", "--to", "0", "--dry-run"], DONE).await;
        assert_eq!(self.data_version().await, 1);
        self.emergency(&["migration-rollback", "--to", "0", "--yes"], DONE).await;
        assert_eq!(self.data_version().await, 0);
        assert!(self.old_event().await["occurred_at"].is_null(), "the row is as it was");
        // And forward again.
        self.emergency(&["app-rollback", "--to", second], DONE).await;
        self.migrate(&["forward"]).await;
        assert_eq!(self.release().await, second);
    }

    async fn press_the_same_button_twice(&self) {
        let (one, other) = tokio::join!(
            self.run_emergency(&["pause", "--note", "the first"]),
            self.run_emergency(&["pause", "--note", "the second"])
        );
        let outcomes = [one, other].map(|output| (output.status.code(), output_text(&output)));
        let paused =
            outcomes.iter().filter(|(code, said)| *code == Some(DONE) && said.contains("Paused: ")).count();
        let told = |(code, said): &&(Option<i32>, String)| {
            *code == Some(HELD) || (*code == Some(DONE) && said.contains("Nothing was changed"))
        };
        assert_eq!((paused, outcomes.iter().filter(told).count()), (1, 1), "{outcomes:?}");
        let said = self.emergency(&["pause", "--note", "the third"], DONE).await;
        assert!(said.contains("Paused by ") && !said.contains("the third"), "{said}");
        let schedules = self.aws(&["scheduler", "list-schedules", "--name-prefix", STACK]).await;
        for schedule in schedules["Schedules"].as_array().unwrap() {
            assert_eq!(schedule["State"], "DISABLED", "{schedule}");
        }
    }

    /// A member's renewal fails while everything is paused, so that the copy knows nothing of it.
    async fn restore(&mut self, backup: &str) {
        let sandbox = &self.cloud.service.sandbox;
        let told = sandbox.outbox.count(Kind::Push);
        let asker = Asker::new(&self.cloud.service, "mem_3");
        let renewal = asker.renewal(true);
        assert_eq!(
            self.stack.ask("webhooks", renewal.clone()).await.status(),
            200,
            "webhooks are taken in a pause"
        );
        let before = self.table().await;
        let begin = ["restore", "--backup", backup, "--table", "justonce-rehearsed", "--settle-seconds", "3"];
        self.kill_at("── code", &[&begin[..], &["--yes"]].concat()).await;
        // The killed one still counts as being at work, for every command and for a deployment.
        self.emergency(&["resume"], HELD).await;
        let output = infra_deploy(self.emulator, self.copy, &[]).await;
        assert!(output_text(&output).contains("nothing is deployed: "), "{}", output_text(&output));
        self.emergency(&["resume", "--take-over"], REFUSED).await;
        let said = self.emergency(&["restore", "--yes"], DONE).await;
        assert!(said.contains("Going on with the restore") && !said.contains("── copy"), "{said}");
        assert!(said.contains("The table justonce-rehearsed is in use"), "{said}");
        assert_eq!(self.table().await, "justonce-rehearsed");
        let tables = self.aws(&["dynamodb", "list-tables"]).await;
        assert!(tables["TableNames"].as_array().unwrap().contains(&json!(before)), "the way back: {tables}");

        // What is delivered again counts once, and what the copy knew is still there.
        assert_eq!(self.stack.ask("webhooks", renewal.clone()).await.status(), 200);
        assert_eq!(self.stack.ask("webhooks", renewal).await.status(), 200);
        until("the reminder after the restore", &self.stack, async |_| {
            sandbox.outbox.count(Kind::Push) > told
        })
        .await;
        let kpis = self.stack.ask("kpis", asker.request(("kpis", "GET", "/api/dashboard/kpis"))).await;
        let kpis: Value = serde_json::from_slice(kpis.body()).unwrap();
        assert_eq!(
            (&kpis["recoveries"], &kpis["recovered_revenue_cents"]),
            (&1.into(), &2900.into()),
            "{kpis}"
        );
        assert_eq!(sandbox.outbox.count(Kind::Push), told + 1, "one reminder, and none of before again");
        self.emergency(&["status"], DONE).await;
    }

    /// Runs the command, checks how it ends, and prints how long it took.
    async fn emergency(&self, arguments: &[&str], code: i32) -> String {
        let began = Instant::now();
        let output = self.run_emergency(arguments).await;
        let said = output_text(&output);
        eprintln!("{:>4} s  infra/emergency/run {}", began.elapsed().as_secs(), arguments.join(" "));
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// Begins a command and kills it as soon as it prints this line.
    async fn kill_at(&self, line: &str, arguments: &[&str]) {
        let mut command = tokio::process::Command::from(self.emergency_command(arguments));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(said) = lines.next_line().await.unwrap() {
            if said == line {
                child.kill().await.unwrap();
                return;
            }
        }
        panic!("it never says {line}");
    }

    async fn run_emergency(&self, arguments: &[&str]) -> Output {
        tokio::process::Command::from(self.emergency_command(arguments)).output().await.unwrap()
    }

    fn emergency_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.tool(root().join("infra/emergency/run").to_str().unwrap());
        command.args(arguments).args(["--stack", STACK]).stdin(Stdio::null());
        command
    }

    async fn migrate(&self, arguments: &[&str]) {
        let mut command = self.tool("cargo");
        command.arg("migrate").args(arguments).args(["--table", &self.table().await]);
        let output = tokio::process::Command::from(command).output().await.unwrap();
        assert!(output.status.success(), "{}", output_text(&output));
    }

    /// A tool for the emulator, and nothing of this package's build.
    fn tool(&self, name: &str) -> Command {
        let mut tool = self.emulator.tool(name);
        tool.env("AWS_REGION", super::emulator::REGION)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &self.emulator.endpoint);
        super::stack::remove_cargo_variables(&mut tool);
        tool
    }

    async fn aws(&self, arguments: &[&str]) -> Value {
        let mut command = self.tool("aws");
        command.args(arguments).args(["--output", "json"]);
        let output = tokio::process::Command::from(command).output().await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", output_text(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The release that the function of webhooks serves: the description of its version.
    async fn release(&self) -> String {
        let name = format!("{STACK}-webhooks");
        let alias = self.aws(&["lambda", "get-alias", "--function-name", &name, "--name", "live"]).await;
        let version = alias["FunctionVersion"].as_str().unwrap();
        let found = self
            .aws(&["lambda", "get-function-configuration", "--function-name", &name, "--qualifier", version])
            .await;
        found["Description"].as_str().unwrap().to_owned()
    }

    async fn table(&self) -> String {
        let found = self.aws(&["ssm", "get-parameter", "--name", &format!("/{STACK}/table")]).await;
        found["Parameter"]["Value"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    async fn data_version(&self) -> u64 {
        let body = get(&self.stack, "health", "/api/health?type=database").await;
        body["checks"]["database"]["data_version"].as_u64().unwrap()
    }

    async fn old_event(&self) -> Value {
        let table = self.table().await;
        self.aws(&["dynamodb", "get-item", "--table-name", &table, "--key", OLD_EVENT_KEY]).await["Item"]
            .clone()
    }
}
