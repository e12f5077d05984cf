//! Spoken numbers to digits.

use super::{Grammar, NumberWords, tokens};

/// One word or phrase as a number part.
enum Part {
    Value(u64),
    Factor(u64),
    Joint,
    Repeat(usize),
    Slash,
    Digits(String),
    /// "a" before a factor.
    Article,
    /// So many tokens are one number.
    Phrase(usize, u64),
    Other,
}

fn part(tokens: &[String], at: usize, words: &NumberWords) -> Part {
    let token = &tokens[at];
    let phrase = words.phrases.iter().filter(|(p, _)| stands_at(tokens, at, p));
    if let Some((p, v)) = phrase.max_by_key(|(p, _)| p.len()) {
        return Part::Phrase(p.split(' ').count(), *v);
    }
    if words.articles.contains(token) {
        let factor = tokens.get(at + 1).is_some_and(|t| words.factors.contains_key(t));
        return if factor { Part::Article } else { Part::Other };
    }
    if let Some(&v) = words.values.get(token) {
        Part::Value(v)
    } else if let Some(&f) = words.factors.get(token) {
        Part::Factor(f)
    } else if let Some(&n) = words.repeats.get(token) {
        Part::Repeat(n)
    } else if words.joints.contains(token) {
        Part::Joint
    } else if words.slashes.contains(token) {
        Part::Slash
    } else if token.starts_with(|c: char| c.is_ascii_digit()) {
        Part::Digits(without_thousands_commas(token))
    } else {
        Part::Other
    }
}

fn stands_at(tokens: &[String], at: usize, phrase: &str) -> bool {
    let mut said = tokens[at..].iter();
    phrase.split(' ').all(|w| said.next().is_some_and(|t| t == w))
}

/// `1,200` is 1200; `12,5` stays.
fn without_thousands_commas(token: &str) -> String {
    let mut groups = token.split(',');
    let first = groups.next().unwrap_or_default();
    let three = |g: &str| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit());
    if first.len() <= 3 && groups.clone().next().is_some() && groups.all(three) {
        token.replace(',', "")
    } else {
        token.to_string()
    }
}

/// A number being heard: `written` holds what is settled, `addends` what may still grow.
#[derive(Default)]
struct Number {
    written: String,
    /// Value and the bound below which the next word adds: (20, 10) takes 1 to 9.
    addends: Vec<(u64, u64)>,
}

impl Number {
    fn is_open(&self) -> bool {
        !self.addends.is_empty() || !self.written.is_empty()
    }

    fn settle(&mut self) {
        if !self.addends.is_empty() {
            let sum: u64 = self.addends.drain(..).map(|(v, _)| v).sum();
            self.written.push_str(&sum.to_string());
        }
    }

    fn value(&mut self, v: u64) {
        let adds = self.addends.last().is_some_and(|&(_, room)| v > 0 && v < room);
        if !adds {
            self.settle();
        }
        let tens = (10..100).contains(&v) && v.is_multiple_of(10);
        self.addends.push((v, if tens { 10 } else { 0 }));
    }

    /// Multiplies everything said since the last larger factor.
    fn factor(&mut self, f: u64) {
        let mut low = 0;
        while let Some((v, _)) = self.addends.pop_if(|(v, _)| *v < f) {
            low += v;
        }
        let grown = low.max(1).saturating_mul(f);
        if grown >= 1_000_000_000 || self.addends.last().is_some_and(|&(v, _)| v <= grown) {
            self.settle();
        }
        self.addends.push((grown.min(999_999_999), f));
    }

    fn take(&mut self) -> String {
        self.settle();
        std::mem::take(&mut self.written)
    }
}

/// Every spoken number in `text` as digits, the other tokens folded; one token each.
///
/// "twenty one garden street" is `21 garden street`; digits said one by one are written one after
/// the other ("seven oh five" is `705`), and so are pairs ("nineteen eighty four" is `1984`).
pub fn numbers_to_digits(text: &str, words: &NumberWords) -> Vec<String> {
    digits_of(&tokens(text), words)
}

/// Every spoken number among `tokens` as digits.
pub(super) fn digits_of(tokens: &[String], words: &NumberWords) -> Vec<String> {
    let mut out = Vec::new();
    let mut number = Number::default();
    let mut repeat = None;
    let mut joints: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let open = number.is_open();
        let token = &tokens[at];
        at += 1;
        match part(tokens, at - 1, words) {
            Part::Value(v) => {
                joints.clear();
                number.value(v);
                for _ in 1..repeat.take().unwrap_or(1) {
                    number.value(v);
                }
            }
            Part::Phrase(n, v) => {
                joints.clear();
                number.value(v);
                at += n - 1;
            }
            Part::Article => {
                joints.clear();
                number.settle();
                number.value(1);
            }
            Part::Factor(f) if open || f >= 100 => number.factor(f),
            Part::Joint if open => joints.push(token.clone()),
            Part::Repeat(n) => repeat = Some(n),
            Part::Slash if open => {
                number.settle();
                number.written.push('/');
            }
            Part::Digits(d) => {
                joints.clear();
                number.settle();
                number.written.push_str(&d);
            }
            _ => {
                if open {
                    out.push(number.take());
                }
                out.append(&mut joints);
                out.push(token.clone());
            }
        }
    }
    if number.is_open() {
        out.push(number.take());
    }
    out.append(&mut joints);
    out
}

