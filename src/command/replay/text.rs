//! What a replay came to, for people.

use spillway::replay::{CallMeasures, CallResult, Difference, Mode, Outcome, Summary};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One call's line, or lines.
pub fn line(result: &CallResult) -> String {
    let journal = result.journal.display();
    if let Some(error) = &result.error {
        // The error names the file itself.
        return format!("unreadable  {error}\n");
    }
    match (&result.outcome, &result.measures) {
        (Some(Outcome::Same { frames, inputs, outputs }), _) => format!(
            "same        {journal} ({:.1} s of sound, {inputs} other inputs, {outputs} outputs)\n",
            *frames as f64 / 50.0
        ),
        (Some(Outcome::Diverged(divergence)), _) => {
            let hint = if result.hotline_changed {
                "the hotline's files have changed since this call; with those of its day it may \
                 be the same\n"
            } else {
                ""
            };
            format!("different   {journal}: {divergence}\n{hint}")
        }
        (Some(Outcome::NotReplayable { reason }), _) => {
            format!("not replayable  {journal}: {reason}\n")
        }
        (None, Some(measures)) => format!("heard       {journal} ({})\n", heard(measures)),
        (None, None) => format!("not heard   {journal}\n"),
    }
}

fn heard(measures: &CallMeasures) -> String {
    let complete = if measures.complete { "complete" } else { "not complete" };
    let judged: Vec<bool> = measures.slots.iter().filter_map(|s| s.is_exact()).collect();
    let right = judged.iter().filter(|right| **right).count();
    let mut text = format!("{complete}, {} turns", measures.score.turns);
    if !judged.is_empty() {
        let _ = write!(text, ", {right} of {} known slots right", judged.len());
    }
    if measures.improvised > 0 {
        let _ = write!(text, ", {} answers not in the recording", measures.improvised);
    }
    text
}

/// What all calls came to.
pub fn totals(mode: Mode, results: &[CallResult], seed: u64) -> String {
    let count = |is: fn(&CallResult) -> bool| results.iter().filter(|r| is(r)).count();
    let unreadable = count(|r| r.error.is_some());
    let not = count(|r| matches!(r.outcome, Some(Outcome::NotReplayable { .. })));
    let mut text = String::new();
    if mode == Mode::Audio {
        let heard = count(|r| r.measures.is_some());
        let _ = write!(text, "\n{}\n", Summary::of(results, seed).to_text());
        let _ = writeln!(text, "{heard} heard, {not} not replayable, {unreadable} unreadable");
        return text;
    }
    let same = count(|r| matches!(r.outcome, Some(Outcome::Same { .. })));
    let differ = count(|r| matches!(r.outcome, Some(Outcome::Diverged(_))));
    for (difference, calls, times) in differences(results).into_values() {
        let _ = writeln!(text, "{difference} ({times} times in {calls} calls)");
    }
    let otherwise = count(|r| match &r.outcome {
        Some(Outcome::Diverged(divergence)) => !divergence.only_words,
        _ => false,
    });
    if differ > 0 {
        let _ = writeln!(
            text,
            "{} calls differ in words alone, {otherwise} go another way",
            differ - otherwise
        );
    }
    let _ = writeln!(
        text,
        "{same} same, {differ} different, {not} not replayable, {unreadable} unreadable"
    );
    text
}

/// The differences in words, each with how many calls have it and how often.
fn differences(results: &[CallResult]) -> BTreeMap<String, (&Difference, u32, u32)> {
    let mut found = BTreeMap::new();
    for result in results {
        let Some(Outcome::Diverged(divergence)) = &result.outcome else { continue };
        for (difference, times) in &divergence.words {
            let (_, calls, all) = found.entry(difference.change()).or_insert((difference, 0, 0));
            *calls += 1;
            *all += times;
        }
    }
    found
}
