//! Faults injected everywhere: crashes, lost answers, overlaps, and the harness that walks through their orders.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod booking_crashes;
mod fairness;
mod harness;
mod overlaps;
mod payout_crashes;
mod payout_overlaps;
mod provider_faults;
mod reminder_crashes;
