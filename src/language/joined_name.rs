//! Names written as one word, the family name first, with endings behind: "김순자입니다".

use super::joined::cuts;
use super::text::title_case;
use super::{Grammar, find_phrase};

/// Longest name in syllables, and longest name of several words.
const SYLLABLES_MAX: usize = 4;
const FOREIGN_TOKENS_MAX: usize = 5;
/// Shortest name of one word that no family name begins, in syllables.
const FOREIGN_ALONE_MIN: usize = 3;
/// Family names further behind in the list are rare.
const FREQUENT_FAMILIES: usize = 45;

/// Every stretch that may be a name, with its evidence; `introduced` weighs the words before it.
pub(super) fn spans(
    tokens: &[String],
    grammar: &Grammar,
    introduced: impl Fn(usize) -> f32,
) -> Vec<(f32, String)> {
    let mut found = Vec::new();
    for from in 0..tokens.len() {
        let before = introduced(from);
        for to in from + 1..=tokens.len().min(from + 2 * SYLLABLES_MAX) {
            let Some(word) = joined(&tokens[from..to], grammar) else { break };
            if is_stop(&word, grammar) {
                continue;
            }
            for (stem, ending) in cuts(&word, &[&grammar.words.endings, &grammar.words.particles]) {
                let Some(shape) = shape(stem, grammar) else { continue };
                let score = before + shape + behind(tokens, to, ending, grammar);
                let score = score - if closes_otherwise(stem, ending, grammar) { 0.8 } else { 0.0 };
                found.push((score - 0.1 * (to - from - 1) as f32, stem.to_string()));
            }
        }
        foreign(tokens, from, before, grammar, &mut found);
    }
    told_apart(tokens, grammar, &mut found);
    found
}

/// The tokens of one name: one word; syllables one by one, with or without marks behind them; or
/// a family name and a given name.
fn joined(tokens: &[String], grammar: &Grammar) -> Option<String> {
    let names = &grammar.words.joined_names;
    let single = |t: &String| t.chars().count() == 1;
    let marked = tokens.len() > 2
        && tokens[1..].iter().skip(1).step_by(2).all(|t| names.syllable_marks.contains(t));
    let (first, rest) = tokens.split_first()?;
    if rest.is_empty() {
        return Some(first.clone());
    }
    if grammar.words.stop_words.contains(first) {
        return None;
    }
    if marked {
        // The family name comes without a mark: "김 철 자 수 자".
        let kept = rest.iter().step_by(2).map(String::as_str);
        return Some(std::iter::once(first.as_str()).chain(kept).collect());
    }
    let (_, inner) = rest.split_last()?;
    let spelled = single(first) && inner.iter().all(single);
    let family = inner.is_empty()
        && names.families.contains(first)
        && !grammar.words.fillers.contains(first)
        && !grammar.words.yes.contains(first);
    (spelled || family).then(|| tokens.concat())
}

/// How much `word` is made like a name; `None` where it is not.
fn shape(word: &str, grammar: &Grammar) -> Option<f32> {
    let names = &grammar.words.joined_names;
    let length = word.chars().count();
    if !(2..=SYLLABLES_MAX).contains(&length) || is_stop(word, grammar) {
        return None;
    }
    let families = names.families.iter().enumerate().filter_map(|(rank, family)| {
        let given = word.strip_prefix(family.as_str()).filter(|g| !g.is_empty())?;
        let syllables = given.chars().count();
        // "구씨예요": Mr Gu.
        let marked = given.chars().next().is_some_and(|c| names.others.contains(&c.to_string()));
        if syllables > 2 || marked || is_stop(given, grammar) {
            return None;
        }
        let odd = given.chars().filter(|c| !names.syllables.contains(*c)).count();
        let long_family = family.chars().count() > 1;
        let whole = if syllables == 2 || long_family { 1.0 } else { 0.3 };
        let rare = if rank < FREQUENT_FAMILIES || long_family { 0.0 } else { 0.25 };
        Some(whole - 0.6 * odd as f32 - rare + 0.4 * known_given(given, grammar))
    });
    let best = families.fold(f32::MIN, f32::max);
    let common = if grammar.is_common_word(word) { 1.0 } else { 0.0 };
    (best > 0.0).then(|| best - common - place_likeness(word, grammar))
}

