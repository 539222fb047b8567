//! Switches: what people turn off while something is wrong, for the whole deployment or for one company.
//!
//! A switch that nobody has touched is on. One that is off holds work back: nothing of it is sent, and all of it
//! stays due until the switch is on again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::action::Source;
use super::effect::Request;
use crate::kernel::id::CompanyId;

/// What a switch turns off.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum SwitchName {
    /// Transfers to professionals: planned ones, and those that earlier runs have left.
    Payouts,
    /// Scheduled reminders, reminders by hand, and everything else that the schedule does to an open case.
    Reminders,
    /// The free days of a case. Reminders are sent without them.
    Incentives,
    /// Declining bookings that were not answered in time, and cancelling those that were not paid in time.
    AutoDecline,
}

impl SwitchName {
    pub const ALL: [Self; 4] = [Self::Payouts, Self::Reminders, Self::Incentives, Self::AutoDecline];

    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The part of the service that a switch applies to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SwitchScope {
    /// All companies of the deployment.
    Deployment,
    Company(CompanyId),
}

impl SwitchScope {
    pub fn company(&self) -> Option<&CompanyId> {
        match self {
            Self::Deployment => None,
            Self::Company(company) => Some(company),
        }
    }
}

/// The last time that a switch was turned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchState {
    pub is_on: bool,
    /// Why it was turned; always there if it is off.
    #[serde(default)]
    pub note: Option<String>,
    /// The ID of the person who turned it.
    pub by: String,
    pub source: Source,
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
}

/// The switches of one scope that somebody has turned.
pub type Switches = BTreeMap<SwitchName, SwitchState>;

/// Everything that is switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwitchedOff {
    everywhere: BTreeSet<SwitchName>,
    companies: BTreeMap<CompanyId, BTreeSet<SwitchName>>,
}

impl SwitchedOff {
    pub fn add(&mut self, scope: &SwitchScope, switches: &Switches) {
        let off = switches.iter().filter(|(_, state)| !state.is_on).map(|(name, _)| *name);
        match scope {
            SwitchScope::Deployment => self.everywhere.extend(off),
            SwitchScope::Company(company) => {
                let off: BTreeSet<SwitchName> = off.collect();
                if !off.is_empty() {
                    self.companies.insert(company.clone(), off);
                }
            }
        }
    }

    /// Whether the switch is off for all companies.
    pub fn is_off_everywhere(&self, switch: SwitchName) -> bool {
        self.everywhere.contains(&switch)
    }

    /// Whether the switch is off for a company, by its own switch or by the deployment's.
    pub fn is_off(&self, switch: SwitchName, company: Option<&CompanyId>) -> bool {
        let own = company.and_then(|company| self.companies.get(company));
        self.is_off_everywhere(switch) || own.is_some_and(|off| off.contains(&switch))
    }
}

/// The switch that a request to a provider is sent under; `None` for steps that complete something already
/// decided, such as the release of a declined booking's payment, and for what a person asked for.
pub fn governing_switch(request: &Request) -> Option<SwitchName> {
    match request {
        Request::Push { .. } | Request::Dm { .. } | Request::Mail { .. } => Some(SwitchName::Reminders),
        Request::Extend { .. } => Some(SwitchName::Incentives),
        Request::Transfer(_) => Some(SwitchName::Payouts),
        Request::Nothing
        | Request::Cancel { .. }
        | Request::Hold { .. }
        | Request::Capture { .. }
        | Request::Release { .. }
        | Request::Refund { .. }
        | Request::BookingMail { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(name: SwitchName, is_on: bool) -> Switches {
        let at = DateTime::from_timestamp(1_760_000_100, 0).unwrap();
        let note = Some("Stripe is down.".to_owned());
        Switches::from([(name, SwitchState { is_on, note, by: "ann".to_owned(), source: Source::Staff, at })])
    }

    #[test]
    fn a_switch_holds_back_its_own_company_only_and_that_of_the_deployment_all() {
        let (one, other) = (CompanyId::parse("biz_1").unwrap(), CompanyId::parse("biz_2").unwrap());
        let mut off = SwitchedOff::default();
        off.add(&SwitchScope::Company(one.clone()), &turned(SwitchName::Payouts, false));
        off.add(&SwitchScope::Company(other.clone()), &turned(SwitchName::Payouts, true));
        assert!(
            off.is_off(SwitchName::Payouts, Some(&one)) && !off.is_off(SwitchName::Reminders, Some(&one))
        );
        assert!(!off.is_off(SwitchName::Payouts, Some(&other)) && !off.is_off(SwitchName::Payouts, None));
        off.add(&SwitchScope::Deployment, &turned(SwitchName::Payouts, false));
        assert!(off.is_off(SwitchName::Payouts, Some(&other)) && off.is_off(SwitchName::Payouts, None));
    }

    #[test]
    fn the_name_of_a_switch_is_the_same_everywhere() {
        for name in SwitchName::ALL {
            assert_eq!(SwitchName::parse(name.as_str()), Some(name));
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        }
        assert_eq!(SwitchName::parse("auto-decline"), None);
    }
}
