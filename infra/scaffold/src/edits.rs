//! The files that list every function, and the blocks for a new one. Each block is inserted before that of
//! `health`, which is the last one in all files.

use crate::function::Function;

/// The table of routes.
pub const ROUTES: &str = "shared/src/auth/routes.rs";

/// A block of lines in a file.
pub struct Edit {
    /// The file, from the root of the repository.
    pub path: String,
    /// The prefix of the line before which the block is inserted.
    before: &'static str,
    /// The lines with their line breaks.
    block: String,
}

impl Edit {
    /// Inserts the block into a text.
    pub fn insert(&self, text: &str) -> Result<String, String> {
        let before = format!("\n{}", self.before);
        let at = text
            .find(&before)
            .ok_or_else(|| format!("{}: no line begins with `{}`", self.path, self.before))?;
        Ok(format!("{}{}{}", &text[..=at], self.block, &text[at + 1..]))
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
    let edit =
        |path: &str, before: &'static str, block: String| Edit { path: path.to_owned(), before, block };
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

/// The places in the API document beside the function's own file: the list of its product, and the parameters of its
/// path that no other route has.
fn document(function: &Function) -> Vec<Edit> {
    let product = format!("infra/openapi/src/{}.rs", function.product);
    let module = function.module();
    let edit =
        |path: &str, before: &'static str, block: String| Edit { path: path.to_owned(), before, block };
    let mut edits = vec![
        edit(&product, "pub mod ", format!("pub mod {module};\n")),
        edit(&product, "    ]", format!("        {module}::function(),\n")),
    ];
    for name in function.parameters() {
        let words = name.split('_').map(|word| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]));
        let row = format!(
            "        Parameter(\"{}\", Path, \"{name}\", \"What it names.\", Plain(json!({{\"type\": \"string\"}})), \"1\"),\n",
            words.collect::<String>(),
        );
        if PARAMETERS.contains(&row) || !PARAMETERS.contains(&format!("Path, \"{name}\",")) {
            edits.push(edit("infra/openapi/src/parameters.rs", "        Parameter(", row));
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
      DeploymentPreference: {{Alarms: [!GetAtt Alarms.Outputs.{resource}Errors, !GetAtt Alarms.Outputs.{resource}Slow]}}
      Policies:
        - !Ref ReadSecrets
        - Version: \"2012-10-17\"
          Statement:
            - Effect: Allow
              Action: dynamodb:GetItem
              Resource: !GetAtt Table.Arn
              Condition: {{\"ForAllValues:StringLike\": {{\"dynamodb:LeadingKeys\": [\"SESSION#*\", \"ACCOUNT#*\"]}}}}
            - Effect: Allow
              Action: dynamodb:UpdateItem
              Resource: !GetAtt Table.Arn
              Condition: {{\"ForAllValues:StringLike\": {{\"dynamodb:LeadingKeys\": [\"LIMIT#*\", \"SESSION#*\"]}}}}

"
    )
}
