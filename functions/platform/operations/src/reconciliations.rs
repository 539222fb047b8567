//! The results of the newest reconciliations. Their totals are those of all companies, so only the platform's own
//! people see them.

use std::collections::BTreeSet;

use shared::http::Failure;
use shared::store::Store;
use shared::store::marketplace::reconciliation::{FindingTotals, Reconciliation};
use shared::views::Timestamp;
use shared::views::platform::reconciliation::{
    CashView, FindingAmountsView, ReconciliationRunView, ReconciliationSummaryView,
};

/// Ten days of a job that runs daily.
const RUNS_SHOWN: u16 = 10;

/// The newest runs and the totals of open findings.
pub(super) async fn show(store: &Store) -> Result<ReconciliationSummaryView, Failure> {
    let (runs, _) = store.reconciliations(RUNS_SHOWN, None).await?;
    let finding_totals = store.finding_totals().await?;
    Ok(ReconciliationSummaryView {
        open_findings: finding_totals.open_findings,
        amounts: amounts(&finding_totals),
        runs: runs.into_iter().map(show_run).collect(),
    })
}

fn amounts(finding_totals: &FindingTotals) -> Vec<FindingAmountsView> {
    let FindingTotals { open_amounts, accepted_amounts, .. } = finding_totals;
    let currencies: BTreeSet<&String> = open_amounts.keys().chain(accepted_amounts.keys()).collect();
    let amount = |currency: &String| FindingAmountsView {
        currency: currency.clone(),
        open_amount: open_amounts.get(currency).copied().unwrap_or_default(),
        accepted_amount: accepted_amounts.get(currency).copied().unwrap_or_default(),
    };
    currencies.into_iter().map(amount).collect()
}

fn show_run(run: Reconciliation) -> ReconciliationRunView {
    let cash = run.cash.into_iter().map(|(currency, cash)| CashView {
        currency,
        stripe_amount: cash.stripe_amount,
        books_amount: cash.books_amount,
        open_amount: cash.open_amount,
        accepted_amount: cash.accepted_amount,
        unexplained_amount: cash.unexplained_amount(),
    });
    ReconciliationRunView {
        run_id: run.run_id,
        started_at: Timestamp(run.started_at),
        ended_at: run.ended_at.map(Timestamp),
        events: run.events,
        events_fetched: run.events_fetched,
        lines: run.lines,
        explained: run.explained,
        backfilled: run.backfilled,
        findings: run.findings,
        closed: run.closed,
        in_doubt: run.in_doubt,
        cash: cash.collect(),
        error: run.error,
        more: run.more,
    }
}
