//! What a demand needs: lines and machines for the bot, operators for the callbacks, and how many
//! operators it would take without the bot.

use super::demand::{Demand, HOUR_S};
use super::erlang::{self, fewest};
use super::simulation::{Hours, Overflow, Traffic, call_back, overflow, share_in_time};
use crate::replay::score::percentile;
use serde::Serialize;

/// The share of callers who are to be called back within the promised time.
pub const IN_TIME_SHARE: f64 = 0.95;
/// The share of callers whom a line of operators is to answer within [`ANSWERED_WITHIN_S`]: 80 % in
/// 20 s is what call centres usually promise themselves.
pub const ANSWERED_SHARE: f64 = 0.8;
/// How soon [`ANSWERED_SHARE`] are answered, seconds.
pub const ANSWERED_WITHIN_S: f64 = 20.0;

/// What the house is like, and what is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many days people call; at least 1.
    pub days: u32,
    /// Mean duration of a call to the bot, seconds.
    pub bot_call_s: f64,
    /// The share of the bot's calls that make a ticket.
    pub tickets: f64,
    /// Operators who answer calls; the bot takes what comes when all of them are busy.
    pub operators_live: u32,
    /// Mean time an operator needs for a caller, seconds, live or calling back.
    pub operator_call_s: f64,
    /// Mean patience of callers who wait for an operator, seconds.
    pub patience_s: f64,
    /// The share of those turned away who call again, each time; below 1.
    pub retries: f64,
    /// After how many seconds on average.
    pub retry_after_s: f64,
    /// When operators call back.
    pub hours: Hours,
    /// Within how many seconds of the first attempt callbacks are promised.
    pub promise_s: u32,
    /// The largest share of attempts turned away in the busiest hour; above 0.
    pub blocking: f64,
    /// How many calls one machine holds at once; at least 1.
    pub calls_per_node: u32,
    /// Lines there are; `None`: as many as are needed.
    pub lines: Option<u32>,
    /// Operators there are to call back; `None`: as many as are needed.
    pub operators: Option<u32>,
    /// What chance is drawn from.
    pub seed: u64,
}

/// What one demand comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// First attempts that were simulated, all days together.
    pub callers: usize,
    /// The hour of the day with the most calls, 0 to 23.
    pub busy_hour: u32,
    /// First attempts expected in it.
    pub busy_hour_calls: f64,
    /// What they offer the bot, were all of them answered by it.
    pub erlangs: f64,
    /// The bot's lines.
    pub lines: Lines,
    /// The operators who call back.
    pub callbacks: Callbacks,
    /// The operators who would answer all calls themselves.
    pub live: Live,
}

/// What the bot needs and does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lines {
    /// The fewest lines that turn away no more than is wanted in the busiest hour, by simulation.
    pub needed: u32,
    /// The same by Erlang B, which knows no bursts within the hour and nobody who calls again.
    pub needed_erlang_b: u32,
    /// The lines of what follows: those there are, else those needed.
    pub lines: u32,
    /// Machines for them.
    pub nodes: u32,
    /// The share of attempts turned away in the busiest hour.
    pub blocked: f64,
    /// Calls the bot answered, all days together.
    pub answered: u32,
    /// The share of callers who were turned away and did not call again, or not often enough.
    pub gone: f64,
}

/// What calling back needs, and how long it takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Callbacks {
    /// Callbacks to be made, all days together.
    pub tickets: usize,
    /// The fewest operators who reach [`IN_TIME_SHARE`] of the callers in time; `None`: no number
    /// of them does.
    pub needed: Option<u32>,
    /// The fewest who get through an average day's callbacks in a day, were it to go on for ever.
    pub needed_steady: u32,
    /// The operators of what follows: those there are, else those needed.
    pub operators: Option<u32>,
    /// Half of the callers waited no longer, seconds from the first attempt on.
    pub wait_median_s: Option<u64>,
    /// 19 of 20 waited no longer, seconds.
    pub wait_p95_s: Option<u64>,
    /// The share of callers who were called within the promised time.
    pub in_time: Option<f64>,
}

/// What answering all calls live would need in the busiest hour, by Erlang A.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Live {
    /// The fewest operators who answer [`ANSWERED_SHARE`] within [`ANSWERED_WITHIN_S`].
    pub needed: u32,
    /// The share of those operators' time that calls take.
    pub occupancy: f64,
    /// The share of callers who hang up before one of those operators answers.
    pub needed_abandoned: f64,
    /// As many operators as there are, else as call back for good.
    pub operators: u32,
    /// The share of callers who would find all of these busy.
    pub waiting: f64,
    /// The share of callers who would hang up before one of these answers.
    pub abandoned: f64,
}

