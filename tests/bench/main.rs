//! The resource use of every function, as a table: `cargo measure`, or `cargo measure settings kpis` for
//! some.
//!
//! Each binary is built as it is deployed to Lambda, for this machine's processor, and started repeatedly
//! under the runtime API, with a table that answers over TLS. The figures are the processor time and the peak
//! memory of the process as the kernel counts them: neither depends on other load. They are medians, because
//! a single page fault from disk would distort a mean.

#![expect(clippy::unwrap_used, reason = "what cannot be measured is not measured around")]
#![expect(clippy::print_stdout, reason = "the table is the requested output")]

mod built;
mod figures;
mod front;
#[path = "../deployed/questions.rs"]
mod questions;
mod trial;

use figures::Figures;

fn main() {
    // Cargo adds flags of its own, such as `--bench`.
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let functions: Vec<String> = stacks::repository::functions()
        .into_iter()
        .filter(|name| named.is_empty() || named.contains(name))
        .collect();
    assert!(!functions.is_empty(), "no function is called {}", named.join(" or "));
    let binaries = built::build(&functions);
    println!("{}", Figures::HEAD);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for name in &functions {
        let figures = runtime.block_on(trial::measure(name, &binaries.join(name)));
        println!("{figures}");
    }
    println!("\n{}", figures::machine());
}
