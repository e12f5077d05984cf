//! Names of which the caller names the parts: "surname nguyen, given name linh".

use super::person::{ends_names, written};
use super::spelling::BREAK;
use super::text::name_case;
use super::text::starts_with_phrase;
use super::{Grammar, ends_with_phrase, find_phrase};

/// Given, middle and family name, in the order they are written.
const PARTS: [&str; 3] = ["name.given", "name.middle", "name.family"];
/// Longest part, in tokens.
const PART_TOKENS_MAX: usize = 2;
/// Longest part without a label, in tokens.
const UNLABELLED_TOKENS_MAX: usize = 3;
/// As much evidence as a name between two labels has.
const SCORE: f32 = 4.5;

/// Parts with their places among the tokens.
#[derive(Default)]
struct Parts {
    said: [Vec<String>; 3],
    /// Tokens of labels and parts.
    used: Vec<bool>,
}

/// The name whose parts are labelled, with its evidence; one part may lack its label.
pub(super) fn labelled(tokens: &[String], grammar: &Grammar) -> Option<(f32, String)> {
    let words = &grammar.words;
    let label = |at: usize| label_at(tokens, at, grammar);
    let last = tokens.len().saturating_sub(3)..tokens.len();
    let behind = last.into_iter().any(|at| label(at).is_some_and(|(_, n)| at + n == tokens.len()));
    let mut parts = if behind && grammar.inflects() {
        parts_before_labels(tokens, grammar)
    } else {
        parts_behind_labels(tokens, grammar)
    };
    if let ([], [one, other]) = (&parts.said[0][..], &parts.said[2][..]) {
        // "По чоловіку Кравець Іванна".
        let given = [one, other].map(|t| grammar.is_given_name(t));
        let (one, other) = (vec![one.clone()], vec![other.clone()]);
        match given {
            [true, false] => (parts.said[0], parts.said[2]) = (one, other),
            [false, true] => (parts.said[0], parts.said[2]) = (other, one),
            _ => {}
        }
    }
    let mut said = parts.said.iter().filter(|p| !p.is_empty()).count();
    let mut rest = Vec::new();
    if grammar.inflects() && (said == 1 || said == 2 && parts.said[0].is_empty()) {
        rest = unlabelled(tokens, &parts.used, grammar);
        // "Оксанка, мене звати Оксана".
        let told = parts.said.concat();
        let short = |t: &String| told.iter().any(|n| grammar.words.person.is_short_for(t, n));
        rest.retain(|t| !told.contains(t) && !short(t));
        said += usize::from(!rest.is_empty());
    } else if said == 1 {
        // "novák, first name josef": the other name came before the label.
        rest = before_label(tokens, &parts.used, grammar);
        rest.retain(|t| !parts.said.concat().contains(t));
        said += usize::from(!rest.is_empty());
    }
    rest.extend(parts.said.concat());
    let name = written(&[], &rest, grammar);
    (said >= 2).then(|| (SCORE, name_case(&name, &words.name_prefixes)))
}

/// Which part's label stands at `at`, and its length.
fn label_at(tokens: &[String], at: usize, grammar: &Grammar) -> Option<(usize, usize)> {
    PARTS.into_iter().enumerate().find_map(|(i, part)| {
        let said = grammar.words.called.get(part)?.iter();
        let here =
            said.filter(|p| starts_with_phrase(&tokens[at..], p)).map(|p| p.split(' ').count());
        let n = here.max()?;
        // "Девичья фамилия" is another one.
        let other = |p: &String| ends_with_phrase(&tokens[..at + n], p);
        (!grammar.words.others.iter().any(other)).then_some((i, n))
    })
}

fn may_be_part(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    label_at(tokens, at, grammar).is_none()
        && !ends_names(tokens, at, grammar)
        && !grammar.is_common_word(&tokens[at])
}

fn parts_behind_labels(tokens: &[String], grammar: &Grammar) -> Parts {
    let mut parts = Parts { used: vec![false; tokens.len()], ..Parts::default() };
    let mut at = 0;
    while at < tokens.len() {
        let Some((part, n)) = label_at(tokens, at, grammar) else {
            at += 1;
            continue;
        };
        parts.used[at..at + n].fill(true);
        at += n;
        let mut apart = false;
        while let Some(n) = means_nothing(&tokens[at..], grammar) {
            at += n;
            apart |= n > 1;
        }
        // "меня зовут Руслан, у меня кофейня".
        let odd = |t: &String| grammar.name_likeness(t) < 0.2 || grammar.is_everyday(t);
        if apart && tokens.get(at).is_some_and(odd) {
            continue;
        }
        let from = at;
        while at < tokens.len() && at - from < PART_TOKENS_MAX && may_be_part(tokens, at, grammar) {
            at += 1;
        }
        if at > from {
            parts.said[part] = tokens[from..at].to_vec();
            parts.used[from..at].fill(true);
        }
    }
    parts
}

