//! Edit distance, and what counts as the same words.

use unicode_normalization::UnicodeNormalization;

/// Edits against the length of the reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Errors {
    /// Insertions, deletions and substitutions.
    pub edits: usize,
    /// Words or characters of the reference.
    pub reference: usize,
}

impl Errors {
    /// Edits in percent of the reference; 0 for an empty one.
    pub fn percent(self) -> f64 {
        if self.reference == 0 { 0.0 } else { 100.0 * self.edits as f64 / self.reference as f64 }
    }

    /// Both together.
    pub fn plus(self, other: Errors) -> Errors {
        Errors { edits: self.edits + other.edits, reference: self.reference + other.reference }
    }
}

/// The Levenshtein distance of `heard` from `said`, item by item.
pub fn compare<T: PartialEq>(said: &[T], heard: &[T]) -> Errors {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, a) in said.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    Errors { edits: row[heard.len()], reference: said.len() }
}

/// The words of `text` as they are compared, the same for the reference and for what was heard:
/// NFC, lower case, without punctuation (an apostrophe inside a word stays). In English numerals
/// and the signs beside them become words ("12" twelve, "5th" fifth, "90%" ninety percent), since
/// one writer's figures are another's words; four figures and more, or a leading zero, are read
/// figure by figure; "one hundred" is "hundred", and "a.m." is "am".
pub fn normalize(language: &str, text: &str) -> Vec<String> {
    let lower: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    let plain = lower.replace(['\u{2019}', '\u{02bc}'], "'");
    let plain = if language == "en" { spell_numerals(&plain) } else { plain };
    let plain = join_initials(&plain);
    let kept: String =
        plain.chars().map(|c| if c.is_alphanumeric() || c == '\'' { c } else { ' ' }).collect();
    let words = kept.split_whitespace().map(|w| w.trim_matches('\''));
    let mut words: Vec<String> = words.filter(|w| !w.is_empty()).map(str::to_string).collect();
    if language == "en" {
        let larger = |w: &String| w.starts_with("hundred") || w.starts_with("thousand");
        for at in (1..words.len()).rev() {
            if larger(&words[at]) && matches!(words[at - 1].as_str(), "one" | "a") {
                words.remove(at - 1);
            }
        }
    }
    words
}

/// Vietnamese words that labels spell otherwise than recognisers, which is no mistake.
const SPELLINGS: [(&str, &str); 4] =
    [("ka rao ke", "karaoke"), ("mát xa", "massage"), ("ay têm", "atm"), ("1", "một")];

/// As [`normalize`], of a label, with its Vietnamese loan words spelled as recognisers spell them.
pub fn spelled(language: &str, label: &str) -> Vec<String> {
    let words = normalize(language, label);
    if language != "vi" {
        return words;
    }
    let padded = format!(" {} ", words.join(" "));
    let spelled = SPELLINGS
        .iter()
        .fold(padded, |text, (from, to)| text.replace(&format!(" {from} "), &format!(" {to} ")));
    spelled.split_whitespace().map(str::to_string).collect()
}

/// A dot with a letter right behind it is part of an abbreviation.
fn join_initials(text: &str) -> String {
    let next = text.chars().skip(1).map(Some).chain([None]);
    let dropped = |c: char, next: Option<char>| c == '.' && next.is_some_and(char::is_alphabetic);
    text.chars().zip(next).filter(|&(c, next)| !dropped(c, next)).map(|(c, _)| c).collect()
}

/// The characters of words, for the character error rate: spacing does not count.
pub fn characters(words: &[String]) -> Vec<char> {
    words.iter().flat_map(|w| w.chars()).collect()
}

