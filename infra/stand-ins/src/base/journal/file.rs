//! The journal file: a first line that names the format, then one record per line.
//!
//! A line is a seal (a hash), a space and the record as JSON. The seal also covers the previous line, so
//! changed, lost or moved lines are detected. Bytes after the last line feed were never confirmed: the
//! process ended while it wrote them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use shared::json::{Limits, TRUSTED, read_within};

use super::Record;

/// The first line; another format gets another number, and is refused instead of misread.
const FIRST_LINE: &[u8] = b"justonce sandbox journal 1\n";
/// Hexadecimal digits of a seal: enough against accidents, which is all it is for.
const SEAL_CHARS: usize = 16;

/// A record may hold a whole request.
const RECORD: Limits = Limits { max_bytes: usize::MAX, max_depth: TRUSTED.max_depth };

/// The open and locked file.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    last_seal: String,
    failed: bool,
}

/// The journal is not there for this process.
#[derive(Debug, thiserror::Error)]
pub enum OpenJournalError {
    /// One file serves one process: two would not know of each other's keys.
    #[error("{} is in use by another process; stop it first, or use another folder", path.display())]
    InUse { path: PathBuf },
    /// The file or its folder cannot be created, read or written.
    #[error("{} cannot be opened: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Something in the file is not as it was written; the file is left as it is.
    #[error("{} is damaged in line {line}: {what}; restore it, or start with a new folder", path.display())]
    Damaged {
        path: PathBuf,
        /// The first line that is wrong, counted from 1.
        line: usize,
        /// The reason; never any content, which may be personal data.
        what: &'static str,
    },
}

/// The error of a record that is intact and cannot be parsed.
const FOREIGN: &str = "another version of this program wrote it";

impl OpenJournalError {
    /// The record of this index, counted from 0, is not one that this program writes.
    pub(crate) fn foreign(path: &Path, index: usize) -> Self {
        Self::Damaged { path: path.to_owned(), line: line_of(index), what: FOREIGN }
    }
}

/// The line of a record: the first one names the format.
fn line_of(index: usize) -> usize {
    index + 2
}

impl JournalFile {
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Record>), OpenJournalError> {
        let io_error = |source| OpenJournalError::Io { path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(io_error)?;
        // Locked before the first read, because another process's unfinished line is no corruption.
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenJournalError::InUse { path: path.to_owned() },
            TryLockError::Error(source) => io_error(source),
        })?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(io_error)?;
        let (records, last_seal, confirmed_bytes) = read(&content).map_err(|Corruption { line, what }| {
            OpenJournalError::Damaged { path: path.to_owned(), line, what }
        })?;
        if confirmed_bytes < content.len() || content.is_empty() {
            start_behind(&mut file, confirmed_bytes, path).map_err(io_error)?;
        }
        Ok((Self { path: path.to_owned(), file, last_seal, failed: false }, records))
    }

    pub(super) fn append(&mut self, record: &Record) {
        let path = self.path.display();
        assert!(!self.failed, "{path} could not be written before; start again when there is room");
        let json = serde_json::to_string(record).expect("a record has no keys but texts");
        let seal = seal(&self.last_seal, json.as_bytes());
        let line = format!("{seal} {json}\n");
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        // The file may end with half a line now. Nothing may follow it; the next start removes it.
        self.failed = written.is_err();
        written.unwrap_or_else(|error| panic!("{path} cannot be written: {error}"));
        self.last_seal = seal;
    }
}

/// Removes unconfirmed bytes and, in a new file, writes the first line.
fn start_behind(file: &mut File, confirmed_bytes: usize, path: &Path) -> io::Result<()> {
    file.set_len(confirmed_bytes as u64)?;
    file.seek(SeekFrom::End(0))?;
    if confirmed_bytes == 0 {
        file.write_all(FIRST_LINE)?;
    }
    file.sync_all()?;
    // A new file outlives a power cut only with its entry in the folder, which Unix syncs by itself.
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

struct Corruption {
    line: usize,
    what: &'static str,
}

/// The records, the seal of the last one, and their size in bytes.
fn read(content: &[u8]) -> Result<(Vec<Record>, String, usize), Corruption> {
    if content.len() < FIRST_LINE.len() && FIRST_LINE.starts_with(content) {
        return Ok((Vec::new(), String::new(), 0));
    }
    let lines = content.strip_prefix(FIRST_LINE);
    let lines = lines.ok_or(Corruption { line: 1, what: "it is no sandbox journal of this version" })?;
    let (mut records, mut last_seal, mut confirmed_bytes) = (Vec::new(), String::new(), FIRST_LINE.len());
    for (index, line) in lines.split_inclusive(|&byte| byte == b'\n').enumerate() {
        let Some(whole) = line.strip_suffix(b"\n") else { break };
        let corruption = |what| Corruption { line: line_of(index), what };
        let (seal_read, json) = whole.split_at_checked(SEAL_CHARS).unwrap_or_default();
        let json = json.strip_prefix(b" ").ok_or_else(|| corruption("it is no sealed record"))?;
        let seal = seal(&last_seal, json);
        if seal.as_bytes() != seal_read {
            return Err(corruption("it, or the line before it, is not what was written"));
        }
        let record = read_within(json, RECORD);
        records.push(record.map_err(|_| corruption(FOREIGN))?);
        (last_seal, confirmed_bytes) = (seal, confirmed_bytes + line.len());
    }
    Ok((records, last_seal, confirmed_bytes))
}

fn seal(last_seal: &str, json: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(last_seal.as_bytes());
    context.update(json);
    let digest = context.finish();
    digest.as_ref()[..SEAL_CHARS / 2].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn three_records() -> Vec<u8> {
        let (mut content, mut last_seal) = (FIRST_LINE.to_vec(), String::new());
        for json in
            [r#"{"outbox_cleared":true}"#, r#"{"whop":["key_rotated"]}"#, r#"{"resend":{"key":null}}"#]
        {
            last_seal = seal(&last_seal, json.as_bytes());
            content.extend(format!("{last_seal} {json}\n").into_bytes());
        }
        content
    }

    #[test]
    fn wherever_a_write_was_cut_off_every_whole_line_before_it_is_read() {
        let whole = three_records();
        for cut in 0..=whole.len() {
            let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let (records, _, _) = read(&whole[..cut]).ok().unwrap();
            assert_eq!(records.len(), lines.saturating_sub(1), "cut at {cut}");
        }
    }

    #[test]
    fn whichever_byte_is_changed_is_noticed() {
        let whole = three_records();
        // Without its line feed the last line is one that was cut off.
        for index in 0..whole.len() - 1 {
            let mut changed = whole.clone();
            changed[index] ^= 1;
            assert!(read(&changed).is_err(), "byte {index}");
        }
    }

    #[test]
    fn after_a_failed_write_nothing_more_is_written() {
        let path = std::env::temp_dir().join(format!("justonce-journal-{}", std::process::id()));
        let (mut journal, _) = JournalFile::open(&path).unwrap();
        let writable = std::mem::replace(&mut journal.file, File::open(&path).unwrap());
        let refuses = |journal: &mut JournalFile| {
            catch_unwind(AssertUnwindSafe(|| journal.append(&Record::default()))).is_err()
        };
        assert!(refuses(&mut journal));
        journal.file = writable;
        assert!(refuses(&mut journal), "also when it could be written again");
        assert_eq!(std::fs::read(&path).unwrap(), FIRST_LINE);
        std::fs::remove_file(&path).unwrap();
    }
}
