//! The schemas of views and inputs, and where the document differs from what the generator makes of them.

use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::input::left_out;
use crate::operation::MakeSchema;

/// Generates schemas and collects those that are referred to by name.
pub struct Schemas {
    answers: SchemaGenerator,
    inputs: SchemaGenerator,
    named: Map<String, Value>,
}

impl Default for Schemas {
    fn default() -> Self {
        let generator = |contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.contract = contract;
            settings.into_generator()
        };
        let (answers, inputs) = (generator(Contract::Serialize), generator(Contract::Deserialize));
        Self { answers, inputs, named: Map::new() }
    }
}

impl Schemas {
    /// The schema of a view: every field is required, unless its type omits it.
    pub fn of_answer(&mut self, make: MakeSchema) -> Value {
        finished(make(&mut self.answers).to_value(), Contract::Serialize)
    }

    /// The schema of a request body.
    pub fn of_input(&mut self, make: MakeSchema) -> Value {
        finished(make(&mut self.inputs).to_value(), Contract::Deserialize)
    }

    /// Adds a schema that has no Rust type.
    pub fn name(&mut self, name: &str, schema: Value) {
        self.named.insert(name.to_owned(), schema);
    }

    /// All named schemas, which are the components of the document.
    pub fn finish(mut self) -> Map<String, Value> {
        let mut named = self.named;
        for generator in [&mut self.inputs, &mut self.answers] {
            let contract = generator.contract().clone();
            for (name, schema) in generator.take_definitions(true) {
                named.insert(public(&name), finished(schema, contract.clone()));
            }
        }
        named
    }
}

/// The name of a view in the document.
fn public(name: &str) -> String {
    name.replace("View", "")
}

fn finished(mut schema: Value, contract: Contract) -> Value {
    finish(&mut schema, &contract);
    schema
}

/// All named schemas, which are the components of the document.
fn finish(node: &mut Value, contract: &Contract) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| finish(item, contract)),
        Value::Object(schema) => {
            finish_object(schema);
            // A field that may be absent from a response is never `null`.
            if contract.is_serialize() {
                left_out(schema);
            }
            let kept = |name: &str| matches!(name, "examples" | "enum" | "const" | "default");
            schema.iter_mut().filter(|(name, _)| !kept(name)).for_each(|(_, inner)| finish(inner, contract));
        }
        _ => {}
    }
}

fn finish_object(schema: &mut Map<String, Value>) {
    if let Some(Value::String(reference)) = schema.get_mut("$ref") {
        *reference = public(reference);
    }
    // Comments are wrapped at the line length of the code, and their links are only for `cargo doc`.
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text
            .replace("\n\n", "\r")
            .replace('\n', " ")
            .replace('\r', "\n\n")
            .replace("[`", "`")
            .replace("`]", "`");
    }
    // Fields that are not described do not occur.
    if schema.contains_key("properties") && schema.get("type") == Some(&json!("object")) {
        schema.entry("additionalProperties").or_insert(json!(false));
    }
    // Default numbers come from Rust and are meant for stored rows of earlier versions.
    if matches!(schema.get("default"), Some(Value::Null | Value::Number(_))) {
        schema.remove("default");
    }
    merge_constants(schema);
    plain_numbers(schema);
}

/// An enum whose variants have comments is generated as a choice of constants. It becomes a list of values,
/// explained in one description.
fn merge_constants(schema: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let value = |choice: &Value| {
        let is_text = choice.get("type") == Some(&json!("string"));
        is_text.then(|| choice.get("const").cloned()).flatten()
    };
    let Some(values) = choices.iter().map(value).collect::<Option<Vec<Value>>>() else { return };
    let explained = choices.iter().zip(&values).filter_map(|(choice, value)| {
        Some(format!("`{}`: {}", value.as_str()?, choice.get("description")?.as_str()?.replace('\n', " ")))
    });
    let about = schema.get("description").and_then(Value::as_str).map(str::to_owned);
    let text: Vec<String> = about.into_iter().chain(explained).collect();
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), json!(values));
    schema.insert("description".to_owned(), json!(text.join(" ")));
}

/// Removes the sizes of Rust's numbers, except where clients must know that 32 bits are not enough.
fn plain_numbers(schema: &mut Map<String, Value>) {
    match schema.get("format").and_then(Value::as_str) {
        Some("uint64" | "int64") => {
            schema.insert("format".to_owned(), json!("int64"));
        }
        Some("uint8" | "uint16" | "uint32" | "uint" | "int32" | "int128" | "double") => {
            schema.remove("format");
        }
        _ => {}
    }
    if matches!(schema.get("maximum").and_then(Value::as_u64), Some(255 | 65_535)) {
        schema.remove("maximum");
    }
}