/// English: each run of figures with its sign or ordinal ending as words.
fn spell_numerals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let is_figure = |i: usize| chars.get(i).is_some_and(char::is_ascii_digit);
        if !is_figure(at) {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        let dollars = at > 0 && chars[at - 1] == '$';
        let mut figures = String::new();
        while is_figure(at) || chars.get(at) == Some(&',') && is_figure(at + 1) {
            if chars[at] != ',' {
                figures.push(chars[at]);
            }
            at += 1;
        }
        let rest: String = chars[at..].iter().take(2).collect();
        let ordinal = matches!(rest.as_str(), "st" | "nd" | "rd" | "th");
        out.push(' ');
        out.push_str(&if ordinal { ordinal_words(&figures) } else { words(&figures) });
        out.push(' ');
        at += if ordinal { 2 } else { 0 };
        match chars.get(at) {
            Some('%') => out.push_str("percent "),
            Some('.') if is_figure(at + 1) => out.push_str("point "),
            _ if dollars => out.push_str("dollars "),
            _ => {}
        }
    }
    out
}

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

fn words(figures: &str) -> String {
    let number: Option<usize> = figures.parse().ok();
    let leading_zero = figures.len() > 1 && figures.starts_with('0');
    match number {
        Some(1_000) => "one thousand".into(),
        Some(n) if n < 1_000 && !leading_zero => cardinal(n),
        _ => {
            let each = figures.bytes().map(|b| ONES[usize::from(b - b'0')]);
            each.collect::<Vec<_>>().join(" ")
        }
    }
}

fn cardinal(n: usize) -> String {
    match n {
        0..20 => ONES[n].into(),
        20..100 if n.is_multiple_of(10) => TENS[n / 10].into(),
        20..100 => format!("{} {}", TENS[n / 10], ONES[n % 10]),
        _ if n.is_multiple_of(100) => format!("{} hundred", ONES[n / 100]),
        _ => format!("{} hundred {}", ONES[n / 100], cardinal(n % 100)),
    }
}

fn ordinal_words(figures: &str) -> String {
    let cardinal = words(figures);
    let (head, last) = cardinal.rsplit_once(' ').unwrap_or(("", &cardinal));
    let last = match last {
        "one" => "first".into(),
        "two" => "second".into(),
        "three" => "third".into(),
        "five" => "fifth".into(),
        "eight" => "eighth".into(),
        "nine" => "ninth".into(),
        "twelve" => "twelfth".into(),
        tens if tens.ends_with('y') => format!("{}ieth", &tens[..tens.len() - 1]),
        other => format!("{other}th"),
    };
    if head.is_empty() { last } else { format!("{head} {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_each_edit() {
        let check = |said: &str, heard: &str, edits: usize, reference: usize| {
            let words = |s: &str| s.split_whitespace().map(str::to_string).collect::<Vec<_>>();
            assert_eq!(compare(&words(said), &words(heard)), Errors { edits, reference });
        };
        check("a b c", "a b c", 0, 3);
        check("a b c", "a c", 1, 3);
        check("a b c", "x a b c y", 2, 3);
        check("a b c", "", 3, 3);
        check("", "a", 1, 0);
        check("a b c d", "b c d a", 2, 4);
    }

    #[test]
    fn a_custom_of_spelling_is_no_mistake() {
        assert_eq!(spelled("vi", "Trạm ay têm, số 1.").join(" "), "trạm atm số một");
        assert_eq!(spelled("en", "1"), ["one"]);
    }

    #[test]
    fn words_are_compared_without_dress() {
        let check = |language: &str, text: &str, want: &str| {
            assert_eq!(normalize(language, text).join(" "), want, "{text}");
        };
        check("en", "It\u{2019}s  one-way, 'Sir'!", "it's one way sir");
        check("en", "12 of 5th, 21st, 100% $5 1,000", {
            "twelve of fifth twenty first hundred percent five dollars thousand"
        });
        check("en", "0912 3456 345 1.5 30th 112th", {
            "zero nine one two three four five six three hundred forty five one point five \
             thirtieth hundred twelfth"
        });
        check("en", "A.M. ...to a hundred", "am to hundred");
        check("vi", "Không. 12", "không 12");
        check("vi", "Kho\u{302}ng", "không");
        check("ko", "네, 맞아.", "네 맞아");
    }
}
