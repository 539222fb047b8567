//! Faults at every request, calls at once, errors of providers over time, and the harness that orders the requests.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod fairness;
mod harness;
mod overlaps;
mod provider_faults;
mod stripe_faults;
