//! Every key and index of the one table, each with the access pattern it serves.
//!
//! | item | `pk` | `sk` | read by |
//! | --- | --- | --- | --- |
//! | settings | `COMPANY#<company>` | `SETTINGS` | the settings route and the sweep, by company |
//! | company state | `COMPANY#<company>` | `STATE` | the sweep: whether the company is set aside, and its push experience |
//! | case | `CASE#<company>#<case>` | `CASE` | one case by its id |
//! | action (and its effect) | `CASE#<company>#<case>` | `ACTION#<operation>` | all actions of a case; one by its operation |
//! | timeline | `MEMBERSHIP#<company>#<membership>` | `TIMELINE` | applying an event |
//! | purchase | `MEMBER#<company>#<user>` | `PURCHASE#<product>#<membership>` | whether a member bought a product again, in one query |
//! | day counters | `KPI#<company>` | `<day>#<shard>` | the KPIs of a window, in one query |
//! | switches of the deployment, of a company | `SWITCHES#ALL` | `DEPLOYMENT`, `<company>` | every run, in one query; the route that turns them |
//! | deliveries of a source in an hour | `WEBHOOKS#ALL` | `<hour>#<source>` | health: the last day of all sources, in one query |
//! | audit entry of the deployment | `AUDIT#DEPLOYMENT` | `<time>#<id>` | the audit log of what belongs to no company, by time |
//! | audit entry | `AUDIT#<company>` | `<time>#<id>` | a company's audit log by time: its history |
//! | idempotency key | `IDEMPOTENCY#<company>#<hash>` | `KEY` | the first answer to a request |
//! | bucket of a rate limit | `LIMIT#<class>#<hash>` | `BUCKET#<shard>` | never read: a conditional write returns its state |
//! | event | `EVENT#<source>#<event>` | `EVENT` | one event by its id: deduplication, replay |
//! | directory | `DIRECTORY#<id>` | `OWNER` | the owner of a membership, payment or account that an event does not name |
//! | last run | `JOB#<job>` | `LAST` | health and operations |
//! | counters of the objectives | `JOB#objectives` | `HOUR#<hour>` | operations and the gauges: the hours of a window, in one query |
//! | reconciliation's cursor, and the totals of its findings | `JOB#reconciliation` | `CURSOR`, `TOTALS` | the reconciliation |
//! | version of the data, and the current migration | `JOB#migrations` | `VERSION` | health, and the migrations |
//! | a reconciliation | `JOB#reconciliation` | `RUN#<time>#<id>` | operations: the newest, in one query |
//! | finding | `FINDING#<id>` | `FINDING` | the reconciliation, and the route that closes it |
//! | account | `ACCOUNT#<account>` | `ACCOUNT` | sign-in; the validity of a session |
//! | link | `LINK#<hash of its token>` | `LINK` | redeeming a link of a mail |
//! | suppressed address | `SUPPRESSION#<keyed hash of the address>` | `SUPPRESSION` | the sender of a mail |
//! | session | `SESSION#<hash of its id>` | `SESSION` | a request with a session cookie |
//! | booking | `BOOKING#<company>#<booking>` | `BOOKING` | one booking by its id |
//! | effect of a booking | `BOOKING#<company>#<booking>` | `ACTION#<operation>` | all effects of a booking; one by its operation |
//! | ledger entry | `LEDGER#<company>#<booking>` | `<time>#<entry>` | a professional's statement; a booking's history |
//! | balances | `BALANCE#<company>` | `<professional>#<currency>` | a professional's debt; a company's ledger, in one query |
//! | payee | `PAYEE#<company>#<professional>` | `PAYEE` | the payouts, by professional |
//! | approval | `PAYEE#<company>#<professional>` | `APPROVAL#<currency>` | the payouts, before a large amount |
//! | payout batch | `BATCHES#<company>` | `<batch>` | a company's batches by day |
//! | line of a batch | `BATCH#<company>#<batch>` | `LINE#<professional>#<currency>` | what a batch transfers to a professional so far, and the debt |
//! | entry of a batch | `BATCH#<company>#<batch>` | `ENTRY#<professional>#<currency>#<booking>` | one batch, booking by booking |
//!
//! | index | hash | range | read by |
//! | --- | --- | --- | --- |
//! | `due` | `due_shard` = `<queue>#<0..4>` | `due_at` | a tick: the rows due now; sparse, rows leave it when done |
//! | `list` | `list_pk` = `<company>#<what>` | `list_sk` | a company's cases by first failure, its bookings by request; its audit entries of a kind; a statement; the operator's open findings; under `operator#waiting#<list>`, the effects and events of all companies that wait |
//! | `list_status` | `list_status_pk` = `<company>#<what>#<status>` | `list_sk` | the same, of one status; a company's effects in doubt, its open findings, and its events that wait; its audit entries about one object |
//! | `professional` | `professional_pk` = `<company>#<professional>` | `professional_sk` = `<status>#<start>#<booking>` | a professional's bookings, of one status or of all; under `operator#waiting#messages`, the cases of all companies that wait for a provider |
//! | `customer` | `customer_pk` = `<company>#<customer>` | `customer_sk` = `<status>#<request>#<booking>` | a customer's bookings, of one status or of all; under `<company>#waiting#cases`, a company's cases that wait for a provider |
//!
//! The indexes project keys only. An index may lag behind, so the row itself is read before its data is used.

