//! The company's books.

use serde::Serialize;

use crate::domain::kernel::money::Currency;

/// The company's ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BooksView {
    /// The ledger by currency.
    pub data: Vec<CurrencyBooksView>,
    /// Whether all currencies are balanced.
    pub sums_to_zero: bool,
}

/// The ledger in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CurrencyBooksView {
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// Debits are positive, credits negative.
    pub accounts: LedgerAccountsView,
    /// The part of Stripe's balance that belongs to the company's bookings.
    pub cash_amount: i128,
    /// Whether all accounts sum to zero, as they must.
    pub sums_to_zero: bool,
}

/// The balance of every account. Debits are positive, credits negative.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LedgerAccountsView {
    /// Cash that customers paid.
    pub received: i128,
    /// Cash refunded to customers.
    pub refunded: i128,
    /// Cash that banks withdrew in disputes.
    pub disputed: i128,
    /// Cash transferred to professionals.
    pub paid: i128,
    /// Cash of reversed transfers.
    pub reversed: i128,
    /// The amount that banks hold in undecided disputes.
    pub contested: i128,
    /// The debts of professionals.
    pub carried: i128,
    /// Customers' money for jobs that are not completed.
    pub held: i128,
    /// Professionals' shares of completed jobs that are not settled.
    pub owed: i128,
    /// The platform's fees for completed jobs.
    pub fees: i128,
}
