//! The names of a case's actions. An action exists once at most under its name.

use crate::platform::action::Channel;

/// The free days of a case.
pub const INCENTIVE_OPERATION: &str = "incentive";

const REMINDER_PREFIX: &str = "reminder:";

const NUDGE_PREFIX: &str = "nudge:";

/// The scheduled reminder of a step on one channel.
pub fn reminder_operation(offset_days: u8, channel: Channel) -> String {
    format!("{REMINDER_PREFIX}{offset_days:02}:{}", channel.as_str())
}

/// The reminder by hand of one request.
pub fn nudge_operation(request: &str) -> String {
    format!("{NUDGE_PREFIX}{request}")
}

/// Whether an action sends a message to the member.
pub fn is_message(operation: &str) -> bool {
    operation.starts_with(REMINDER_PREFIX) || operation.starts_with(NUDGE_PREFIX)
}
