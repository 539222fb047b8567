//! The open connections of one listener, limited to what the process can hold.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::{AbortHandle, JoinSet};

/// Never more than this, however many descriptors there are.
const MAX_CONNECTIONS: usize = 512;
/// The limit where the number of descriptors is unknown: a quarter of the default of macOS.
const USUAL_CONNECTIONS: usize = 64;

/// Connections, and which of them are being answered.
pub(super) struct Connections {
    limit: usize,
    tasks: JoinSet<()>,
    /// In the order in which they came.
    open: VecDeque<(AbortHandle, Arc<AtomicBool>)>,
}

impl Connections {
    pub(super) fn up_to(limit: usize) -> Self {
        Self { limit, tasks: JoinSet::new(), open: VecDeque::new() }
    }

    /// Whether one more can be taken: there is room, or one that does nothing can make room.
    pub(super) fn has_room(&self) -> bool {
        self.tasks.len() < self.limit || self.open.iter().any(|(_, busy)| !busy.load(Ordering::Relaxed))
    }

    /// Talks on a new connection; `busy` is true while a request on it is being answered.
    pub(super) fn spawn(
        &mut self,
        connection: impl Future<Output = ()> + Send + 'static,
        busy: Arc<AtomicBool>,
    ) {
        self.open.retain(|(task, _)| !task.is_finished());
        if self.open.len() >= self.limit {
            let idle = self.open.iter().position(|(_, busy)| !busy.load(Ordering::Relaxed));
            if let Some((task, _)) = idle.and_then(|at| self.open.remove(at)) {
                task.abort();
            }
        }
        self.open.push_back((self.tasks.spawn(connection), busy));
    }

    /// Waits until one has ended. Each is collected, so that a long session does not pile them up.
    pub(super) async fn one_ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending().await
        }
    }
}

/// A quarter of the process's descriptors: the stand-ins have their own listener, and the other end of each
/// of their connections is in this process too.
pub(super) fn limit() -> usize {
    let descriptors =
        std::fs::read_to_string("/proc/self/limits").ok().and_then(|limits| soft_limit(&limits));
    descriptors.map_or(USUAL_CONNECTIONS, |descriptors| (descriptors / 4).clamp(1, MAX_CONNECTIONS))
}

/// `Max open files            1024                 4096                 files`
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_descriptors_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            64                   4096                 files     \n";
        assert_eq!(soft_limit(limits), Some(64));
        assert_eq!(
            soft_limit("Max open files            unlimited            unlimited            files"),
            None
        );
        assert_eq!(soft_limit(""), None);
    }

    #[tokio::test]
    async fn a_new_connection_takes_the_place_of_the_oldest_that_does_nothing() {
        let mut connections = Connections::up_to(2);
        let flags = [true, false, false].map(|busy| Arc::new(AtomicBool::new(busy)));
        for busy in &flags {
            assert!(connections.has_room());
            connections.spawn(std::future::pending(), busy.clone());
        }
        connections.one_ended().await;
        let open: Vec<bool> = connections.open.iter().map(|(_, busy)| Arc::ptr_eq(busy, &flags[1])).collect();
        assert_eq!(open, [false, false], "the one in the middle was hung up on");
        flags[2].store(true, Ordering::Relaxed);
        assert!(!connections.has_room(), "a connection with a request in progress is not closed");
    }
}
