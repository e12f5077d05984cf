//! Calls as they happen: the sockets, one task for each call, the engines, admission, the clock.

mod admission;
mod board;
mod call_task;
mod clock;
mod doorway;
mod ear;
mod feed;
mod filing;
mod keeper;
mod media_clock;
mod media_path;
mod metrics;
mod server;
mod switchboard;
mod tickets;
mod turn_trace;
mod witness;

pub use board::{Board, RunningCall, StereoFrame};
pub use doorway::{Doorway, Line, Load, OverloadStep};
pub use feed::{Feed, News};
pub use server::{Engines, Server, StartError};
pub use switchboard::{
    CallPlan, CallbackCall, CallbackOutcome, CallbackState, LineError, Switchboard,
};
