//! `spillway simulate`: lines, machines and operators for a demand.

use super::load::time;
use super::tickets::table;
use anyhow::ensure;
use serde::Serialize;
use spillway::capacity::{
    ANSWERED_SHARE, ANSWERED_WITHIN_S, Burst, CALLS_MAX, Check, Compared, DAY_S, Demand, Hours,
    IN_TIME_SHARE, PROFILE, Plan, Settings, check, plan,
};
use std::process::ExitCode;
use std::time::Duration;

/// What hotlines were called by: calls on a day, and whose day it was. 107 million calls in three
/// years are 97,700 on each day.
const KNOWN: [(u32, &str); 4] = [
    (8_000, "an ordinary day"),
    (13_000, "1212, Czechia: the record day"),
    (59_000, "1022, Ho Chi Minh City, August 2021"),
    (97_700, "107 million calls in three years"),
];

const EXPLAINED: &str = "\
Examples:
  spillway simulate
  spillway simulate --calls-per-day 13000 --burst 3x@10:00+30m --days 1
  spillway simulate --calls-per-day 8000 --lines 40 --operators 30
  spillway simulate --stationary

Days are made up by chance and played through: callers find a line, or are turned away and perhaps
call again; operators work the callbacks off, the oldest first, until none is left. The numbers
printed are the smallest with which that goes well.

  ERLANGS   what the busiest hour offers the bot: calls an hour times their duration
  LINES     the fewest with which no more attempts of that hour are turned away; ERLANG B is what
            the formula says, which knows no bursts within the hour, no operators before the bot
            and nobody who calls again
  TURNED AWAY  attempts in that hour; GAVE UP: callers who never got through, of all days
  MACHINES  for these lines; have one more, so that one may fail
  FOR GOOD  operators at work at once in their hours who get through each day's callbacks on that
            day: what it takes when the demand does not end
  FOR 7 DAYS  the fewest who call nearly everybody back in time when it ends after --days: backlog
            may grow as far as the promise allows; MEDIAN and 95 %: how long callers then wait
            (hours:minutes)
  LIVE      the fewest who would answer the busiest hour's calls themselves, by Erlang A; at it are
            BUSY so much of their time, and so many callers HANG UP; INSTEAD: were those who call
            back FOR GOOD (or --operators) to answer, so many callers would WAIT and HANG UP

Durations and patience are exponential. The profile of the day is an assumption (11 % of the calls
from 10 to 11 o'clock); `spillway statistics --by hour` counts your own.";

/// Arguments of `spillway simulate`.
#[derive(clap::Args)]
#[command(after_long_help = EXPLAINED)]
pub struct Args {
    /// Callers on a day without bursts; may be given again [default: four known demands].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    calls_per_day: Vec<u32>,
    /// How many such days follow each other.
    #[arg(long, value_name = "N", default_value_t = 7)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// Calls of each hour from midnight on, 24 numbers in any unit [default: most from 10 to 11].
    #[arg(long, value_name = "N,N,..", value_parser = profile)]
    profile: Option<Profile>,
    /// So many times the calls, each day from so late on and for so long; may be given again.
    #[arg(long, value_name = "3x@10:00+30m", value_parser = burst)]
    burst: Vec<Burst>,
    /// Mean duration of a call to the bot.
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = talk)]
    bot_call: Duration,
    /// Share of the attempts of the busiest hour that may be turned away.
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = blocking)]
    blocking: f64,
    /// Lines there are, to see how they do.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    lines: Option<u32>,
    /// Calls that a machine holds at once: `spillway load` measures it. Of two cores it was 94.
    #[arg(long, value_name = "N", default_value_t = 94)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    calls_per_node: u32,
    /// Share of those turned away who call again, each time.
    #[arg(long, value_name = "SHARE", default_value = "0.7", value_parser = retries)]
    retries: f64,
    /// After how long, on average.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = talk)]
    retry_after: Duration,
    /// Operators who take calls before the bot does; none is the worst case.
    #[arg(long, value_name = "N", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    operators_live: u32,
    /// Share of the bot's calls that make a ticket to be called back.
    #[arg(long, value_name = "SHARE", default_value = "0.6", value_parser = share)]
    tickets: f64,
    /// Operators there are to call back, to see how they do.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    operators: Option<u32>,
    /// Mean time that an operator needs for a caller, dialling and notes included.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = talk)]
    operator_call: Duration,
    /// When operators call back, every day.
    #[arg(long, value_name = "FROM-TO", default_value = "08:00-20:00", value_parser = hours)]
    hours: Hours,
    /// Within what time of their first attempt callers are promised to be called back.
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = promise)]
    sla: Duration,
    /// Mean patience of callers who wait for an operator, for what answering live would need.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = talk)]
    abandon_after: Duration,
    /// Show that the simulation is right: the busiest hour on and on, beside Erlang B and A.
    #[arg(long)]
    stationary: bool,
    /// What chance is drawn from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// One of the demands, as it is printed.
