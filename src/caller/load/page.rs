//! A load as one page that needs nothing else: no script, no other file, no network. It names no
//! caller and holds nothing that was said.

use super::plot::{Line, plot};
use super::{LoadReport, Percentiles, Served, StepReport};
use crate::dialogue::Form;
use crate::speech::AnswerKind;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::collections::BTreeSet;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";
const MIB: f64 = 1_048_576.0;
/// Kinds of thread that take less than this at any number of calls are "others".
const CORES_TOLD: f64 = 0.02;
/// What is aimed at, milliseconds: 95 of 100 answers are there by then.
const CLOSED_MS: (f64, &str) = (700.0, "goal, closed");
const OPEN_MS: (f64, &str) = (1_200.0, "goal, open");

/// The whole page.
pub fn page(report: &LoadReport) -> String {
    let calls: Vec<String> = report.steps.iter().map(|s| s.calls_at_once.to_string()).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Spillway: a load of " (calls.join(", ")) " calls" }
                style { (PreEscaped(include_str!("load.css"))) }
            }
            body {
                h1 { (calls.join(", ")) " calls at once" }
                p.quiet {
                    (report.calls.len()) " calls to " (report.target) ", seed " (report.seed)
                    ". Gaps are what callers hear, from their last voiced sample to the answer's "
                    "first. What the callers themselves cost comes on top of the server's cores."
                }
                @if report.steps.len() > 1 { (plots(&report.steps)) }
                div.wide { (table(&report.steps)) }
            }
        }
    };
    page.into_string()
}

fn plots(steps: &[StepReport]) -> Markup {
    let xs: Vec<usize> = steps.iter().map(|s| s.calls_at_once).collect();
    let of = |value: &dyn Fn(&StepReport) -> Option<f64>| steps.iter().map(value).collect();
    let served = |value: &dyn Fn(&Served) -> Option<f64>| {
        steps.iter().map(|s| s.served.as_ref().and_then(value)).collect()
    };
    let gap = |kind: AnswerKind, rank: fn(&Percentiles) -> Option<u64>| {
        of(&|s: &StepReport| s.gap_ms.get(&kind).and_then(rank).map(|ms| ms as f64))
    };
    let gaps = [
        Line { name: "closed p50", values: gap(AnswerKind::Closed, |g| g.p50) },
        Line { name: "closed p95", values: gap(AnswerKind::Closed, |g| g.p95) },
        Line { name: "open p50", values: gap(AnswerKind::Open, |g| g.p50) },
        Line { name: "open p95", values: gap(AnswerKind::Open, |g| g.p95) },
    ];
    let threads = threads(steps);
    let mut cores = vec![Line { name: "all", values: served(&|s| Some(s.all_cores())) }];
    cores.extend(threads.iter().map(|name| Line {
        name,
        values: served(&|s| Some(s.cores.get(*name).copied().unwrap_or(0.0))),
    }));
    let memory = [Line { name: "in all", values: served(&|s| Some(s.loaded_bytes / MIB)) }];
    let forms = [Form::Full, Form::Short, Form::Keys, Form::Number].map(|form| Line {
        name: form.name(),
        values: served(&|s| {
            let all: u64 = s.forms.values().sum();
            let these = s.forms.get(form.name()).copied().unwrap_or(0);
            (all > 0).then(|| 100.0 * these as f64 / all as f64)
        }),
    });
    let drawn = [
        ("gap", "How long callers wait for an answer", "milliseconds", &gaps[..]),
        ("cores", "Processor cores of the server", "cores", &cores[..]),
        ("memory", "Memory of the server", "MiB", &memory[..]),
        ("forms", "Of 100 calls answered, how much each was asked", "calls of 100", &forms[..]),
    ];
    html! {
        div.plots {
            @for (id, title, unit, lines) in drawn {
                section {
                    h2 { (title) }
                    @let limits = if id == "gap" { &[CLOSED_MS, OPEN_MS][..] } else { &[] };
                    (plot(id, title, unit, &xs, lines, limits))
                }
            }
        }
    }
}

/// The kinds of thread worth a line, by name.
fn threads(steps: &[StepReport]) -> Vec<&str> {
    let cores = steps.iter().filter_map(|s| s.served.as_ref()).flat_map(|s| &s.cores);
    let told = cores.filter(|(_, cores)| **cores >= CORES_TOLD).map(|(name, _)| name.as_str());
    told.collect::<BTreeSet<&str>>().into_iter().collect()
}

fn table(steps: &[StepReport]) -> Markup {
    let percent = |(part, all): (usize, usize)| match all {
        0 => "-".to_owned(),
        _ => format!("{:.1} %", 100.0 * part as f64 / all as f64),
    };
    let gaps = |g: &Percentiles| {
        let ms = |value: Option<u64>| value.map_or("-".into(), |ms| ms.to_string());
        [g.p50, g.p90, g.p95, g.p99].map(ms).join(" / ")
    };
    let seconds = |s: Option<f64>| s.map_or("-".into(), |s| format!("{s:.1} s"));
    let served = |step: &StepReport, value: &dyn Fn(&Served) -> String| {
        step.served.as_ref().map_or("-".to_owned(), value)
    };
    html! {
        table {
            thead { tr {
                @for head in [
                    "calls at once", "up at least", "answered", "refused", "caller speaks",
                    "values right", "as right as alone", "gap closed p50 / 90 / 95 / 99 ms",
                    "gap number", "gap open", "frames within 20 ms", "p99.9 late",
                    "recogniser's queue", "sound it hears a second", "and a core", "cores",
                    "MiB a call", "callers' cores",
                ] { th scope="col" { (head) } }
            } }
            tbody {
                @for step in steps {
                    tr {
                        th scope="row" { (step.calls_at_once) }
                        td { (step.up_min) }
                        td { (step.answered) }
                        td { (step.refused) }
                        td { (format!("{:.0} %", 100.0 * step.talk_share)) }
                        td { (percent(step.values_right)) }
                        td { (step.as_right_as_alone.map_or("-".into(), percent)) }
                        @for kind in AnswerKind::ALL {
                            td { (step.gap_ms.get(&kind).map_or("-".into(), gaps)) }
                        }
                        td { (served(step, &|s| {
                            s.in_time.map_or("-".into(), |share| format!("{:.3} %", 100.0 * share))
                        })) }
                        td { (served(step, &|s| {
                            s.late_p999_s.map_or("-".into(), |s| format!("{:.1} ms", 1e3 * s))
                        })) }
                        td { (served(step, &|s| format!("{:.0} ms", 1e3 * s.queue_mean_s))) }
                        td { (served(step, &|s| seconds(s.recognizer_audio))) }
                        td { (served(step, &|s| seconds(s.recognizer_speed))) }
                        td { (served(step, &|s| format!("{:.2}", s.all_cores()))) }
                        td { (served(step, &|s| {
                            format!("{:.2}", s.bytes_per_call(step.up_mean) / MIB)
                        })) }
                        td { (format!("{:.2}", step.callers_cores)) }
                    }
                }
            }
        }
    }
}
