//! A deployment into an AWS on this machine, by the command that a deployer types.
//!
//! The emulator is ministack: it takes the template as CloudFormation would, runs the very binaries behind function
//! URLs, and fires the schedules. What it cannot do, [`copy`] leaves out of what is deployed here.

mod copy;
mod emulator;
mod journey;
mod parameters;
mod stack;