mod account_key;
mod index;
mod partition;
pub(super) mod reconciliation;
mod row_kind;
mod suppression;

use chrono::NaiveDate;

use crate::domain::kernel::id::{CaseId, CompanyId, MembershipId, UserId};
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchEntry, BatchId};
use crate::domain::platform::effect::Subject;

pub use account_key::{AccountKey, sha256_hex};
pub use index::{CUSTOMER_INDEX, DUE_INDEX, DUE_SHARDS, LIST_INDEX, LIST_STATUS_INDEX, PROFESSIONAL_INDEX};
pub(super) use index::{
    FINDINGS_LIST, audit_list, audit_subject_list, bookings_list, bookings_status_list, cases_list,
    cases_status_list, due_shard, effects_list, events_status_list, findings_list_of, party_list, shard,
    statement_list, unread_events_list, waiting_cases_list, waiting_events_list, waiting_list,
};
pub(super) use partition::{
    ACTION_PREFIX, DEPLOYMENT, ENTRY_PREFIX, HOUR_PREFIX, SWITCHES_PK, WEBHOOKS_PK, audit_pk, balances_pk,
    batch_pk, batches_pk, case_pk, kpi_pk, ledger_pk, member_pk, payee_pk, purchase_prefix, subject_pk,
};
pub use row_kind::RowKind;
pub(super) use suppression::MAIL_REPORTS_LIST;

pub const PK: &str = "pk";
pub const SK: &str = "sk";
/// The attribute of DynamoDB's time to live; the code itself never uses it as an expiry.
pub const TTL: &str = "expires_at";

/// The number of rows that share one day's counters, so that a burst of failures does not contend for one row.
pub const KPI_SHARDS: u8 = 4;

#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

