//! Failed renewals: cases, messages to members, their ends, settings and KPIs.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod case_endings;
mod cases;
mod contact;
mod contact_channels;
mod contact_property;
mod event_order;
mod free_days;
mod kpis;
mod kpis_money;
mod member_look_ups;
mod memberships;
mod nudge;
mod recovery_window;
mod reminder_costs;
mod reminders;
mod reminders_incidents;
mod reminders_log;
mod settings;
mod switches;
mod unreported_purchases;
