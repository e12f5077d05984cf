//! The report's drawings: how long callers waited, and whether confidence tells the truth. Each
//! stands beside a table of the same numbers; lines and marks differ by form, not by colour alone.

use crate::replay::CallMeasures;
use crate::replay::score::percentile;
use maud::{Markup, html};

/// The drawing area and the room around it for what is written there.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 44.0;
/// Places along a curve.
const STEPS: usize = 200;
/// Bins of confidence.
const BINS: usize = 10;
/// Percentiles in the table of gaps.
const PERCENTILES: [usize; 6] = [10, 25, 50, 75, 90, 95];

fn x(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn y(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
}

/// A drawing with its axes; `xs` are the places of the horizontal axis with what stands there.
fn plot(
    name: &str,
    title: &str,
    xs: &[(f64, String)],
    axes: [&str; 2],
    content: &Markup,
) -> Markup {
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    html! {
        svg.plot viewBox=(view) role="img" aria-labelledby=(name) {
            title id=(name) { (title) }
            @for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
                line.grid x1=(x(0.0)) x2=(x(1.0)) y1=(y(share)) y2=(y(share)) {}
                text x=(LEFT - 6.0) y=(y(share) + 4.0) text-anchor="end" {
                    (format!("{:.0}", share * 100.0))
                }
            }
            @for (share, label) in xs {
                line.grid x1=(x(*share)) x2=(x(*share)) y1=(y(0.0)) y2=(y(0.0) + 4.0) {}
                text x=(x(*share)) y=(y(0.0) + 17.0) text-anchor="middle" { (label) }
            }
            text x=(x(0.5)) y=(HEIGHT - 6.0) text-anchor="middle" { (axes[0]) }
            text x="12" y=(y(0.5)) text-anchor="middle"
                transform=(format!("rotate(-90 12 {})", y(0.5))) { (axes[1]) }
            (content)
        }
    }
}

/// A drawing, and beside it the numbers it is of.
fn drawn(plot: &Markup, table: &Markup) -> Markup {
    html! {
        div.drawn {
            div { (plot) (legend()) }
            (table)
        }
    }
}

/// Which run is drawn how.
fn legend() -> Markup {
    html! {
        p.legend aria-hidden="true" {
            svg viewBox="0 0 46 12" {
                line.a x1="0" x2="34" y1="6" y2="6" {}
                circle.a cx="42" cy="6" r="4" {}
            }
            "A "
            svg viewBox="0 0 46 12" {
                line.b x1="0" x2="34" y1="6" y2="6" {}
                rect.b x="38" y="2" width="8" height="8" {}
            }
            "B"
        }
    }
}

/// One run's gaps, shortest first, in milliseconds.
fn sorted_gaps<'c>(calls: impl Iterator<Item = &'c CallMeasures>) -> Vec<u64> {
    let mut gaps: Vec<u64> = calls.flat_map(|c| c.score.gaps_ms.iter().copied()).collect();
    gaps.sort_unstable();
    gaps
}

/// 1, 2 or 5 times a power of ten, so that five of it or a few more reach `to`.
pub fn step(to: f64) -> f64 {
    let power = 10f64.powf((to / 5.0).log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|n| n * power >= to / 5.0);
    nice.unwrap_or(10.0) * power
}

/// How many of the gaps are no longer than so many milliseconds, for both runs.
pub(super) fn gaps(pairs: &[(&CallMeasures, &CallMeasures)]) -> Markup {
    let a = sorted_gaps(pairs.iter().map(|(a, _)| *a));
    let b = sorted_gaps(pairs.iter().map(|(_, b)| *b));
    let longest = percentile(&a, 99).max(percentile(&b, 99));
    let Some(longest) = longest else {
        return html! { p { "No gap was measured: that needs the calls' recordings." } };
    };
    let step = step(longest.max(100) as f64);
    let end = (longest.max(100) as f64 / step).ceil() * step;
    let marks = (end / step).round() as usize;
    let xs: Vec<(f64, String)> = (0..=marks)
        .map(|mark| (mark as f64 / marks as f64, format!("{:.0}", mark as f64 * step)))
        .collect();
    let curve = |gaps: &[u64]| {
        let place = |at: usize| {
            let share = at as f64 / STEPS as f64;
            let within = gaps.partition_point(|gap| *gap as f64 <= share * end);
            format!("{:.1},{:.1}", x(share), y(within as f64 / gaps.len().max(1) as f64))
        };
        (0..=STEPS).map(place).collect::<Vec<_>>().join(" ")
    };
    let content = html! {
        polyline.a points=(curve(&a)) {}
        polyline.b points=(curve(&b)) {}
    };
    let axes = ["gap, ms", "% of turns"];
    let title = "Share of turns answered within a gap, A and B";
    drawn(&plot("gaps-title", title, &xs, axes, &content), &gap_table(&a, &b))
}

fn gap_table(a: &[u64], b: &[u64]) -> Markup {
    let shown =
        |gaps: &[u64], percent| percentile(gaps, percent).map_or("-".into(), |gap| gap.to_string());
    html! {
        table {
            caption { "No longer than … ms are" }
            thead {
                tr {
                    th scope="col" { "of the gaps" }
                    @for percent in PERCENTILES { th.number scope="col" { (percent) " %" } }
                }
            }
            tbody {
                @for (run, gaps) in [("A", a), ("B", b)] {
                    tr {
                        th scope="row" { (run) " (" (gaps.len()) ")" }
                        @for percent in PERCENTILES { td.number { (shown(gaps, percent)) } }
                    }
                }
            }
        }
    }
}

