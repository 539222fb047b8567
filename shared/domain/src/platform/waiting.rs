//! What is not done because of the world: a provider, a refusal, a doubt, a scheduler, a person. Everything that
//! waits is one kind of row for operators, whatever it is.

use serde::Serialize;

use super::refusal::Retry;
use crate::marketplace::payout::TransferRetry;

/// The kind of thing that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum WaitingKind {
    /// An effect, such as a message, a payment step or a transfer, that a provider did not carry out yet.
    Effect,
    /// An effect that may or may not have happened.
    EffectInDoubt,
    /// An effect that a provider refused finally.
    EffectRefused,
    /// A case whose due step needs an answer that the provider did not give.
    Case,
    /// A company that is not worked on for a while, because all its rows failed.
    Company,
    /// A question to Whop about a company's members that got no answer.
    Question,
    /// An event that could not be applied yet.
    Event,
    /// An event that is not tried again automatically.
    EventSetAside,
    /// A payout batch that has not ended.
    Batch,
    /// A professional who was due on a payout day and is not paid.
    Professional,
    /// A row that has been due for longer than a scheduler takes.
    Overdue,
}

/// Who or what ends the waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum WaitsFor {
    /// A provider: it is tried again automatically.
    Provider,
    /// The schedule: the next run does it.
    Schedule,
    /// A member of the staff, who has to decide.
    Person,
}

impl WaitingKind {
    /// Every kind, for documents and tests.
    pub const ALL: [Self; 11] = [
        Self::Effect,
        Self::EffectInDoubt,
        Self::EffectRefused,
        Self::Case,
        Self::Company,
        Self::Question,
        Self::Event,
        Self::EventSetAside,
        Self::Batch,
        Self::Professional,
        Self::Overdue,
    ];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    pub fn waits_for(self) -> WaitsFor {
        match self {
            Self::Effect | Self::Case | Self::Company | Self::Question | Self::Event => WaitsFor::Provider,
            Self::Batch | Self::Professional | Self::Overdue => WaitsFor::Schedule,
            Self::EffectInDoubt | Self::EffectRefused | Self::EventSetAside => WaitsFor::Person,
        }
    }

    /// What the state means and what comes next, as a sentence for operators.
    pub fn message(self) -> &'static str {
        match self {
            Self::Effect => "The provider did not carry it out yet. It is tried again at next_try_at.",
            Self::EffectInDoubt => {
                "It is not known whether it happened, and it is not repeated. Look it up at the provider and \
                 resolve it."
            }
            Self::EffectRefused => {
                "The provider refused it. Correct the cause and try it again, or close it."
            }
            Self::Case => {
                "Whop did not say whether the member still owes, so no message is sent. It is asked again at \
                 next_try_at."
            }
            Self::Company => {
                "Everything of this company failed in three runs, so it is left alone until next_try_at and then \
                 tried again."
            }
            Self::Question => {
                "Whop does not answer this question about members. Messages wait or use other channels."
            }
            Self::Event => "The event could not be applied yet. It is tried again at next_try_at.",
            Self::EventSetAside => {
                "The event is not tried again by itself. Correct the cause and replay it, or dismiss it."
            }
            Self::Batch => "The batch goes on by itself as soon as Stripe answers.",
            Self::Professional => "The professional was due and is not paid. The batch goes on by itself.",
            Self::Overdue => {
                "It is due and was not processed. Look whether a provider fails, or the scheduler stands still."
            }
        }
    }
}

/// Who or what ends the waiting of a refused effect, and the sentence for operators: both follow from how it is tried
/// again.
pub fn after_refusal(retry: Retry, reason: Option<&str>) -> (WaitsFor, &'static str) {
    match retry {
        Retry::ByOperations => (WaitsFor::Person, WaitingKind::EffectRefused.message()),
        Retry::ByAskingAgain => (
            WaitsFor::Person,
            "The provider refused it. Correct the cause and ask for it again where it was asked for, or close it.",
        ),
        Retry::Never => (
            WaitsFor::Person,
            "The provider refused it, and it is not tried again. Decide what follows, then close it.",
        ),
        Retry::OnPayoutDay => match TransferRetry::of(reason.unwrap_or_default()) {
            TransferRetry::SameDay => (
                WaitsFor::Schedule,
                "The platform's balance at Stripe does not cover it. It is tried again every hour of its payout day \
                 and on the next one; top the balance up.",
            ),
            TransferRetry::NextPayoutDay => (
                WaitsFor::Schedule,
                "Stripe refused the transfer. The next payout day tries it again by itself; a payout run by hand \
                 does so at once.",
            ),
            TransferRetry::ByPerson => (
                WaitsFor::Person,
                "Stripe would refuse the transfer again. Correct the cause, then start a payout run by hand.",
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_and_a_sentence_of_its_own() {
        let mut sentences: std::collections::BTreeSet<_> = WaitingKind::ALL.map(WaitingKind::message).into();
        assert_eq!(sentences.len(), WaitingKind::ALL.len());
        assert!(!sentences.insert(after_refusal(Retry::ByOperations, None).1));
        for (retry, code) in [
            (Retry::ByAskingAgain, ""),
            (Retry::Never, ""),
            (Retry::OnPayoutDay, "balance_insufficient"),
            (Retry::OnPayoutDay, "account_closed"),
            (Retry::OnPayoutDay, "resource_missing"),
        ] {
            assert!(sentences.insert(after_refusal(retry, Some(code)).1), "{retry:?} {code}");
        }
        for kind in WaitingKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert!(kind.message().ends_with('.'), "{kind:?}");
        }
    }
}
