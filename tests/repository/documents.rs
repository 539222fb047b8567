//! The documents, as far as a machine can judge them.

use stacks::repository::{read, root};
use support::repository::texts;

/// The first part of a path into the repository.
const FOLDERS: [&str; 5] = ["docs/", "functions/", "infra/", "shared/", "tests/"];

fn documents() -> Vec<support::repository::Text> {
    texts("").into_iter().filter(|file| file.path.ends_with(".md")).collect()
}

/// The texts between backticks that are paths; those with a placeholder are patterns.
fn paths_in(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |quoted: &&str| FOLDERS.iter().any(|folder| quoted.starts_with(folder));
    let is_plain = |quoted: &&str| !quoted.contains(|c: char| "<>*{}… ".contains(c));
    quoted.filter(is_path).filter(is_plain)
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut absent = Vec::new();
    // The changelog names files of earlier versions, the other page those of a route that a reader adds.
    let exempt = ["CHANGELOG.md", "docs/adding-a-route.md"];
    for file in documents().iter().filter(|file| !exempt.contains(&file.path.as_str())) {
        for path in paths_in(&file.text) {
            // Commands such as `infra/build aws` are left out by their space; `file.rs:12` names a line.
            let path = path.split(':').next().unwrap_or_default();
            if !root().join(path).exists() {
                absent.push(format!("{}: {path}", file.path));
            }
        }
    }
    assert_eq!(absent, [""; 0]);
}

#[test]
fn every_link_of_a_document_leads_to_a_file() {
    let mut broken = Vec::new();
    for file in documents() {
        let folder = root().join(&file.path).parent().expect("a file is in a folder").to_owned();
        for target in file.text.split("](").skip(1) {
            let target = target.split([')', ' ', '#']).next().unwrap_or_default();
            let is_local = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            if is_local && !folder.join(target).exists() {
                broken.push(format!("{}: {target}", file.path));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_readme_is_short_and_links_the_proof_of_every_promise() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    let promises = readme.split("| promise | how | proof |").nth(1).expect("the table of promises");
    let rows = promises.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let proof = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        assert!(proof.starts_with('['), "{proof} is no link");
        count += 1;
    }
    assert!(count > 5, "{count} promises");
}