/// Words that are in no name.
fn is_stop(word: &str, grammar: &Grammar) -> bool {
    let words = &grammar.words;
    let lists = [&words.stop_words, &words.titles, &words.fillers, &words.joined_names.others];
    let stop = |word: &str| lists.iter().any(|list| list.iter().any(|w| w == word));
    // "이름요" is no name either.
    let closed = cuts(word, &[&words.endings, &words.particles]).into_iter().skip(1);
    stop(word) || closed.map(|(stem, _)| stem).any(|s| s.chars().count() > 1 && stop(s))
}

fn known_given(given: &str, grammar: &Grammar) -> f32 {
    let Some(places) = grammar.places() else { return 0.0 };
    let best = places.given_names().matches(&[given]).into_iter().next();
    best.map_or(0.0, |m| if m.similarity >= 0.99 { 1.0 } else { 0.0 })
}

/// How much `word` looks like a place: "성동구" is no person.
fn place_likeness(word: &str, grammar: &Grammar) -> f32 {
    let units = grammar.words.address.units.values();
    let ends = units.clone().flat_map(|u| &u.endings).any(|e| word.ends_with(e.as_str()));
    let named =
        units.flat_map(|u| &u.names).any(|(n, long)| n == word || long.iter().any(|l| l == word));
    let known = grammar
        .places()
        .is_some_and(|p| p.matches(&[word]).first().is_some_and(|m| m.similarity >= 0.99));
    match (named || known, ends) {
        (true, true) => 1.8,
        (true, false) => 0.8,
        (false, true) => 0.5,
        (false, false) => 0.0,
    }
}

/// "남진이 라고" rather is "남진 이라고", and "민호예 요" is "민호 예요".
fn closes_otherwise(stem: &str, ending: &str, grammar: &Grammar) -> bool {
    ['이', '예'].into_iter().filter(|_| !ending.is_empty()).any(|first| {
        let shorter = stem.strip_suffix(first).filter(|s| s.chars().count() > 1);
        let longer = format!("{first}{ending}");
        shorter.is_some_and(|s| grammar.words.endings.may_follow(s, &longer))
    })
}

/// What the words behind a name say of it.
fn behind(tokens: &[String], to: usize, ending: &str, grammar: &Grammar) -> f32 {
    let names = &grammar.words.joined_names;
    let starts = |p: &String| find_phrase(&tokens[to..], p).is_some_and(|(at, _)| at == 0);
    if names.others.iter().any(|o| o == ending || starts(o)) {
        return -1.5;
    }
    let closes = !ending.is_empty() && closing(ending, grammar);
    let next_closes = tokens.get(to).is_some_and(|t| closing(t, grammar));
    let mut score = if closes || next_closes { 0.9 } else { 0.0 };
    score += if grammar.words.name_ends.iter().any(starts) { 0.4 } else { 0.0 };
    score += if to == tokens.len() { 0.4 } else { 0.0 };
    if !ending.is_empty() && !closes { score - 0.3 } else { score }
}

fn closing(ending: &str, grammar: &Grammar) -> bool {
    let endings = &grammar.words.endings;
    let lists = [&endings.after_consonant, &endings.after_vowel, &endings.anywhere];
    lists.into_iter().flatten().any(|e| e == ending)
}