/// The length of what stands between a label and its part: "is", "у меня".
fn means_nothing(tokens: &[String], grammar: &Grammar) -> Option<usize> {
    let words = &grammar.words;
    // "Honey", "hope": fillers may be names where names are like any words.
    let fillers = if words.persons_like_places { &[][..] } else { &words.fillers[..] };
    let phrases = words.is.iter().chain(fillers).filter_map(|p| {
        find_phrase(&tokens[..tokens.len().min(5)], p).filter(|(at, _)| *at == 0).map(|(_, n)| n)
    });
    let suffix = tokens.first().is_some_and(|t| t == "'s").then_some(1);
    phrases.max().or(suffix)
}

/// The names that stand before the first label, with no more between than means nothing.
fn before_label(tokens: &[String], used: &[bool], grammar: &Grammar) -> Vec<String> {
    let label = used.iter().position(|u| *u).unwrap_or(0);
    let joint = |i: &usize| {
        let t = &tokens[*i];
        t == BREAK || grammar.is_common_word(t) && !is_borne(t, grammar)
    };
    let to = label - (0..label).rev().take_while(joint).count();
    let borne = |i: &usize| is_borne(&tokens[*i], grammar) && !grammar.is_place(&tokens[*i]);
    let n = (0..to).rev().take_while(borne).take(PART_TOKENS_MAX).count();
    tokens[to - n..to].to_vec()
}

/// "орлова фамилия наталья имя".
fn parts_before_labels(tokens: &[String], grammar: &Grammar) -> Parts {
    let mut parts = Parts { used: vec![false; tokens.len()], ..Parts::default() };
    for at in 0..tokens.len() {
        let Some((part, n)) = label_at(tokens, at, grammar) else { continue };
        parts.used[at..at + n].fill(true);
        let odd = |i: &usize| grammar.is_common_word(&tokens[*i]) && !parts.used[*i];
        let to = (0..at).rev().take_while(odd).last().unwrap_or(at);
        let free = |i: &usize| !parts.used[*i] && may_be_part(tokens, *i, grammar);
        let from = (0..to).rev().take_while(free).take(PART_TOKENS_MAX).last().unwrap_or(to);
        if from < to {
            parts.said[part] = tokens[from..to].to_vec();
            parts.used[from..to].fill(true);
        }
    }
    parts
}

fn is_borne(token: &String, grammar: &Grammar) -> bool {
    !grammar.words.stop_words.contains(token)
        && !grammar.is_common_word(token)
        && grammar.name_likeness(token) >= 0.95
}

/// The first words outside labels and parts that people bear.
fn unlabelled(tokens: &[String], used: &[bool], grammar: &Grammar) -> Vec<String> {
    let borne = |i: &usize| {
        let token = &tokens[*i];
        let other = grammar.words.titles.contains(token) || grammar.is_everyday(token);
        !used[*i] && !other && is_borne(token, grammar)
    };
    let Some(from) = (0..tokens.len()).find(borne) else { return Vec::new() };
    let run = (from..tokens.len()).take_while(borne).take(UNLABELLED_TOKENS_MAX);
    run.map(|i| tokens[i].clone()).collect()
}

/// `tokens` without what a "no, I mean" takes back: "микола ой миколай" is миколай.
pub(super) fn mended(tokens: &[String], grammar: &Grammar) -> Vec<String> {
    const ALIKE: f32 = 0.5;
    const NEAR: usize = 3;
    let mut mended: Vec<String> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let here = grammar.words.repairs.iter().filter_map(|p| find_phrase(&tokens[at..], p));
        let repair = here.filter(|(i, _)| *i == 0).map(|(_, n)| n).max();
        // Back to the word that is said anew: "Заліщук Аліна, ой, Залізняк Аліна".
        let back = repair.and_then(|n| {
            let new = tokens.get(at + n)?;
            let near = mended.len().saturating_sub(NEAR)..mended.len();
            let alike = near.map(|i| (i, super::spelling::similarity(new, &mended[i])));
            let best = alike.filter(|(_, s)| *s >= ALIKE).max_by(|a, b| a.1.total_cmp(&b.1));
            Some((best?.0, n))
        });
        if let Some((from, n)) = back {
            mended.truncate(from);
            at += n;
        } else {
            mended.push(tokens[at].clone());
            at += 1;
        }
    }
    mended
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::super::tests::{grammar, heard};

    #[test]
    fn names_with_labels() {
        let check = |language, country, text: &str, want: &str| {
            let got = names(&heard(text), &grammar(language, country));
            assert_eq!(got.first().map_or("", |n| n.value.as_str()), want, "{text}");
        };
        check(
            "uk",
            "UA",
            "ім'я дмитро по батькові олегович прізвище гайдук",
            "Дмитро Олегович Гайдук",
        );
        check("uk", "UA", "звати мене галиною а прізвище мельник", "Галина Мельник");
        check("uk", "UA", "баба ганна а прізвище ну гнатюк", "Ганна Гнатюк");
        check("ru", "RU", "орлова двойная фамилия наталья имя", "Наталья Орлова");
        check("ru", "RU", "фамилия жук имя рита", "Рита Жук");
        check("ru", "RU", "петров ой перов иван", "Перов Иван");
    }
}
