//! One call of both runs in full: its sound, its slots, its turns side by side.

use super::super::calls::name;
use super::super::{CallVerdict, PairedCall, TurnPair};
use super::sound::clip;
use super::{Sound, badge, verdict_words};
use crate::replay::{CallMeasures, CallResult, SlotResult, TurnResult};
use crate::ticket::CallId;
use maud::{Markup, html};

/// A call's heading is its `id`, so that the list of calls can lead there.
pub(super) fn article(at: usize, call: &PairedCall<'_>, sound: Sound<'_>) -> Markup {
    let (id, title) = (super::anchor(at), format!("{}-title", super::anchor(at)));
    let (Some(a), Some(b)) = (call.a.measures.as_deref(), call.b.measures.as_deref()) else {
        return html! {};
    };
    let changed = call.change.to_text();
    html! {
        article id=(id) aria-labelledby=(title) {
            h3 id=(title) { (call.call) " " (badge(verdict_words(call.verdict))) }
            p {
                @if call.verdict != CallVerdict::Otherwise { (changed) ". " }
                (call.a.hotline) ", " (call.a.language) ". "
                "A: " (course(a)) "; B: " (course(b)) "."
                @if call.a.hotline_changed || call.b.hotline_changed {
                    " The hotline's files are not those the call was taken with."
                }
            }
            (player(call, sound))
            (slots(call.call, a, b))
            (transcript(call))
        }
    }
}

/// How a run of the call went, in few words.
fn course(call: &CallMeasures) -> String {
    let complete = if call.complete { "completed" } else { "not completed" };
    let missed = if call.emergency_missed == Some(true) { ", emergency missed" } else { "" };
    let improvised = match call.improvised {
        0 => String::new(),
        answers => format!(", {answers} answers that the recording does not hold"),
    };
    format!("{complete} in {:.1} s{missed}{improvised}", call.duration_ms as f64 / 1e3)
}

/// The recording around the first difference.
fn player(call: &PairedCall<'_>, sound: Sound<'_>) -> Markup {
    let (Some(moment), Sound::With(keys)) = (&call.divergence, sound) else { return html! {} };
    let cut = |result: &CallResult| clip(&result.journal, keys, moment.recording_ms);
    let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1e3);
    // The runs may have been made on two machines, of which this may be either.
    match cut(call.a).or_else(|problem| cut(call.b).map_err(|_| problem)) {
        Ok(clip) => html! {
            figure {
                audio controls preload="metadata" src=(clip.address)
                    aria-label={ "Recording of call " (call.call) } {}
                figcaption {
                    "The recorded call from " (seconds(clip.from_ms)) " to " (seconds(clip.to_ms))
                    ", caller and bot. The first difference is at "
                    (seconds(moment.recording_ms)) ": "
                    (seconds(moment.recording_ms.saturating_sub(clip.from_ms))) " from the start."
                }
            }
        },
        Err(problem) => html! { p.absent { "No sound: " (problem) "." } },
    }
}

fn slots(call: &CallId, a: &CallMeasures, b: &CallMeasures) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for slot in a.slots.iter().chain(&b.slots) {
        if !names.contains(&&*slot.slot) {
            names.push(&slot.slot);
        }
    }
    if names.is_empty() {
        return html! {};
    }
    let find =
        |call: &'_ CallMeasures, name: &str| call.slots.iter().position(|slot| slot.slot == name);
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Slots of call " (call) } {
            table.slots {
                caption { "Slots" }
                thead {
                    tr {
                        th scope="col" { "slot" }
                        th scope="col" { "right value" }
                        th scope="col" { "A" }
                        th scope="col" { "B" }
                    }
                }
                tbody {
                    @for name in names {
                        @let (first, second) = (find(a, name), find(b, name));
                        @let truth = first.and_then(|at| a.slots[at].truth.as_ref())
                            .or(second.and_then(|at| b.slots[at].truth.as_ref()));
                        tr {
                            th scope="row" { (name) }
                            td.said { (truth.map_or("not known", |truth| truth)) }
                            td { @if let Some(at) = first { (slot(&a.slots[at], a)) } }
                            td { @if let Some(at) = second { (slot(&b.slots[at], b)) } }
                        }
                    }
                }
            }
        }
    }
}

