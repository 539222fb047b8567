//! The balances of a company's ledger.

use serde::Serialize;

use crate::domain::kernel::money::Currency;

/// The balances of a company's ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BooksView {
    /// The balances of each currency.
    pub data: Vec<CurrencyBooksView>,
    /// Whether the accounts sum to zero in every currency.
    pub sums_to_zero: bool,
}

/// The balances of the ledger in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CurrencyBooksView {
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The balance of each account. Debits are positive, credits negative.
    pub accounts: LedgerAccountsView,
    /// The sum of the five cash accounts: the part of Stripe's balance that belongs to the company's
    /// bookings.
    pub cash_amount: i128,
    /// Whether all accounts sum to zero, as double entry requires.
    pub sums_to_zero: bool,
}

/// The balance of every account, also if it is 0, in minor units. Debits are positive, credits negative.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LedgerAccountsView {
    /// Cash: payments captured from customers.
    pub received: i128,
    /// Cash: refunds to customers.
    pub refunded: i128,
    /// Cash: amounts of lost and undecided disputes, withdrawn by the customers' banks.
    pub disputed: i128,
    /// Cash: transfers to professionals.
    pub paid: i128,
    /// Cash: transfers to professionals that were reversed.
    pub reversed: i128,
    /// Asset: amounts of undecided disputes.
    pub contested: i128,
    /// Asset: debts of professionals.
    pub carried: i128,
    /// Liability: customers' money for jobs that are not completed.
    pub held: i128,
    /// Liability: professionals' shares of completed jobs that are not settled.
    pub owed: i128,
    /// Income: the platform's fees for completed jobs.
    pub fees: i128,
}
