//! The two platforms as a function sees them, for whoever wants to start its real binary and ask it.
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
//! Both platforms are played over loopback sockets, by their documented protocols and nothing of ours. A
//! function gets the environment it is given and the platform's own names, and it ends with its value.

mod failed;
mod function;
pub mod lambda;
mod process;
pub mod vercel;

pub use failed::Failed;
pub use function::{Function, Occurrence, Platform};
pub use process::Spent;

use std::time::Duration;

/// How long anybody waits for a process to do something.
pub const PATIENCE: Duration = Duration::from_secs(30);