#[derive(Serialize)]
struct Found<T> {
    /// Whose demand it was; null for one that was asked for.
    known_as: Option<&'static str>,
    calls_per_day: u32,
    #[serde(flatten)]
    found: T,
}

/// The share of each hour, from midnight on.
type Profile = [f64; 24];

fn profile(text: &str) -> Result<Profile, String> {
    let hours: Option<Vec<f64>> = text.split(',').map(|hour| hour.trim().parse().ok()).collect();
    let hours = hours.and_then(|hours| Profile::try_from(hours).ok());
    let good = |hours: &Profile| {
        hours.iter().all(|h| (0.0..=1e9).contains(h)) && hours.iter().any(|h| *h > 0.0)
    };
    hours.filter(good).ok_or_else(|| {
        "is no profile of a day; write 24 numbers from 0 on, with commas between them".into()
    })
}

/// Seconds since midnight of a clock's time.
fn clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let s = hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)?;
    (minutes < 60 && s <= DAY_S).then_some(s)
}

fn burst(text: &str) -> Result<Burst, String> {
    let parts = || {
        let (factor, when) = text.split_once("x@")?;
        let (at, lasts) = when.split_once('+')?;
        let factor = factor.parse().ok().filter(|factor| (0.01..=1_000.0).contains(factor))?;
        let at_s = clock(at).filter(|at_s| *at_s < DAY_S)?;
        let lasts_s = seconds(time(lasts).ok()?).filter(|s| (1..=DAY_S).contains(s))?;
        Some(Burst { factor, at_s, lasts_s })
    };
    parts().ok_or_else(|| {
        "is no burst; write 3x@10:00+30m for three times the calls from 10:00 to 10:30".into()
    })
}

fn hours(text: &str) -> Result<Hours, String> {
    let parts = text.split_once('-').and_then(|(from, to)| Some((clock(from)?, clock(to)?)));
    let hours = parts.map(|(opens_s, closes_s)| Hours { opens_s, closes_s });
    hours.filter(|hours| hours.opens_s < hours.closes_s).ok_or_else(|| {
        "are no hours of a day; write 08:00-20:00, or 00:00-24:00 for day and night".into()
    })
}

fn seconds(time: Duration) -> Option<u32> {
    u32::try_from(time.as_secs()).ok()
}

/// How long calls and waits are: no longer than a day.
fn talk(text: &str) -> Result<Duration, String> {
    let day = Duration::from_secs(DAY_S.into());
    let talk = time(text)?;
    let fits = (Duration::from_secs(1)..=day).contains(&talk);
    fits.then_some(talk).ok_or_else(|| "must be from 1s to 24h".into())
}

fn promise(text: &str) -> Result<Duration, String> {
    let promise = time(text)?;
    let fits = seconds(promise).is_some_and(|s| (60..=366 * DAY_S).contains(&s));
    fits.then_some(promise).ok_or_else(|| "must be from 1m to 8784h, which is a year".into())
}

fn within(text: &str, from: f64, to: f64, else_write: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (from..=to).contains(share));
    share.ok_or_else(|| else_write.into())
}

fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0, 1.0, "is no share; write 0.6 for 60 %")
}

fn blocking(text: &str) -> Result<f64, String> {
    within(text, 0.0001, 0.99, "must be from 0.0001 to 0.99; write 0.01 for one in a hundred")
}

fn retries(text: &str) -> Result<f64, String> {
    within(text, 0.0, 0.99, "must be from 0 to 0.99; where all call again, nobody ever gives up")
}

