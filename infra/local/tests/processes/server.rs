//! The local server as a process.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Kills the server however the test ends.
pub struct Server {
    child: Child,
    pub base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Over a folder, which outlives it.
    pub fn over(data: &Path) -> Self {
        Self::start([OsStr::new("--data"), data.as_os_str()])
    }

    pub fn in_memory() -> Self {
        Self::start(["--memory"])
    }

    /// Starts a server in memory with a limit of open files and connections.
    pub fn with_descriptors(count: usize) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {count} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_local")]);
        Self::run(shell, ["--memory", "--no-schedules"])
    }

    /// The process id in the system.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_local")), arguments)
    }

    fn run(mut command: Command, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        command.args(["--port", "0"]).args(arguments).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let greeting = lines.by_ref().map_while(Result::ok).find(|line| line.contains("serves on"));
        let greeting = greeting.expect("the server starts");
        let base = greeting.split_whitespace().find(|word| word.starts_with("http")).unwrap().to_owned();
        // A process whose output pipe is not read blocks when the pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, base }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
