//! Nothing but a place for the tests in the folders beside it.
