//! Compares the conditions of policies with requests: a right that is limited to some rows is used for those
//! rows only, and every listed row is used.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;

use crate::policies::{rights_of, statements_of};

/// A right that one request took, and the partitions it took it for.
pub type Touch = (String, BTreeSet<String>);

/// A right, and the beginnings of the partitions it is tied to, if it is.
type Grant<'a> = (String, Option<Vec<&'a str>>);

fn grants(function: &Yaml) -> Vec<Grant<'_>> {
    let of_one = |statement| {
        let kinds = tied_to(statement);
        rights_of(statement).into_iter().map(move |right| (right, kinds.clone()))
    };
    statements_of(function).flat_map(of_one).collect()
}

/// The beginnings of partitions that a statement is about; absent where it is about any.
fn tied_to(statement: &Yaml) -> Option<Vec<&str>> {
    let condition = statement.get("Condition")?;
    let keys = &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    let is_known = |parts: &Yaml| parts.as_mapping().is_some_and(|parts| parts.len() == 1);
    assert!(is_known(condition) && is_known(&condition["ForAllValues:StringLike"]), "{condition:?}");
    let patterns = keys.as_sequence().expect("patterns").iter().map(|pattern| {
        let kind = pattern.as_str().and_then(|pattern| pattern.strip_suffix("#*"));
        kind.filter(|kind| !kind.contains(['*', '?']))
            .unwrap_or_else(|| panic!("{pattern:?} is no kind of row"))
    });
    Some(patterns.collect())
}

fn is_of(kind: &str, key: &str) -> bool {
    key.split_once('#').is_some_and(|(own, _)| own == kind)
}

/// The rights of a function that are tied to some rows.
pub fn tied(function: &Yaml) -> Vec<String> {
    let tied = grants(function).into_iter().filter(|(_, kinds)| kinds.is_some());
    tied.map(|(right, _)| right).collect()
}

/// Actions on rows without a right to them, and rights to rows that were never used.
pub fn complaints(function: &Yaml, touched: &BTreeSet<Touch>) -> Vec<String> {
    let grants = grants(function);
    let may = |(right, keys): &&Touch| {
        // All partitions of a request have to satisfy one and the same statement.
        grants.iter().filter(|(granted, _)| granted == right).any(|(_, kinds)| {
            kinds
                .as_ref()
                .is_none_or(|kinds| keys.iter().all(|key| kinds.iter().any(|kind| is_of(kind, key))))
        })
    };
    let refused =
        touched.iter().filter(|touch| !may(touch)).map(|(right, keys)| format!("{right} of {keys:?}"));
    let mut found: Vec<String> = refused.collect();
    for (right, kinds) in &grants {
        let used = |kind: &str| {
            touched.iter().any(|(taken, keys)| taken == right && keys.iter().any(|key| is_of(kind, key)))
        };
        let idle = kinds.iter().flatten().filter(|kind| !used(kind));
        found.extend(idle.map(|kind| format!("{right} for {kind} is never used")));
    }
    found
}
