//! Which turn of one run is which of the other, and which words are others.

use crate::call::Speaker;
use crate::replay::TurnResult;
use crate::replay::score::{Step, align, compare};

/// Two turns that belong together, or one that the other run does not have.
#[derive(Debug, Clone, Copy)]
pub struct TurnPair<'r> {
    /// The first run's.
    pub a: Option<&'r TurnResult>,
    /// The second run's.
    pub b: Option<&'r TurnResult>,
}

/// Words one after the other that are the same in both runs, or are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first run's words, joined by spaces.
    pub a: String,
    /// The second run's.
    pub b: String,
}

impl Stretch {
    /// Whether the runs agree.
    pub fn is_same(&self) -> bool {
        self.a == self.b
    }
}

/// What it costs that a turn has no counterpart.
const ALONE: f64 = 1.0;
/// That two turns of one speaker have no word in common.
const OTHER_WORDS: f64 = 1.5;
/// That they answer other questions: with no word in common they are two turns then.
const OTHER_QUESTION: f64 = 0.6;

impl<'r> TurnPair<'r> {
    /// Whose turn it is.
    pub fn speaker(&self) -> Speaker {
        self.a.or(self.b).map_or(Speaker::Bot, |turn| turn.speaker)
    }

    /// Whether the same was said.
    pub fn is_same(&self) -> bool {
        self.text_a() == self.text_b() && self.a.is_some() == self.b.is_some()
    }

    /// Where in the recording it begins, in milliseconds.
    pub fn recording_ms(&self) -> u64 {
        self.a.or(self.b).map_or(0, |turn| turn.recording_ms)
    }

    fn text_a(&self) -> &'r str {
        self.a.map_or("", |turn| &turn.text)
    }

    fn text_b(&self) -> &'r str {
        self.b.map_or("", |turn| &turn.text)
    }

    /// Its words, in order, by whether they are the same.
    pub fn stretches(&self) -> Vec<Stretch> {
        let (a, b) = (words(self.text_a()), words(self.text_b()));
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut was_same = None;
        for step in align(&a, &b) {
            let (said, heard, is_same) = match step {
                Step::Right(i, j) => (Some(&a[i]), Some(&b[j]), true),
                Step::Substituted(i, j) => (Some(&a[i]), Some(&b[j]), false),
                Step::Deleted(i) => (Some(&a[i]), None, false),
                Step::Inserted(j) => (None, Some(&b[j]), false),
            };
            if was_same != Some(is_same) {
                stretches.push(Stretch { a: String::new(), b: String::new() });
                was_same = Some(is_same);
            }
            if let Some(stretch) = stretches.last_mut() {
                push(&mut stretch.a, said);
                push(&mut stretch.b, heard);
            }
        }
        stretches
    }
}

fn push(text: &mut String, word: Option<&String>) {
    let Some(word) = word else { return };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

/// What it costs to take two turns for the same one; `None` where they cannot be.
fn unlike(a: &TurnResult, b: &TurnResult) -> Option<f64> {
    if a.speaker != b.speaker {
        return None;
    }
    let question = if a.asked == b.asked { 0.0 } else { OTHER_QUESTION };
    if a.text == b.text {
        return Some(question);
    }
    let (first, second) = (words(&a.text), words(&b.text));
    let longest = first.len().max(second.len()).max(1);
    let share = compare(&first, &second).edits as f64 / longest as f64;
    Some(question + OTHER_WORDS * share)
}

/// The turns of two runs side by side, as cheaply as can be: by speaker, question and words.
pub(super) fn align_turns<'r>(a: &'r [TurnResult], b: &'r [TurnResult]) -> Vec<TurnPair<'r>> {
    let width = b.len() + 1;
    let mut pair = vec![None; a.len() * b.len()];
    let mut cost = vec![0.0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let mut best = if i == 0 && j == 0 { 0.0 } else { f64::INFINITY };
            if i > 0 {
                best = best.min(cost[(i - 1) * width + j] + ALONE);
            }
            if j > 0 {
                best = best.min(cost[i * width + j - 1] + ALONE);
            }
            if i > 0 && j > 0 {
                let both = unlike(&a[i - 1], &b[j - 1]);
                pair[(i - 1) * b.len() + j - 1] = both;
                best = both.map_or(best, |both| best.min(cost[(i - 1) * width + j - 1] + both));
            }
            cost[i * width + j] = best;
        }
    }
    let (mut i, mut j) = (a.len(), b.len());
    let mut pairs = Vec::new();
    while i > 0 || j > 0 {
        let here = cost[i * width + j];
        let both = if i > 0 && j > 0 { pair[(i - 1) * b.len() + j - 1] } else { None };
        // The same sums as above: exactly equal.
        if both.is_some_and(|both| here == cost[(i - 1) * width + j - 1] + both) {
            (i, j) = (i - 1, j - 1);
            pairs.push(TurnPair { a: Some(&a[i]), b: Some(&b[j]) });
        } else if j > 0 && here == cost[i * width + j - 1] + ALONE {
            j -= 1;
            pairs.push(TurnPair { a: None, b: Some(&b[j]) });
        } else {
            i -= 1;
            pairs.push(TurnPair { a: Some(&a[i]), b: None });
        }
    }
    pairs.reverse();
    pairs
}

