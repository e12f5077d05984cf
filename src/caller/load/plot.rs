//! Lines over the number of calls, as SVG; each has a dash pattern of its own and its name at its
//! end, for who sees no colours.

use crate::replay::compare::report::axis_step;
use maud::{Markup, html};

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 118.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 42.0;
/// Names at the lines' ends are at least so far apart.
const NAME_HEIGHT: f64 = 13.0;
const DASHES: [&str; 6] = ["none", "7 3", "2 3", "9 3 2 3", "12 4", "4 2"];

/// One line: its name, and a value for each place where there is one.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) values: Vec<Option<f64>>,
}

/// A drawing of `lines` over `xs`, calls at once; `unit` stands at the vertical axis.
/// `limits`: values that are aimed at, and what they are.
pub(super) fn plot(
    id: &str,
    title: &str,
    unit: &str,
    xs: &[usize],
    lines: &[Line],
    limits: &[(f64, &str)],
) -> Markup {
    let right = xs.iter().max().copied().unwrap_or(1).max(1) as f64;
    let values = lines.iter().flat_map(|line| line.values.iter().flatten().copied());
    let most = values.chain(limits.iter().map(|(v, _)| *v)).fold(0.0, f64::max);
    let step = axis_step(most.max(f64::MIN_POSITIVE));
    let top = (most / step).ceil().max(1.0) * step;
    let x = |calls: usize| LEFT + calls as f64 / right * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    let marks = (0..=(top / step).round() as usize).map(|mark| mark as f64 * step);
    let ends = x(0) + WIDTH - LEFT - RIGHT;
    html! {
        svg.plot viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby=(id) {
            title id=(id) { (title) }
            @for mark in marks {
                line.grid x1=(LEFT) x2=(ends) y1=(y(mark)) y2=(y(mark)) {}
                text x=(LEFT - 6.0) y=(y(mark) + 4.0) text-anchor="end" { (number(mark, step)) }
            }
            @for calls in xs {
                line.grid x1=(x(*calls)) x2=(x(*calls)) y1=(y(0.0)) y2=(y(0.0) + 4.0) {}
                text x=(x(*calls)) y=(y(0.0) + 16.0) text-anchor="middle" { (calls) }
            }
            text x=((LEFT + ends) / 2.0) y=(HEIGHT - 8.0) text-anchor="middle" { "calls at once" }
            text x="13" y=(y(top / 2.0)) text-anchor="middle"
                transform=(format!("rotate(-90 13 {})", y(top / 2.0))) { (unit) }
            @for (value, what) in limits {
                line.limit x1=(LEFT) x2=(ends) y1=(y(*value)) y2=(y(*value)) {}
                text.limit x=(LEFT + 4.0) y=(y(*value) - 3.0) { (what) }
            }
            @for (nth, line) in lines.iter().enumerate() {
                polyline class={ "line c" (nth % DASHES.len()) }
                    stroke-dasharray=(DASHES[nth % DASHES.len()]) points=(points(line, xs, x, y)) {}
            }
            @for (nth, at, name) in names(lines, y) {
                text class={ "name c" (nth % DASHES.len()) } x=(ends + 5.0) y=(at) { (name) }
            }
        }
    }
}

fn points(line: &Line, xs: &[usize], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let there = xs.iter().zip(&line.values).filter_map(|(calls, value)| Some((*calls, (*value)?)));
    let points = there.map(|(calls, value)| format!("{:.1},{:.1}", x(calls), y(value)));
    points.collect::<Vec<_>>().join(" ")
}

/// Where the lines' names stand: at their ends, and none on another.
fn names<'a>(lines: &[Line<'a>], y: impl Fn(f64) -> f64) -> Vec<(usize, f64, &'a str)> {
    let end = |line: &Line| line.values.iter().rev().flatten().next().copied();
    let ends = lines.iter().enumerate();
    let mut names: Vec<(usize, f64, &str)> =
        ends.filter_map(|(nth, line)| Some((nth, y(end(line)?) + 4.0, line.name))).collect();
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut free = f64::MAX;
    for (_, at, _) in &mut names {
        *at = at.min(free);
        free = *at - NAME_HEIGHT;
    }
    names
}

fn number(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_numbers() {
        let check = |to: f64, want: f64, told: &str| {
            let got = axis_step(to);
            assert!((got / want - 1.0).abs() < 1e-9, "{to}: {got}");
            assert_eq!(number(got, got), told, "{to}");
        };
        check(100.0, 20.0, "20");
        check(1.9, 0.5, "0.5");
        check(0.37, 0.1, "0.1");
        check(2_400.0, 500.0, "500");
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let line = |name, end| Line { name, values: vec![Some(0.0), Some(end), None] };
        let placed = names(&[line("a", 10.0), line("b", 11.0), line("c", 90.0)], |v| 100.0 - v);
        assert_eq!(placed, [(0, 94.0, "a"), (1, 81.0, "b"), (2, 14.0, "c")]);
        let drawn = plot("p", "t", "ms", &[1, 2, 3], &[line("a", 5.0)], &[(7.0, "goal")]);
        assert!(drawn.into_string().contains("polyline"));
    }
}
