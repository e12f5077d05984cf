//! What a caller puts in place of what was read back wrongly.

use super::ordinal::write_ordinals;
use super::spelling::{BREAK, resolved};
use super::text::{name_case, starts_with_phrase, strip_leading, strip_trailing};
use super::{Grammar, find_phrase, joined, number};

/// The new value in the words behind a denial ("it's seven", "the street is Elm Road"), numbers as
/// digits; `None` where they hold none.
pub fn new_value(rest: &str, grammar: &Grammar) -> Option<String> {
    let words = &grammar.words;
    let said = resolved(&grammar.tokens(rest), grammar);
    let said = right_of_both(&said, grammar);
    let mut said = number::digits_of(&write_ordinals(said, grammar), &words.numbers);
    // "... is not seventy, it is seventy two": the last "is" opens the value.
    let opened = (0..said.len()).rev().find_map(|i| {
        let here = words.is.iter().filter(|p| starts_with_phrase(&said[i..], p));
        let ends = here.map(|p| i + p.split(' ').count());
        ends.filter(|&end| said.get(end).is_some_and(|t| !words.contrasts.contains(t))).max()
    });
    // Behind "in", "from": the name of a place in another case.
    let within = |at: usize| words.address.within.contains(&said[at]);
    let declined =
        opened.map_or(!said.is_empty() && within(0), |from| from > 0 && within(from - 1));
    if let Some(from) = opened {
        said.drain(..from);
    }
    let mut kept = before_contrast(without_lead_in(&said, grammar), grammar);
    // "I live in ..." is a lead-in, and leaves the "in".
    let inside = kept.len() > 1 && words.address.within.contains(&kept[0]) && grammar.declines();
    if inside {
        // "[не] на Шевченка, на Франка": where both are said, the second is meant.
        let again = (2..kept.len().saturating_sub(1)).find(|&i| kept[i] == kept[0]);
        kept = &kept[again.unwrap_or(0) + 1..];
    }
    let declined = declined || inside;
    let kept = said_last(kept, grammar);
    // An ending alone stands behind a number, any other behind the last word.
    let ending = |t: &String| words.endings.may_follow("", t);
    let kept = kept.split_last().filter(|(last, _)| ending(last)).map_or(kept, |(_, rest)| rest);
    let mut kept = kept.to_vec();
    if let Some(last) = kept.last_mut() {
        let stems = joined::cuts(last, &[&words.endings]);
        let place = stems.iter().map(|(stem, _)| *stem).rev().find(|s| grammar.is_place(s));
        let stem = place.unwrap_or_else(|| joined::without_ending(last, &words.endings));
        *last = stem.to_string();
    }
    let kept = bare(&kept, grammar);
    let declined = declined && !grammar.is_street_or_family(kept);
    if let Some(place) = grammar.place_in_another_case(kept).filter(|_| declined) {
        return Some(place);
    }
    if let Some(street) = grammar.street_in_another_case(kept).filter(|_| declined) {
        return Some(street);
    }
    let joined = match kept {
        [number, letter] if is_number(number) => {
            words.numbers.letters.get(letter).map(|l| format!("{number}{l}"))
        }
        _ => None,
    };
    (!kept.is_empty()).then(|| joined.unwrap_or_else(|| name_case(kept, &words.name_prefixes)))
}

/// Of values said one after the other, the one that is meant.
fn said_last<'a>(mut kept: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    // "[not] elm, oak, oak street": what is said again is meant.
    if !words.contrasts.is_empty()
        && let Some(i) = (1..kept.len()).find(|&i| kept[i] == kept[i - 1])
    {
        kept = &kept[i..];
    }
    // "[not] hill street, mill street".
    let middle = 1..kept.len().saturating_sub(2);
    if let Some(i) = middle
        .filter(|_| !words.contrasts.is_empty())
        .find(|&i| kept.last().is_some_and(|last| *last == kept[i]))
    {
        kept = &kept[i + 1..];
    }
    // "Anna, Maria Anna".
    if let [first, rest @ .., last] = kept
        && !rest.is_empty()
        && first == last
    {
        kept = &kept[1..];
    }
    // "청주예요 충주 말고": what is not meant comes last.
    let apart = |t: &String| words.joined_names.others.contains(t);
    match kept {
        [rest @ .., _, last] if !rest.is_empty() && apart(last) => rest,
        _ => kept,
    }
}

/// "Seven, not seventeen": what is said before the contrast.
fn before_contrast<'a>(said: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    let contrasts = words.contrasts.iter().chain(&words.value_contrasts);
    let found = contrasts.filter_map(|p| find_phrase(said, p)).map(|(at, _)| at);
    let value = |at: &usize| !without_lead_in(&said[..*at], grammar).is_empty();
    found.filter(|at| *at > 0).filter(value).min().map_or(said, |at| &said[..at])
}

