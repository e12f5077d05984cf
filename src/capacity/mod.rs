//! How many calls a machine holds, and how many lines, machines and operators a hotline needs:
//! calls of made-up days, simulated, and beside them what queueing theory says.
//!
//! Pure: the same demand, house and seed give the same answer. Callers come as a Poisson process
//! whose rate follows a profile of the day and its bursts; all durations are exponential. Times are
//! milliseconds since the first midnight.

mod check;
mod demand;
pub mod erlang;
mod machine;
mod plan;
mod simulation;
#[cfg(test)]
mod tests;

pub use check::{Check, Compared, check};
pub use demand::{Burst, CALLS_MAX, DAY_S, Demand, PROFILE};
pub use machine::{BUSY_SHARE, Bound, Machine};
pub use plan::{
    ANSWERED_SHARE, ANSWERED_WITHIN_S, Callbacks, IN_TIME_SHARE, Lines, Live, Plan, Settings, plan,
};
pub use simulation::Hours;
