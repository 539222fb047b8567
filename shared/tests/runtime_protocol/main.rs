//! `runtime::serve` under the real protocols: the example `echo` runs as a process of its own,
//! and these tests are Lambda's runtime API, Vercel's bridge, or a client.

mod echo;
mod ends;
mod lambda;
mod plain;
mod vercel;
