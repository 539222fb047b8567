//! The measurements, as lines of a table.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The figures of one function; medians.
pub struct Figures {
    pub name: String,
    /// From the start of the process to its first poll.
    pub start: Duration,
    /// The first request after that.
    pub first: Duration,
    /// A later request; nothing where asking again is refused.
    pub warm: Option<Duration>,
    pub peak_memory_kib: u64,
    /// Of the first request, at the table.
    pub table_requests: usize,
    pub zipped_bytes: u64,
}

impl Figures {
    /// The head of the table.
    pub const HEAD: &str = "\
| function | start, ms | first request, ms | warm request, ms | peak, MB | zipped, MB | requests to the table |
| --- | --- | --- | --- | --- | --- | --- |";

    /// How large the binary is as it is uploaded.
    pub fn zipped_bytes(binary: &Path) -> u64 {
        let zipped = Command::new("gzip").args(["-9", "-c"]).arg(binary).stderr(Stdio::inherit()).output();
        zipped.unwrap().stdout.len() as u64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1_000.0);
        let warm = self.warm.map_or_else(|| "–".to_owned(), ms);
        let (peak, zipped) = (self.peak_memory_kib as f64 * 1_024.0 / 1e6, self.zipped_bytes as f64 / 1e6);
        write!(
            f,
            "| `{}` | {} | {} | {warm} | {peak:.1} | {zipped:.2} | {} |",
            self.name,
            ms(self.start),
            ms(self.first),
            self.table_requests
        )
    }
}

pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The machine of the measurement.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("\t: unknown");
    let processors = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{processors} × {}, Linux {}", model.trim_start_matches([':', '\t', ' ']), kernel.trim())
}
