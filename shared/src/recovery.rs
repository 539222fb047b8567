//! The recovery engine: what the sweep, the nudge by hand and the endings by hand do with a case.
//!
//! All of them load what is known about a member, let [`decide_contact`] decide, write the decision in one
//! transaction with the case's new state, and only then perform the effects that the decision needs.
//!
//! [`decide_contact`]: crate::domain::recovery::contact::decide_contact

mod assess;
mod company_view;
mod ending;
mod member_channels;
mod nudge;
mod second_purchase;
mod sweep;

use chrono::{DateTime, Utc};

use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::message::TEMPLATE_VERSION;
use crate::domain::platform::action::{Action, Actor, Channel, Source};
use crate::domain::platform::effect::{Effect, Request};
use crate::domain::recovery::case::Case;
use crate::domain::recovery::contact::EndReason;
use crate::domain::recovery::timeline::{CaseFact, CaseFactKind};
use crate::effects::{self, EffectClients, Outcome};
use crate::store::error::RecordError;
use crate::store::recovery::record::CaseChange;
use crate::store::{Company, Store, StoreError};

pub use assess::AssessError;
pub use ending::{Ending, EndingError};
pub use member_channels::{Unanswered, manage_url};
pub use nudge::{MAX_ATTEMPTS, NudgeError, NudgeRequest};
pub use sweep::RecoverySweep;

/// After this many conflicts with other processes a decision by hand is given up.
const TRIES: u32 = 4;

/// The clients and settings that recovery needs.
#[derive(Clone, Copy)]
pub struct Recoveries<'a> {
    pub store: &'a Store,
    pub effect_clients: EffectClients<'a>,
    /// `None` if `WHOP_APP_ID` is not set: the experience of a push is then unknown.
    pub whop_app_id: Option<&'a str>,
    pub ids: &'a Ids,
}

/// The originator of a change to a case.
#[derive(Debug, Clone, Copy)]
pub struct Originator<'a> {
    pub source: Source,
    /// The name of the job, or the id of the person.
    pub cause: &'a str,
}

/// What a new message does not take from its case.
struct NewMessage {
    operation: String,
    channel: Channel,
    attempt_number: u32,
    /// The step of the schedule; `None` for a message by hand.
    offset_days: Option<u8>,
    /// When the schedule planned it.
    planned_at: Option<DateTime<Utc>>,
    actor: Actor,
}

impl Recoveries<'_> {
    /// Performs an effect right after the decision. One that another worker performs, or that a switch
    /// holds back, is returned as it was.
    async fn perform_now(
        &self,
        company: &Company,
        case_id: CaseId,
        effect: Effect,
    ) -> Result<Effect, StoreError> {
        Ok(match self.execute(company, case_id, effect.clone()).await? {
            Outcome::Recorded(effect) => *effect,
            Outcome::HeldByAnother | Outcome::SwitchedOff => effect,
        })
    }

    async fn execute(
        &self,
        company: &Company,
        case_id: CaseId,
        effect: Effect,
    ) -> Result<Outcome, StoreError> {
        let (owner, now) = (self.ids.next(), self.now());
        effects::execute(company, case_id, effect, self.effect_clients, owner, now).await
    }

    /// Ends a case for a reason that a look-up found and no event reported.
    async fn record_end(
        &self,
        company: &Company,
        case: &Case,
        reason: &EndReason,
        originator: Originator<'_>,
    ) -> Result<(), RecordError> {
        let what = match reason {
            EndReason::MembershipEnded => CaseFactKind::Ended,
            EndReason::CancelledByMember => CaseFactKind::CancelScheduled { scheduled: true },
            EndReason::BoughtAgain(membership) => {
                CaseFactKind::BoughtAgain { membership: membership.clone() }
            }
        };
        self.record_fact(company, case, what, originator).await
    }

    /// Records one fact about a case's membership that no event reported.
    async fn record_fact(
        &self,
        company: &Company,
        case: &Case,
        what: CaseFactKind,
        Originator { source, cause }: Originator<'_>,
    ) -> Result<(), RecordError> {
        let now = self.now();
        let read = company.membership(&case.membership_id).await?;
        let change = CaseChange { cause, source, ..CaseChange::of_facts(vec![CaseFact { at: now, what }]) };
        let recording = company.record(&case.membership_id, read, change, now)?;
        Ok(company.store().commit(self.ids.next(), recording.writes).await?)
    }

    fn is_mail_configured(&self) -> bool {
        self.effect_clients.resend.is_some() && self.effect_clients.vault.is_configured()
    }

    /// The current time for records. A run takes minutes, so it must not date its last write with its start.
    fn now(&self) -> DateTime<Utc> {
        self.effect_clients.clock.now()
    }
}

/// A message that is decided and not sent yet.
fn prepare_message(case: &Case, message: NewMessage, request: Request, now: DateTime<Utc>) -> Effect {
    let NewMessage { operation, channel, attempt_number, offset_days, actor, planned_at } = message;
    let key = effects::downstream_key(case.case_id, &operation);
    let action = Action {
        operation,
        kind: channel.action(),
        attempt_number: Some(attempt_number),
        channel: Some(channel),
        offset_days,
        template_version: Some(TEMPLATE_VERSION),
        days: None,
        manual: actor != Actor::Schedule,
        actor,
        at: now,
        planned_at,
    };
    Effect::prepared(action, request, key)
}