/// Slots of like confidence.
#[derive(Default, Clone, Copy)]
struct Bin {
    slots: usize,
    right: usize,
    confidence: f64,
}

impl Bin {
    fn mean(self) -> f64 {
        self.confidence / self.slots as f64
    }

    fn share(self) -> f64 {
        self.right as f64 / self.slots as f64
    }
}

/// The slots that have a value and whose right one is known, by confidence.
fn bins<'c>(calls: impl Iterator<Item = &'c CallMeasures>) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for slot in calls.flat_map(|c| &c.slots).filter(|slot| !slot.value.is_empty()) {
        let Some(exact) = slot.is_exact() else { continue };
        let confidence = f64::from(slot.confidence).clamp(0.0, 1.0);
        let bin = &mut bins[((confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.slots += 1;
        bin.right += usize::from(exact);
        bin.confidence += confidence;
    }
    bins
}

/// How far confidence is from the truth, on average over the slots (expected calibration error).
fn calibration_error(bins: &[Bin]) -> Option<f64> {
    let all: usize = bins.iter().map(|bin| bin.slots).sum();
    let off = |bin: &&Bin| bin.slots as f64 * (bin.share() - bin.mean()).abs();
    let sum: f64 = bins.iter().filter(|bin| bin.slots > 0).map(|bin| off(&bin)).sum();
    (all > 0).then(|| sum / all as f64)
}

/// Of the slots with so much confidence, how many were right: on the diagonal it tells the truth.
pub(super) fn calibration(pairs: &[(&CallMeasures, &CallMeasures)]) -> Markup {
    let a = bins(pairs.iter().map(|(a, _)| *a));
    let b = bins(pairs.iter().map(|(_, b)| *b));
    let Some(most) = a.iter().chain(&b).map(|bin| bin.slots).max().filter(|most| *most > 0) else {
        return html! { p { "No slot's right value is known." } };
    };
    let xs: Vec<(f64, String)> =
        (0..=4).map(|mark| (f64::from(mark) / 4.0, format!("{}", mark * 25))).collect();
    let size = |bin: &Bin| 3.0 + 6.0 * (bin.slots as f64 / most as f64).sqrt();
    let content = html! {
        line.diagonal x1=(x(0.0)) y1=(y(0.0)) x2=(x(1.0)) y2=(y(1.0)) {}
        @for bin in a.iter().filter(|bin| bin.slots > 0) {
            circle.a cx=(x(bin.mean())) cy=(y(bin.share())) r=(size(bin)) {}
        }
        @for bin in b.iter().filter(|bin| bin.slots > 0) {
            rect.b x=(x(bin.mean()) - size(bin)) y=(y(bin.share()) - size(bin))
                width=(2.0 * size(bin)) height=(2.0 * size(bin)) {}
        }
    };
    let axes = ["confidence, %", "right, %"];
    let title = "Slots right by the confidence of the ticket, A and B";
    drawn(&plot("calibration-title", title, &xs, axes, &content), &bin_table(&a, &b))
}

fn bin_table(a: &[Bin], b: &[Bin]) -> Markup {
    let known = |(_, (a, b)): &(usize, (&Bin, &Bin))| a.slots + b.slots > 0;
    html! {
        table {
            caption { "Slots right, of those with so much confidence" }
            thead {
                tr {
                    th scope="col" { "confidence" }
                    th.number scope="col" { "A" }
                    th.number scope="col" { "B" }
                }
            }
            tbody {
                @for (at, (a, b)) in a.iter().zip(b).enumerate().filter(known) {
                    tr {
                        th scope="row" { (at * 100 / BINS) " to " ((at + 1) * 100 / BINS) " %" }
                        td.number { (right(a)) }
                        td.number { (right(b)) }
                    }
                }
                tr {
                    th scope="row" { "off by, on average" }
                    td.number { (off(a)) }
                    td.number { (off(b)) }
                }
            }
        }
    }
}

fn right(bin: &Bin) -> String {
    match bin.slots {
        0 => "-".into(),
        slots => format!("{} of {slots} ({:.0} %)", bin.right, 100.0 * bin.share()),
    }
}

fn off(bins: &[Bin]) -> String {
    calibration_error(bins).map_or("-".into(), |error| format!("{:.1} %", 100.0 * error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::compare::made_up::call;

    #[test]
    fn axes_have_round_numbers() {
        let check = |to, want| assert_eq!(step(to), want, "{to}");
        check(100.0, 20.0);
        check(1_100.0, 500.0);
        check(1_000.0, 200.0);
        check(4_900.0, 1_000.0);
    }

    #[test]
    fn confidence_against_truth() {
        let mut one = *call("one").measures.expect("measures");
        one.slots[0].confidence = 1.0;
        one.slots[1].value = "7 Hill Road".into();
        one.slots[1].confidence = 0.31;
        let bins = bins([&one].into_iter());
        let counts: Vec<_> = bins.iter().map(|bin| (bin.slots, bin.right)).collect();
        assert_eq!((counts[3], counts[9]), ((1, 0), (1, 1)));
        assert_eq!(counts.iter().map(|(slots, _)| slots).sum::<usize>(), 2);
        let error = calibration_error(&bins).expect("slots");
        assert!((error - 0.155).abs() < 1e-6, "{error}");
        assert_eq!(calibration_error(&[Bin::default()]), None);
    }
}
