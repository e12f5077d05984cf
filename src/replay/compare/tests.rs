//! Comparisons of runs that nobody made: what is found, and what must not be.

use super::made_up::{call, header};
use super::*;
use crate::call::Speaker;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const OPTIONS: Options = Options { alpha: 0.05, seed: 1 };

fn results(calls: Vec<CallResult>) -> Results {
    Results { header: header(), calls }
}

fn compare<'r>(a: &'r Results, b: &'r Results) -> Result<Comparison<'r>, CompareError> {
    Comparison::of((Path::new("a.jsonl"), a), (Path::new("b.jsonl"), b), OPTIONS)
}

fn measures(call: &mut CallResult) -> &mut CallMeasures {
    call.measures.as_mut().expect("measures")
}

/// `calls` made-up calls, each changed by `change`.
fn run(calls: usize, mut change: impl FnMut(usize, &mut CallMeasures)) -> Results {
    let call = |at| {
        let mut call = call(&format!("call-{at}"));
        change(at, measures(&mut call));
        call
    };
    results((0..calls).map(call).collect())
}

fn figure<'c>(comparison: &'c Comparison<'_>, name: &str) -> &'c Compared {
    comparison.figures.iter().find(|f| f.metric.name == name).expect("a figure of this name")
}

#[test]
fn the_same_run_twice() {
    let run = run(30, |_, _| {});
    let comparison = compare(&run, &run).expect("calls in common");
    assert!(!comparison.is_worse());
    assert!(comparison.calls.is_empty() && comparison.said.is_empty());
    assert!(comparison.figures.iter().all(|f| f.p_holm.is_none()));
    assert!(comparison.to_text().contains("30 the same"), "{}", comparison.to_text());
}

#[test]
fn one_word_of_a_prompt_is_found_as_exactly_that() {
    let a = run(40, |_, _| {});
    let b = run(40, |_, call| call.turns[0].text = "Please say me your name.".into());
    let comparison = compare(&a, &b).expect("calls in common");
    let said = SaidOtherwise {
        speaker: Speaker::Bot,
        a: "tell".into(),
        b: "say".into(),
        times: 40,
        calls: 40,
    };
    assert_eq!(comparison.said, [said]);
    assert_eq!(comparison.count(CallVerdict::Otherwise), 40);
    assert!(!comparison.is_worse());
    assert!(comparison.figures.iter().all(|f| f.difference.is_none_or(|d| d == 0.0)));
    let text = comparison.to_text();
    assert!(text.contains("bot     \"tell\" -> \"say\" (40 times, calls: 40)"), "{text}");
}

#[test]
fn a_planted_regression_is_found() {
    let mut rng = StdRng::seed_from_u64(5);
    let a = run(100, |_, call| call.complete = rng.random_bool(0.9));
    // Every third call asks once more, and some are not completed any more.
    let mut rng = StdRng::seed_from_u64(5);
    let b = run(100, |at, call| {
        call.complete = rng.random_bool(0.9) && at % 10 != 0;
        call.score.slots[1].confirmations += u32::from(at % 3 == 0);
    });
    let comparison = compare(&a, &b).expect("calls in common");
    assert!(comparison.is_worse());
    let confirmations = figure(&comparison, "confirmations");
    assert_eq!(confirmations.verdict, Verdict::Worse);
    assert!(confirmations.p_holm.is_some_and(|p| p < 0.01), "{confirmations:?}");
    assert_eq!((confirmations.a, confirmations.b), (Some(2.0), Some(2.34)));
    let interval = confirmations.difference_interval.expect("varies");
    assert!(interval.low > 0.2 && interval.high < 0.45, "{interval:?}");
    assert_eq!(figure(&comparison, "completion").verdict, Verdict::Worse);
    assert_eq!(figure(&comparison, "duration").verdict, Verdict::NoEvidence);
    assert_eq!(figure(&comparison, "gap_p95").verdict, Verdict::NotTested);
    let back = compare(&b, &a).expect("calls in common");
    assert!(!back.is_worse());
    assert_eq!(figure(&back, "confirmations").verdict, Verdict::Better);
}

/// A call as chance would have it, some of its figures hanging together.
fn by_chance(rng: &mut StdRng, call: &mut CallMeasures) {
    let trouble = rng.random_range(0..4);
    call.complete = !rng.random_bool(f64::from(trouble) / 6.0);
    call.duration_ms = 30_000 + 5_000 * u64::from(trouble) + rng.random_range(0..4_000);
    call.score.turns = 2 + trouble;
    call.score.no_inputs = rng.random_range(0..=trouble);
    call.score.not_understood = rng.random_range(0..=trouble);
    call.score.gaps_ms = (0..2 + trouble).map(|_| rng.random_range(300..1_500)).collect();
    for (slot, score) in call.slots.iter_mut().zip(&mut call.score.slots) {
        score.confirmations = rng.random_range(0..=1 + trouble);
        score.rank = Some(rng.random_range(1..4));
        if rng.random_bool(0.2) {
            slot.value = "something else".into();
        }
    }
    let edits = rng.random_range(0..6) as usize;
    call.words = Some(crate::replay::score::Errors { edits, reference: 20 });
}

