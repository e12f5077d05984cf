//! The subcommands: each parses its arguments, calls one room, prints.

pub mod bench;
pub mod call;
pub mod doctor;
pub mod models;
pub mod replay;
pub mod serve;
pub mod tickets;
