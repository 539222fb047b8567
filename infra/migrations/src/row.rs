//! What is written to a row: under the condition that it is what was read, and with a mark that says what stood
//! there before, so that going back puts back that and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::store::{Item, Placeholders};

use crate::numbered::{Change, Decision, Migration, Undo};

/// What is to be done with a row.
pub(crate) enum Step {
    Leave,
    /// This, and from what it was made.
    Write(RowWrite, &'static str),
    /// A person has to, because of this.
    NeedsPerson(&'static str),
}

/// A conditioned update of one row.
#[derive(Debug, Default)]
pub(crate) struct RowWrite {
    pub(crate) set: BTreeMap<String, AttributeValue>,
    pub(crate) remove: BTreeSet<String>,
    /// What must stand there, or must not.
    pub(crate) expected: BTreeMap<String, Option<AttributeValue>>,
}

/// What a migration left on a row it changed: the attributes as they were and as it wrote them. One that is in
/// only one of the two was not there, or is not there any more.
struct Mark {
    before: HashMap<String, AttributeValue>,
    after: HashMap<String, AttributeValue>,
}

/// Every attribute of a row that matters to a migration.
pub(crate) fn attributes(migration: &Migration) -> Vec<String> {
    migration.attributes.iter().map(|name| (*name).to_owned()).chain([mark_name(migration)]).collect()
}

/// What going forward does to a row.
pub(crate) fn forward(migration: &Migration, row: &Item) -> Step {
    match (migration.decide)(row) {
        Decision::Holds => Step::Leave,
        Decision::NeedsPerson(reason) => Step::NeedsPerson(reason),
        Decision::Change(change) => {
            let from = change.from;
            Step::Write(changed(migration, row, change), from)
        }
    }
}

/// What going back does to a row.
pub(crate) fn back(migration: &Migration, row: &Item) -> Step {
    let marked = matches!(migration.undo, Undo::Restore).then(|| row.get(&mark_name(migration))).flatten();
    let Some(marked) = marked else { return Step::Leave };
    match Mark::read(marked) {
        Some(mark) => Step::Write(restored(migration, row, mark), "what stood there before"),
        None => Step::NeedsPerson("its mark of what stood there before cannot be read"),
    }
}

fn changed(migration: &Migration, row: &Item, change: Change) -> RowWrite {
    let mut write = RowWrite { expected: expected(migration, row), ..RowWrite::default() };
    let names = change.set.iter().map(|(name, _)| *name).chain(change.remove.iter().copied());
    let before = names.filter_map(|name| Some((name.to_owned(), row.get(name)?.clone()))).collect();
    let after = change.set.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    write.set = change.set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    write.remove = change.remove.into_iter().map(str::to_owned).collect();
    write.set.insert(mark_name(migration), Mark { before, after }.written());
    write
}

/// An attribute that somebody has written since stays as they wrote it.
fn restored(migration: &Migration, row: &Item, mut mark: Mark) -> RowWrite {
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
    /// Update expression, condition, names and values, as the SDK takes them. A row that is gone stays gone.
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

/// An update as the SDK takes it.
#[derive(Debug)]
pub(crate) struct Expressions {
    pub(crate) update: String,
    pub(crate) condition: String,
    pub(crate) placeholders: Placeholders,
}
