//! One story in all four dialects: a renewal of 19 USD fails for the second time, is paid a day later,
//! and 5.50 of it goes back; and the membership begins and ends.

pub(super) mod dated;
pub(super) mod v1;
pub(super) mod v2;
pub(super) mod v5;
