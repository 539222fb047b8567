//! Failed renewals: cases, their timeline, and decisions about messages.

pub mod case;
pub mod contact;
pub mod kpi;
pub mod membership;
pub mod membership_record;
pub mod operation;
pub mod schedule;
pub mod second_purchase;
pub mod settings;
pub mod timeline;
