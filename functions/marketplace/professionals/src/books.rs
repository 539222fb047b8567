//! The company's ledger: all accounts in all currencies.

use std::collections::BTreeMap;

use shared::auth::Caller;
use shared::domain::kernel::money::Currency;
use shared::http::query::Parameters;
use shared::http::{Answer, Failure};
use shared::views::marketplace::books::{BooksView, CurrencyBooksView, LedgerAccountsView};

/// Sums over all professionals, by account name.
type Sums = BTreeMap<&'static str, i128>;

pub(crate) async fn balances(caller: Caller, parameters: Parameters) -> Result<Answer, Failure> {
    parameters.only(&[])?;
    let balances = caller.company.balances(None).await?;
    let mut currencies: BTreeMap<&Currency, Sums> = BTreeMap::new();
    for (account, currency, sum) in balances.iter() {
        *currencies.entry(currency).or_default().entry(account.name()).or_default() += sum;
    }
    let is_even = |currency: &Currency| balances.total(currency) == 0;
    let sums_to_zero = currencies.keys().all(|currency| is_even(currency));
    let shown = |(currency, sums): (&Currency, Sums)| CurrencyBooksView {
        currency: currency.clone(),
        accounts: accounts(&sums),
        cash_amount: balances.cash(currency),
        sums_to_zero: is_even(currency),
    };
    Ok(Answer::ok(BooksView { data: currencies.into_iter().map(shown).collect(), sums_to_zero }))
}

fn accounts(sums: &Sums) -> LedgerAccountsView {
    let sum = |word: &str| sums.get(word).copied().unwrap_or_default();
    LedgerAccountsView {
        received: sum("received"),
        refunded: sum("refunded"),
        disputed: sum("disputed"),
        paid: sum("paid"),
        reversed: sum("reversed"),
        contested: sum("contested"),
        carried: sum("carried"),
        held: sum("held"),
        owed: sum("owed"),
        fees: sum("fees"),
    }
}
