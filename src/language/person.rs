//! A caller's name out of the sentence they gave it in.

use super::hearings::certainty;
use super::inflection::{Inflected, nominative_name};
use super::labelled_name::{labelled, mended};
use super::spelling::{BREAK, HOLE, resolved};
use super::text::{find_phrase, name_case, phrase_ending, starts_with_phrase, tokens};
use super::{Grammar, SlotValue, czech_name, full_name, joined_name};
use crate::speech::Transcript;

/// Words of an answer that are looked at; more is a story.
const TOKENS_MAX: usize = 90;
/// Longest name, in tokens.
const NAME_TOKENS_MAX: usize = 5;
/// Words before a name that may introduce it.
const INTRODUCTION_TOKENS_MAX: usize = 16;
/// Readings given back.
const READINGS_MAX: usize = 4;
/// A word of everyday talk is a name only if it is one exactly.
const KNOWN_MIN: f32 = 0.93;
/// Behind a given name, a word this like a family's is one.
const FAMILY_MIN: f32 = 0.25;
/// The evidence of no name, where full names are told from given ones alone.
const NO_NAME: f32 = 2.4;
/// Less evidence than this is no name.
const EVIDENCE_MIN: f32 = 0.8;

/// Readings with less evidence are doubtful, however few there are.
const SURE_MIN: f32 = 1.5;
/// What a name counts of which a part was said before.
const SAID_IN_FULL: f32 = 2.0;
/// What "her name is" counts.
const OTHERS_NAMED: f32 = -0.4;
/// The same for names that their shape alone makes names.
const JOINED_EVIDENCE_MIN: f32 = 0.9;

/// The persons' names `heard` may hold, best first, titles and kinship words stripped.
pub fn names(heard: &Transcript, grammar: &Grammar) -> Vec<SlotValue> {
    let hypotheses: Vec<_> = heard.hypotheses().map(|(text, _)| grammar.tokens(text)).collect();
    names_among(heard, &hypotheses, grammar)
}

