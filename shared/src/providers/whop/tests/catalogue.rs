//! Checks that every fixture is used: an unused file would become outdated unnoticed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::answers::ANSWERS;
use crate::providers::whop::payload::tests::fixtures::{SHAPES, UNDERSCORED};

/// The JSON files below a folder, as paths relative to the folder `fixtures`.
fn files(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            files(&path, &format!("{prefix}{name}/"), found);
        } else if name != "README.md" {
            found.insert(format!("{prefix}{name}"));
        }
    }
}

#[test]
fn every_fixture_is_in_a_table_that_a_test_goes_through() {
    let mut there = BTreeSet::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/whop/fixtures"), "", &mut there);
    let events = SHAPES
        .iter()
        .flat_map(|(folder, events)| events.iter().map(move |(name, _)| format!("{folder}/{name}.json")));
    let underscored = UNDERSCORED.iter().map(|fixture| format!("underscores/{}.json", fixture.name));
    let answers = ANSWERS.iter().flat_map(|(folder, answers)| {
        answers.iter().map(move |(name, _)| format!("answers/{folder}/{name}.json"))
    });
    let read: BTreeSet<String> = events.chain(underscored).chain(answers).collect();
    assert_eq!(there, read);
}

#[test]
fn every_object_that_is_asked_for_has_a_fixture_in_every_shape() {
    let names = |answers: &[(&str, &str)]| answers.iter().map(|(name, _)| (*name).to_owned()).collect();
    let sets: Vec<BTreeSet<String>> = ANSWERS.iter().map(|(_, answers)| names(answers)).collect();
    assert!(sets.windows(2).all(|pair| pair[0] == pair[1]), "{sets:?}");
}