/// A name of several words that an ending closes: "응우옌 티 란이라고 해요".
fn foreign(
    tokens: &[String],
    from: usize,
    before: f32,
    grammar: &Grammar,
    found: &mut Vec<(f32, String)>,
) {
    let particle = |t: &str| {
        let cut = cuts(t, &[&grammar.words.particles]).into_iter().skip(1);
        cut.into_iter().any(|(stem, rest)| stem.chars().count() > 1 && rest.chars().count() > 1)
    };
    let plain = |t: &&String| {
        !grammar.is_common_word(t)
            && !particle(t)
            && !grammar.words.name_lead_in.contains(t)
            && !grammar.words.titles.contains(t)
            && grammar.numbers_from(std::slice::from_ref(*t), 0).is_empty()
    };
    for to in from + 1..=tokens.len().min(from + FOREIGN_TOKENS_MAX) {
        let (last, inner) = (&tokens[to - 1], &tokens[from..to - 1]);
        if !inner.iter().all(|t| plain(&t)) {
            return;
        }
        let stem = super::joined::without_ending(last, &grammar.words.endings);
        let named = grammar.words.name_ends.iter().any(|e| *e == last[stem.len()..]);
        let length = stem.chars().count();
        let alone = inner.is_empty() && (length < FOREIGN_ALONE_MIN || !plain(&&stem.to_string()));
        if !named
            || alone
            || is_stop(stem, grammar)
            || shape(stem, grammar).is_some()
            || inner.iter().any(|t| t.chars().count() > SYLLABLES_MAX)
        {
            continue;
        }
        let places = inner.iter().map(|t| place_likeness(t, grammar)).sum::<f32>();
        let whole = if to == tokens.len() { 0.2 } else { 0.0 };
        let name = format!("{} {stem}", inner.join(" "));
        let several = if inner.is_empty() { 0.0 } else { 0.8 };
        found.push((before + 0.6 + several + whole - places, title_case(name.trim())));
    }
}

/// "성은 남궁이고 이름은 민지예요".
fn told_apart(tokens: &[String], grammar: &Grammar, found: &mut Vec<(f32, String)>) {
    let names = &grammar.words.joined_names;
    let told = |lead_in: &[String]| {
        let at = lead_in.iter().filter_map(|p| find_phrase(tokens, p)).min()?;
        let word = tokens.get(at.0 + at.1)?;
        let all = cuts(word, &[&grammar.words.endings, &grammar.words.particles]);
        Some(all.into_iter().map(|(stem, _)| stem.to_string()).collect::<Vec<_>>())
    };
    let Some(given) = told(&names.given_lead_in) else { return };
    // "김가고", "김씨고요": with the word for a family behind it, which needs no lead-in.
    let marked = |stem: &str| {
        let mut bare = names.family_marks.iter().filter_map(|m| stem.strip_suffix(m.as_str()));
        bare.find(|f| names.families.iter().any(|known| known == f)).map(String::from)
    };
    let said = tokens.iter().flat_map(|t| cuts(t, &[&grammar.words.endings]));
    let named = || said.clone().find_map(|(stem, _)| marked(stem));
    let families = told(&names.family_lead_in);
    let family = families.and_then(|all| {
        let known = all.iter().find(|f| names.families.contains(f)).cloned();
        known.or_else(|| all.iter().find_map(|f| marked(f)))
    });
    let family = family.or_else(named);
    // The whole word comes first, then the longest ending.
    let given = given.iter().skip(1).chain(&given).find(|g| (1..=3).contains(&g.chars().count()));
    if let (Some(family), Some(given)) = (family, given) {
        found.push((5.0, format!("{family}{given}")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::super::tests::{grammar, heard};

    #[test]
    fn names_with_endings() {
        let grammar = grammar("ko", "KR");
        let check = |text: &str, want: &str| {
            let got = names(&heard(text), &grammar);
            assert_eq!(got.first().map_or("", |n| n.value.as_str()), want, "{text}");
        };
        check("김순자입니다", "김순자");
        check("저는 박영호라고 합니다", "박영호");
        check("정 현 수 요", "정현수");
        check("김 순자인데요", "김순자");
        check("성은 제갈이고 이름은 수현입니다", "제갈수현");
        check("박 민 자 호 자 씁니다", "박민호");
        check("저 이철수 씨 아내 되는 한옥순입니다", "한옥순");
        check("응우옌 티 란이라고 해요", "응우옌 티 란");
        check("여보세요 잘 안 들려요", "");
        check("", "");
    }
}
