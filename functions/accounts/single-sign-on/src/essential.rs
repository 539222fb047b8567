//! Reads only the needed fields of an issuer's answers. An `expires_in` as text, or a list where the
//! specification has a flag, is no reason to refuse a sign-in.

use openidconnect::HttpResponse;
use openidconnect::core::CoreProviderMetadata;
use serde_json::{Map, Value, json};
use shared::json::read_trusted;

/// The discovery document, with placeholders for fields that the library requires and we do not use.
pub(crate) fn metadata(body: &[u8]) -> Option<CoreProviderMetadata> {
    let document: Map<String, Value> = read_trusted(body).ok()?;
    let mut kept = json!({
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        if let Some(url) = document.get(name).filter(|url| url.is_string()) {
            kept[name] = url.clone();
        }
    }
    if let Some(Value::Array(methods)) = document.get("token_endpoint_auth_methods_supported") {
        let texts = methods.iter().filter(|method| method.is_string()).cloned().collect();
        kept["token_endpoint_auth_methods_supported"] = Value::Array(texts);
    }
    serde_json::from_value(kept).ok()
}

/// The token answer for the library, and its id token. An error keeps its name.
pub(crate) fn token_answer(mut answer: HttpResponse) -> (HttpResponse, Option<String>) {
    let Ok(body) = read_trusted::<Map<String, Value>>(answer.body()) else { return (answer, None) };
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (kept, token) = if answer.status().is_success() {
        (json!({"access_token": "not_needed", "token_type": "bearer"}), text("id_token").map(str::to_owned))
    } else {
        (text("error").map_or_else(|| json!({}), |error| json!({"error": error})), None)
    };
    *answer.body_mut() = kept.to_string().into_bytes();
    (answer, token)
}
