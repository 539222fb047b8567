//! The status of a booking.

use serde::{Deserialize, Serialize};

/// The status of a booking.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BookingStatus"))]
pub enum BookingStatus {
    /// Requested; the payment is not authorized yet.
    Requested,
    /// The payment is authorized and the professional has not answered.
    Authorized,
    /// The professional has accepted and the payment is captured.
    Accepted,
    Completed,
    /// The professional's share was settled.
    PaidOut,
    /// The job will not be done; it was not accepted, or its payment failed.
    Declined,
    Cancelled,
    /// A dispute about the payment is undecided or lost.
    Disputed,
}

impl BookingStatus {
    /// Every status, for lists and documents.
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Authorized,
        Self::Accepted,
        Self::Completed,
        Self::PaidOut,
        Self::Declined,
        Self::Cancelled,
        Self::Disputed,
    ];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether the professional still has to answer.
    pub fn is_unanswered(self) -> bool {
        matches!(self, Self::Requested | Self::Authorized)
    }

    /// Whether the booking can still be cancelled.
    pub fn may_be_cancelled(self) -> bool {
        self.is_unanswered() || self == Self::Accepted
    }

    pub fn is_done(self) -> bool {
        matches!(self, Self::Completed | Self::PaidOut)
    }

    /// Whether it was declined or cancelled.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Declined | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_same_code_everywhere() {
        for status in BookingStatus::ALL {
            assert_eq!(BookingStatus::parse(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert_eq!(BookingStatus::parse("Requested"), None);
    }
}
