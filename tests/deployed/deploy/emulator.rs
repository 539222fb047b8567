//! An AWS on this machine, as a process.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use stacks::repository::root;

/// The only region of the requests.
pub const REGION: &str = "us-east-1";

/// Its output, for debugging.
pub const LOG: &str = "target/ministack.log";

/// The number of its process, which is that of the group of all that it has started.
const GROUP: &str = "target/ministack.pid";

const PATIENCE: Duration = Duration::from_secs(60);

/// The emulator with every function that it runs. All of it ends with this value.
pub struct Emulator {
    child: Child,
    folder: PathBuf,
    pub endpoint: String,
}

impl Emulator {
    /// Starts it on a free port of this machine. Functions inherit its environment, by which they find it and
    /// the event bus's stand-in.
    pub async fn start(http: &Client, event_bus: &str) -> Self {
        Self::with_executions(http, event_bus, 200).await
    }

    /// Starts it as an account with this limit of concurrent executions.
    pub async fn with_executions(http: &Client, event_bus: &str, executions: u32) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let folder = std::env::temp_dir().join(format!("justonce-deployed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let log = std::fs::File::create(root().join(LOG)).unwrap();
        let mut command = Command::new(root().join(".tools/ministack/bin/ministack"));
        command
            .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port.to_string())])
            .envs([("AWS_ENDPOINT_URL_DYNAMODB", &endpoint), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoint)])
            .env("AWS_ENDPOINT_URL_EVENTBRIDGE", event_bus)
            .env("LAMBDA_ACCOUNT_CONCURRENCY", executions.to_string())
            // The folder for unpacked functions and its state.
            .env("TMPDIR", &folder)
            .current_dir(&folder)
            // A process group, so that its child processes can be ended with it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let emulator =
            Self { child: command.spawn().expect(".tools/ministack is installed"), folder, endpoint };
        // An interrupt ends this process silently: infra/check/run reads the process group here.
        std::fs::write(root().join(GROUP), emulator.child.id().to_string()).unwrap();
        emulator.wait(http).await;
        emulator
    }

    async fn wait(&self, http: &Client) {
        let start = Instant::now();
        let health = format!("{}/_ministack/health", self.endpoint);
        while !http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(start.elapsed() < PATIENCE, "the emulator does not answer; see {LOG}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// One of AWS's tools, configured for the emulator only: the account of the environment is not used.
    pub fn tool(&self, name: &str) -> Command {
        let mut tool = Command::new(name);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            tool.env_remove(name);
        }
        // Behind everything else on the PATH, so that it brings the AWS CLI and no other Python.
        let path = std::env::vars_os().find(|(name, _)| name == "PATH").map(|(_, path)| path).unwrap();
        let path = format!("{}:{}", path.to_string_lossy(), root().join(".tools/aws/bin").display());
        tool.env("PATH", path)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .envs([("AWS_DEFAULT_REGION", REGION), ("AWS_CONFIG_FILE", "/dev/null")])
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .current_dir(root());
        tool
    }

    /// Keeps a secret, as `aws secretsmanager create-secret` does.
    pub async fn keep_secret(&self, http: &Client, name: &str, value: &Value) {
        let request = http
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.CreateSecret")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/secretsmanager/aws4_request"),
            )
            .body(json!({"Name": name, "SecretString": value.to_string()}).to_string());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Whether a schedule has ever fired this function; the emulator writes that down and nowhere else.
    pub fn has_fired(&self, function: &str) -> bool {
        let log = std::fs::read_to_string(root().join(LOG)).unwrap();
        log.contains(&format!("Lambda {function}: dispatched"))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(root().join(GROUP));
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