#[test]
fn no_change_is_called_one_in_at_most_one_of_twenty() {
    const COMPARISONS: u64 = 100;
    let mut alarms = 0;
    for seed in 0..COMPARISONS {
        let mut rng = StdRng::seed_from_u64(seed);
        let a = run(24, |_, call| by_chance(&mut rng, call));
        let b = run(24, |_, call| by_chance(&mut rng, call));
        let both = a.calls.iter().zip(&b.calls);
        let pairs: Vec<_> = both
            .filter_map(|(a, b)| Some((a.measures.as_deref()?, b.measures.as_deref()?)))
            .collect();
        let found = corrected(&pairs, seed);
        alarms += u64::from(found.iter().any(|p| *p <= OPTIONS.alpha));
    }
    // Two standard errors above 5 % of 100.
    assert!(alarms <= 9, "{alarms} false alarms in {COMPARISONS} comparisons");
}

/// The corrected p of all figures, without the intervals, which take longer.
fn corrected(pairs: &[(&CallMeasures, &CallMeasures)], seed: u64) -> Vec<f64> {
    let first: Vec<&CallMeasures> = pairs.iter().map(|(a, _)| *a).collect();
    let second: Vec<&CallMeasures> = pairs.iter().map(|(_, b)| *b).collect();
    let tests = metrics(&first).into_iter().filter_map(|(_, measure)| {
        let (a, b) = (Series::of(&measure, &first), Series::of(&measure, &second));
        tested(&a, &b, seed).filter(|test| !test.is_hopeless(OPTIONS.alpha))
    });
    holm(&tests.map(|test| test.p).collect::<Vec<_>>())
}

#[test]
fn calls_that_only_one_run_has_or_could_replay() {
    let a = run(4, |_, _| {});
    let mut b = run(5, |_, _| {});
    b.calls.remove(0);
    (b.calls[0].measures, b.calls[0].error) = (None, Some("a/journal.jsonl: line 7".into()));
    let comparison = compare(&a, &b).expect("calls in common");
    assert_eq!((comparison.paired, comparison.lost), (2, 1));
    assert_eq!(comparison.a.only_here, [&CallId("call-0".into())]);
    assert_eq!(comparison.b.only_here, [&CallId("call-4".into())]);
    assert_eq!(comparison.b.failed[0].error, "a/journal.jsonl: line 7");
    assert!(comparison.is_worse(), "a call that cannot be replayed any more is a loss");
    let text = comparison.to_text();
    assert!(text.contains("not replayed: call-1: a/journal.jsonl: line 7"), "{text}");

    let other = results(vec![call("another")]);
    let error = |b: &Results| compare(&a, b).expect_err("refused").to_string();
    assert!(error(&other).starts_with("a.jsonl and b.jsonl: there is no call that both"));
    let twice = results(vec![call("call-1"), call("call-2"), call("call-1")]);
    assert!(error(&twice).starts_with("b.jsonl: call call-1 is in it twice, as calls/call-1/"));
}

#[test]
fn calls_are_ordered_by_what_changed_most() {
    let a = run(6, |at, call| call.complete = at != 4);
    let b = run(6, |at, call| match at {
        0 => call.words = Some(crate::replay::score::Errors { edits: 9, reference: 20 }),
        1 => call.score.slots[0].confirmations = 0,
        2 => call.slots[0].value = "Mary Mueller".into(),
        3 => call.turns[1].text = "my name is mary mueller".into(),
        _ => {}
    });
    let comparison = compare(&a, &b).expect("calls in common");
    let told: Vec<_> = comparison
        .calls
        .iter()
        .map(|call| (&*call.call.0, call.verdict, call.change.to_text()))
        .collect();
    let want = [
        ("call-2", CallVerdict::Worse, "slots right -1"),
        ("call-4", CallVerdict::Better, "completed +1"),
        ("call-1", CallVerdict::Better, "confirmations -1"),
        ("call-0", CallVerdict::Worse, "word errors +8"),
        ("call-3", CallVerdict::Otherwise, ""),
    ];
    assert_eq!(told, want.map(|(call, verdict, text)| (call, verdict, text.to_string())));
    let divergence = comparison.calls[4].divergence.as_ref().expect("other words");
    assert_eq!((divergence.speaker, divergence.recording_ms), (Speaker::Caller, 3_000));
}
