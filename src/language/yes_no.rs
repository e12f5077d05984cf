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

/// What one phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    Doubt,
}

/// Reads an answer to a yes/no question.
///
/// The longest phrases are matched first and use up their words, so that "no problem" is a yes and
/// "dạ không" a no; a denial among them outweighs an agreement, unless the caller takes it back
/// ("no, I mean yes"). Beside words of doubt ("hold on", "did you say ...?") one word somewhere in
/// the sentence decides nothing.
pub fn yes_no(text: &str, words: &Words) -> YesNo {
    let all = tokens(text);
    let (mut found, left) = phrases_in(&all, words);
    if found.iter().any(|f| f.says == Says::Doubt) {
        let opens = |f: &Phrase| f.says == Says::No && f.from == 0;
        found.retain(|f| f.words > 1 || opens(f));
    }
    let amid =
        |f: &Phrase| f.words == 1 && words.none.contains(&all[f.from]) && is_talk(f, &left, words);
    found.retain(|f| f.says != Says::No || !amid(f));
    // "No, right is forty": a bare no takes nothing back.
    let empty = |w: &str| words.no.iter().chain(&words.fillers).any(|n| n == w);
    let slips = words.repairs.iter().filter(|p| !p.split(' ').all(empty));
    let repaired = slips.filter_map(|p| find_phrase(&all, p)).map(|(at, n)| at + n);
    let only_yes_behind = |at: usize| {
        let mut behind = found.iter().filter(|f| f.from >= at && f.says != Says::Doubt).peekable();
        behind.peek().is_some() && behind.all(|f| f.says == Says::Yes)
    };
    let denied = found.iter().filter(|f| f.says == Says::No).map(|f| f.from + f.words).min();
    let agreed = found.iter().any(|f| f.says == Says::Yes);
    match denied {
        Some(_) if repaired.into_iter().any(only_yes_behind) => YesNo::Yes,
        // "Seven, not seventeen": what stands before the "not" corrects.
        Some(end) if words.contrasts.contains(&all[end - 1]) && says_more(&left[..end], words) => {
            YesNo::No(text.to_string())
        }
        Some(end) => YesNo::No(rest_after(text, end)),
        None if agreed => YesNo::Yes,
        None => YesNo::Unclear,
    }
}

/// True when `text` holds nothing but agreement, denial, doubt and fillers: no value for any other
/// slot.
pub fn only_yes_no(text: &str, words: &Words) -> bool {
    let (_, mut left) = phrases_in(&tokens(text), words);
    for phrase in &words.fillers {
        while let Some((at, n)) = find_phrase(&left, phrase) {
            left[at..at + n].fill(String::new());
        }
    }
    left.iter().all(String::is_empty)
}

/// Words before a "no" that make it part of what is told.
const TALK_WORDS_MIN: usize = 2;

/// True for "no" in the midst of a sentence: "I have no food" answers nothing.
fn is_talk(no: &Phrase, left: &[String], words: &Words) -> bool {
    let said = |t: &&String| !t.is_empty() && !words.fillers.contains(*t);
    let before = left[..no.from].iter().filter(said).count();
    before >= TALK_WORDS_MIN && left[no.from + 1..].iter().any(|t| said(&t))
}

/// True where more is left than fillers and the words before a value.
fn says_more(left: &[String], words: &Words) -> bool {
    let lists = [&words.fillers, &words.is, &words.common_words];
    let said = |t: &String| lists.iter().any(|list| list.contains(t));
    left.iter().any(|t| !t.is_empty() && !said(t))
}

/// A phrase of agreement, denial or doubt, by the words it takes.
struct Phrase {
    says: Says,
    from: usize,
    words: usize,
}

/// The phrases in `all`, longest first, and the words that are left (the others empty).
fn phrases_in(all: &[String], words: &Words) -> (Vec<Phrase>, Vec<String>) {
    let mut left = all.to_vec();
    let lists = [(&words.no, Says::No), (&words.yes, Says::Yes), (&words.unsure, Says::Doubt)];
    let known = lists.into_iter().flat_map(|(list, says)| list.iter().map(move |p| (p, says)));
    let mut phrases: Vec<(&String, Says)> =
        known.filter(|(p, _)| find_phrase(all, p).is_some()).collect();
    phrases.sort_by_key(|(p, _)| std::cmp::Reverse(p.split_whitespace().count()));
    let mut found = Vec::new();
    for (phrase, says) in phrases {
        while let Some((from, words)) = find_phrase(&left, phrase) {
            left[from..from + words].fill(String::new());
            found.push(Phrase { says, from, words });
        }
    }
    (found, left)
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
        check("It's Johnson, not Johnston.", no("It's Johnson, not Johnston."));
        check("seven not seventeen", no("seven not seventeen"));
        check("I have no food left in the house.", YesNo::Unclear);
        check("well no I have no food", no("I have no food"));
        assert!(only_yes_no("Yes, that is right.", &en()) && !only_yes_no("Yes, Mary", &en()));
        let check = |text: &str, want: YesNo| assert_eq!(yes_no(text, &vi()), want, "{text}");
        check("dạ", YesNo::Yes);
        check("dạ không", no(""));
        check("dạ đúng rồi", YesNo::Yes);
        check("không phải", no(""));
        check("sai rồi", no(""));
        check("phải", YesNo::Yes);
        check("không sai đâu", YesNo::Yes);
        check("chờ chút đang có người gọi cửa", YesNo::Unclear);
        check("tui cũng hổng biết nữa", YesNo::Unclear);
        check("dạ đúng không ta", YesNo::Unclear);
        check("nhà tôi không còn gạo", YesNo::Unclear);
        check("hình như sai rồi", no(""));
        assert!(only_yes_no("dạ không biết nữa", &vi()) && !only_yes_no("dạ Mai", &vi()));
    }
}
