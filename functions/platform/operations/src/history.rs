//! The history of an object: what happened, who did it, when and why, from its facts, the audit log, its effects
//! and the ledger.
//!
//! Most objects have few entries, which are all read, sorted and paged here. The audit log of a company and of an
//! account has no bound and is paged by the table.

mod audit;
mod booking;
mod entry;
mod event;
mod membership;
mod status;
mod switch;

use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use shared::app::{App, SharedApp};
use shared::auth::Caller;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::id::{CaseId, InvalidId, MembershipId};
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::kernel::time;
use shared::domain::marketplace::payout::BatchId;
use shared::domain::platform::job::Job;
use shared::domain::platform::switch::SwitchName;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::platform::audit_log::AuditCursor;
use shared::store::{Company, Store};
use shared::views::ListView;
use shared::views::platform::history::{HistoryEntryView, HistorySubject};

use entry::Entry;

use crate::switches::is_platform;

/// Longer than every id of ours and of a provider.
const MAX_ID_BYTES: usize = 300;

/// Reads the histories of one company's objects for a caller.
struct HistoryReader<'a> {
    app: &'a App,
    store: &'a Store,
    company: &'a Company,
}

pub(super) async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let page = PageRequest::read(parameters)?;
    let kind = HistorySubject::parse(&kind).ok_or_else(unknown_kind)?;
    if id.len() > MAX_ID_BYTES {
        return Err(Failure::Absent);
    }
    let company = &caller.company;
    let reader = HistoryReader { app: &app, store: app.store()?, company };
    let entries = match kind {
        HistorySubject::Booking => reader.booking(parse(&id, BookingId::parse)?).await?,
        HistorySubject::Case => reader.case(parse(&id, CaseId::parse)?).await?,
        HistorySubject::Membership => reader.membership(&parse(&id, MembershipId::parse)?).await?,
        HistorySubject::Payment => reader.payment(&id).await?,
        HistorySubject::Batch => reader.batch(parse(&id, BatchId::parse)?).await?,
        HistorySubject::Event => reader.event(&id).await?,
        HistorySubject::Finding => reader.finding(&id).await?,
        HistorySubject::Job => match Job::named(&id) {
            Some(job) if caller.role != Role::Owner => reader.job(job).await?,
            _ => None,
        },
        HistorySubject::Switch => match SwitchName::parse(&id) {
            Some(switch) => Some(reader.switch(switch, is_platform(&app, &caller)).await?),
            None => None,
        },
        HistorySubject::Professional => {
            return page.audit(company, Some(parse(&id, ProfessionalId::parse)?.as_str())).await;
        }
        HistorySubject::Account => return page.audit(company, Some(&id)).await,
        HistorySubject::Company if id == company.id().as_str() => return page.audit(company, None).await,
        HistorySubject::Company => None,
    };
    page.of(entries.ok_or(Failure::Absent)?)
}

fn unknown_kind() -> Failure {
    let expected = "expected booking, case, membership, payment, professional, batch, event, finding, account, \
                    job, switch or company";
    Failure::field("kind", expected)
}

fn parse<T>(id: &str, parse: fn(&str) -> Result<T, InvalidId>) -> Result<T, Failure> {
    parse(id).map_err(|error| Failure::field("id", error.to_string()))
}

/// The requested part of a history.
struct PageRequest {
    from: Option<DateTime<Utc>>,
    limit: u16,
    after: Option<AuditCursor>,
}

impl PageRequest {
    fn read(parameters: Parameters) -> Result<Self, Failure> {
        let parameters = parameters.only(&["from", "limit", "cursor"])?;
        let from = parameters.get("from").map(|text| {
            let expected = || Failure::field("from", "expected a time such as 2025-11-18T14:00:00Z");
            time::parse(text).ok_or_else(expected)
        });
        let after = parameters.cursor(AuditCursor::parse)?;
        Ok(Self { from: from.transpose()?, limit: parameters.limit()?, after })
    }

    /// The requested page of entries that were all read.
    fn of(&self, mut entries: Vec<Entry>) -> Result<Answer, Failure> {
        entries.sort_by(|a, b| a.position.cmp(&b.position));
        let after = self.after.as_ref().map(ToString::to_string).unwrap_or_default();
        entries.retain(|entry| {
            let is_in_time = self.from.is_none_or(|from| entry.view.at.0 >= from);
            is_in_time && entry.position > after
        });
        let is_last = entries.len() <= usize::from(self.limit);
        entries.truncate(usize::from(self.limit));
        let last = entries.last().filter(|_| !is_last).map(|entry| cursor(&entry.position));
        let data: Vec<HistoryEntryView> = entries.into_iter().map(|entry| entry.view).collect();
        Ok(Answer::ok(ListView { data, next_cursor: last }))
    }

    /// The requested page of the audit log, or of its entries about one object. An object without any entry is
    /// absent.
    async fn audit(&self, company: &Company, subject: Option<&str>) -> Result<Answer, Failure> {
        let (from, limit, after) = (self.from, self.limit, self.after.as_ref());
        let (entries, next) = match subject {
            None => company.audit_log(from, limit, after).await?,
            Some(subject) => company.audit_about(subject, from, limit, after).await?,
        };
        if let Some(subject) = subject.filter(|_| entries.is_empty()) {
            let (any, _) = company.audit_about(subject, None, 1, None).await?;
            any.first().ok_or(Failure::Absent)?;
        }
        let data = entries.iter().map(|entry| audit::show(entry, &[])).collect::<Vec<_>>();
        Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
    }
}
