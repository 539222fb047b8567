//! The files that list every function, and the blocks for a new one. Each block is inserted before that of
//! `health`, which is the last one in all files.

use crate::function::Function;

/// The table of routes.
pub const ROUTES: &str = "shared/src/auth/routes.rs";

/// Where a block is inserted.
enum Anchor {
    /// Before the first line that begins so.
    Before(String),
    /// Before the first line that has this in it.
    BeforeLineWith(String),
    /// At the start of the list that follows the line with this in it, one line further down.
    InListAfter(String),
}

impl Anchor {
    /// The position in the text.
    fn find(&self, text: &str) -> Option<usize> {
        let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
        let line_end = |at: usize| text[at..].find('\n').map(|length| at + length + 1);
        match self {
            Self::Before(prefix) => Some(text.find(&format!("\n{prefix}"))? + 1),
            Self::BeforeLineWith(part) => text.find(part.as_str()).map(line_start),
            Self::InListAfter(part) => line_end(line_end(text.find(part.as_str())?)?),
        }
    }

    fn text(&self) -> &str {
        let (Self::Before(text) | Self::BeforeLineWith(text) | Self::InListAfter(text)) = self;
        text
    }
}

/// A block of lines in a file.
pub struct Edit {
    /// The file, from the root of the repository.
    pub path: String,
    anchor: Anchor,
    /// The lines with their line breaks.
    block: String,
}

impl Edit {
    /// Inserts the block into a text.
    pub fn insert(&self, text: &str) -> Result<String, String> {
        let at = self.anchor.find(text);
        let at = at.ok_or_else(|| format!("{}: no line has `{}`", self.path, self.anchor.text()))?;
        Ok(format!("{}{}{}", &text[..at], self.block, &text[at..]))
    }

    /// Removes the block from a text.
    pub fn remove(&self, text: &str) -> Result<String, String> {
        let changed =
            || format!("{}: this is not there any more as it was written:\n{}", self.path, self.block);
        let at = text.find(&self.block).ok_or_else(changed)?;
        Ok(format!("{}{}", &text[..at], &text[at + self.block.len()..]))
    }
}

/// All edits for a function outside of its own files.
pub fn of(function: &Function) -> Vec<Edit> {
    let Function { name, method, path, access, .. } = function;
    let (folder, module, resource) = (function.folder(), function.module(), function.resource());
    let edit = |path: &str, before: &str, block: String| before_line(path, before, block);
    let tests = test_binary(function);
    let mut edits = vec![
        edit(
            "Cargo.toml",
            "health = { path",
            format!("{name} = {{ path = \"{folder}\" }}         # what it is for\n"),
        ),
        edit(
            ROUTES,
            "    route(\"health\", ",
            format!("    route(\"{name}\", \"{method}\", \"{path}\", Access::{access}),\n"),
        ),
        edit("infra/local/Cargo.toml", "health.workspace", format!("{name}.workspace = true\n")),
        edit("infra/local/src/service.rs", "        health::router,", format!("        {module}::router,\n")),
        edit(tests.0, tests.1, format!("mod {module};\n")),
        edit("template.yaml", "  # Whether the service is well.", template(function)),
        edit(
            "template.yaml",
            "        Health: !Select",
            format!("        {resource}: !Select [2, !Split [\"/\", !GetAtt {resource}Url.FunctionUrl]]\n"),
        ),
        edit(
            "template.yaml",
            "  HealthUrl: {",
            format!("  {resource}Url: {{Value: !GetAtt {resource}Url.FunctionUrl}}\n"),
        ),
        edit(
            "vercel.json",
            "    { \"src\": \"functions/platform/health/",
            format!(
                "    {{ \"src\": \"{folder}/src/main.rs\", \"use\": \"@vercel/rust\",\n      \"config\": {{ \"functions\": \
                 {{ \"{folder}/src/main.rs\": {{ \"maxDuration\": 30, \"memory\": 512 }} }} }} }},\n"
            ),
        ),
        edit(
            "vercel.json",
            "    { \"src\": \"/api/health\",",
            format!("    {{ \"src\": \"{}\", \"dest\": \"/{folder}/src/main.rs\" }},\n", pattern(path)),
        ),
    ];
    edits.extend(document(function));
    edits
}

/// The descriptions of parameters, as they are now.
const PARAMETERS: &str = include_str!("../../openapi/src/parameters.rs");

