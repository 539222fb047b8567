//! The names of a case's actions. An action exists once at most under its name.

use crate::platform::action::Channel;

/// The free days of a case.
pub const INCENTIVE_OPERATION: &str = "incentive";

/// The scheduled reminder of a step on one channel.
pub fn reminder_operation(offset_days: u8, channel: Channel) -> String {
    format!("reminder:{offset_days:02}:{}", channel.as_str())
}