/// The same among what is left of the tokens of each hypothesis.
pub(super) fn names_among(
    heard: &Transcript,
    rests: &[Vec<String>],
    grammar: &Grammar,
) -> Vec<SlotValue> {
    let mut readings: Vec<(f32, String)> = Vec::new();
    for ((_, confidence), tokens) in heard.hypotheses().zip(rests) {
        let tokens = &tokens[..tokens.len().min(TOKENS_MAX)];
        for (score, name) in spans(tokens, grammar) {
            let score = score + 2.0 * confidence;
            match readings.iter_mut().find(|(_, n)| *n == name) {
                Some((best, _)) => *best = best.max(score),
                None => readings.push((score, name)),
            }
        }
    }
    readings.sort_by(|a, b| b.0.total_cmp(&a.0));
    if !grammar.words.family_names.is_empty() && !readings.is_empty() {
        // That no name was given is a reading too.
        readings.push((NO_NAME + 2.0 * heard.confidence, String::new()));
        readings.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
    readings.truncate(READINGS_MAX);
    let sum: f32 = readings.iter().map(|(s, _)| s.exp()).sum();
    let best = tokens(&heard.text);
    let reading = |(score, value): (f32, String)| {
        // A lone reading may be a poor one.
        let sure = ((score - 2.0 * heard.confidence) / SURE_MIN).clamp(0.0, 1.0).powi(2);
        let confidence = heard.confidence * sure * trust(&value, grammar) * score.exp() / sum;
        let confidence = confidence.min(certainty(heard, &with_neighbours(&value, &best), grammar));
        SlotValue { value, parts: Vec::new(), confidence }
    };
    let given = |(_, name): &(f32, String)| !name.is_empty();
    readings.into_iter().filter(given).map(reading).collect()
}

/// 0..=1: how far `name` is to be believed, as its least known word is.
fn trust(name: &str, grammar: &Grammar) -> f32 {
    let words = &grammar.words;
    let told = !words.joined_names.families.is_empty() || !words.family_names.is_empty();
    if told || grammar.places().is_none() && !grammar.inflects() {
        // Their evidence says it already; without names to compare with nothing does.
        return 1.0;
    }
    let each = grammar.tokens(name).into_iter().map(|word| grammar.name_likeness(&word));
    let (best, least) = each.fold((0.0, 1.0), |(b, l), known| (known.max(b), known.min(l)));
    match (least, best) {
        (least, _) if least >= 0.95 => 1.0,
        (least, best) if least >= 0.25 && best >= 0.95 => 0.95,
        (least, _) if least >= 0.7 => 0.9,
        (least, _) if least >= 0.3 => 0.8,
        (_, best) if best >= 0.95 => 0.7,
        _ => 0.55,
    }
}

/// The words of `name` and those beside it in `text`, where doubt about them is doubt about it.
fn with_neighbours(name: &str, text: &[String]) -> Vec<String> {
    let name = tokens(name);
    let at = find_phrase(text, &name.join(" "));
    at.map_or(name, |(at, n)| text[at.saturating_sub(1)..text.len().min(at + n + 1)].to_vec())
}

/// Every stretch that may be a name, with its evidence.
fn spans(tokens: &[String], grammar: &Grammar) -> Vec<(f32, String)> {
    let words = &grammar.words;
    if !words.joined_names.families.is_empty() {
        let parts = tokens.split(|t| t == HOLE);
        let mut found: Vec<(f32, String)> = parts
            .flat_map(|part| {
                let introduced = |from: usize| introduction(&part[..from], &[], grammar);
                joined_name::spans(part, grammar, introduced)
            })
            .collect();
        found.retain(|(score, _)| *score >= JOINED_EVIDENCE_MIN);
        return found;
    }
    if !words.family_names.is_empty() {
        return full_name::spans(tokens, grammar, |at| introduction(&tokens[..at], &[], grammar));
    }
    let tokens = &resolved(tokens, grammar);
    let tokens = &if grammar.inflects() { mended(tokens, grammar) } else { tokens.to_vec() };
    // Callers who spell their names say them again.
    let spells = !words.spelling.as_in.is_empty();
    let bare = tokens.iter().filter(|t| !words.fillers.contains(t) && *t != BREAK).count();
    let mut found: Vec<(f32, String)> = labelled(tokens, grammar).into_iter().collect();
    for from in 0..tokens.len() {
        for to in from + 1..=tokens.len().min(from + NAME_TOKENS_MAX) {
            if ends_names(tokens, to - 1, grammar) {
                break;
            }
            let name = &tokens[from..to];
            let odd = |t: &String| is_odd(t, grammar);
            let edge = |t: Option<&String>| t.is_some_and(odd);
            let edges = grammar.inflects_persons() && (edge(name.first()) || edge(name.last()));
            if edges || name.iter().all(odd) {
                continue;
            }
            let introduced = introduction(&tokens[..from], name, grammar);
            let mut score = introduced + word_evidence(name, grammar) + ending(tokens, to, grammar);
            let whole = name.len() == bare && !name.iter().any(odd);
            score += if whole { 1.0 } else { 0.0 };
            // "I'm diabetic".
            let weak = phrase_ending(&tokens[..from], &words.weak_lead_in).is_some();
            let lone = weak && name.len() == 1 && known(&name[0], grammar) < 0.5;
            score -= if lone { 1.0 } else { 0.0 };
            score -= if weak && grammar.is_predicate(&name[0]) { 1.5 } else { 0.0 };
            // What is left beside an address is seldom a name.
            let between = |t: Option<&String>| t.is_none_or(|t| t == HOLE || odd(t));
            let nothing_else = name.len() == 2
                && words.persons_like_places
                && !name.iter().any(|t| odd(t) || grammar.is_everyday(t) || grammar.is_place(t))
                && between(tokens[..from].last())
                && tokens.get(to).is_some_and(|t| t == HOLE);
            score += if nothing_else { 0.4 } else { 0.0 };
            let left = introduced < 0.5 && name.len() == 1 && tokens.iter().any(|t| t == HOLE);
            score -= if left { 1.0 } else { 0.0 };
            // "Okafor, Grace Okafor": said again, in full.
            let again =
                |t: Option<&String>| t.is_some_and(|t| tokens[..from].contains(t) && !odd(t));
            let in_full = spells && name.len() > 1 && (again(name.first()) || again(name.last()));
            score += if in_full { SAID_IN_FULL } else { 0.0 };
            if score >= EVIDENCE_MIN {
                let declined = czech_name::nominative(&tokens[..from], name, grammar);
                let name = declined.unwrap_or_else(|| written(&tokens[..from], name, grammar));
                found.push((score, name_case(&name, &words.name_prefixes)));
            }
        }
    }
    found
}

/// True for a word that is hardly a name.
fn is_odd(token: &str, grammar: &Grammar) -> bool {
    (grammar.is_common_word(token) || grammar.words.person.is_no_name(token))
        && grammar.name_likeness(token) < KNOWN_MIN
}

/// `name` in the nominative, where the words `before` it or itself say that it is inflected.
pub(super) fn written(before: &[String], name: &[String], grammar: &Grammar) -> Vec<String> {
    let words = &grammar.words;
    let Some(language) = Inflected::of(&grammar.language) else { return name.to_vec() };
    let mut rest = before;
    while let Some(n) = phrase_ending(rest, &words.titles).or(phrase_ending(rest, &words.fillers)) {
        rest = &rest[..rest.len() - n];
    }
    let oblique = phrase_ending(rest, &words.person.oblique_lead_in).is_some();
    nominative_name(name, oblique, &words.person, language).unwrap_or_else(|| name.to_vec())
}

/// True where no name goes on: numbers, unit words, breaks.
pub(super) fn ends_names(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let words = &grammar.words;
    let token = &tokens[at];
    let numbers = &words.numbers;
    // "I'm Mrs Sandhu's neighbour".
    let owner = token.ends_with("'s") && at + 1 < tokens.len();
    token == BREAK
        || token == HOLE
        || owner
        || words.stop_words.contains(token)
        || numeric(token)
        || ((!numbers.ordinals.is_empty() || numbers.written_together)
            && !grammar.numbers_from(tokens, at).is_empty()
            && !prefix_alone(tokens, at, grammar))
}

/// "o" of "o reilly", which is no zero.
fn prefix_alone(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let prefixes = &grammar.words.name_prefixes;
    let behind = tokens.get(at + 1);
    prefixes.iter().any(|p| p.trim_end_matches('\'') == tokens[at])
        && behind.is_some_and(|t| t.chars().count() > 2 && !grammar.is_common_word(t))
        && grammar.numbers_from(tokens, at + 1).is_empty()
}

/// What the words behind a name say about it.
fn ending(tokens: &[String], to: usize, grammar: &Grammar) -> f32 {
    let words = &grammar.words;
    let Some(next) = tokens.get(to) else { return 0.5 };
    let street = |list: &Vec<String>| list.iter().any(|p| starts_with_phrase(&tokens[to..], p));
    if next == BREAK {
        0.5
    } else if words.repairs.iter().any(|p| starts_with_phrase(&tokens[to..], p)) {
        -0.4
    } else if words.name_behind.iter().any(|p| starts_with_phrase(&tokens[to..], p)) {
        1.7
    } else if words.name_ends.iter().any(|p| starts_with_phrase(&tokens[to..], p)) {
        0.6
    } else if ends_names(tokens, to, grammar) || grammar.is_common_word(next) {
        0.3
    } else if street(&words.address.street_after) {
        -1.0
    } else if known(next, grammar) > 0.5 {
        -0.6
    } else if words.persons_like_places {
        // "Mary" of "Mary Johnson": any word may be the rest of the name.
        -0.15
    } else {
        0.0
    }
}

/// How the words `before` a name introduce it.
fn introduction(before: &[String], name: &[String], grammar: &Grammar) -> f32 {
    let words = &grammar.words;
    let mut rest = &before[before.len().saturating_sub(INTRODUCTION_TOKENS_MAX)..];
    let mut score: f32 = 0.0;
    loop {
        let longest = |list: &[String]| phrase_ending(rest, list);
        let title = longest(&words.titles);
        let lead_in = longest(&words.name_lead_in);
        let repair = longest(&words.repairs);
        // "Лікарка Вероніка Савчук": callers who begin so tell what they are.
        let own = |n: &usize| rest.len() == *n && title == Some(*n);
        let other = longest(&words.others).filter(|n| !own(n));
        let strongest = |n: &usize| [title, repair, other].iter().all(|o| Some(*n) >= *o);
        if let Some(n) = lead_in.filter(strongest) {
            return 2.0_f32.max(score) + 0.05 * n as f32;
        } else if let Some(n) = other {
            return somebody_else(&rest[..rest.len() - n], &rest[rest.len() - n..], grammar);
        } else if longest(&words.contrasts).is_some() {
            return -1.5;
        } else if let Some(n) = title {
            score = 0.8;
            rest = &rest[..rest.len() - n];
        } else if repair.is_some() {
            return 1.2 + score;
        } else if rest.last().is_some_and(|t| t == BREAK) {
            return score + 0.6;
        } else if let Some(n) = longest(&words.fillers).or(longest(&words.is)) {
            rest = &rest[..rest.len() - n];
        } else if rest.last().is_some_and(|t| name.contains(t) || is_short_for(t, name, grammar)) {
            rest = &rest[..rest.len() - 1];
        } else {
            return if rest.is_empty() { score + 0.5 } else { score };
        }
    }
}

/// What the words `other` for somebody else, behind `before`, say of the name behind them.
fn somebody_else(before: &[String], other: &[String], grammar: &Grammar) -> f32 {
    // "I'm Mrs Sandhu's neighbour": the caller says who they are; "my husband" never is.
    const OWNER_TOKENS_MAX: usize = 2;
    let words = &grammar.words;
    let near = before.len().saturating_sub(OWNER_TOKENS_MAX)..=before.len();
    let led = |to: usize| phrase_ending(&before[..to], &words.weak_lead_in).is_some();
    // "Жена его".
    let role = other.len() == 1 || other.last().is_some_and(|t| words.stop_words.contains(t));
    if role && near.into_iter().any(led) {
        1.2
    } else if phrase_ending(other, &words.others_named).is_some() {
        // "Her name is": whom the call is for, where the caller gives no other name.
        OTHERS_NAMED
    } else {
        -1.5
    }
}

/// True for the everyday form of the given name that begins `name`: "саша, александр".
fn is_short_for(token: &str, name: &[String], grammar: &Grammar) -> bool {
    name.first().is_some_and(|full| grammar.words.person.is_short_for(token, full))
}

fn word_evidence(name: &[String], grammar: &Grammar) -> f32 {
    let mut score = 0.0;
    // "Марта Савченко": no month beside a family's name.
    let least = if grammar.inflects() { FAMILY_MIN } else { 0.76 };
    let sure = |t: &String| {
        grammar.name_likeness(t) > least && !grammar.is_everyday(t) && !grammar.is_common_word(t)
    };
    let beside = name.iter().any(sure);
    score += if is_whole(name, sure, grammar) { 0.4 } else { 0.0 };
    for (i, token) in name.iter().enumerate() {
        score += 0.45 * known(token, grammar);
        let other = || grammar.inflects_persons() && grammar.words.others.contains(token);
        if other() {
            score -= 2.5;
        } else if is_odd(token, grammar) {
            score -= 1.5;
        } else if grammar.is_everyday(token) && !(beside && known(token, grammar) > 0.9) {
            score -= 0.8;
        }
        if is_short_for(token, &name[i + 1..], grammar) {
            // Who says both means the full one.
            score -= 1.5;
        }
        let alone = name.len() == 1 && grammar.name_likeness(token) >= KNOWN_MIN;
        if i == 0 && !alone && (grammar.words.titles.contains(token) || initial(token, grammar)) {
            score -= 1.5;
        }
        let sure = if grammar.inflects() { 0.75 } else { 0.99 };
        let likely = grammar.words.persons_like_places || grammar.name_likeness(token) >= sure;
        // "Иван Гусев": many families are called as places are.
        let family = i > 0
            && grammar.name_likeness(token) >= FAMILY_MIN
            && grammar.name_likeness(&name[i - 1]) >= 0.95;
        if !likely && !family && grammar.is_place(token) {
            score -= 1.0;
        }
        // "Баня сгорела".
        score -= if i > 0 && grammar.inflects() && grammar.is_predicate(token) { 0.8 } else { 0.0 };
        let once = !grammar.words.spelling.as_in.is_empty() || grammar.inflects();
        if once && name[..i].contains(token) {
            // "Pickering, Harold Pickering": said again, not borne twice.
            score -= 1.5;
        }
    }
    let likely_name = |t: &String| known(t, grammar) > 0.9;
    // "[Коли привезуть] пфайзер, Валерій Козак": what goes before a whole name is none of it.
    let (sure, unsure) = if grammar.inflects() { (0.25, 0.2) } else { (0.95, 0.95) };
    let names = |rest: &[String]| {
        let likely = |t: &String| grammar.name_likeness(t) >= sure && !grammar.is_common_word(t);
        rest.len() > 1 && rest.iter().all(likely)
    };
    let strange = |t: &String| grammar.name_likeness(t) < unsure;
    if strange(&name[0]) && names(&name[1..]) {
        score -= 0.9;
    }
    // "Заліщук, Залізняк Аліна": three names without a patronymic are two.
    let fathers = || name.iter().any(|t| grammar.is_patronymic(t));
    let piled = grammar.inflects() && name.len() == 3 && !fathers();
    let piled = piled || grammar.inflects() && name.len() > 3 && name.iter().any(likely_name);
    score + 0.15 * (name.len().min(3) as f32) - if piled { 0.6 } else { 0.0 }
}

/// True for a given name and a word for which `family` holds, with or without a patronymic: they
/// are a name without any introduction.
fn is_whole(name: &[String], family: impl Fn(&String) -> bool, grammar: &Grammar) -> bool {
    let of_father = |t: &&String| grammar.is_patronymic(t);
    let rest = || name.iter().filter(|t| !of_father(t));
    let given = rest().filter(|t| grammar.is_given_name(t)).count() == 1;
    let family = rest().any(|t| !grammar.is_given_name(t) && family(t));
    given && family && rest().count() == 2 && name.len() <= 3
}

/// 0..=1: what likeness to a known name counts; far likeness is none.
fn known(token: &str, grammar: &Grammar) -> f32 {
    ((grammar.name_likeness(token) - 0.6) / 0.4).max(0.0)
}

/// A single letter, which in a spelling language seldom begins a name.
fn initial(token: &str, grammar: &Grammar) -> bool {
    let prefix = |p: &String| p.trim_end_matches('\'') == token;
    token.len() == 1
        && !grammar.words.spelling.as_in.is_empty()
        && !grammar.words.name_prefixes.iter().any(prefix)
}

fn numeric(token: &str) -> bool {
    token.chars().any(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;

    #[test]
    fn english_names() {
        let english = grammar("en", "US");
        let check = |said: &str, want: &str| {
            let found = names(&Transcript::plain(said, 0.95), &english);
            let got = found.first().map_or("", |n| n.value.as_str());
            assert_eq!(got, want, "{said}");
        };
        check("My name is Mary Johnson.", "Mary Johnson");
        check("Mary Johnston", "Mary Johnston");
        check("it's mrs okafor grace okafor", "Grace Okafor");
        check("padraig o reilly", "Padraig O'Reilly");
        check("smythe no it's s m y t h paul smyth", "Paul Smyth");
        check("surname nguyen given name linh", "Linh Nguyen");
        check("not gonna give you my name", "");
        check("42", "");
        check("yes", "");
    }
}
