//! The stand-ins depend on their common base, and not on each other.

use std::collections::BTreeSet;

use stacks::repository::read;
use support::repository::{code, rust};

#[test]
fn stand_ins_depend_only_on_their_base() {
    let folder = "infra/stand-ins/src";
    let text = read(&format!("{folder}/lib.rs"));
    let modules = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let stand_ins: BTreeSet<&str> = modules.filter(|name| *name != "sandbox").collect();
    assert!(stand_ins.contains("whop") && !stand_ins.contains("base"), "{stand_ins:?}");
    for file in rust(folder) {
        let place = file.path.trim_start_matches(folder).trim_start_matches('/').trim_end_matches(".rs");
        let own = place.split('/').next().unwrap_or_default();
        for used in code(&file).flat_map(|line| line.split("crate::").skip(1)) {
            let end = used.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(used.len());
            let used = &used[..end];
            assert!(
                used == own || own == "sandbox" || !stand_ins.contains(used),
                "{} uses `{used}`",
                file.path
            );
        }
    }
}
