//! A comparison as one page that needs nothing else: no script, no other file, no network.

mod call;
mod plots;
mod sound;
#[cfg(test)]
mod tests;

pub use plots::step as axis_step;

use super::calls::name;
use super::{CallVerdict, Compared, Comparison, Failed, Run, Verdict};
use crate::replay::metrics::interval_text;
use crate::replay::statistics::Interval;
use crate::seal::Keys;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Calls that stand in the page with all that was said.
const CALLS_IN_FULL: usize = 50;
/// Calls that are listed.
const CALLS_LISTED: usize = 500;
/// Words said otherwise that are listed.
const SAID_LISTED: usize = 30;

/// The page may use what stands in it and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; media-src data:; \
                      base-uri 'none'; form-action 'none'";

/// Whether the page holds sound.
#[derive(Debug, Clone, Copy)]
pub enum Sound<'k> {
    /// None.
    Without,
    /// Around the first difference of each call; sealed recordings are opened with the keys.
    With(Option<&'k Keys>),
}

/// The whole page. It holds what callers said.
pub fn page(comparison: &Comparison<'_>, sound: Sound<'_>) -> String {
    let full = comparison.calls.iter().take(CALLS_IN_FULL).enumerate();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex, nofollow";
                meta name="referrer" content="no-referrer";
                title { "Spillway: two replays compared" }
                // Ours, not a caller's.
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body {
                header {
                    h1 { "Two replays compared" }
                    p.private role="note" {
                        strong { "Confidential." }
                        " This file holds what callers said"
                        @if matches!(sound, Sound::With(_)) { ", and their voices" }
                        ". Keep it as you keep the recordings, and delete it with them."
                    }
                }
                main {
                    (outcome(comparison))
                    (totals(comparison))
                    (said(comparison))
                    section aria-labelledby="gaps" {
                        h2 #gaps { "How long callers waited" }
                        (plots::gaps(&comparison.measures))
                    }
                    section aria-labelledby="calibration" {
                        h2 #calibration { "Whether confidence tells the truth" }
                        (plots::calibration(&comparison.measures))
                    }
                    (list(comparison))
                    section aria-labelledby="full" {
                        h2 #full { "Calls in full" }
                        @for (at, call) in full { (call::article(at, call, sound)) }
                        @if comparison.calls.is_empty() { p { "All calls go the same way." } }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The id of a call in full.
fn anchor(at: usize) -> String {
    format!("call-{}", at + 1)
}

/// A word that a colour and a sign make quicker to see: its class and itself.
fn badge((class, words): (&str, &str)) -> Markup {
    html! { span class={ "badge " (class) } { (words) } }
}

fn verdict_words(verdict: CallVerdict) -> (&'static str, &'static str) {
    match verdict {
        CallVerdict::Better => ("right", "▲ better"),
        CallVerdict::Worse => ("wrong", "▼ worse"),
        CallVerdict::Otherwise => ("even", "◆ said otherwise"),
    }
}

fn outcome(comparison: &Comparison<'_>) -> Markup {
    let (class, words) = match comparison.is_worse() {
        true => ("wrong", "▼ B is worse than A"),
        false => ("right", "✓ Nothing got worse with evidence"),
    };
    html! {
        section aria-labelledby="outcome" {
            h2 #outcome { (badge((class, words))) }
            @for line in comparison.verdict().lines() { p { (line) } }
            @if comparison.lost > 0 {
                p { (comparison.lost) " calls that A replayed could not be replayed in B." }
            }
            dl.runs {
                (run("A", &comparison.a))
                (run("B", &comparison.b))
            }
        }
    }
}

fn run(letter: &str, run: &Run<'_>) -> Markup {
    let header = run.header;
    html! {
        dt { (letter) ": " (run.file.display()) }
        dd {
            (run.calls) " calls, " (run.what())
            ", build " (header.build) ", seed " (header.seed) "."
            @if !run.only_here.is_empty() {
                " " (run.only_here.len()) " of them are not in the other run: "
                @for call in run.only_here.iter().take(SAID_LISTED) { (call) " " }
                @if run.only_here.len() > SAID_LISTED { "…" }
            }
            @for (what, given) in [("Overlay", &header.overlay), ("Impaired", &header.impair)] {
                @if let Some(given) = given { br; (what) ": " pre { (given) } }
            }
            @for Failed { call, error } in run.failed.iter().take(SAID_LISTED) {
                br; "Not replayed: " (call) ": " (error)
            }
            @if run.failed.len() > SAID_LISTED {
                br; "Not replayed: " (run.failed.len() - SAID_LISTED) " more"
            }
        }
    }
}

fn totals(comparison: &Comparison<'_>) -> Markup {
    html! {
        section aria-labelledby="totals" {
            h2 #totals { "Totals" }
            div.wide tabindex="0" role="region" aria-label="Table of totals" {
                table.totals {
                    caption {
                        (comparison.paired) " calls that both runs replayed; in brackets, where \
                        the true value is at 95 %"
                    }
                    thead {
                        tr {
                            th scope="col" { "figure" }
                            th scope="col" { "verdict" }
                            th.number scope="col" { "A" }
                            th.number scope="col" { "B" }
                            th.number scope="col" { "B − A" }
                            th.number scope="col" { "calls that differ" }
                            th.number scope="col" { "p" }
                            th.number scope="col" { "p, corrected" }
                        }
                    }
                    tbody { @for figure in &comparison.figures { (total(figure)) } }
                }
            }
            p.method {
                "Intervals: percentile bootstrap over calls. p: how often chance alone makes so \
                 large a difference, were the runs the same (paired permutation test). Corrected \
                 (Holm) for all figures tested, so that a change that is none is called better or \
                 worse in at most " (format!("{:.0} %", 100.0 * comparison.alpha)) " of \
                 comparisons. Where too few calls differ there is no corrected p."
            }
        }
    }
}

fn total(figure: &Compared) -> Markup {
    let unit = figure.metric.unit;
    let cell = |value: Option<f64>, interval: Option<Interval>| {
        html! {
            td.number {
                @if let Some(value) = value { (unit.show(value)) } @else { "-" }
                @if interval.is_some() { br; small { "[" (interval_text(unit, interval)) "]" } }
            }
        }
    };
    let p = |p: Option<f64>| match p {
        Some(p) if p < 0.001 => "<0.001".into(),
        Some(p) => format!("{p:.3}"),
        None => "-".to_string(),
    };
    let verdict = match figure.verdict {
        Verdict::Better => badge(("right", "▲ better")),
        Verdict::Worse => badge(("wrong", "▼ worse")),
        other => html! { (other.name()) },
    };
    html! {
        tr {
            th scope="row" { (figure.metric.title) }
            td { (verdict) }
            (cell(figure.a, figure.a_interval))
            (cell(figure.b, figure.b_interval))
            (cell(figure.difference, figure.difference_interval))
            td.number { @if let Some(calls) = figure.differing { (calls) } @else { "-" } }
            td.number { (p(figure.p)) }
            td.number { (p(figure.p_holm)) }
        }
    }
}

fn said(comparison: &Comparison<'_>) -> Markup {
    html! {
        @if !comparison.said.is_empty() {
            section aria-labelledby="said" {
                h2 #said { "Said otherwise" }
                div.wide tabindex="0" role="region" aria-label="Table of what was said otherwise" {
                    table {
                        caption {
                            "Words that only one run has, most often first"
                            @if comparison.said.len() > SAID_LISTED {
                                " (" (SAID_LISTED) " of " (comparison.said.len()) ")"
                            }
                        }
                        thead {
                            tr {
                                th scope="col" { "who" }
                                th scope="col" { "A" }
                                th scope="col" { "B" }
                                th.number scope="col" { "times" }
                                th.number scope="col" { "calls" }
                            }
                        }
                        tbody {
                            @for said in comparison.said.iter().take(SAID_LISTED) {
                                tr {
                                    th scope="row" { (name(said.speaker)) }
                                    td.said { del { (said.a) } }
                                    td.said { ins { (said.b) } }
                                    td.number { (said.times) }
                                    td.number { (said.calls) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn list(comparison: &Comparison<'_>) -> Markup {
    let calls = &comparison.calls;
    html! {
        @if !calls.is_empty() {
            section aria-labelledby="calls" {
                h2 #calls { "Calls that go otherwise" }
                div.wide tabindex="0" role="region" aria-label="Table of calls" {
                    table {
                        caption {
                            "Those that changed most first"
                            @if calls.len() > CALLS_LISTED {
                                " (" (CALLS_LISTED) " of " (calls.len()) ")"
                            }
                        }
                        thead {
                            tr {
                                th scope="col" { "call" }
                                th scope="col" { "verdict" }
                                th scope="col" { "what changed" }
                                th.number scope="col" { "otherwise from" }
                            }
                        }
                        tbody {
                            @for (at, call) in calls.iter().take(CALLS_LISTED).enumerate() {
                                tr {
                                    th scope="row" {
                                        @if at < CALLS_IN_FULL {
                                            a href={ "#" (anchor(at)) } { (call.call) }
                                        } @else { (call.call) }
                                    }
                                    td { (badge(verdict_words(call.verdict))) }
                                    td { (call.change.to_text()) }
                                    td.number {
                                        @if let Some(moment) = &call.divergence {
                                            (format!("{:.1} s", moment.recording_ms as f64 / 1e3))
                                        } @else { "-" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