/// What is behind what was wrong, where both are said: "[không phải] tân bình đâu tân phú", "bảy
/// mười bảy".
fn right_of_both<'a>(said: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    if words.denied_ends.is_empty() {
        return said;
    }
    let behind = (1..said.len().max(1)).find(|&i| words.denied_ends.contains(&said[i]));
    if let Some(rest) = behind
        .map(|i| &said[i + 1..])
        .filter(|rest| !strip_trailing(rest, &words.fillers).is_empty())
    {
        return rest;
    }
    let kept = strip_trailing(said, &words.fillers);
    let whole = |at: usize| {
        grammar.numbers_from(kept, at).into_iter().find(|n| n.0 == kept.len()).map(|n| n.1)
    };
    let counts = |t: &String| {
        words.numbers.values.get(t).is_some_and(|v| *v >= 10)
            || words.numbers.factors.contains_key(t)
    };
    let all = whole(0);
    let two = grammar.numbers_from(kept, 0).into_iter().find(|(to, first)| {
        let second = whole(*to);
        second.is_some_and(|second| all.as_ref() == Some(&format!("{first}{second}")))
            && kept[*to..].iter().any(counts)
            && (*to == 1 || kept[..*to].iter().any(counts))
    });
    two.map_or(said, |(to, _)| &said[to..])
}

/// Without the words before a value, of whatever slot.
fn without_lead_in<'a>(mut said: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    // Units have their own words before the name.
    let unit = |p: &String| words.address.units.values().any(|u| u.before.contains(p));
    let called = words.called.values().filter(|list| !list.iter().any(unit));
    loop {
        let lists = [
            &words.fillers,
            &words.no,
            &words.address.street_before,
            &words.repairs,
            &words.name_lead_in,
            &words.address.lead_in,
            &words.address.number,
            &words.titles,
        ];
        let mut rest = said;
        for list in lists.into_iter().chain(called.clone()) {
            let stripped = strip_leading(rest, list);
            // A value may be made of such words ("no").
            rest = if stripped.is_empty() { rest } else { stripped };
        }
        if rest.len() == said.len() {
            let only = strip_leading(strip_leading(rest, &words.fillers), &words.no);
            return if only.is_empty() { only } else { rest };
        }
        said = rest;
    }
}

/// Without fillers behind it, and without the word for what it is ("county clare").
fn bare<'a>(said: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    let mut kept = without_tail(said, grammar);
    for unit in words.address.units.values() {
        let inner = strip_trailing(strip_leading(kept, &unit.before), &unit.after);
        // "[Not] district three, Camden": a whole unit, and then the one that is meant.
        let inner = match inner {
            [number, rest @ ..] if inner.len() < kept.len() && is_number(number) => {
                if rest.is_empty() { inner } else { rest }
            }
            _ => inner,
        };
        kept = if inner.is_empty() { kept } else { inner };
    }
    let street = strip_leading(kept, &words.address.street_before);
    kept = if street.is_empty() { kept } else { street };
    let counted = strip_trailing(kept, &words.numbers.counted);
    // "The twenty first flat".
    let labels = words.called.values().flatten();
    let labelled = match kept {
        [number, label] => is_number(number) && labels.into_iter().any(|l| l == label),
        _ => false,
    };
    if counted.len() == 1 || labelled { &kept[..1] } else { kept }
}

/// Without what callers say behind a value: "dear", "isn't it".
fn without_tail<'a>(said: &'a [String], grammar: &Grammar) -> &'a [String] {
    let words = &grammar.words;
    let mut kept = said;
    loop {
        let whole = kept;
        while kept.last().is_some_and(|t| t == BREAK) {
            kept = &kept[..kept.len() - 1];
        }
        for list in [&words.fillers, &words.value_ends] {
            let rest = strip_trailing(kept, list);
            kept = if rest.is_empty() { kept } else { rest };
        }
        // A title alone may be a name; before such words it speaks to the one who asked.
        if kept.len() < whole.len() {
            let rest = strip_trailing(kept, &words.titles);
            kept = if rest.is_empty() { kept } else { rest };
        }
        if kept.len() == whole.len() {
            return kept;
        }
    }
}

fn is_number(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;

    #[test]
    fn corrections() {
        let english = grammar("en", "GB");
        let check = |said: &str, want: &str| {
            assert_eq!(new_value(said, &english).unwrap_or_default(), want, "{said}");
        };
        check("it's seventeen", "17");
        check("seven not seventeen", "7");
        check("elm oak oak street", "Oak Street");
        check("love twelve a", "12A");
        check("it's o'brien not o'byrne", "O'Brien");
        check("county clare", "Clare");
        check("two people not three", "2");
        check("the last name is hendricks h e n d r i c k s", "Hendricks");
        check("it's forty second street", "42nd Street");
        check("i live in tulsa now", "Tulsa");
        check("it's smith with a y", "Smyth");
        check("no", "");
        check("", "");
        let vietnamese = grammar("vi", "VN");
        let check = |said: &str, want: &str| {
            assert_eq!(new_value(said, &vietnamese).unwrap_or_default(), want, "{said}");
        };
        check("hai trăm lẻ năm mới đúng", "205");
        check("nguyễn văn hợi chứ không phải hội", "Nguyễn Văn Hợi");
        check("đường lê lai", "Lê Lai");
        check("quận ba bình thạnh chứ", "Bình Thạnh");
        check("lê lợi là lê lai em nhé", "Lê Lai");
        check("thúy là thủy phạm thu thủy", "Phạm Thu Thủy");
        check("tân bình đâu tân phú", "Tân Phú");
    }
}
