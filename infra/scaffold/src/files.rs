//! The files of a new function and its first test.

use crate::function::Function;

/// The files by their path from the root of the repository.
pub fn of(function: &Function) -> [(String, String); 5] {
    let folder = function.folder();
    [
        (format!("{folder}/Cargo.toml"), manifest(function)),
        (format!("{folder}/src/main.rs"), main(function)),
        (format!("{folder}/src/lib.rs"), library(function)),
        (format!("infra/openapi/src/{}/{}.rs", function.product, function.module()), described(function)),
        (test_file(function), test(function)),
    ]
}

fn test_file(function: &Function) -> String {
    let folder = match function.product.as_str() {
        product @ ("accounts" | "marketplace" | "recovery") => product,
        _ => "platform",
    };
    format!("tests/{folder}/{}.rs", function.module())
}

fn manifest(function: &Function) -> String {
    let name = &function.name;
    format!(
        "[package]
name = \"{name}\"
description = \"What it is for.\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
publish.workspace = true

# Vercel's builder can only take default features; for Lambda: --no-default-features --features aws.
[features]
default = [\"vercel\"]
aws = [\"shared/aws\"]
vercel = [\"shared/vercel\", \"dep:vercel_runtime\"]

# Vercel's builder fails on a binary without a name of its own.
[[bin]]
name = \"{name}\"
path = \"src/main.rs\"

[dependencies]
axum.workspace = true
http.workspace = true
shared.workspace = true
tokio.workspace = true
vercel_runtime = {{ workspace = true, optional = true }}   # not used here: Vercel's builder looks for it in every function

[lints]
workspace = true
"
    )
}

fn main(function: &Function) -> String {
    let (name, module) = (&function.name, function.module());
    format!(
        "//! Starts the runtime.

use shared::app::App;
use shared::runtime::{{ServeError, Service, serve}};

#[tokio::main(flavor = \"current_thread\")]
async fn main() -> Result<(), ServeError> {{
    let app = App::start(\"{name}\").await?;
    serve(Service {{ name: \"{name}\", router: {module}::router(app), job_path: None }}).await
}}
"
    )
}

fn library(function: &Function) -> String {
    let Function { name, method, path, access, .. } = function;
    let is_public = access == "Anyone";
    let (imports, caller) =
        if is_public { ("", "") } else { ("use shared::auth::Caller;\n", "_caller: Caller") };
    format!(
        "//! What it is for.
//!
//! - **Called by** whom.
//! - **Reads** what.
//! - **Writes** what.
//! - **Answers** what.
//! - **Twice:** what happens.

use axum::Router;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;
{imports}use shared::http::{{Answer, Failure}};
use shared::views::EmptyView;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {{
    Routes::of(\"{name}\").on(Method::{method}, \"{path}\", answer).into_router(app)
}}

async fn answer({caller}) -> Result<Answer, Failure> {{
    Ok(Answer::ok(EmptyView {{}}))
}}
"
    )
}

/// The wording of the API document.
fn described(function: &Function) -> String {
    let Function { name, method, path, .. } = function;
    let (module, verb) = (function.module(), method.to_ascii_lowercase());
    let (import, begin) = match verb.as_str() {
        "get" | "post" | "put" => (verb.clone(), format!("{verb}(")),
        _ => ("operation".to_owned(), format!("operation(\"{method}\", ")),
    };
    format!(
        "//! What it is for.

use serde_json::json;
use shared::views::EmptyView;

use crate::operation::{{Function, {import}}};

pub(super) fn function() -> Function {{
    Function {{
        name: \"{name}\",
        about: \"What it is for.\",
        unavailable: Some(\"Unavailable\"),
        operations: vec![
            {begin}\"{path}\", \"{verb}_{module}\")
                .summary(\"Who: what for.\")
                .about(\"What it does.\")
                .twice(\"what happens.\")
                .answer::<EmptyView>(200, \"What it answers.\", json!({{}})),
        ],
    }}
}}
"
    )
}

fn test(function: &Function) -> String {
    let Function { name, method, path, access, .. } = function;
    let concrete = path.replace(['{', '}'], "");
    let status = if access == "Anyone" { 200 } else { 401 };
    format!(
        "//! `{method} {path}`.

use http::Method;

use support::world::{{World, bare}};

#[tokio::test]
async fn a_caller_without_credentials_gets_{status}_from_{}() {{
    let world = World::start().await;
    assert_eq!(world.ask(bare(Method::{method}, \"{concrete}\")).await.status, {status});
}}
",
        name.replace('-', "_")
    )
}