#[cfg(test)]
mod tests {
    use super::super::made_up::call;
    use super::*;
    use crate::replay::CallResult;

    fn turns(call: &mut CallResult) -> &mut Vec<TurnResult> {
        &mut call.measures.as_mut().expect("measures").turns
    }

    /// The pairs as `A|B`, `=` where they are the same.
    fn aligned(change: impl Fn(&mut Vec<TurnResult>)) -> Vec<String> {
        let (mut a, mut b) = (call("one"), call("one"));
        change(turns(&mut b));
        let (a, b) = (turns(&mut a), turns(&mut b));
        let side = |turn: Option<&TurnResult>| turn.map_or("-".into(), |turn| turn.text.clone());
        let told = |pair: &TurnPair<'_>| match pair.is_same() {
            true => "=".to_string(),
            false => format!("{}|{}", side(pair.a), side(pair.b)),
        };
        align_turns(a, b).iter().map(told).collect()
    }

    #[test]
    fn turns_that_belong_together() {
        assert_eq!(aligned(|_| {}), ["="; 5]);
        let word = aligned(|turns| turns[2].text = "Where do you stay?".into());
        assert_eq!(word, ["=", "=", "Where do you live?|Where do you stay?", "=", "="]);
        let other = aligned(|turns| turns[3].text = "no idea".into());
        assert_eq!(other[3], "twelve garden street|no idea");
        let again = aligned(|turns| {
            let mut asked = turns[2].clone();
            asked.text = "Sorry, where was that?".into();
            let answer = turns[3].clone();
            turns[3].text = "mumble".into();
            turns.splice(4..4, [asked, answer]);
        });
        assert_eq!(again, ["=", "=", "=", "-|mumble", "-|Sorry, where was that?", "=", "="]);
        let hung_up = aligned(|turns| turns.truncate(2));
        let rest = ["Where do you live?|-", "twelve garden street|-", "Thank you. Goodbye.|-"];
        assert_eq!(hung_up[2..], rest);
        // Another question with other words is another turn.
        let moved = aligned(|turns| {
            turns[3].asked = "need".into();
            turns[3].text = "water".into();
        });
        assert!(moved.contains(&"twelve garden street|-".to_string()), "{moved:?}");
    }

    #[test]
    fn words_that_differ() {
        let (mut a, mut b) = (call("one"), call("one"));
        turns(&mut a)[0].text = "Please tell me your name.".into();
        turns(&mut b)[0].text = "Please say your full name.".into();
        let (a, b) = (turns(&mut a), turns(&mut b));
        let stretch = |a: &str, b: &str| Stretch { a: a.into(), b: b.into() };
        let same = |text: &str| stretch(text, text);
        let found = align_turns(a, b)[0].stretches();
        let want = [
            same("Please"),
            stretch("tell me", "say"),
            same("your"),
            stretch("", "full"),
            same("name."),
        ];
        assert_eq!(found, want);
        assert_eq!(
            TurnPair { a: None, b: Some(&b[2]) }.stretches(),
            [stretch("", "Where do you live?")]
        );
    }
}
