//! The memory that password hashing uses, as the kernel counts it. It has its own binary, because a process
//! has one peak figure for all its tests.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failing test reports it")]

use futures_util::future::try_join_all;
use shared::auth::password::{Known, is_right};

/// Four times the memory of one hash: a limit between one block and one per hash.
const MAX_GROWTH_KIB: u64 = 4 * 19_456;

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn however_many_sign_in_the_memory_of_one_hash_is_enough() {
    let before = peak_memory_kib();
    for _ in 0..16 {
        is_right("correct horse battery", Known::Nothing).await.unwrap();
    }
    let one_by_one = peak_memory_kib() - before;
    assert!(one_by_one <= MAX_GROWTH_KIB, "one after the other, they took {one_by_one} KiB");
    assert!(one_by_one >= 19_456, "what is measured is not what they take: {one_by_one} KiB");
    try_join_all((0..64).map(|_| is_right("correct horse battery", Known::Nothing))).await.unwrap();
    let at_once = peak_memory_kib() - before;
    assert!(at_once <= MAX_GROWTH_KIB, "all at once, they took {at_once} KiB");
}
