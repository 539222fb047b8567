//! A child process: its output, its resource use, and its guaranteed end.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::Failed;

/// The resources that a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Processor time of all threads.
    pub processor: Duration,
    pub peak_memory_kib: u64,
}

/// A running process. Dropping it kills and reaps it.
pub(crate) struct Process {
    child: Child,
    id: u32,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

/// How often the end of a killed process is checked, once per millisecond; usually the first check succeeds.
const CHECKS: u32 = 2_000;

impl Process {
    /// Starts the process with these variables only.
    pub(crate) fn start<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        binary: &Path,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> io::Result<Self> {
        let mut command = Command::new(binary);
        command.env_clear().envs(environment).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = Arc::default();
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|stream| collect(stream, &lines)));
        readers.extend(child.stderr.take().map(|stream| collect(stream, &lines)));
        let id = child.id().unwrap_or_default();
        Ok(Self { child, id, lines, readers })
    }

    pub(crate) const fn id(&self) -> u32 {
        self.id
    }

    /// The output so far, from both streams.
    pub(crate) fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for its end and its last output.
    pub(crate) async fn ended(&mut self) -> Failed {
        let status = self.child.wait().await;
        for reader in self.readers.drain(..) {
            let _ = reader.await;
        }
        let status = status.map_or_else(|error| error.to_string(), |status: ExitStatus| status.to_string());
        Failed::Ended { status, log: self.log() }
    }

    pub(crate) async fn ends_soon(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(500), self.child.wait()).await.is_ok()
    }

    /// The resources used since the start, as counted by the kernel: in nanoseconds by thread, which is more
    /// precise than its hundredths of a second for the process. A thread that has ended is not counted any more.
    pub(crate) fn spent(&self) -> io::Result<Spent> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id))? {
            let counted = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += number(counted.split_whitespace().next())?;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak_memory_kib = number(peak.and_then(|peak| peak.split_whitespace().next()))?;
        Ok(Spent { processor: Duration::from_nanos(nanoseconds), peak_memory_kib })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        for _ in 0..CHECKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn number(text: Option<&str>) -> io::Result<u64> {
    let unknown = || io::Error::new(io::ErrorKind::InvalidData, "the kernel counts in a way not known here");
    text.and_then(|text| text.parse().ok()).ok_or_else(unknown)
}

fn collect(
    stream: impl AsyncRead + Unpin + Send + 'static,
    lines: &Arc<Mutex<Vec<String>>>,
) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    let mut stream = BufReader::new(stream).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = stream.next_line().await {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}
