//! A deployment to an emulated AWS on this machine, with the documented command.
//!
//! The emulator is ministack: it reads the template as CloudFormation does, runs the real binaries behind
//! function URLs, and fires the schedules. [`copy`] removes what it does not support.

mod copy;
mod emulator;
mod journey;
mod limits;
mod parameters;
mod rehearsal;
mod stack;