fn slot(slot: &SlotResult, call: &CallMeasures) -> Markup {
    let verdict = match slot.is_exact() {
        Some(true) => badge(("right", "✓ right")),
        Some(false) => badge(("wrong", "✗ wrong")),
        None => html! {},
    };
    let score = call.score.slots.iter().find(|score| score.slot == slot.slot);
    let confirmations = score.map_or(0, |score| score.confirmations);
    html! {
        span.said { @if slot.value.is_empty() { "(empty)" } @else { (slot.value) } } " "
        (verdict)
        br;
        small {
            "confidence " (format!("{:.2}", slot.confidence))
            ", confirmations " (confirmations)
            @if let Some(rank) = score.and_then(|score| score.rank) { ", rank " (rank) }
        }
    }
}

fn transcript(call: &PairedCall<'_>) -> Markup {
    let first = call.turns.iter().position(|pair| !pair.is_same());
    html! {
        div.wide tabindex="0" role="region" aria-label={ "Transcript of call " (call.call) } {
            table.turns {
                caption {
                    "What was said; only in A " del { "struck" }
                    ", only in B " ins { "underlined" }
                }
                thead {
                    tr {
                        th scope="col" { "at, who" }
                        th scope="col" { "A" }
                        th scope="col" { "B" }
                    }
                }
                tbody lang=(call.a.language) {
                    @for (at, pair) in call.turns.iter().enumerate() {
                        tr.first[first == Some(at)] {
                            th scope="row" lang="en" {
                                (format!("{:.1}", pair.recording_ms() as f64 / 1e3)) " "
                                (name(pair.speaker()))
                                @if first == Some(at) { br; small { "first difference" } }
                            }
                            (turn(pair))
                        }
                    }
                }
            }
        }
    }
}

/// Both sides of a turn; what is the same is written once.
fn turn(pair: &TurnPair<'_>) -> Markup {
    let notes = [pair.a, pair.b].map(|turn| turn.map(note).unwrap_or_default());
    let truth = pair.a.or(pair.b).and_then(|turn| turn.truth.as_ref());
    let truth = html! {
        @if let Some(truth) = truth { br; small { span lang="en" { "really said: " } (truth) } }
    };
    if pair.is_same() {
        let note = match notes[0] == notes[1] {
            true => notes[0].clone(),
            false => format!("A: {}; B: {}", or_dash(&notes[0]), or_dash(&notes[1])),
        };
        let text = pair.a.map_or("", |turn| &turn.text);
        return html! { td.same colspan="2" { span.said { (text) } (small(&note)) (truth) } };
    }
    let stretches = pair.stretches();
    html! {
        td {
            @if pair.a.is_some() {
                span.said {
                    @for stretch in &stretches {
                        @if stretch.is_same() { (stretch.a) } @else { del { (stretch.a) } } " "
                    }
                }
                (small(&notes[0])) (truth)
            } @else { span.absent lang="en" { "(no such turn)" } }
        }
        td {
            @if pair.b.is_some() {
                span.said {
                    @for stretch in &stretches {
                        @if stretch.is_same() { (stretch.b) } @else { ins { (stretch.b) } } " "
                    }
                }
                (small(&notes[1]))
            } @else { span.absent lang="en" { "(no such turn)" } }
        }
    }
}

fn small(note: &str) -> Markup {
    html! { @if !note.is_empty() { br; small lang="en" { (note) } } }
}

fn or_dash(note: &str) -> &str {
    if note.is_empty() { "-" } else { note }
}

/// What else is known of a caller's turn.
fn note(turn: &TurnResult) -> String {
    let notes = [
        (!turn.asked.is_empty()).then(|| format!("asked: {}", turn.asked)),
        turn.confidence.map(|confidence| format!("confidence {confidence:.2}")),
        turn.gap_ms.map(|gap| format!("gap {gap} ms")),
        turn.cut_off.then(|| "cut off".into()),
    ];
    notes.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
