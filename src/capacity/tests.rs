//! The formulas against known values, the simulation against the formulas and against itself.

use super::demand::HOUR_S;
use super::erlang::{self, blocking, lines_for};
use super::simulation::{
    Overflow, Ticket, Traffic, answer_live, call_back, overflow, share, share_in_time,
};
use super::*;

fn settings() -> Settings {
    Settings {
        days: 1,
        bot_call_s: 120.0,
        tickets: 0.6,
        operators_live: 0,
        operator_call_s: 300.0,
        patience_s: 60.0,
        retries: 0.0,
        retry_after_s: 300.0,
        hours: Hours { opens_s: 8 * HOUR_S, closes_s: 20 * HOUR_S },
        promise_s: 48 * HOUR_S,
        blocking: 0.01,
        calls_per_node: 94,
        lines: None,
        operators: None,
        seed: 1,
    }
}

fn demand(calls_per_day: f64) -> Demand {
    Demand { calls_per_day, profile: PROFILE, bursts: vec![] }
}

fn overflowed(calls_per_day: f64, settings: &Settings, lines: u32) -> (usize, Overflow) {
    let traffic = Traffic::draw(&demand(calls_per_day), settings, false);
    (traffic.callers(), overflow(&traffic, settings, lines))
}

#[test]
fn erlang_b_as_in_tables() {
    #[track_caller]
    fn check(erlangs: f64, lines: u32, want: f64) {
        let found = blocking(erlangs, lines);
        assert!((found - want).abs() < 5e-5, "{erlangs} erlangs, {lines} lines: {found}");
    }
    check(1.0, 1, 0.5);
    check(1.0, 2, 0.2);
    check(10.0, 15, 0.0365);
    check(10.0, 0, 1.0);
    check(0.0, 1, 0.0);
    // The load that 1 % allows so many lines, as in any table of Erlang B.
    for (erlangs, lines) in [(0.0101, 1), (4.46, 10), (12.0, 20), (37.9, 50), (84.1, 100)] {
        let found = blocking(erlangs, lines);
        assert!((found - 0.01).abs() < 2.5e-4, "{erlangs} erlangs, {lines} lines: {found}");
    }
    assert!((0.009..0.0095).contains(&blocking(180.0, 201)), "{}", blocking(180.0, 201));
    assert_eq!([lines_for(4.46, 0.01), lines_for(4.5, 0.01), lines_for(10.0, 0.04)], [10, 11, 15]);
}

fn live(calls_per_s: f64, call_s: f64, patience_s: f64, operators: u32) -> erlang::Live {
    erlang::Live { calls_per_s, call_s, patience_s, operators }
}

/// The share of callers who wait and the share of those answered within `within_s`, where nobody
/// hangs up: Erlang C.
fn erlang_c(erlangs: f64, operators: u32, within: f64) -> (f64, f64) {
    let (n, blocking) = (f64::from(operators), blocking(erlangs, operators));
    let waiting = n * blocking / (n - erlangs * (1.0 - blocking));
    (waiting, 1.0 - waiting * (-(n - erlangs) * within).exp())
}

#[test]
fn erlang_a_lies_between_erlang_b_and_erlang_c() {
    for (erlangs, operators) in [(0.5, 1), (10.0, 12), (48.0, 50), (90.0, 100), (895.0, 920)] {
        let (waiting, within) = erlang_c(erlangs, operators, 0.2);
        let patient = live(erlangs, 1.0, 1e7, operators);
        let close = |a: f64, b: f64, by: f64| {
            assert!((a - b).abs() < by, "{erlangs} erlangs, {operators} operators: {a} {b}");
        };
        close(patient.waiting(), waiting, 1e-4);
        close(patient.answered_within(0.2), within, 1e-4);
        close(patient.abandoned(), 0.0, 1e-4);
        let hasty = live(erlangs, 1.0, 1e-9, operators);
        close(hasty.waiting(), blocking(erlangs, operators), 1e-6);
        close(hasty.abandoned(), blocking(erlangs, operators), 1e-6);
        let some = live(erlangs, 1.0, 2.0, operators);
        assert!(hasty.waiting() < some.waiting() && some.waiting() < waiting);
    }
    // 10 erlangs and 12 operators are the textbooks' 0.449.
    assert!((erlang_c(10.0, 12, 0.0).0 - 0.449).abs() < 1e-3);
}

