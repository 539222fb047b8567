//! The common parts of input schemas. The input structs describe what handlers read field by field, so that
//! every error is reported at once; `tests/platform/openapi_inputs.rs` compares the two.

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// A plain mail address; case does not matter, and the domain may be written in its own script or in ASCII (`xn--…`).
/// Before the `@` only ASCII can be written to.
#[derive(JsonSchema)]
pub struct Email(
    #[schemars(
        regex(pattern = r"^[!-?A-~]{1,64}@[^@\s.]+(\.[^@\s.]+)+$"),
        length(max = 254),
        extend("format" = "idn-email")
    )]
    pub String,
);

/// 12 to 256 characters after Unicode normalisation (NFC), not easily guessed: no common password or small change of
/// one, nothing built of the own name or address, the company's or the service's name. An error names the reason.
#[derive(JsonSchema)]
pub struct NewPassword(#[schemars(length(min = 1, max = 1024))] pub String);

/// A field that may be left out may not be null instead.
pub(crate) fn never_null(schema: &mut Schema) {
    if let Some(schema) = schema.as_object_mut() {
        left_out(schema);
    }
}

/// Takes null from the fields that are not required.
pub(crate) fn left_out(schema: &mut Map<String, Value>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required =
        |name: &str| required.as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !is_required(name)) {
        without_null(property);
    }
}

fn without_null(property: &mut Value) {
    if let Some(Value::Array(types)) = property.get("type") {
        let other = types.iter().find(|name| *name != "null").cloned();
        property["type"] = other.unwrap_or_default();
    }
    let Some(Value::Array(choices)) = property.get("anyOf") else { return };
    let [Value::Object(only), null] = choices.as_slice() else { return };
    let (only, is_nullable) = (only.clone(), null["type"] == "null");
    if let Some(fields) = property.as_object_mut().filter(|_| is_nullable) {
        fields.remove("anyOf");
        fields.extend(only);
    }
}
