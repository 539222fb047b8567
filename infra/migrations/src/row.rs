//! The conditional write of one row. It stores the previous values in the row, so that the undo restores
//! exactly what the migration changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::{Item, Placeholders};

use crate::numbered::{Change, Decision, Migration, Undo};

/// The next step for a row.
pub(crate) enum Step {
    Leave,
    /// A write, with the source of its values.
    Write(RowWrite, &'static str),
    /// A person must decide, with the reason.
    NeedsPerson(&'static str),
}

/// A conditional update of one row.
#[derive(Debug, Default)]
pub(crate) struct RowWrite {
    pub(crate) set: BTreeMap<String, AttributeValue>,
    pub(crate) remove: BTreeSet<String>,
    /// The values that must be present, or `None` for attributes that must be absent.
    pub(crate) expected: BTreeMap<String, Option<AttributeValue>>,
}

/// The mark that a migration leaves on a changed row: its attributes before and after. An attribute in only one
/// of the two was added or removed.
struct Mark {
    before: HashMap<String, AttributeValue>,
    after: HashMap<String, AttributeValue>,
}

/// Every attribute of a row that a migration uses.
pub(crate) fn attributes(migration: &Migration) -> Vec<String> {
    migration.attributes.iter().map(|name| (*name).to_owned()).chain([mark_name(migration)]).collect()
}

/// The step of a row when migrating forward.
pub(crate) fn forward(migration: &Migration, row: &Item) -> Step {
    match (migration.decide)(row) {
        Decision::AlreadyTrue => Step::Leave,
        Decision::NeedsPerson(reason) => Step::NeedsPerson(reason),
        Decision::Change(change) => {
            let from = change.from;
            Step::Write(change_write(migration, row, change), from)
        }
    }
}

/// The step of a row when migrating back.
pub(crate) fn back(migration: &Migration, row: &Item) -> Step {
    let marked = matches!(migration.undo, Undo::Restore).then(|| row.get(&mark_name(migration))).flatten();
    let Some(marked) = marked else { return Step::Leave };
    match Mark::read(marked) {
        Some(mark) => Step::Write(restore_write(migration, row, mark), "the previous values"),
        None => Step::NeedsPerson("its mark with the previous values cannot be read"),
    }
}

fn change_write(migration: &Migration, row: &Item, change: Change) -> RowWrite {
    let mut write = RowWrite { expected: expected(migration, row), ..RowWrite::default() };
    let names = change.set.iter().map(|(name, _)| *name).chain(change.remove.iter().copied());
    let before = names.filter_map(|name| Some((name.to_owned(), row.get(name)?.clone()))).collect();
    let after = change.set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    write.set = change.set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    write.remove = change.remove.into_iter().map(str::to_owned).collect();
    write.set.insert(mark_name(migration), Mark { before, after }.written());
    write
}

/// An attribute that was written since keeps its newer value.
fn restore_write(migration: &Migration, row: &Item, mut mark: Mark) -> RowWrite {
    let mut write = RowWrite { expected: expected(migration, row), ..RowWrite::default() };
    let names: BTreeSet<String> = mark.before.keys().chain(mark.after.keys()).cloned().collect();
    for name in names.into_iter().filter(|name| row.get(name) == mark.after.get(name)) {
        match mark.before.remove(&name) {
            Some(value) => drop(write.set.insert(name, value)),
            None => drop(write.remove.insert(name)),
        }
    }
    write.remove.insert(mark_name(migration));
    write
}

fn expected(migration: &Migration, row: &Item) -> BTreeMap<String, Option<AttributeValue>> {
    let names = attributes(migration).into_iter();
    names.map(|name| (name.clone(), row.get(&name).cloned())).collect()
}

fn mark_name(migration: &Migration) -> String {
    format!("migration_{}", migration.number)
}

impl Mark {
    fn read(value: &AttributeValue) -> Option<Self> {
        let both = value.as_m().ok()?;
        let one = |name: &str| both.get(name)?.as_m().ok().cloned();
        Some(Self { before: one("before")?, after: one("after")? })
    }

    fn written(self) -> AttributeValue {
        let both = [("before", self.before), ("after", self.after)];
        AttributeValue::M(both.map(|(name, value)| (name.to_owned(), AttributeValue::M(value))).into())
    }
}

impl RowWrite {
    /// Update expression, condition, names and values for the SDK. A deleted row stays deleted.
    pub(crate) fn expressions(self, hash_key: &str) -> Expressions {
        let mut to = Placeholders::default();
        let mut conditions = vec![format!("attribute_exists({})", to.name(hash_key))];
        for (name, value) in self.expected {
            let name = to.name(&name);
            conditions.push(match value {
                Some(value) => format!("{name} = {}", to.value(value)),
                None => format!("attribute_not_exists({name})"),
            });
        }
        let set: Vec<String> = self
            .set
            .into_iter()
            .map(|(name, value)| format!("{} = {}", to.name(&name), to.value(value)))
            .collect();
        let remove: Vec<String> = self.remove.iter().map(|name| to.name(name)).collect();
        let clauses = [("SET", set), ("REMOVE", remove)];
        let filled = clauses.into_iter().filter(|(_, terms)| !terms.is_empty());
        let clauses: Vec<String> =
            filled.map(|(verb, terms)| format!("{verb} {}", terms.join(", "))).collect();
        Expressions { update: clauses.join(" "), condition: conditions.join(" AND "), placeholders: to }
    }
}

/// An update for the SDK.
#[derive(Debug)]
pub(crate) struct Expressions {
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) placeholders: Placeholders,
}
