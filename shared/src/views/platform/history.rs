//! The history of an object: what happened, who did it, when and why.

use serde::Serialize;

use crate::domain::kernel::id::{CaseId, CompanyId, MembershipId};
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::kernel::provider::Provider;
use crate::domain::marketplace::payout::BatchId;
use crate::domain::platform::action::Source;
use crate::views::Timestamp;
use crate::views::platform::switch::SwitchScopeView;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The kind of an object that has a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, strum::EnumString)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum HistorySubject {
    Booking,
    /// A failed renewal that is recovered.
    Case,
    Membership,
    /// A payment at Whop (`pay_…`), or at Stripe (`pi_…`).
    Payment,
    Professional,
    /// The payouts of one day.
    Batch,
    /// An event that a provider sent.
    Event,
    /// A difference between Stripe and the ledger.
    Finding,
    Account,
    /// A scheduled job. Only for staff.
    Job,
    /// A switch of the deployment and of companies.
    Switch,
    /// The whole audit log of the company.
    Company,
}

impl HistorySubject {
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// What a history entry was read from. Entries of the same time are in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HistoryEntryKind {
    /// A stored event of a provider.
    Event,
    /// A fact about a booking or a membership, with the time at which it happened.
    Fact,
    /// An entry of the audit log, with the time at which it was written.
    Audit,
    /// An external effect, with the time at which it was decided.
    Effect,
    /// An entry of the ledger, with the time of its fact.
    Ledger,
    /// A difference between Stripe and the ledger, with the time at which it was found.
    Finding,
    /// The current status of a payout batch, with the time of its last change.
    Batch,
    /// Why no message is sent about a case at present, and since when.
    Hold,
    /// The newest run of a scheduled job, with the time at which it ended.
    Run,
}

/// One thing that happened. A field that does not apply is absent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HistoryEntryView {
    /// When it happened; see `kind`.
    pub at: Timestamp,
    /// What the entry was read from.
    pub kind: HistoryEntryKind,
    /// What happened, such as `captured` for a fact, `booking.accepted` for an audit entry or
    /// `payment_captured` for an effect.
    pub name: String,
    /// Who did it: the ID of an account or a user, `on_call:<name>` for an on-call key, `schedule` for a
    /// scheduled job, or `provider` for Whop, Stripe or Resend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The kind of originator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub originator: Option<Source>,
    /// What caused it, if that is neither an event nor an operation: the name of a job, or a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The status that it has, such as the delivery status of an effect or the status of a dispute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// A code for why it happened or has its status; for an effect that is `done`, the provider's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the audit log has besides: new values as JSON, or the operation, the decision and the note of a
    /// person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The amount, in minor units of `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The currency of `amount`: ISO 4217, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The operation that it belongs to; it identifies an effect within its case or booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The provider that is called, or that sent the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// The provider's ID of the object: a payment, a refund, a dispute or a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The number of attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries: Option<u32>,
    /// When the effect reached a final status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The debits and credits of a ledger entry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub postings: Vec<PostingView>,
    /// The ID of the object that an audit entry is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The case that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// The membership that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership_id: Option<MembershipId>,
    /// The booking that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    /// The professional that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub professional_id: Option<ProfessionalId>,
    /// The payout batch that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<BatchId>,
    /// Whose switch was turned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<SwitchScopeView>,
    /// The company whose switch was turned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The webhook event that reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<schema::EventId>"))]
    pub event_id: Option<String>,
}

/// An amount on one account of the ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PostingView {
    /// The name of the account, without the professional.
    pub account: &'static str,
    /// A debit if positive, a credit if negative; in minor units of `currency`.
    pub amount: i64,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
}

impl HistoryEntryView {
    /// An entry without any of the fields that may be absent.
    pub fn new(at: Timestamp, kind: HistoryEntryKind, name: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            name: name.into(),
            actor: None,
            originator: None,
            cause: None,
            status: None,
            reason: None,
            detail: None,
            amount: None,
            currency: None,
            operation: None,
            provider: None,
            reference: None,
            tries: None,
            ended_at: None,
            postings: Vec::new(),
            subject: None,
            case_id: None,
            membership_id: None,
            booking_id: None,
            professional_id: None,
            batch_id: None,
            scope: None,
            company_id: None,
            event_id: None,
        }
    }
}
