//! The buckets as this process last saw them.
//!
//! A bucket's `tat` only grows, so a remembered one is never too high: a bucket that was seen empty stays
//! empty until that time and needs no request. For other buckets the remembered `tat` determines which form
//! of the write will succeed.

use std::collections::{BTreeSet, HashMap};

/// The digest that identifies a row.
pub(super) type RowId = [u8; 32];

/// 2 MB, and more subjects than one process serves in a window.
const MAX_BUCKETS: usize = 10_000;

/// A bounded memory; if it exceeds its capacity, the bucket that is full again first is dropped.
#[derive(Debug)]
pub(super) struct Memory {
    capacity: usize,
    buckets: HashMap<RowId, (i128, i64)>,
    by_end: BTreeSet<(i64, RowId)>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { capacity: MAX_BUCKETS, buckets: HashMap::new(), by_end: BTreeSet::new() }
    }
}

impl Memory {
    /// The `tat` that was last seen.
    pub(super) fn recall(&self, id: &RowId) -> Option<i128> {
        self.buckets.get(id).map(|(tat, _)| *tat)
    }

    /// Remembers a bucket's `tat` until the bucket is full.
    pub(super) fn remember(&mut self, id: RowId, tat: i128, full_at_ms: i64, now_ms: i64) {
        if let Some((_, old_end)) = self.buckets.insert(id, (tat, full_at_ms)) {
            self.by_end.remove(&(old_end, id));
        }
        self.by_end.insert((full_at_ms, id));
        while let Some((end, id)) = self.by_end.first().copied() {
            if end > now_ms && self.buckets.len() <= self.capacity {
                return;
            }
            self.by_end.remove(&(end, id));
            self.buckets.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> RowId {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        id
    }

    #[test]
    fn a_full_cache_evicts_the_bucket_that_refills_first() {
        let mut memory = Memory::default();
        for number in 0..50_000_u32 {
            memory.remember(id(number), 1, 1_000 + i64::from(number), 0);
        }
        assert_eq!((memory.buckets.len(), memory.by_end.len()), (MAX_BUCKETS, MAX_BUCKETS));
        assert_eq!(memory.recall(&id(39_999)), None);
        assert_eq!(memory.recall(&id(40_000)), Some(1));
        memory.remember(id(7), 1, 999, 0);
        assert_eq!((memory.recall(&id(7)), memory.recall(&id(40_000))), (None, Some(1)));
    }

    #[test]
    fn what_is_whole_again_takes_no_room() {
        let mut memory = Memory::default();
        memory.remember(id(1), 1, 1_000, 0);
        memory.remember(id(1), 2, 2_000, 0);
        memory.remember(id(2), 3, 3_000, 1_500);
        assert_eq!((memory.recall(&id(1)), memory.buckets.len()), (Some(2), 2));
        memory.remember(id(3), 4, 4_000, 3_000);
        assert_eq!((memory.buckets.len(), memory.by_end.len()), (1, 1));
    }
}