#[test]
fn erlang_a_as_published() {
    // Garnett, Mandelbaum, Reiman 2002: 50 agents, 48 calls a minute of a minute each, patience of
    // two minutes: 3.1 % abandon, and agents are busy for 93 % of their time.
    let article = live(0.8, 60.0, 120.0, 50);
    assert!((article.abandoned() - 0.031).abs() < 5e-4, "{}", article.abandoned());
    assert!((article.occupancy() - 0.93).abs() < 5e-3, "{}", article.occupancy());
    // Twice as many calls as can be answered: who is not answered hangs up, and all wait.
    let flooded = live(100.0, 60.0, 60.0, 3_000);
    assert!((flooded.abandoned() - 0.5).abs() < 1e-3, "{}", flooded.abandoned());
    assert!(flooded.waiting() > 0.999 && flooded.answered_within(20.0) < 0.01);
    let drowned = live(10_000.0, 60.0, 3_600.0, 3);
    assert!(drowned.waiting() > 0.999 && drowned.answered_within(20.0) < 1e-3);
    assert!((drowned.abandoned() - 1.0).abs() < 1e-3 && drowned.occupancy() > 0.99);
    let needed = live(1.0, 300.0, 60.0, 1).operators_for(0.8, 20.0);
    assert!(live(1.0, 300.0, 60.0, needed).answered_within(20.0) >= 0.8);
    assert!(live(1.0, 300.0, 60.0, needed - 1).answered_within(20.0) < 0.8);
}

#[test]
fn the_simulation_agrees_with_the_formulas() {
    // Intervals of 95 %, so some do not hold the formula's value; a bias would move them all.
    let loads = [(300.0, 8), (2_000.0, 2), (8_000.0, 1), (13_000.0, 1)];
    let (mut held, mut tried) = ([0, 0], 0);
    for (calls_per_day, days) in loads {
        let mut means = [0.0, 0.0];
        for seed in 1..=10 {
            let settings = Settings { days, seed, retries: 0.9, ..settings() };
            let found = check(&demand(calls_per_day), &settings);
            tried += 1;
            for (i, compared) in [&found.blocked, &found.abandoned].into_iter().enumerate() {
                held[i] += u32::from(compared.agrees());
                means[i] += compared.simulated / compared.formula / 10.0;
            }
        }
        let near = [(means[0] - 1.0).abs() < 0.1, (means[1] - 1.0).abs() < 0.03];
        assert_eq!(near, [true, true], "{calls_per_day} a day: {means:?} of the formulas' shares");
    }
    assert!(tried == 40 && held.iter().all(|held| *held >= 34), "{held:?} of {tried}");
    // Where much is lost, too: 30 erlangs on 20 lines, and half of the operators it would take.
    let few = Settings { lines: Some(20), operators: Some(30), days: 2, ..settings() };
    let found = check(&demand(8_000.0), &few);
    assert!(found.blocked.agrees() && found.blocked.formula > 0.3, "{found:?}");
    assert!(found.abandoned.agrees() && found.abandoned.formula > 0.5, "{found:?}");
}

#[test]
fn what_is_not_so_is_told_apart() {
    // 29 erlangs are not 33: the interval does not hold everything.
    let traffic_of = |calls: f64| Traffic::draw(&demand(calls).stationary(), &settings(), true);
    let found = overflow(&traffic_of(9_000.0), &settings(), 36);
    let off = found.blocking() - blocking(880.0 / 30.0, 36);
    assert!(off > 0.02, "{off}");
}

