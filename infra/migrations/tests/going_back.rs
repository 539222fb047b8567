//! Going back to an older checkout after a release with a migration: it works where the newer migration says so.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

use std::process::{Command, Output};

use local::embedded::EmbeddedDynamo;
use local::service::TABLE;
use serde_json::{Value, json};
use shared::store::definition::create_table;
use shared::store::version::DATA_VERSION;
use tokio::net::TcpListener;

/// A table whose version row a newer checkout has written.
struct Newer {
    dynamo: EmbeddedDynamo,
    endpoint: String,
}

impl Newer {
    async fn with(oldest_reader: Option<u32>) -> Self {
        let dynamo = EmbeddedDynamo::memory();
        create_table(&dynamo.client(), TABLE).await.unwrap();
        let mut row = json!({
            "pk": {"S": "JOB#migrations"}, "sk": {"S": "VERSION"}, "fence": {"N": "7"},
            "data_version": {"N": (DATA_VERSION + 1).to_string()},
        });
        if let Some(oldest) = oldest_reader {
            row["oldest_reader"] = json!({"N": oldest.to_string()});
        }
        dynamo.put_rows(TABLE, &[row]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let served = dynamo.clone();
        tokio::spawn(async move { served.serve(listener).await });
        Self { dynamo, endpoint }
    }

    /// The exit code and both outputs.
    async fn ends(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrations"));
        command.env_clear().args(arguments).args(["--table", TABLE, "--endpoint-url", &self.endpoint]).envs(
            [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")],
        );
        let Output { status, stdout, stderr } =
            tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = [stdout, stderr].concat();
        (status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
    }

    fn version_row(&self) -> Vec<Value> {
        self.dynamo.rows(TABLE)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_the_commit_before_passes_where_its_code_works_with_the_newer_data() {
    for oldest in [0, DATA_VERSION] {
        let newer = Newer::with(Some(oldest)).await;
        let before = newer.version_row();
        // What infra/deploy calls, in its order.
        for arguments in
            [&["forward", "--dry-run"][..], &["forward"], &["verify"], &["forward", "--from", "1"]]
        {
            let (code, said) = newer.ends(arguments).await;
            assert_eq!(code, 0, "{arguments:?}: {said}");
            assert!(said.contains("it works with this data, and there is nothing to migrate"), "{said}");
        }
        assert_eq!(newer.version_row(), before, "nothing is written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_code_is_refused_data_that_it_may_not_know() {
    for oldest in [None, Some(DATA_VERSION + 1)] {
        let newer = Newer::with(oldest).await;
        for arguments in [&["forward"][..], &["verify"]] {
            let (code, said) = newer.ends(arguments).await;
            assert!(code == 1 && said.contains("use a newer one"), "{oldest:?} {arguments:?}: {said}");
        }
    }
    // Only the checkout that knows a migration can undo it.
    let (code, said) = Newer::with(Some(0)).await.ends(&["back", "--to", "0"]).await;
    assert!(code == 1 && said.contains("use a newer one"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_names_the_code_that_works_with_the_data() {
    let (code, said) = Newer::with(Some(DATA_VERSION)).await.ends(&["status"]).await;
    let line = format!("code that expects version {DATA_VERSION} or newer works with this data\n");
    assert!(code == 0 && said.contains(&line), "{said}");
}
