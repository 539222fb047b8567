//! What the stand-ins may not forget, in one file that only grows.
//!
//! A provider that loses an idempotency key acts twice, and one that loses an effect cannot be
//! counted. So every change is written as a [`Record`] before it is made in memory and before
//! anybody is answered; opening the file again makes the same changes in the same order. One call
//! is one record, and there is one file, so that an effect and the key that guards it are either
//! both known or both unknown.

mod file;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use file::JournalFile;
pub use file::OpenJournalError;

use crate::fault::Rule;
use crate::outbox::Entry;
use crate::{bus, clock, resend, stripe, whop};

/// Where changes are written; without a file, as in tests, nowhere. All clones share one file, and
/// the last of them unlocks it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    file: Option<Arc<Mutex<JournalFile>>>,
}

/// All that one call changed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Record {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clock: Option<clock::Setting>,
    /// The fault rules then in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) faults: Option<Vec<Rule>>,
    /// The effects before `sent` are forgotten.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) outbox_cleared: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sent: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) whop: Vec<whop::Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resend: Option<resend::Accepted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) stripe: Vec<stripe::Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) bus: Vec<bus::ReceivedEvent>,
}

impl Journal {
    /// Opens the file at `path`, or begins it, for this process alone; the records are in the
    /// order they were written.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Record>), OpenJournalError> {
        let (file, records) = JournalFile::open(path)?;
        Ok((Self { file: Some(Arc::new(Mutex::new(file))) }, records))
    }

    /// Returns when the record would survive the end of the process and of the machine.
    ///
    /// # Panics
    /// When it cannot be written, and from then on always: a provider that forgets must not act.
    /// The caller's connection breaks without an answer, and nothing has changed in memory.
    pub(crate) fn write(&self, record: &Record) {
        if let Some(file) = &self.file {
            file.lock().unwrap_or_else(PoisonError::into_inner).append(record);
        }
    }
}