impl Args {
    /// The demands, and whose they were.
    fn demands(&self) -> Vec<(u32, Option<&'static str>)> {
        match self.calls_per_day.is_empty() {
            true => KNOWN.iter().map(|(calls, who)| (*calls, Some(*who))).collect(),
            false => self.calls_per_day.iter().map(|calls| (*calls, None)).collect(),
        }
    }

    fn demand(&self, calls_per_day: u32) -> Demand {
        Demand {
            calls_per_day: f64::from(calls_per_day),
            profile: self.profile.unwrap_or(PROFILE),
            bursts: self.burst.clone(),
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            days: self.days,
            bot_call_s: self.bot_call.as_secs_f64(),
            tickets: self.tickets,
            operators_live: self.operators_live,
            operator_call_s: self.operator_call.as_secs_f64(),
            patience_s: self.abandon_after.as_secs_f64(),
            retries: self.retries,
            retry_after_s: self.retry_after.as_secs_f64(),
            hours: self.hours,
            promise_s: seconds(self.sla).unwrap_or(u32::MAX),
            blocking: self.blocking,
            calls_per_node: self.calls_per_node,
            lines: self.lines,
            operators: self.operators,
            seed: self.seed,
        }
    }

    /// What `find` finds of each demand.
    fn each<T>(&self, find: fn(&Demand, &Settings) -> T) -> anyhow::Result<Vec<Found<T>>> {
        let found = self.demands().into_iter().map(|(calls_per_day, known_as)| {
            let demand = self.demand(calls_per_day);
            let of_day = match self.stationary {
                true => demand.stationary().calls_per_day,
                false => demand.calls_between(DAY_S, DAY_S),
            };
            let calls = of_day * f64::from(self.days);
            ensure!(
                calls <= CALLS_MAX,
                "{calls_per_day} a day are {calls:.0} calls in {} days, and {CALLS_MAX} is as many \
                 as can be simulated; choose fewer --days, or fewer calls",
                self.days
            );
            Ok(Found { known_as, calls_per_day, found: find(&demand, &self.settings()) })
        });
        found.collect()
    }
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = match (args.stationary, args.json) {
        (true, true) => serde_json::to_string_pretty(&args.each(check)?)? + "\n",
        (true, false) => checks_text(&args.each(check)?, args),
        (false, true) => serde_json::to_string_pretty(&args.each(plan)?)? + "\n",
        (false, false) => plans_text(&args.each(plan)?, args),
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// A share that was asked for, as it was asked for.
fn asked(share: f64) -> String {
    format!("{} %", (1e4 * share).round() / 100.0)
}

/// A share that was found.
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn or_dash<T>(value: Option<T>, told: impl Fn(T) -> String) -> String {
    value.map_or("-".into(), told)
}

/// 90 s, 2 min or 48 h.
fn duration(time: Duration) -> String {
    match time.as_secs() {
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}

fn rows<T>(head: &[&str], found: &[Found<T>], cells: impl Fn(&Found<T>) -> Vec<String>) -> String {
    let head = ["CALLS A DAY"].iter().chain(head).map(|cell| (*cell).to_owned()).collect();
    let mut rows: Vec<Vec<String>> = vec![head];
    rows.extend(found.iter().map(|found| {
        let mut row = vec![found.calls_per_day.to_string()];
        row.extend(cells(found));
        row
    }));
    table(&rows, "")
}

fn plans_text(found: &[Found<Plan>], args: &Args) -> String {
    let head = ["BUSIEST HOUR", "ERLANGS", "LINES", "ERLANG B", "TURNED AWAY", "GAVE UP"];
    let lines = rows(&[&head[..], &["MACHINES"]].concat(), found, line_cells);
    let days = if args.days == 1 { "1 day".into() } else { format!("{} days", args.days) };
    let for_days = format!("FOR {}", days.to_uppercase());
    let head = ["CALLBACKS", "FOR GOOD", &for_days, "MEDIAN", "95 %", "IN TIME"];
    let operators = rows(&head, found, operator_cells);
    let live = rows(&["LIVE", "BUSY", "HANG UP", "INSTEAD", "WAIT", "HANG UP"], found, live_cells);
    let known = found.iter().filter_map(|found| Some((found.calls_per_day, found.known_as?)));
    let known: String = known.map(|(calls, who)| format!("{calls:>7}  {who}\n")).collect();
    let clock = |s: u32| format!("{:02}:{:02}", s / 3_600, s / 60 % 60);
    format!(
        "Lines: {days}, calls of {}, {} turned away in the busiest hour, of whom {} call again\n\
         \n{lines}\n\
         Operators who call back: {} to {}, {} each, {} of the callers within {}\n\n{operators}\n\
         Operators who answer live: the busiest hour, {} within {ANSWERED_WITHIN_S} s, patience {} \
         (Erlang A)\n\n{live}{}{known}",
        duration(args.bot_call),
        asked(args.blocking),
        asked(args.retries),
        clock(args.hours.opens_s),
        clock(args.hours.closes_s),
        duration(args.operator_call),
        asked(IN_TIME_SHARE),
        duration(args.sla),
        asked(ANSWERED_SHARE),
        duration(args.abandon_after),
        if known.is_empty() { "" } else { "\n" },
    ) + &unreachable_text(found)
}

/// What to change where no number of operators is enough.
fn unreachable_text(found: &[Found<Plan>]) -> String {
    if found.iter().all(|found| found.found.callbacks.needed.is_some()) {
        return String::new();
    }
    "\nWhere no operators are told (-), no number of them keeps the promise: who calls at night \
     must wait\nfor the morning. Lengthen --sla or --hours.\n"
        .into()
}

fn line_cells(found: &Found<Plan>) -> Vec<String> {
    let (plan, lines) = (&found.found, &found.found.lines);
    vec![
        format!("{:.0} at {:02}:00", plan.busy_hour_calls, plan.busy_hour),
        format!("{:.1}", plan.erlangs),
        lines.needed.to_string(),
        lines.needed_erlang_b.to_string(),
        of_given(percent(lines.blocked), lines.lines, lines.needed),
        format!("{:.2} %", 100.0 * lines.gone),
        lines.nodes.to_string(),
    ]
}

/// What is said of those that were given, and not of those needed.
fn of_given(text: String, given: u32, needed: u32) -> String {
    if given == needed { text } else { format!("{text} with {given}") }
}

fn operator_cells(found: &Found<Plan>) -> Vec<String> {
    let callbacks = &found.found.callbacks;
    let clock = |s: u64| format!("{}:{:02}", s / 3_600, s / 60 % 60);
    let (operators, needed) = (callbacks.operators.unwrap_or(0), callbacks.needed.unwrap_or(0));
    vec![
        callbacks.tickets.to_string(),
        callbacks.needed_steady.to_string(),
        or_dash(callbacks.needed, |n| n.to_string()),
        or_dash(callbacks.wait_median_s, clock),
        or_dash(callbacks.wait_p95_s, clock),
        or_dash(callbacks.in_time, |share| of_given(percent(share), operators, needed)),
    ]
}

fn live_cells(found: &Found<Plan>) -> Vec<String> {
    let live = &found.found.live;
    vec![
        live.needed.to_string(),
        percent(live.occupancy),
        percent(live.needed_abandoned),
        live.operators.to_string(),
        percent(live.waiting),
        percent(live.abandoned),
    ]
}

fn checks_text(found: &[Found<Check>], args: &Args) -> String {
    let head = ["ERLANGS", "LINES", "TURNED AWAY", "ERLANG B", "OPERATORS", "HUNG UP", "ERLANG A"];
    let shares = |compared: &Compared| {
        let share = |share: f64| format!("{:.2}", 100.0 * share);
        let interval = compared.interval.map(|i| format!(" ({}-{})", share(i.low), share(i.high)));
        let simulated = format!("{} %{}", share(compared.simulated), interval.unwrap_or_default());
        [compared.of.to_string(), simulated, share(compared.formula) + " %"]
    };
    let cells = |found: &Found<Check>| {
        let check = &found.found;
        let mut cells = vec![format!("{:.1}", check.erlangs)];
        cells.extend(shares(&check.blocked));
        cells.extend(shares(&check.abandoned));
        cells
    };
    let hours = 24 * args.days - 1;
    format!(
        "The busiest hour {hours} times over, nobody calls again; in brackets the 95 % interval\n\
         \n{}",
        rows(&head, found, cells)
    )
}
