//! Whether the simulation is right: where there are formulas, it must agree with them.

use super::demand::{Demand, HOUR_S};
use super::erlang;
use super::plan::{ANSWERED_SHARE, ANSWERED_WITHIN_S, Settings, rounded};
use super::simulation::{Count, Traffic, answer_live, overflow, share};
use crate::replay::statistics::{Interval, Part, interval, ratio};
use serde::Serialize;

/// A share by simulation and by formula.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Lines or operators.
    pub of: u32,
    /// By simulation.
    pub simulated: f64,
    /// Where the true share lies, as far as the hours of the simulation tell.
    pub interval: Option<Interval>,
    /// By formula.
    pub formula: f64,
}

impl Compared {
    fn new(of: u32, hours: &[Count], formula: f64, seed: u64) -> Compared {
        let part = |hour: &Count| Part::new(f64::from(hour.lost), f64::from(hour.all));
        let parts: Vec<Part> = hours.iter().map(part).collect();
        let found = interval(parts.len(), seed, |weights| ratio(&parts, weights));
        let of_noise = |i: Interval| Interval { low: rounded(i.low, 5), high: rounded(i.high, 5) };
        let (simulated, formula) = (rounded(share(hours), 5), rounded(formula, 5));
        Compared { of, simulated, interval: found.map(of_noise), formula }
    }

    /// Whether the formula's share lies in the interval of the simulation's.
    pub fn agrees(&self) -> bool {
        self.interval.is_some_and(|i| (i.low..=i.high).contains(&self.formula))
    }
}

/// The simulation beside the formulas.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Calls an hour, every hour.
    pub calls_per_hour: f64,
    /// What they offer the bot.
    pub erlangs: f64,
    /// Turned away by the bot's lines; the formula is Erlang B.
    pub blocked: Compared,
    /// Gone before an operator answered, were there no bot; the formula is Erlang A.
    pub abandoned: Compared,
}

/// Simulates the busiest hour of `demand` for as long as `settings.days`, without bursts, without
/// operators before the bot, and nobody calls again: what the formulas are of.
pub fn check(demand: &Demand, settings: &Settings) -> Check {
    let demand = demand.stationary();
    let settings = Settings { retries: 0.0, operators_live: 0, ..*settings };
    let traffic = Traffic::draw(&demand, &settings, true);
    let calls_per_s = demand.calls_per_day / 24.0 / f64::from(HOUR_S);
    let erlangs = calls_per_s * settings.bot_call_s;
    let lines = settings.lines.unwrap_or_else(|| erlang::lines_for(erlangs, settings.blocking));
    let hours = overflow(&traffic, &settings, lines).busy;
    let blocked = Compared::new(lines, &hours, erlang::blocking(erlangs, lines), settings.seed);
    let (call_s, patience_s) = (settings.operator_call_s, settings.patience_s);
    let live = erlang::Live { calls_per_s, call_s, patience_s, operators: 1 };
    let enough = || live.operators_for(ANSWERED_SHARE, ANSWERED_WITHIN_S);
    let operators = settings.operators.unwrap_or_else(enough);
    let hours = answer_live(&traffic, operators);
    let formula = erlang::Live { operators, ..live }.abandoned();
    Check {
        calls_per_hour: rounded(demand.calls_per_day / 24.0, 1),
        erlangs: rounded(erlangs, 1),
        blocked,
        abandoned: Compared::new(operators, &hours, formula, settings.seed),
    }
}
