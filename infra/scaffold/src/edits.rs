//! The files that list every function, and the blocks for a new one. Each block is inserted before that of
//! `health`, which is the last one in all files.

use crate::function::Function;

/// The table of routes.
pub const ROUTES: &str = "shared/src/auth/routes.rs";

/// A block of lines in a file.
pub struct Edit {
    /// The file, from the root of the repository.
    pub path: &'static str,
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
    let edit = |path: &'static str, before: &'static str, block: String| Edit { path, before, block };
    let tests = test_binary(function);
    vec![
        edit(
            "Cargo.toml",
            "health = { path",
            format!(
                "{name} = {{ path = \"{folder}\", default-features = false }}         # what it is for\n"
            ),
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
        edit(
            DOCUMENT,
            "    {\"name\": \"health\",",
            format!("    {{\"name\": \"{name}\", \"description\": \"What it is for.\"}},\n"),
        ),
        edit(DOCUMENT, "    \"/api/health\": {", operation(function)),
    ]
}

const DOCUMENT: &str = "functions/platform/health/src/openapi.json";

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

fn operation(function: &Function) -> String {
    let Function { name, method, path, .. } = function;
    let parameter = |name: &&str| {
        format!(
            "          {{\"name\": \"{name}\", \"in\": \"path\", \"required\": true, \"schema\": {{\"type\": \"string\"}}, \
             \"description\": \"What it names.\"}}"
        )
    };
    let parameters: Vec<String> = function.parameters().iter().map(parameter).collect();
    let parameters = if parameters.is_empty() {
        String::new()
    } else {
        format!("\n        \"parameters\": [\n{}\n        ],", parameters.join(",\n"))
    };
    format!(
        "    \"{path}\": {{
      \"{}\": {{
        \"tags\": [\"{name}\"],
        \"operationId\": \"{}_{}\",
        \"summary\": \"What it does.\",
        \"description\": \"What it changes.\\n\\n**Sent twice:** what happens.\",{parameters}
        \"responses\": {{
          \"200\": {{
            \"description\": \"What it answers.\",
            \"headers\": {{\"x-request-id\": {{\"$ref\": \"#/components/headers/RequestId\"}}}},
            \"content\": {{\"application/json\": {{\"schema\": {{\"type\": \"object\"}}, \"example\": {{}}}}}}
          }},
          \"500\": {{\"$ref\": \"#/components/responses/Internal\"}}
        }}
      }}
    }},
",
        method.to_ascii_lowercase(),
        method.to_ascii_lowercase(),
        function.module(),
    )
}
