//! Emulates both platforms for tests and benchmarks that start a function's real binary.
//!
//! ```no_run
//! # async fn example() -> Result<(), platforms::Failed> {
//! use platforms::{Function, Platform};
//!
//! let mut kpis = Function::start(Platform::Lambda, "target/release/kpis".as_ref(), &[]).await?;
//! let request = http::Request::get("/api/dashboard/kpis?window=30").body(bytes::Bytes::new());
//! let answer = kpis.ask(&request.expect("a request")).await?;
//! let spent = kpis.spent()?;
//! println!("{} after {:?}, {} KiB", answer.status(), spent.processor, spent.peak_memory_kib);
//! # Ok(())
//! # }
//! ```
//!
//! Both platforms are emulated on loopback sockets by their documented protocols. A function gets only the given
//! environment and the platform's own variables; dropping the value ends it.

mod failed;
mod function;
pub mod lambda;
mod process;
pub mod vercel;

pub use failed::Failed;
pub use function::{Function, Occurrence, Platform};
pub use process::Spent;

use std::time::Duration;

/// The timeout for every step of a process.
pub const PATIENCE: Duration = Duration::from_secs(30);
