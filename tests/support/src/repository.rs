//! The repository's text files, for tests that read them.

use std::path::Path;

use stacks::repository::root;

/// Generated folders that are not part of the repository.
const NOT_OURS: [&str; 8] =
    [".git", ".local", ".tools", ".vercel", ".aws-sam", "node_modules", "target", "Cargo.lock"];

pub struct Text {
    /// The path from the root, with `/`.
    pub path: String,
    pub text: String,
}

/// The root of the repository.
pub fn texts(folder: &str) -> Vec<Text> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(folder: &Path, found: &mut Vec<Text>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a folder's entry").path();
        if NOT_OURS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path = path
                .strip_prefix(root())
                .expect("a path under the root")
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Text { path, text });
        }
    }
}

/// Every Rust file under a folder.
pub fn rust(folder: &str) -> Vec<Text> {
    texts(folder).into_iter().filter(|file| file.path.ends_with(".rs")).collect()
}

/// The code of a file: its lines without comments.
pub fn code(file: &Text) -> impl Iterator<Item = &str> {
    file.text.lines().filter(|line| !line.trim_start().starts_with("//"))
}
