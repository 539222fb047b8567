//! Checks that the API version is written in one place only.

use std::fs;
use std::path::{Path, PathBuf};

use crate::providers::whop::API_VERSION_DATE;

/// The Rust files below a folder, without tests, which use other dates.
fn product_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !matches!(name.as_str(), "tests" | "fixtures" | "target") {
            product_files(&path, found);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The files of the product's code that contain a text, once per occurrence.
fn files_containing(text: &str) -> Vec<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in ["shared/src", "functions"] {
        product_files(&workspace.join(folder), &mut files);
    }
    files.sort();
    let mut places = Vec::new();
    for file in files {
        let count = fs::read_to_string(&file).unwrap().matches(text).count();
        let place = file.strip_prefix(workspace).unwrap().display().to_string();
        places.extend(std::iter::repeat_n(place, count));
    }
    places
}

#[test]
fn the_pinned_date_is_written_in_one_place_and_sent_from_one() {
    let quoted = format!("\"{API_VERSION_DATE}\"");
    assert_eq!(files_containing(&quoted), ["shared/src/providers/whop/version.rs"]);
    assert_eq!(files_containing("\"api-version-date\""), ["shared/src/providers/whop/client.rs"]);
}
