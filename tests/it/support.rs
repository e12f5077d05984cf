//! What the end-to-end tests share: a house of their own, a server in it, callers, and ears.

pub mod audiosocket;
pub mod calls;
pub mod caller;
pub mod house;
pub mod postgres;
pub mod recording;
pub mod s3;
pub mod scripted;
pub mod server;
pub mod tones;
pub mod websocket;

/// Says loudly that a test did not run, and what would make it run.
pub fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}
