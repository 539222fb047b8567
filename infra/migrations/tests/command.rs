//! Runs the command as a process: its output, its exit codes, and the state after a kill.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};

use local::embedded::EmbeddedDynamo;
use local::service::TABLE;
use serde_json::{Value, json};
use shared::store::definition::create_table;
use tokio::net::TcpListener;

/// A local table with this many events of an older version.
struct Cloud {
    dynamo: EmbeddedDynamo,
    endpoint: String,
}

impl Cloud {
    async fn with(events: usize) -> Self {
        let dynamo = EmbeddedDynamo::memory();
        create_table(&dynamo.client(), TABLE).await.unwrap();
        dynamo.put_rows(TABLE, &(0..events).map(old_event).collect::<Vec<_>>());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = dynamo.clone();
        tokio::spawn(async move { served.serve(listener).await });
        Self { dynamo, endpoint }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrations"));
        command.env_clear().args(arguments).args(["--table", TABLE, "--endpoint-url", &self.endpoint]).envs(
            [
                ("AWS_REGION", "us-east-1"),
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "canary-secret"),
            ],
        );
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// The exit code and the output.
    async fn ends(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments).await;
        let said = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        let said = String::from_utf8_lossy(said).into_owned();
        assert!(!said.contains("canary"), "{said}");
        (output.status.code().unwrap(), said)
    }

    fn filled_in(&self) -> usize {
        self.dynamo.rows(TABLE).iter().filter(|row| row.get("occurred_at").is_some()).count()
    }
}

fn old_event(number: usize) -> Value {
    json!({
        "pk": {"S": format!("EVENT#whop#msg_{number:05}")}, "sk": {"S": "EVENT"}, "source": {"S": "whop"},
        "payload_min": {"M": {"note": {"S": "canary"}}}, "received_at": {"S": "2025-11-18T08:00:05.000Z"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_reports_the_status_from_the_first_check_to_the_undo() {
    let cloud = Cloud::with(3).await;
    let title = "migration 1, events_occurred_at: every stored event has its time beside its payload";
    let (code, said) = cloud.ends(&["status"]).await;
    let definition = "definition: version 1, as this checkout has it\n";
    assert_eq!(
        (code, said),
        (0, format!("data: version 0 (this checkout: 1)\n{definition}no migration is running\n"))
    );
    let (code, said) = cloud.ends(&["verify"]).await;
    assert_eq!(code, 4, "{said}");
    assert!(said.starts_with(&format!("{title}: not true of 3 of 3 rows\n")), "{said}");
    let (code, said) = cloud.ends(&["forward", "--dry-run"]).await;
    assert_eq!((code, cloud.filled_in()), (0, 0), "{said}");
    assert!(said.contains("would change: 3 of 3 rows (3 from the arrival)"), "{said}");
    assert!(said.contains("for example EVENT#whop#msg_00000 EVENT"), "{said}");

    let (code, said) = cloud.ends(&["forward"]).await;
    assert_eq!((code, cloud.filled_in()), (0, 3), "{said}");
    assert_eq!(said, format!("{title}; changed: 3 of 3 rows (3 from the arrival)\n"));
    let nothing = "nothing to do: every requested migration is done\n";
    assert_eq!(cloud.ends(&["forward"]).await, (0, nothing.to_owned()));
    assert_eq!(cloud.ends(&["verify"]).await, (0, format!("{title}: true of all 3 rows\n")));
    assert!(cloud.ends(&["status"]).await.1.starts_with("data: version 1 (this checkout: 1)\n"));

    let (code, said) = cloud.ends(&["back", "--to", "0"]).await;
    assert_eq!((code, cloud.filled_in()), (0, 0), "{said}");
    assert!(said.ends_with("undone: 3 of 3 rows (3 from the previous values)\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_table_and_has_its_own_exit_code() {
    let cloud = Cloud::with(0).await;
    let (code, said) = cloud.ends(&["sideways"]).await;
    assert!(code == 2 && said.starts_with("cargo migrate: there is no command `sideways`\n"), "{said}");
    let (code, said) = cloud.ends(&["forward", "--to", "7"]).await;
    assert!(code == 2 && said.contains("there is no migration 7; they go from 1 to 1"), "{said}");
    let nowhere = Cloud { dynamo: cloud.dynamo.clone(), endpoint: "http://127.0.0.1:9".to_owned() };
    let (code, said) = nowhere.ends(&["forward"]).await;
    assert!(
        code == 1 && said.starts_with("cargo migrate, table justonce: the table is unavailable"),
        "{said}"
    );
    let mut event = old_event(1);
    event["received_at"] = json!({"S": "soon"});
    cloud.dynamo.put_rows(TABLE, &[event]);
    let (code, said) = cloud.ends(&["forward"]).await;
    assert!(
        code == 4 && said.contains("rows that need a person: 1, for example EVENT#whop#msg_00001"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_status_names_the_owner_and_a_takeover_continues() {
    let cloud = Cloud::with(600).await;
    let mut slow = cloud.command(&["forward", "--rows-per-second", "500"]);
    let mut child = slow.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let id = child.id();
    // It prints the progress of the first page and is killed in the second.
    let stderr = child.stderr.take().unwrap();
    let progress = tokio::task::spawn_blocking(|| BufReader::new(stderr).lines().next().unwrap().unwrap());
    assert_eq!(progress.await.unwrap(), "  … 250 of 250 rows (250 from the arrival)");
    while cloud.filled_in() < 260 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((260..600).contains(&cloud.filled_in()));

    let (code, said) = cloud.ends(&["forward"]).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&format!("process {id} on ")) && said.contains("--take-over"), "{said}");
    let (_, said) = cloud.ends(&["status"]).await;
    assert!(said.contains("unfinished: migration 1, forward, pass 1: 250 of 250 rows"), "{said}");
    let (code, said) = cloud.ends(&["forward", "--take-over", "--rows-per-second", "100000"]).await;
    assert_eq!((code, cloud.filled_in()), (0, 600), "{said}");
    assert_eq!(cloud.ends(&["verify"]).await.0, 0);
}
