//! A caller's name out of the sentence they gave it in.

use super::text::{find_phrase, title_case};
use super::{Grammar, SlotValue};
use crate::speech::Transcript;

/// Longest name, in tokens.
const NAME_TOKENS_MAX: usize = 5;
/// Readings given back.
const READINGS_MAX: usize = 4;
/// Less evidence than this is no name.
const EVIDENCE_MIN: f32 = 0.8;

/// The persons' names `heard` may hold, best first, titles and kinship words stripped.
pub fn names(heard: &Transcript, grammar: &Grammar) -> Vec<SlotValue> {
    let mut readings: Vec<(f32, String)> = Vec::new();
    for (text, confidence) in heard.hypotheses() {
        for (score, name) in spans(&grammar.tokens(text), grammar) {
            let score = score + 2.0 * confidence;
            match readings.iter_mut().find(|(_, n)| *n == name) {
                Some((best, _)) => *best = best.max(score),
                None => readings.push((score, name)),
            }
        }
    }
    readings.sort_by(|a, b| b.0.total_cmp(&a.0));
    readings.truncate(READINGS_MAX);
    let sum: f32 = readings.iter().map(|(s, _)| s.exp()).sum();
    let reading = |(score, value): (f32, String)| SlotValue {
        value,
        parts: Vec::new(),
        confidence: heard.confidence * score.exp() / sum,
    };
    readings.into_iter().map(reading).collect()
}

/// Every stretch that may be a name, with its evidence.
fn spans(tokens: &[String], grammar: &Grammar) -> Vec<(f32, String)> {
    let words = &grammar.words;
    let bare = tokens.iter().filter(|t| !words.fillers.contains(t)).count();
    let mut found = Vec::new();
    for from in 0..tokens.len() {
        let introduced = introduction(tokens, from, grammar);
        for to in from + 1..=tokens.len().min(from + NAME_TOKENS_MAX) {
            if words.stop_words.contains(&tokens[to - 1]) || numeric(&tokens[to - 1]) {
                break;
            }
            let name = &tokens[from..to];
            let mut score = introduced + word_evidence(name, grammar);
            let whole = bare <= NAME_TOKENS_MAX && name.len() == bare;
            score += if whole { 1.0 } else { 0.0 };
            let ended = words.name_ends.iter().any(|p| starts_with(&tokens[to..], p));
            let next = tokens.get(to);
            score += match next {
                None => 0.5,
                Some(_) if ended => 0.6,
                Some(t) if grammar.is_common_word(t) || numeric(t) => 0.3,
                Some(t) if grammar.name_likeness(t) > 0.0 => -0.6,
                Some(_) => 0.0,
            };
            if score >= EVIDENCE_MIN {
                found.push((score, title_case(&name.join(" "))));
            }
        }
    }
    found
}

/// How the words before `from` introduce a name.
fn introduction(tokens: &[String], from: usize, grammar: &Grammar) -> f32 {
    let words = &grammar.words;
    let before = &tokens[..from];
    let mut rest = before;
    let mut score = 0.0;
    loop {
        if let Some(n) = ends_with(rest, &words.titles) {
            score = 0.8;
            rest = &rest[..rest.len() - n];
        } else if let Some(n) = ends_with(rest, &words.name_lead_in) {
            return 2.0_f32.max(score) + 0.05 * n as f32;
        } else if let Some(n) = ends_with(rest, &words.repairs) {
            return 1.2 + score - 0.0 * n as f32;
        } else if let Some(n) = ends_with(rest, &words.fillers) {
            rest = &rest[..rest.len() - n];
        } else {
            return if rest.is_empty() { score + 0.5 } else { score };
        }
    }
}

fn ends_with(tokens: &[String], phrases: &[String]) -> Option<usize> {
    let ends = |p: &&String| {
        let n = p.split(' ').count();
        n <= tokens.len() && p.split(' ').eq(tokens[tokens.len() - n..].iter().map(String::as_str))
    };
    phrases.iter().filter(ends).map(|p| p.split(' ').count()).max()
}

fn starts_with(tokens: &[String], phrase: &str) -> bool {
    find_phrase(tokens, phrase).is_some_and(|(at, _)| at == 0)
}

fn word_evidence(name: &[String], grammar: &Grammar) -> f32 {
    let mut score = 0.0;
    for token in name {
        score += 0.45 * grammar.name_likeness(token);
        if grammar.is_common_word(token) && grammar.name_likeness(token) < 0.5 {
            score -= 1.0;
        }
    }
    score + 0.15 * (name.len().min(3) as f32)
}

fn numeric(token: &str) -> bool {
    token.chars().any(char::is_numeric)
}
