//! What a caller puts in place of what was read back wrongly.

use super::text::{strip_leading, strip_trailing, title_case};
use super::{Grammar, find_phrase, numbers_to_digits};

/// The new value in the words behind a denial ("it's seven", "the street is Elm Road"), numbers as
/// digits; `None` where they hold none.
pub fn new_value(rest: &str, grammar: &Grammar) -> Option<String> {
    let words = &grammar.words;
    let mut said = numbers_to_digits(rest, &words.numbers);
    // "... is not seventy, it is seventy two": the last "is" opens the value.
    let opened = (0..said.len()).rev().find_map(|i| {
        let here = words.is.iter().filter_map(|p| {
            find_phrase(&said[i..], p).filter(|&(at, n)| at == 0 && i + n < said.len())
        });
        here.map(|(_, n)| i + n).max()
    });
    if let Some(from) = opened {
        said.drain(..from);
    }
    let mut kept = said.as_slice();
    loop {
        let rest = strip_leading(strip_leading(kept, &words.fillers), &words.no);
        if rest.len() == kept.len() {
            break;
        }
        kept = rest;
    }
    let kept = strip_trailing(kept, &words.fillers);
    (!kept.is_empty()).then(|| title_case(&kept.join(" ")))
}
