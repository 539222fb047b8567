//! The durable state of the stand-ins, in one append-only file.
//!
//! A provider that loses an idempotency key acts twice, and one that loses an effect cannot be counted. So
//! every change is written as a [`Record`] before it is applied in memory and before the request is answered;
//! opening the file replays the changes in the same order. One call writes one record to one file, so an
//! effect and the key that guards it are either both stored or both lost.
//!
//! The journal does not interpret its records: each stand-in reads its own part.

mod file;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use file::JournalFile;
pub use file::OpenJournalError;

/// Where changes are written; without a file, as in tests, nowhere. All clones share one file, and
/// the last of them unlocks it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    file: Option<Arc<Mutex<JournalFile>>>,
}

/// Everything that one call changed, by the name of the state.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Record(BTreeMap<String, Value>);

/// The record is not one that this program writes.
#[derive(Debug)]
pub(crate) struct ForeignRecord;

impl Journal {
    /// Opens the file at `path`, or begins it, for this process alone; the records are in the
    /// order they were written.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Record>), OpenJournalError> {
        let (file, records) = JournalFile::open(path)?;
        Ok((Self { file: Some(Arc::new(Mutex::new(file))) }, records))
    }

    /// Returns when the record survives the end of the process and of the machine. Without a file it does
    /// nothing.
    ///
    /// # Panics
    /// If the record cannot be written, and from then on always: a provider that forgets must not act.
    /// The client's connection breaks without an answer, and nothing has changed in memory.
    pub(crate) fn write(&self, record: impl FnOnce() -> Record) {
        if let Some(file) = &self.file {
            file.lock().unwrap_or_else(PoisonError::into_inner).append(&record());
        }
    }
}

impl Record {
    /// A record of one state's change.
    pub(crate) fn of(owner: &str, changes: &impl Serialize) -> Self {
        Self::default().and(owner, changes)
    }

    /// Adds the change of another state.
    #[must_use]
    pub(crate) fn and(mut self, owner: &str, changes: &impl Serialize) -> Self {
        let changes = serde_json::to_value(changes).expect("a change has no keys but texts");
        self.0.insert(owner.to_owned(), changes);
        self
    }

    /// Removes and parses the part of one state.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, owner: &str) -> Result<Option<T>, ForeignRecord> {
        self.0.remove(owner).map(serde_json::from_value).transpose().map_err(|_| ForeignRecord)
    }

    /// Checks that no part is left; a remaining part belongs to no known state.
    pub(crate) fn finish(self) -> Result<(), ForeignRecord> {
        if self.0.is_empty() { Ok(()) } else { Err(ForeignRecord) }
    }
}
