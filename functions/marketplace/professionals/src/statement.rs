//! A professional's statement: earnings, payouts and debt.

use std::collections::BTreeSet;

use axum::extract::Path;
use shared::auth::Caller;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::party::ProfessionalId;
use shared::domain::marketplace::ledger::{Balances, LedgerAccount, LedgerEntry, Statement};
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::marketplace::ledger::LedgerCursor;
use shared::views::Timestamp;
use shared::views::marketplace::statement::{StatementBalanceView, StatementLineView, StatementView};

use crate::parse;

pub(crate) async fn statement(
    caller: Caller,
    Path(professional_id): Path<String>,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let professional_id = parse(&professional_id)?;
    if caller.role == Role::Professional && caller.id != professional_id.as_str() {
        return Err(Failure::Absent);
    }
    let parameters = parameters.only(&["currency", "limit", "cursor"])?;
    let wanted = parameters.get("currency").map(Currency::parse).transpose();
    let wanted = wanted.map_err(|error| Failure::field("currency", error.to_string()))?;
    let after = parameters.cursor(LedgerCursor::parse)?;
    let (limit, company) = (parameters.limit()?, &caller.company);
    let (entries, next) = company.entries(&professional_id, limit, after.as_ref()).await?;
    let balances = company.balances(Some(&professional_id)).await?;
    let is_wanted = |currency: &Currency| wanted.as_ref().is_none_or(|wanted| wanted == currency);
    let of_books: BTreeSet<&Currency> = balances.iter().map(|(_, currency, _)| currency).collect();
    let totals = of_books.into_iter().filter(|currency| is_wanted(currency));
    let totals = totals.map(|currency| total(&professional_id, currency, &balances));
    Ok(Answer::ok(StatementView {
        professional_id: professional_id.clone(),
        balances: totals.collect(),
        data: lines(&professional_id, &entries, is_wanted),
        next_cursor: next.as_ref().map(cursor),
    }))
}

/// The current balances of a professional in one currency, over all ledger entries.
fn total(professional_id: &ProfessionalId, currency: &Currency, balances: &Balances) -> StatementBalanceView {
    let on = |account: fn(ProfessionalId) -> LedgerAccount| {
        balances.on(&account(professional_id.clone()), currency)
    };
    // Credits are what a professional has: the signs are turned for the reader.
    StatementBalanceView {
        currency: currency.clone(),
        owed_amount: -on(LedgerAccount::Owed),
        carried_amount: on(LedgerAccount::Carried),
        paid_amount: -on(LedgerAccount::Paid),
        reversed_amount: on(LedgerAccount::Reversed),
    }
}

/// The entries of a page, newest first. A running balance would need every earlier entry.
fn lines(
    professional_id: &ProfessionalId,
    entries: &[LedgerEntry],
    is_wanted: impl Fn(&Currency) -> bool,
) -> Vec<StatementLineView> {
    let currencies = entries.iter().flat_map(|entry| entry.postings()).map(|posting| &posting.currency);
    let currencies: BTreeSet<&Currency> = currencies.filter(|currency| is_wanted(currency)).collect();
    let mut lines = Vec::new();
    for currency in currencies {
        for line in Statement::of(professional_id, currency, entries).lines {
            let shown = StatementLineView {
                at: Timestamp(line.at),
                entry_id: line.entry_id,
                booking_id: line.booking_id,
                cause: line.cause,
                currency: currency.clone(),
                owed_amount: line.owed_amount,
                carried_amount: line.carried_amount,
                paid_amount: line.paid_amount,
                reversed_amount: line.reversed_amount,
            };
            lines.push(((line.at, line.entry_id), shown));
        }
    }
    lines.sort_by(|(a, _), (b, _)| b.cmp(a));
    lines.into_iter().map(|(_, line)| line).collect()
}
