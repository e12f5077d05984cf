//! Spillway answers a public hotline's overflow and leaves a callback ticket.
//!
//! Reading order is data order is dependency order: **a module uses only the modules above it**
//! (`tests/it/tidy.rs` holds us to it). Invariants:
//!
//! - The core (down to [`call`]) does no IO and knows no clock, no RNG, no tokio and no async.
//!   Time comes in as [`time::CallTime`]; the same inputs give the same outputs, bit for bit.
//! - [`call::Call::handle`] is infallible. Nothing a caller does loses their words: every change
//!   of a slot issues [`call::Output::SaveTicket`].
//! - The shell (from [`config`] on) may fail and may wait; its errors are typed at its edges.

// -- core --
pub mod time;
pub mod audio;
pub mod rtp;
pub mod speech;
pub mod language;
pub mod ticket;
pub mod dialogue;
pub mod call;
// -- shell --
pub mod config;
pub mod engine;
pub mod seal;
pub mod journal;
pub mod replay;
pub mod store;
pub mod access;
pub mod webhook;
pub mod leg;
pub mod sip;
pub mod media;
pub mod doctor;
pub mod live;
pub mod console;
pub mod caller;
pub mod capacity;
