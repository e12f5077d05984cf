//! The search: a sweep that shows the trade-off, then downhill from its best point.

use super::half::{Half, Point, Tuned};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::Serialize;

/// Factors of the sweep over all values at once; 1 is what is now.
const SWEEP: [f64; 6] = [1.0, 0.5, 0.7, 0.85, 1.25, 1.6];
/// Steps of the walk, first and last.
const STEP: f64 = 1.3;
const STEP_MIN: f64 = 1.06;

/// A setting that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// The values.
    pub values: Vec<Tuned>,
    /// What they came to.
    pub point: Point,
}

/// The trials on no other of which both figures are better, cheapest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve(pub Vec<Trial>);

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// As it is now.
    pub now: Trial,
    /// The least cost.
    pub best: Trial,
    /// The trade-off.
    pub curve: Curve,
    /// Settings that were tried.
    pub trials: usize,
}

/// Searches the values of `half` from `now` on, with at most `budget` settings tried by `try_out`;
/// it ends early when that gives `None`. The same from the same `seed`.
pub fn search<E>(
    half: Half,
    now: &[Tuned],
    budget: usize,
    seed: u64,
    mut try_out: impl FnMut(&[Tuned]) -> Result<Option<Point>, E>,
) -> Result<Option<Found>, E> {
    let mut trials: Vec<Trial> = Vec::new();
    let mut chance = StdRng::seed_from_u64(seed);
    let mut attempt = |values: Vec<Tuned>, trials: &mut Vec<Trial>| -> Result<bool, E> {
        let known = trials.iter().any(|t| t.values == values);
        if known || !half.fits(&values) || trials.len() >= budget.max(1) {
            return Ok(true);
        }
        let Some(point) = try_out(&values)? else { return Ok(false) };
        trials.push(Trial { values, point });
        Ok(true)
    };
    for factor in SWEEP {
        let values = now.iter().map(|v| v.at(v.value * factor)).collect();
        if !attempt(values, &mut trials)? {
            return Ok(found(trials));
        }
    }
    let mut step = STEP;
    while trials.len() < budget && step > STEP_MIN {
        let from = best(&trials).values.clone();
        let mut order: Vec<(usize, f64)> =
            (0..from.len()).flat_map(|i| [(i, step), (i, 1.0 / step)]).collect();
        order.shuffle(&mut chance);
        let before = best(&trials).point.cost_s;
        for (at, factor) in order {
            // What was better already is gone on from.
            let mut values = best(&trials).values.clone();
            values[at] = values[at].at(values[at].value * factor);
            if !attempt(values, &mut trials)? {
                return Ok(found(trials));
            }
        }
        if best(&trials).point.cost_s >= before {
            step = step.sqrt();
        }
    }
    Ok(found(trials))
}

/// The trial of least cost, the earliest of equals; there is one.
fn best(trials: &[Trial]) -> &Trial {
    let least = |a: &&Trial, b: &&Trial| a.point.cost_s.total_cmp(&b.point.cost_s);
    trials.iter().min_by(least).expect("the first setting is always tried")
}

fn found(trials: Vec<Trial>) -> Option<Found> {
    let now = trials.first()?.clone();
    let best = best(&trials).clone();
    let beaten = |t: &&Trial| {
        !trials.iter().any(|o| {
            let (a, b) = (o.point, t.point);
            a.price <= b.price && a.harm <= b.harm && (a.price, a.harm) != (b.price, b.harm)
        })
    };
    let mut curve: Vec<Trial> = trials.iter().filter(beaten).cloned().collect();
    curve.sort_by(|a, b| a.point.price.total_cmp(&b.point.price));
    curve.dedup_by(|a, b| (a.point.price, a.point.harm) == (b.point.price, b.point.harm));
    Some(Found { now, best, curve: Curve(curve), trials: trials.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn values() -> Vec<Tuned> {
        let value = |key, value| Tuned {
            table: "waits",
            key,
            value,
            bounds: (100.0, 3_000.0),
            whole: true,
        };
        vec![value("closed_ms", 500.0), value("open_ms", 1_200.0)]
    }

    /// Callers who pause for 350 and for 900 ms: shorter waits cut them off.
    fn callers(values: &[Tuned]) -> Point {
        let (closed, open) = (values[0].value, values[1].value);
        let price = (closed + open) / 2.0;
        let cut = |wait: f64, pause: f64| 50.0 / (1.0 + ((wait - pause) / 20.0).exp());
        let harm = cut(closed, 350.0) + cut(open, 900.0);
        Point { price, harm, cost_s: price / 1e3 + harm / 10.0 }
    }

    #[test]
    fn it_finds_the_shortest_waits_that_cut_nobody_off() {
        let try_out = |values: &[Tuned]| Ok::<_, Infallible>(Some(callers(values)));
        let found = search(Half::EndOfTurn, &values(), 60, 7, try_out).unwrap().unwrap();
        // The least cost there is lies at 474 and 1024 ms; the walk comes within a step of it.
        let best = values().into_iter().zip([474.0, 1_024.0]).map(|(v, at)| v.at(at));
        let least = callers(&best.collect::<Vec<_>>()).cost_s;
        assert!(found.best.point.cost_s <= 1.02 * least, "{found:?}");
        assert!(found.now.point.cost_s > 1.1 * least && found.trials <= 60, "{found:?}");
        assert_eq!(found.now.values, values());
        let curve = &found.curve.0;
        assert!(curve.len() > 3, "{curve:?}");
        for pair in curve.windows(2) {
            let (cheap, dear) = (pair[0].point, pair[1].point);
            assert!(cheap.price < dear.price && cheap.harm > dear.harm, "{pair:?}");
        }
        let again = search(Half::EndOfTurn, &values(), 60, 7, try_out).unwrap().unwrap();
        assert_eq!(found, again);
    }

    #[test]
    fn the_budget_is_kept_and_a_stop_gives_what_there_is() {
        let mut tried = 0;
        let mut counted = |values: &[Tuned]| {
            tried += 1;
            Ok::<_, Infallible>((tried <= 4).then(|| callers(values)))
        };
        let found = search(Half::EndOfTurn, &values(), 60, 7, &mut counted).unwrap().unwrap();
        assert_eq!(found.trials, 4);
        let try_out = |values: &[Tuned]| Ok::<_, Infallible>(Some(callers(values)));
        let found = search(Half::EndOfTurn, &values(), 9, 7, try_out).unwrap().unwrap();
        assert_eq!(found.trials, 9);
    }
}
