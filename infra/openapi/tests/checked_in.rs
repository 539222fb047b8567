//! The checked-in document is the one that the code makes.

use serde_json::Value;

#[test]
fn the_checked_in_document_is_up_to_date() {
    let made = openapi::document().expect("every route is described");
    let text = std::fs::read_to_string(openapi::FILE).expect("the document is there");
    let checked_in: Value = serde_json::from_str(&text).expect("the document is JSON");
    assert!(checked_in == made, "infra/openapi/openapi.json is out of date: run `cargo openapi`");
}
