//! Captures the log of one thread.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use shared::logs;

#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Captures everything that this thread logs from now on, at all levels.
    pub fn open() -> (Self, tracing::subscriber::DefaultGuard) {
        // With a single subscriber in the process, a log call first reached on another thread would be disabled
        // for all. So there is a second one.
        static SECOND: OnceLock<tracing::Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| tracing::Dispatch::new(logs::to("nobody", io::sink(), "trace")));
        let log = Self::default();
        let guard = tracing::subscriber::set_default(logs::to("tests", log.clone(), "trace"));
        (log, guard)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub fn lines_with(&self, field: &str) -> Vec<Value> {
        let lines =
            self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        lines.into_iter().filter(|line| line.get(field).is_some()).collect()
    }
}