/// Tokens one number is made of at most.
const NUMBER_TOKENS_MAX: usize = 14;

/// The numbers that may begin at `at`: each end with its digits, shortest first.
pub(super) fn numbers_from(
    tokens: &[String],
    at: usize,
    words: &NumberWords,
) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let opens = |p: Part| !matches!(p, Part::Other | Part::Joint | Part::Slash);
    if at >= tokens.len() || !opens(part(tokens, at, words)) {
        return found;
    }
    let mut end = at;
    while end < tokens.len().min(at + NUMBER_TOKENS_MAX) {
        end += 1;
        match part(tokens, end - 1, words) {
            Part::Other => break,
            // A number does not end with these.
            Part::Joint | Part::Slash | Part::Repeat(_) | Part::Article => continue,
            Part::Phrase(n, _) => end += n - 1,
            _ => {}
        }
        if let [digits] = digits_of(&tokens[at..end], words).as_slice() {
            found.push((end, digits.clone()));
        }
    }
    found
}

/// The number a caller answers "how many?" with, as digits: the one they settle on.
pub fn count_said(text: &str, grammar: &Grammar) -> Option<String> {
    let tokens = grammar.tokens(text);
    let words = &grammar.words;
    let any = |at: usize, list: &[String]| list.iter().any(|p| stands_at(&tokens, at, p));
    let (mut at, mut best, mut repaired) = (0, None::<(usize, String)>, false);
    while at < tokens.len() {
        let Some((end, digits)) = grammar.numbers_from(&tokens, at).pop() else {
            repaired |= any(at, &words.repairs);
            at += 1;
            continue;
        };
        let denied = at > 0 && any(at - 1, &words.contrasts);
        // "seven, seven people" is no seventy-seven.
        let half = at + (end - at) / 2;
        let again = tokens[at..half] == tokens[half..end];
        let counted = end < tokens.len() && any(end, &words.numbers.counted);
        let once = || grammar.numbers_from(&tokens[..half], at).pop().map(|(_, d)| d);
        let digits = if again && counted { once().unwrap_or(digits) } else { digits };
        let better = best.as_ref().is_none_or(|(n, _)| repaired || end - at >= *n);
        if better && !(denied && best.is_some()) {
            best = Some((end - at, digits));
        }
        repaired = false;
        at = end;
    }
    best.map(|(_, digits)| digits)
}

/// All digits said in `text`, in order, other words ignored.
pub fn digits_in(text: &str, words: &NumberWords) -> String {
    let tokens = numbers_to_digits(text, words);
    tokens.iter().flat_map(|t| t.chars()).filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{en, ko, vi};
    use super::*;

    #[test]
    fn spoken_numbers() {
        let check = |words: &NumberWords, text: &str, want: &str| {
            assert_eq!(numbers_to_digits(text, words).join(" "), want, "{text}");
        };
        let en = en().numbers;
        check(&en, "twenty one garden street", "21 garden street");
        check(&en, "one hundred and five elm road", "105 elm road");
        check(&en, "seven oh five", "705");
        check(&en, "nineteen eighty four", "1984");
        check(&en, "double five three", "553");
        check(&en, "Two thousand three hundred twelve", "2312");
        check(&en, "one hundred thousand", "100000");
        check(&en, "five and dime", "5 and dime");
        check(&en, "12 Garden Street", "12 garden street");
        check(&en, "no numbers here", "no numbers here");
        check(&en, "", "");
        let vi = vi().numbers;
        check(&vi, "số mười hai đường lê lợi", "số 12 đường lê lợi");
        check(&vi, "hai mươi mốt", "21");
        check(&vi, "một trăm lẻ năm", "105");
        check(&vi, "không chín không ba", "0903");
        check(&vi, "mười hai xuyệt ba", "12/3");
        check(&vi, "hai mươi ba nghìn", "23000");
        check(&vi, "ba trăm bốn mươi lăm trần hưng đạo", "345 trần hưng đạo");
        let ko = ko().numbers;
        check(&ko, "공 일 공", "010");
        check(&ko, "이 십 삼", "23");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(
            text in "\\PC{0,60}",
            picks in proptest::collection::vec(0usize..40, 0..30),
        ) {
            let words = en().numbers;
            numbers_to_digits(&text, &words);
            let names: Vec<&String> = words.values.keys().chain(words.factors.keys()).collect();
            let spoken: Vec<&str> =
                picks.iter().map(|&i| names[i % names.len()].as_str()).collect();
            numbers_to_digits(&spoken.join(" "), &words);
        }
    }
}
