//! How the names in an address are written.

use crate::language::Grammar;
use crate::language::text::title_case;

/// Tokens as a name is written, with a number or letter at its end as such: `Hố Nai 3`, `An Lợi A`.
pub(super) fn written(tokens: &[String], grammar: &Grammar) -> String {
    let plain = || title_case(&tokens.join(" "));
    let letters = &grammar.numbers().letters;
    for at in 1..tokens.len() {
        let number = grammar.numbers_from(tokens, at).pop().filter(|(to, _)| *to == tokens.len());
        if let Some((_, digits)) = number {
            return format!("{} {digits}", title_case(&tokens[..at].join(" ")));
        }
    }
    match tokens {
        [name @ .., last] if !name.is_empty() => match letters.get(last) {
            Some(letter) => format!("{} {letter}", title_case(&name.join(" "))),
            None => plain(),
        },
        _ => plain(),
    }
}

/// A street that is a number, a letter and a number, or a date: `Số 7`, `D2`, `3/2`. `None` for
/// streets with a name.
pub(super) fn numbered_street(tokens: &[String], grammar: &Grammar) -> Option<String> {
    let words = &grammar.words.address;
    if words.numbered_street.is_empty() {
        return None;
    }
    let marked = tokens.first().is_some_and(|t| words.number.contains(t));
    let name = &tokens[usize::from(marked)..];
    if let Some(date) = date(name, grammar) {
        return Some(date);
    }
    let code = super::house::codes_at(name, 0, grammar);
    let (_, code, _) = code.into_iter().find(|(to, ..)| *to == name.len())?;
    let named = code.starts_with(|c: char| c.is_alphabetic()) && !marked;
    Some(if named { code } else { format!("{} {code}", words.numbered_street) })
}

/// "ba tháng hai": `3/2`.
fn date(tokens: &[String], grammar: &Grammar) -> Option<String> {
    let joints = &grammar.words.address.date_joints;
    let at = tokens.iter().position(|t| joints.contains(t))?;
    let whole = |from: usize, to: usize| {
        let number = grammar.numbers_from(&tokens[..to], from).pop();
        number.filter(|(end, _)| *end == to).map(|(_, digits)| digits)
    };
    let (day, month) = (whole(0, at)?, whole(at + 1, tokens.len())?);
    let within = |n: &str, most: u32| n.parse().is_ok_and(|n: u32| (1..=most).contains(&n));
    (within(&day, 31) && within(&month, 12)).then(|| format!("{day}/{month}"))
}