#[test]
fn the_same_seed_gives_the_same_plan() {
    let burst = Burst { factor: 3.0, at_s: 10 * HOUR_S, lasts_s: 1_800 };
    let demand = Demand { bursts: vec![burst], ..demand(3_000.0) };
    let settings = Settings { retries: 0.7, ..settings() };
    let first = plan(&demand, &settings);
    assert_eq!(first, plan(&demand, &settings));
    let other = plan(&demand, &Settings { seed: 2, ..settings });
    assert_ne!(first.callers, other.callers);
    // A burst of half an hour is denser than the hour's mean, which is all that Erlang B knows.
    assert!(first.lines.needed > first.lines.needed_erlang_b, "{first:?}");
}

#[test]
fn retries_raise_the_load_and_lines_lower_what_is_lost() {
    let again = Settings { retries: 0.7, ..settings() };
    let (callers, without) = overflowed(8_000.0, &settings(), 20);
    let (_, with) = overflowed(8_000.0, &again, 20);
    assert_eq!(without.attempts as usize, callers);
    assert!(with.attempts > without.attempts && with.bot > without.bot, "{with:?}");
    assert!(with.blocking() > without.blocking() && with.gone < without.gone);
    for settings in [settings(), again] {
        let found = [0, 5, 20, 30, 40, 60].map(|lines| overflowed(8_000.0, &settings, lines).1);
        for (fewer, more) in found.iter().zip(&found[1..]) {
            assert!(more.blocking() <= fewer.blocking() && more.gone <= fewer.gone);
        }
        assert_eq!((found[0].blocking(), found[5].blocking()), (1.0, 0.0));
    }
    let helped = Settings { operators_live: 40, ..again };
    let (_, helped) = overflowed(8_000.0, &helped, 20);
    assert!(helped.live > 0 && helped.blocking() < with.blocking());
}

#[test]
fn nobody_is_lost_from_the_books() {
    #[track_caller]
    fn check(lines: u32, operators_live: u32, retries: f64) {
        let settings = Settings { operators_live, retries, ..settings() };
        let (callers, found) = overflowed(3_000.0, &settings, lines);
        assert_eq!((found.live + found.bot + found.gone) as usize, callers);
        let counted = found.busy.iter().map(|hour| hour.all).sum::<u32>();
        assert!(counted <= found.attempts - found.live);
        let share = found.tickets.len() as f64 / f64::from(found.bot.max(1));
        assert!(found.bot == 0 || (share - 0.6).abs() < 0.05, "{share}");
        assert_eq!(call_back(&found.tickets, 3, settings.hours).len(), found.tickets.len());
        assert!(found.tickets.iter().all(|t| t.since_ms <= t.ready_ms));
    }
    check(0, 0, 0.5);
    check(5, 0, 0.9);
    check(30, 0, 0.0);
    check(5, 10, 0.7);
    let traffic = Traffic::draw(&demand(3_000.0), &settings(), false);
    let busy = answer_live(&traffic, 20);
    assert!(busy.len() == 1 && busy[0].lost < busy[0].all && share(&busy) > 0.0);
}

#[test]
fn operators_call_back_in_their_hours() {
    const MIN_MS: u64 = 60_000;
    let hours = Hours { opens_s: 8 * HOUR_S, closes_s: 20 * HOUR_S };
    #[track_caller]
    fn check(hours: Hours, operators: u32, ready_min: &[u64], want_min: &[u64]) {
        let ticket = |min: &u64| Ticket {
            since_ms: min * MIN_MS,
            ready_ms: min * MIN_MS,
            operator_ms: 10 * MIN_MS as u32,
        };
        let tickets: Vec<_> = ready_min.iter().map(ticket).collect();
        let want_ms: Vec<u64> = want_min.iter().map(|min| min * MIN_MS).collect();
        assert_eq!(call_back(&tickets, operators, hours), want_ms);
    }
    // At 7:50 nobody is there; at 9:00 one is; at 19:55 a callback is begun and goes on.
    check(hours, 1, &[470, 540, 1_195, 1_196], &[10, 0, 0, 724]);
    // Three at once for one and for two operators.
    check(hours, 1, &[600, 600, 600], &[0, 10, 20]);
    check(hours, 2, &[600, 600, 600], &[0, 0, 10]);
    // At 20:00 sharp nobody begins, and on the next day at 8:00 somebody does.
    check(hours, 9, &[1_200, 1_440 + 480], &[720, 0]);
    assert_eq!(share_in_time(&[1_000, 2_000, 3_000, 4_000], 2), 0.5);
    assert_eq!(share_in_time(&[], 2), 1.0);
}

