//! Spillway from outside: real sockets, real files, one test binary.

mod arbitrary;
mod asr;
mod call_log;
mod caller;
mod journal;
mod media;
mod recovery;
mod replay;
mod sip;
mod store;
mod tickets;
mod tidy;
