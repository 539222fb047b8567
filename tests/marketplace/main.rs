//! Bookings, payouts, the books and their reconciliation.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod auto_decline;
mod auto_decline_cost;
mod auto_decline_faults;
mod auto_decline_races;
mod auto_decline_restored;
mod booking_events;
mod booking_events_faults;
mod booking_lists;
mod booking_refusals;
mod bookings;
mod findings;
mod foreign_stripe_events;
mod in_doubt;
mod payee_events;
mod payout_admin_dry_run;
mod payout_costs;
mod payout_incidents;
mod payout_refusals;
mod payout_rules;
mod payout_scenarios;
mod payouts;
mod payouts_outcome;
mod professionals;
mod reconciliation;
mod reconciliation_faults;
mod reconciliation_findings;
mod refusal_codes;
mod refusal_kinds;
mod refusal_mails;
mod refusal_retries;
mod refused_payments;
mod second_payments;
mod switches;
mod without_stripe;