/// Figures as they are told: what lies beyond these places is chance.
pub(super) fn rounded(value: f64, places: i32) -> f64 {
    let unit = 10f64.powi(places);
    (value * unit).round() / unit
}

/// Simulates `demand` and finds what it needs.
pub fn plan(demand: &Demand, settings: &Settings) -> Plan {
    let traffic = Traffic::draw(demand, settings, false);
    let busy_hour = demand.busy_hour();
    let busy_hour_calls = demand.calls_of_hour(busy_hour);
    let erlangs = busy_hour_calls / f64::from(HOUR_S) * settings.bot_call_s;
    let (lines, found) = lines(&traffic, settings, erlangs);
    let callbacks = callbacks(&found, settings);
    let operators = settings.operators.unwrap_or(callbacks.needed_steady).max(1);
    let live = live(busy_hour_calls, settings, operators);
    Plan {
        callers: traffic.callers(),
        busy_hour,
        busy_hour_calls: rounded(busy_hour_calls, 1),
        erlangs: rounded(erlangs, 1),
        lines,
        callbacks,
        live,
    }
}

fn lines(traffic: &Traffic, settings: &Settings, erlangs: f64) -> (Lines, Overflow) {
    let needed_erlang_b = erlang::lines_for(erlangs, settings.blocking);
    let enough = |lines| overflow(traffic, settings, lines).blocking() <= settings.blocking;
    let needed = fewest(needed_erlang_b, enough);
    let lines = settings.lines.unwrap_or(needed);
    let found = overflow(traffic, settings, lines);
    let of_lines = Lines {
        needed,
        needed_erlang_b,
        lines,
        nodes: lines.div_ceil(settings.calls_per_node),
        blocked: rounded(found.blocking(), 4),
        answered: found.bot,
        gone: rounded(f64::from(found.gone) / traffic.callers().max(1) as f64, 4),
    };
    (of_lines, found)
}

fn callbacks(found: &Overflow, settings: &Settings) -> Callbacks {
    let (tickets, hours) = (&found.tickets, settings.hours);
    let in_time = |waits_ms: &[u64]| share_in_time(waits_ms, settings.promise_s);
    let work_s: f64 = tickets.iter().map(|t| f64::from(t.operator_ms) / 1e3).sum();
    let shifts_s = f64::from(settings.days) * f64::from(hours.open_s());
    let needed_steady = (work_s / shifts_s).ceil() as u32;
    // With an operator for each of them nobody waits but for the morning.
    let at_best: Vec<u64> = tickets.iter().map(|t| hours.from(t.ready_ms) - t.since_ms).collect();
    let enough = |operators| in_time(&call_back(tickets, operators, hours)) >= IN_TIME_SHARE;
    let needed = (in_time(&at_best) >= IN_TIME_SHARE).then(|| match tickets.is_empty() {
        true => 0,
        false => fewest(needed_steady, enough),
    });
    let operators = settings.operators.or(needed);
    let waits_ms = operators.map(|operators| {
        let mut waits_ms = call_back(tickets, operators, hours);
        waits_ms.sort_unstable();
        waits_ms
    });
    let wait_s = |percent| Some(percentile(waits_ms.as_deref()?, percent)? / 1_000);
    Callbacks {
        tickets: tickets.len(),
        needed,
        needed_steady,
        operators,
        wait_median_s: wait_s(50),
        wait_p95_s: wait_s(95),
        in_time: waits_ms.as_deref().map(|waits_ms| rounded(in_time(waits_ms), 4)),
    }
}

fn live(calls_per_hour: f64, settings: &Settings, operators: u32) -> Live {
    let with = |operators| erlang::Live {
        calls_per_s: calls_per_hour / f64::from(HOUR_S),
        call_s: settings.operator_call_s,
        patience_s: settings.patience_s,
        operators,
    };
    let needed = with(1).operators_for(ANSWERED_SHARE, ANSWERED_WITHIN_S);
    Live {
        needed,
        occupancy: rounded(with(needed).occupancy(), 4),
        needed_abandoned: rounded(with(needed).abandoned(), 4),
        operators,
        waiting: rounded(with(operators).waiting(), 4),
        abandoned: rounded(with(operators).abandoned(), 4),
    }
}
