//! Recounts the ledger of a marketplace at rest.

use std::collections::BTreeMap;

use crate::payees::number;
use crate::world::{COMPANY, World};

/// The ledger accounts, which sum to zero.
const ACCOUNTS: [&str; 10] =
    ["received", "refunded", "disputed", "contested", "held", "fees", "owed", "paid", "reversed", "carried"];

impl World {
    /// Checks at rest that the balances equal the entries, sum to zero, nothing is reserved, and no booking has
    /// two transfers at Stripe.
    pub async fn check_books(&self, context: &str) {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.items(&format!("BALANCE#{COMPANY}")).await {
            let total: i64 = ACCOUNTS.iter().map(|word| number(&row, word)).sum();
            assert_eq!(total, 0, "{context}: {row:?}");
            assert_eq!(number(&row, "reserved"), 0, "{context}: {row:?}");
            assert!(number(&row, "owed") <= 0, "{context}: {row:?}");
            for word in ACCOUNTS {
                *sums.entry(word.to_owned()).or_default() += number(&row, word);
            }
        }
        let mut entries: BTreeMap<String, i64> = BTreeMap::new();
        for row in self.items(&format!("LEDGER#{COMPANY}")).await {
            for posting in row["postings"].as_l().unwrap() {
                let posting = posting.as_m().unwrap();
                let account = posting["account"].as_s().unwrap();
                let word = account.split(':').next().unwrap().to_owned();
                *entries.entry(word).or_default() += number(posting, "amount");
            }
        }
        sums.retain(|_, sum| *sum != 0);
        entries.retain(|_, sum| *sum != 0);
        assert_eq!(sums, entries, "{context}: the balances are those of the entries");
        let mut transfers: BTreeMap<String, usize> = BTreeMap::new();
        for transfer in self.transfers() {
            *transfers.entry(transfer.metadata["booking_id"].clone()).or_default() += 1;
        }
        assert!(transfers.values().all(|times| *times == 1), "{context}: {transfers:?}");
    }
}
