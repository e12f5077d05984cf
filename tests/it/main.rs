//! The one integration test binary.

mod arbitrary;
mod call_log;
mod journal;
mod media;
mod recovery;
mod replay;
mod store;
mod tickets;
