//! The company's books: every account, in every currency.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::auth::Caller;
use shared::domain::kernel::money::Currency;
use shared::domain::marketplace::ledger::LedgerAccount;
use shared::http::query::Parameters;
use shared::http::{Answer, Failure};

/// The sum of one account over all professionals, by its word.
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
    let shown = |(currency, sums): (&Currency, Sums)| {
        json!({
            "currency": currency,
            "accounts": accounts(&sums),
            "cash_amount": balances.cash(currency),
            "sums_to_zero": is_even(currency),
        })
    };
    let data: Vec<Value> = currencies.into_iter().map(shown).collect();
    Ok(Answer::ok(json!({"data": data, "sums_to_zero": sums_to_zero})))
}

/// Every account is named, also one on which nothing stands.
fn accounts(sums: &Sums) -> Map<String, Value> {
    let sum = |word: &str| json!(sums.get(word).copied().unwrap_or_default());
    LedgerAccount::NAMES.iter().map(|word| ((*word).to_owned(), sum(word))).collect()
}
