//! What the schemas of inputs share. Handlers read their input field by field so that they can report all
//! mistakes at once; the structs of inputs describe the same fields, and `tests/platform/openapi_inputs.rs`
//! checks that both agree.

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

/// An email address. Case is ignored, and the domain may be written in its own script or in ASCII (`xn--…`).
/// The part before the `@` must be ASCII.
#[derive(JsonSchema)]
pub struct Email(
    #[schemars(
        regex(pattern = r"^[!-?A-~]{1,64}@[^@\s.]+(\.[^@\s.]+)+$"),
        length(max = 254),
        extend("format" = "idn-email")
    )]
    pub String,
);

/// A new password: 12 to 256 characters after Unicode normalization (NFC). A password that is easily guessed
/// is refused: a common password or a small variation of one, and one that contains the user's name or email
/// address, or the name of the company or the service. The error states the reason.
#[derive(JsonSchema)]
pub struct NewPassword(#[schemars(length(min = 1, max = 1024))] pub String);

/// Removes `null` from the optional fields of an input: a field may be omitted, but not be `null`.
pub(crate) fn never_null(schema: &mut Schema) {
    if let Some(schema) = schema.as_object_mut() {
        left_out(schema);
    }
}

/// Removes `null` from the fields that are not required.
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