/// The places in the API document beside the function's own file: the list of its product, and its parameters.
fn document(function: &Function) -> Vec<Edit> {
    let product = format!("infra/openapi/src/{}.rs", function.product);
    let module = function.module();
    let edit = |path: &str, before: &str, block: String| before_line(path, before, block);
    let mut edits = vec![
        edit(&product, "pub mod ", format!("pub mod {module};\n")),
        edit(&product, "    ]", format!("        {module}::function(),\n")),
    ];
    edits.extend(parameters(function));
    edits
}

/// The parameters of the path that no other route has.
fn parameters(function: &Function) -> Vec<Edit> {
    let mut edits = Vec::new();
    for name in function.parameters() {
        let words = name.split('_').map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]));
        let row = format!(
            "        Parameter(\"{}\", Path, \"{name}\", \"What it names.\", Plain(json!({{\"type\": \"string\"}})), \"1\"),\n",
            words.collect::<String>(),
        );
        if PARAMETERS.contains(&row) || !PARAMETERS.contains(&format!("Path, \"{name}\",")) {
            edits.push(before_line("infra/openapi/src/parameters.rs", "        Parameter(", row));
        }
    }
    edits
}

/// The main file of the product's tests and the module before which the new one is inserted; a new product uses the platform's.
fn test_binary(function: &Function) -> (&'static str, &'static str) {
    match function.product.as_str() {
        "accounts" => ("tests/accounts/main.rs", "mod single_sign_on;"),
        "marketplace" => ("tests/marketplace/main.rs", "mod without_stripe;"),
        "recovery" => ("tests/recovery/main.rs", "mod settings;"),
        _ => ("tests/platform/main.rs", "mod health;"),
    }
}

fn before_line(path: &str, before: &str, block: String) -> Edit {
    Edit { path: path.to_owned(), anchor: Anchor::Before(before.to_owned()), block }
}

/// The edits for one more route of a function that exists.
pub fn of_route(function: &Function) -> Vec<Edit> {
    let Function { name, method, path, access, .. } = function;
    let folder = function.folder();
    let target = format!("\"dest\": \"/{folder}/src/main.rs\"");
    let edit = |path: &str, anchor: Anchor, block: String| Edit { path: path.to_owned(), anchor, block };
    let mut edits = vec![
        edit(
            ROUTES,
            Anchor::Before(format!("    route(\"{name}\", ")),
            format!("    route(\"{name}\", \"{method}\", \"{path}\", Access::{access}),\n"),
        ),
        edit(
            "template.yaml",
            Anchor::InListAfter(format!("BuildProperties: {{Binary: {name}}}")),
            format!("        - {method} {path}\n"),
        ),
        edit(
            "vercel.json",
            Anchor::BeforeLineWith(target.clone()),
            format!("    {{ \"src\": \"{}\", {target} }},\n", pattern(path)),
        ),
    ];
    edits.extend(parameters(function));
    edits
}

/// The path as a Vercel pattern.
fn pattern(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "[^/]+" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The function's resource in the template, with the permissions for authentication and rate limits.
fn template(function: &Function) -> String {
    let Function { name, method, path, .. } = function;
    let (folder, resource) = (function.folder(), function.resource());
    format!(
        "  # What it is for.
  {resource}:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties: {{Binary: {name}}}
      Routes:
        - {method} {path}
    Properties:
      FunctionName: !Sub \"${{AWS::StackName}}-{name}\"
      VersionDescription: !Sub \"Revision ${{Revision}}\"
      CodeUri: {folder}
      FunctionUrlConfig: {{AuthType: NONE}}
      Policies:
        - !Ref ReadSecrets
        - Version: \"2012-10-17\"
          Statement:
            - Effect: Allow
              Action: dynamodb:GetItem
              Resource: !GetAtt TableInUse.Value
              Condition: {{\"ForAllValues:StringLike\": {{\"dynamodb:LeadingKeys\": [\"SESSION#*\", \"ACCOUNT#*\"]}}}}
            - Effect: Allow
              Action: dynamodb:UpdateItem
              Resource: !GetAtt TableInUse.Value
              Condition: {{\"ForAllValues:StringLike\": {{\"dynamodb:LeadingKeys\": [\"LIMIT#*\", \"SESSION#*\"]}}}}

"
    )
}