#[test]
fn operators_are_as_many_as_the_promise_takes() {
    let found = plan(&demand(8_000.0), &settings()).callbacks;
    let needed = found.needed.expect("a promise of two days");
    assert!(needed <= found.needed_steady && found.in_time >= Some(IN_TIME_SHARE), "{found:?}");
    let fewer = Settings { operators: Some(needed - 1), ..settings() };
    assert!(plan(&demand(8_000.0), &fewer).callbacks.in_time < Some(IN_TIME_SHARE));
    // A day's callbacks in one day's shift, 4,800 tickets of 5 minutes in 12 hours: 33.
    assert!((32..=35).contains(&found.needed_steady), "{found:?}");
    // Those hold the promise however long it goes on.
    let long = Settings { days: 30, operators: Some(found.needed_steady), ..settings() };
    let lasting = plan(&demand(8_000.0), &long).callbacks;
    assert!(lasting.in_time >= Some(IN_TIME_SHARE), "{lasting:?}");
    // Within an hour, who calls at night cannot be called back.
    let hasty = Settings { promise_s: HOUR_S, ..settings() };
    let found = plan(&demand(2_000.0), &hasty).callbacks;
    assert_eq!((found.needed, found.operators, found.in_time), (None, None, None));
    let nothing = Settings { tickets: 0.0, ..settings() };
    let found = plan(&demand(2_000.0), &nothing).callbacks;
    assert_eq!((found.needed, found.needed_steady, found.wait_p95_s), (Some(0), 0, None));
}

#[test]
fn bursts_and_hours() {
    let with = |bursts: &[Burst]| Demand { bursts: bursts.to_vec(), ..demand(1_000.0) };
    #[track_caller]
    fn check(demand: &Demand, from_h: u32, hours: u32, want: f64) {
        let found = demand.calls_between(from_h * HOUR_S, hours * HOUR_S);
        assert!((found - want).abs() < 1e-6, "{found} calls, not {want}");
    }
    check(&with(&[]), 0, 24, 1_000.0);
    check(&with(&[]), 34, 1, 110.0);
    let half = Burst { factor: 3.0, at_s: 10 * HOUR_S + 900, lasts_s: 1_800 };
    check(&with(&[half]), 10, 1, 220.0);
    check(&with(&[half, half]), 10, 1, 55.0 + 9.0 * 55.0);
    // From 23:00 to 1:00, but nobody called before the first midnight.
    let night = Burst { factor: 2.0, at_s: 23 * HOUR_S, lasts_s: 2 * HOUR_S };
    check(&with(&[night]), 0, 1, 8.0);
    check(&with(&[night]), 23, 2, 2.0 * 13.0);
    check(&with(&[night]), 24, 24, 1_000.0 + 13.0);
    assert_eq!(with(&[night]).busy_hour(), 10);
    let noon = Burst { factor: 3.0, at_s: 12 * HOUR_S, lasts_s: HOUR_S };
    assert_eq!(with(&[noon]).busy_hour(), 12);
    let drawn = Traffic::draw(&with(&[noon]), &Settings { days: 20, ..settings() }, false);
    let (want, found) = (20.0 * 1_116.0_f64, drawn.callers() as f64);
    assert!((found - want).abs() < 4.0 * want.sqrt(), "{found} of {want}");
}
