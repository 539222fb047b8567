//! The stack: deployed by `infra/deploy`, called through its function URLs.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use http::{Request, Response};
use reqwest::Client;
use serde_json::Value;

use super::emulator::Emulator;
use crate::artifacts::resource;
use stacks::repository::{root, template};

/// The name of the stack, and of its secret.
pub const STACK: &str = "justonce";

pub struct Stack<'a> {
    emulator: &'a Emulator,
    http: Client,
    /// The output of the deployment.
    pub said: String,
    /// The outputs of the stack.
    outputs: BTreeMap<String, String>,
}

/// The parameters that set these variables, according to the template.
pub fn parameters(environment: &[(&'static str, String)]) -> Vec<String> {
    let template = template();
    let variables = template["Globals"]["Function"]["Environment"]["Variables"].as_mapping().unwrap().clone();
    let given = environment.iter().filter_map(|(name, value)| {
        let serde_yaml_ng::Value::Tagged(parameter) = variables.get(*name)? else { return None };
        let parameter = parameter.value.as_str()?;
        template["Parameters"].get(parameter)?;
        Some(format!("{parameter}={value}"))
    });
    given.collect()
}

/// The options of `sam deploy` beyond docs/deploy.md: no prompts, and a failed stack is kept for inspection.
const OPTIONS: [&str; 4] =
    ["--no-progressbar", "--no-confirm-changeset", "--disable-rollback", "--template-file"];

/// `sam deploy` as infra/deploy calls it.
pub fn sam_deploy(emulator: &Emulator, copy: &Path, parameters: &[String]) -> Output {
    let mut sam = emulator.tool("sam");
    sam.args(["deploy", "--stack-name", STACK, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]);
    sam.args(OPTIONS).arg(copy).arg("--parameter-overrides").args(parameters);
    sam.output().expect("sam is on the PATH")
}

/// `infra/deploy aws`: validates the parameters and migrates the data before and after `sam deploy`.
pub async fn infra_deploy(emulator: &Emulator, copy: &Path, parameters: &[String]) -> Output {
    let mut deploy = emulator.tool(root().join("infra/deploy").to_str().unwrap());
    remove_cargo_variables(&mut deploy);
    deploy.env("STACK", STACK).env("AWS_ENDPOINT_URL_DYNAMODB", &emulator.endpoint);
    deploy.arg("aws").args(parameters).arg("--").args(OPTIONS).arg(copy);
    // The emulator closes idle connections; they must not be reused.
    tokio::process::Command::from(deploy).output().await.expect("infra/deploy is there")
}

/// Cargo's variables for this package would make a tool that calls it rebuild others.
pub fn remove_cargo_variables(tool: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name.as_str()) {
            tool.env_remove(&name);
        }
    }
}

impl<'a> Stack<'a> {
    /// Deploys it, for the first time or again; on failure, fails with the output.
    pub async fn deploy(emulator: &'a Emulator, http: &Client, copy: &Path, parameters: &[String]) -> Self {
        let output = infra_deploy(emulator, copy, parameters).await;
        assert!(output.status.success(), "infra/deploy: {}", output_text(&output));
        let list = ["list", "stack-outputs", "--stack-name", STACK, "--output", "json"];
        let listed = emulator.tool("sam").args(list).output().unwrap();
        let rows: Vec<Value> =
            serde_json::from_slice(&listed.stdout).unwrap_or_else(|_| panic!("{}", output_text(&listed)));
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let outputs = rows.iter().map(|row| (text(row, "OutputKey"), text(row, "OutputValue"))).collect();
        Self { emulator, http: http.clone(), said: output_text(&output), outputs }
    }

    /// Calls a function at its URL. Its host does not resolve to this machine, so it is only a header.
    pub async fn ask(&self, function: &str, request: Request<Bytes>) -> Response<Bytes> {
        let output = format!("{}Url", resource(function));
        let url = self.outputs.get(&output).unwrap_or_else(|| panic!("no {output} in {:?}", self.outputs));
        let host = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        let (mut parts, body) = request.into_parts();
        parts.uri = format!("{}{}", self.emulator.endpoint, parts.uri).parse().unwrap();
        parts.headers.insert("host", host.parse().unwrap());
        let request = reqwest::Request::try_from(Request::from_parts(parts, body)).unwrap();
        let answer = self.http.execute(request).await.unwrap();
        let mut response = Response::builder().status(answer.status());
        *response.headers_mut().unwrap() = answer.headers().clone();
        response.body(answer.bytes().await.unwrap()).unwrap()
    }
}

/// The whole output of a command.
pub fn output_text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr))
}
