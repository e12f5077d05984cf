//! Yes, no, and what follows a no.

use super::{Words, find_phrase, tokens};

/// What an answer to a yes/no question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum YesNo {
    /// Agreed.
    Yes,
    /// Denied; the words after the denial, which may correct at once.
    No(String),
    /// Neither.
    Unclear,
}

/// Reads an answer to a yes/no question.
///
/// The longest phrases are matched first and use up their words, so that "no problem" is a yes and
/// "dạ không" a no; a denial among them outweighs an agreement.
pub fn yes_no(text: &str, words: &Words) -> YesNo {
    let all = tokens(text);
    let (agreed, denied_until) = said(&all, words);
    // "No, right is forty": a denial is no slip of the tongue.
    let slips = words.repairs.iter().filter(|p| !words.no.contains(p));
    let repairs = slips.filter_map(|p| find_phrase(&all, p));
    let mended = repairs.map(|(at, n)| said(&all[at + n..], words));
    if agreed && mended.into_iter().any(|m| m == (true, None)) {
        return YesNo::Yes;
    }
    match denied_until {
        Some(end) => YesNo::No(rest_after(text, end)),
        None if agreed => YesNo::Yes,
        None => YesNo::Unclear,
    }
}

/// Whether the words agree, and where a denial ends.
fn said(all: &[String], words: &Words) -> (bool, Option<usize>) {
    let mut left = all.to_vec();
    let mut phrases: Vec<(&String, Option<bool>)> = Vec::new();
    phrases.extend(words.yes.iter().map(|p| (p, Some(true))));
    phrases.extend(words.no.iter().map(|p| (p, Some(false))));
    // "I don't know" is no denial.
    phrases.extend(words.unsure.iter().map(|p| (p, None)));
    phrases.sort_by_key(|(p, _)| std::cmp::Reverse(p.split_whitespace().count()));
    let (mut agreed, mut denied_until) = (false, None::<usize>);
    for (phrase, answer) in phrases {
        while let Some((at, n)) = find_phrase(&left, phrase) {
            left[at..at + n].fill(String::new());
            match answer {
                Some(true) => agreed = true,
                Some(false) => denied_until = Some(denied_until.map_or(at + n, |d| d.min(at + n))),
                None => {}
            }
        }
    }
    (agreed, denied_until)
}

/// True when `text` holds nothing but agreement, denial and fillers: no value for any other slot.
pub fn only_yes_no(text: &str, words: &Words) -> bool {
    let mut left = tokens(text);
    let mut phrases: Vec<&String> = words.yes.iter().chain(&words.no).collect();
    phrases.extend(&words.fillers);
    phrases.sort_by_key(|p| std::cmp::Reverse(p.split_whitespace().count()));
    for phrase in phrases {
        while let Some((at, n)) = find_phrase(&left, phrase) {
            left.drain(at..at + n);
        }
    }
    left.is_empty()
}

/// The original words of `text` behind its first `n` tokens.
fn rest_after(text: &str, n: usize) -> String {
    let kept = text.split_whitespace().filter(|w| !tokens(w).is_empty());
    kept.skip(n).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, vi};
    use super::*;

    #[test]
    fn answers() {
        let no = |rest: &str| YesNo::No(rest.into());
        let check = |text: &str, want: YesNo| assert_eq!(yes_no(text, &en()), want, "{text}");
        check("Yes.", YesNo::Yes);
        check("Yeah, that's right.", YesNo::Yes);
        check("No problem.", YesNo::Yes);
        check("No.", no(""));
        check("That's not right.", no(""));
        check("No, the house number is 72.", no("the house number is 72."));
        check("What did you say?", YesNo::Unclear);
        check("", YesNo::Unclear);
        assert!(only_yes_no("Yes, that is right.", &en()) && !only_yes_no("Yes, Mary", &en()));
        let check = |text: &str, want: YesNo| assert_eq!(yes_no(text, &vi()), want, "{text}");
        check("dạ", YesNo::Yes);
        check("dạ không", no(""));
        check("dạ đúng rồi", YesNo::Yes);
        check("không phải", no(""));
        check("sai rồi", no(""));
        check("phải", YesNo::Yes);
    }
}
