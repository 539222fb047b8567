//! What the stand-ins may not forget, in one file that only grows.
//!
//! A provider that loses an idempotency key acts twice, and one that loses an effect cannot be
//! counted. So every change is written as a [`Record`] before it is made in memory and before
//! anybody is answered; opening the file again makes the same changes in the same order. One call
//! is one record, and there is one file, so that an effect and the key that guards it are either
//! both known or both unknown.
//!
//! The journal knows none of those who write to it: a record names them, and each reads its own part.

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

/// All that one call changed, by the name of whom it belongs to.
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

    /// Returns when the record would survive the end of the process and of the machine. It is only made where there
    /// is a file for it.
    ///
    /// # Panics
    /// When it cannot be written, and from then on always: a provider that forgets must not act.
    /// The caller's connection breaks without an answer, and nothing has changed in memory.
    pub(crate) fn write(&self, record: impl FnOnce() -> Record) {
        if let Some(file) = &self.file {
            file.lock().unwrap_or_else(PoisonError::into_inner).append(&record());
        }
    }
}

impl Record {
    /// The record of what changed for one of its owners.
    pub(crate) fn of(owner: &str, changes: &impl Serialize) -> Self {
        Self::default().and(owner, changes)
    }

    /// The same with what changed for another.
    #[must_use]
    pub(crate) fn and(mut self, owner: &str, changes: &impl Serialize) -> Self {
        let changes = serde_json::to_value(changes).expect("a change has no keys but texts");
        self.0.insert(owner.to_owned(), changes);
        self
    }

    /// Takes out what it says of one owner.
    pub(crate) fn take<T: DeserializeOwned>(&mut self, owner: &str) -> Result<Option<T>, ForeignRecord> {
        self.0.remove(owner).map(serde_json::from_value).transpose().map_err(|_| ForeignRecord)
    }

    /// Everybody has taken what is theirs: what is left has no owner here.
    pub(crate) fn finish(self) -> Result<(), ForeignRecord> {
        if self.0.is_empty() { Ok(()) } else { Err(ForeignRecord) }
    }
}