/// Both parts, for log lines: keys contain ids, and hashes of what may identify people.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.pk, self.sk)
    }
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    pub(super) fn settings(company: &CompanyId) -> Self {
        Self::new(format!("COMPANY#{company}"), "SETTINGS")
    }

    pub(super) fn sweep_record(company: &CompanyId) -> Self {
        Self::new(format!("COMPANY#{company}"), "STATE")
    }

    pub(super) fn case(company: &CompanyId, case: CaseId) -> Self {
        Self::new(case_pk(company, case), "CASE")
    }

    pub(super) fn action(company: &CompanyId, subject: Subject, operation: &str) -> Self {
        Self::new(subject_pk(company, subject), format!("{ACTION_PREFIX}{operation}"))
    }

    pub(super) fn booking(company: &CompanyId, booking: BookingId) -> Self {
        Self::new(subject_pk(company, Subject::Booking(booking)), "BOOKING")
    }

    pub(super) fn ledger_entry(company: &CompanyId, booking: BookingId, time: &str, entry: &str) -> Self {
        Self::new(ledger_pk(company, booking), format!("{time}#{entry}"))
    }

    pub(super) fn balance(company: &CompanyId, professional: &ProfessionalId, currency: &Currency) -> Self {
        Self::new(balances_pk(company), format!("{professional}#{}", currency.as_str()))
    }

    pub(super) fn payee(company: &CompanyId, professional: &ProfessionalId) -> Self {
        Self::new(payee_pk(company, professional), "PAYEE")
    }

    pub(super) fn approval(company: &CompanyId, professional: &ProfessionalId, currency: &Currency) -> Self {
        Self::new(payee_pk(company, professional), format!("APPROVAL#{}", currency.as_str()))
    }

    pub(super) fn batch(company: &CompanyId, batch: BatchId) -> Self {
        Self::new(batches_pk(company), batch.to_string())
    }

    pub(super) fn batch_line(
        company: &CompanyId,
        batch: BatchId,
        professional: &ProfessionalId,
        currency: &Currency,
    ) -> Self {
        Self::new(batch_pk(company, batch), format!("LINE#{professional}#{}", currency.as_str()))
    }

    pub(super) fn batch_entry(company: &CompanyId, batch: BatchId, entry: &BatchEntry) -> Self {
        let BatchEntry { professional_id, currency, booking_id, .. } = entry;
        let position = format!("{ENTRY_PREFIX}{professional_id}#{}#{booking_id}", currency.as_str());
        Self::new(batch_pk(company, batch), position)
    }

    pub(super) fn batch_entry_at(company: &CompanyId, batch: BatchId, position: &str) -> Self {
        Self::new(batch_pk(company, batch), format!("{ENTRY_PREFIX}{position}"))
    }

    pub(super) fn timeline(company: &CompanyId, membership: &MembershipId) -> Self {
        Self::new(format!("MEMBERSHIP#{company}#{membership}"), "TIMELINE")
    }

    pub(super) fn purchase(
        company: &CompanyId,
        user: &UserId,
        product_id: &str,
        membership: &MembershipId,
    ) -> Self {
        Self::new(member_pk(company, user), format!("{}{membership}", purchase_prefix(product_id)))
    }

    pub(super) fn counters(company: &CompanyId, day: NaiveDate, shard: u8) -> Self {
        Self::new(kpi_pk(company), format!("{day}#{shard}"))
    }

    pub(super) fn audit(company: &CompanyId, time: &str, id: &str) -> Self {
        Self::new(audit_pk(company), format!("{time}#{id}"))
    }

    /// The audit entry at a position in the company's log.
    pub(super) fn audit_at(company: &CompanyId, position: &str) -> Self {
        Self::new(audit_pk(company), position)
    }

    /// The partition of the audit entries about the whole deployment.
    pub(super) fn deployment_audit_pk() -> String {
        format!("AUDIT#{DEPLOYMENT}")
    }

    pub(super) fn deployment_audit(time: &str, id: &str) -> Self {
        Self::new(Self::deployment_audit_pk(), format!("{time}#{id}"))
    }

    /// The switches of a company; those of the deployment without one.
    pub(super) fn switches(company: Option<&CompanyId>) -> Self {
        Self::new(SWITCHES_PK, company.map_or(DEPLOYMENT, CompanyId::as_str))
    }

    pub(super) fn webhook_hour(source: &str, hour: &str) -> Self {
        Self::new(WEBHOOKS_PK, format!("{hour}#{source}"))
    }

    pub(super) fn idempotency(company: &CompanyId, hash: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{company}#{hash}"), "KEY")
    }

    /// The caller passes a different hash for each shard, so that the shards of a hot subject are in different
    /// partitions.
    pub(super) fn limit(class: &str, hash: &str, shard: u8) -> Self {
        Self::new(format!("LIMIT#{class}#{hash}"), format!("BUCKET#{shard}"))
    }

    pub(super) fn event(source: &str, event_id: &str) -> Self {
        Self::new(format!("EVENT#{source}#{event_id}"), "EVENT")
    }

    pub(super) fn directory(id: &str) -> Self {
        Self::new(format!("DIRECTORY#{id}"), "OWNER")
    }

    pub(super) fn last_run(job: &str) -> Self {
        Self::new(format!("JOB#{job}"), "LAST")
    }

    pub(super) fn objectives(hour: &str) -> Self {
        Self::new("JOB#objectives", format!("{HOUR_PREFIX}{hour}"))
    }

    pub(super) fn data_version() -> Self {
        Self::new("JOB#migrations", "VERSION")
    }

    pub(super) fn account(account: &AccountKey) -> Self {
        Self::new(format!("ACCOUNT#{account}"), "ACCOUNT")
    }

    pub(super) fn link(token_hash: &str) -> Self {
        Self::new(format!("LINK#{token_hash}"), "LINK")
    }

    pub(super) fn session(id_hash: &str) -> Self {
        Self::new(format!("SESSION#{id_hash}"), "SESSION")
    }

    /// The company in the key; `None` for rows that belong to no company.
    pub fn company(&self) -> Option<CompanyId> {
        let mut parts = self.pk.split('#');
        match parts.next()? {
            "CASE" | "COMPANY" | "MEMBERSHIP" | "MEMBER" | "KPI" | "AUDIT" | "IDEMPOTENCY" | "BOOKING"
            | "LEDGER" | "BALANCE" | "PAYEE" | "BATCHES" | "BATCH" => CompanyId::parse(parts.next()?).ok(),
            _ => None,
        }
    }

    /// The case in the key of a case or an action.
    pub fn case_id(&self) -> Option<CaseId> {
        let mut parts = self.pk.strip_prefix("CASE#")?.split('#');
        CaseId::parse(parts.nth(1)?).ok()
    }

    /// The booking in the key of a booking or one of its effects.
    pub fn booking_id(&self) -> Option<BookingId> {
        let mut parts = self.pk.strip_prefix("BOOKING#")?.split('#');
        BookingId::parse(parts.nth(1)?).ok()
    }

    /// The professional in the key of a payee.
    pub fn professional_id(&self) -> Option<ProfessionalId> {
        let mut parts = self.pk.strip_prefix("PAYEE#")?.split('#');
        ProfessionalId::parse(parts.nth(1)?).ok()
    }

    /// The batch in the key of a batch.
    pub fn batch_id(&self) -> Option<BatchId> {
        self.pk.starts_with("BATCHES#").then(|| BatchId::parse(&self.sk).ok()).flatten()
    }

    /// The operation in the key of an action.
    pub fn operation(&self) -> Option<&str> {
        self.sk.strip_prefix(ACTION_PREFIX)
    }

    /// The source and id in the key of an event.
    pub fn event_id(&self) -> Option<(&str, &str)> {
        self.pk.strip_prefix("EVENT#")?.split_once('#')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_its_kind_and_company() {
        let company = CompanyId::parse("biz_1").unwrap();
        let membership = MembershipId::parse("mem_1").unwrap();
        let case = CaseId::derive(&company, &membership, "x");
        let key = Key::action(&company, case.into(), "incentive");
        assert_eq!(
            (key.kind(), key.company(), key.case_id()),
            (RowKind::Action, Some(company.clone()), Some(case))
        );
        assert_eq!(Key::case(&company, case).kind(), RowKind::Case);
        assert_eq!(Key::settings(&company).kind(), RowKind::Settings);
        let event = Key::event("whop", "msg_1#2");
        assert_eq!(
            (event.kind(), event.company(), event.event_id()),
            (RowKind::Event, None, Some(("whop", "msg_1#2")))
        );
    }
}
