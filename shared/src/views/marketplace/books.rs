//! The company's books.

use serde::Serialize;

use crate::domain::kernel::money::Currency;

/// The company's books.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BooksView {
    /// Each currency.
    pub data: Vec<CurrencyBooksView>,
    /// Whether that holds in every currency.
    pub sums_to_zero: bool,
}

/// The books in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CurrencyBooksView {
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// Debits are positive, credits negative.
    pub accounts: LedgerAccountsView,
    /// What should be at Stripe of the company's bookings.
    pub cash_amount: i128,
    /// Whether all accounts together are nothing, as they must be.
    pub sums_to_zero: bool,
}

/// Every account, also one on which nothing stands. Debits are positive, credits negative.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LedgerAccountsView {
    /// Cash that customers paid.
    pub received: i128,
    /// Cash that went back to customers.
    pub refunded: i128,
    /// Cash that banks took back.
    pub disputed: i128,
    /// Cash transferred to professionals.
    pub paid: i128,
    /// Cash of transfers that came back.
    pub reversed: i128,
    /// What banks keep until they decide.
    pub contested: i128,
    /// What professionals owe.
    pub carried: i128,
    /// Customers' money for jobs not done yet.
    pub held: i128,
    /// Professionals' part of jobs done that is not settled.
    pub owed: i128,
    /// Our part of jobs done.
    pub fees: i128,
}
