//! Spoken numbers to digits.

use super::text::starts_with_phrase;
use super::{Grammar, NumberWords, tokens};

/// One word or phrase as a number part.
enum Part {
    Value(u64),
    Factor(u64),
    Joint,
    Repeat(usize),
    /// Half of the last factor more, in so many tokens.
    Half(usize),
    /// Between the parts of one number: "/", "-", ".".
    Mark(char),
    Digits(String),
    /// Several number words written as one, and what is written behind them.
    Many(Vec<Part>, String),
    /// "a" before a factor.
    Article,
    /// So many tokens are one number.
    Phrase(usize, u64),
    Other,
}

fn part(tokens: &[String], at: usize, words: &NumberWords) -> Part {
    let token = &tokens[at];
    if words.no_numbers.iter().any(|p| in_phrase(tokens, at, p)) {
        return Part::Other;
    }
    let half = words.halves.iter().filter(|p| stands_at(tokens, at, p));
    if let Some(n) = half.map(|p| p.split(' ').count()).max() {
        return Part::Half(n);
    }
    let phrase = words.phrases.iter().filter(|(p, _)| stands_at(tokens, at, p));
    if let Some((p, v)) = phrase.max_by_key(|(p, _)| p.len()) {
        return Part::Phrase(p.split(' ').count(), *v);
    }
    if words.articles.contains(token) {
        let factor = tokens.get(at + 1).is_some_and(|t| words.factors.contains_key(t));
        return if factor { Part::Article } else { Part::Other };
    }
    // "Two zeros".
    let count = words.values.get(token).filter(|n| (2..=5).contains(*n));
    if let Some(n) = count.filter(|_| named_digit(tokens.get(at + 1), words).is_some()) {
        return Part::Repeat(*n as usize);
    }
    if let Some(digit) = named_digit(Some(token), words) {
        return Part::Value(digit);
    }
    if let Some(simple) = simple_part(token, words) {
        simple
    } else if let Some(&n) = words.repeats.get(token) {
        Part::Repeat(n)
    } else if words.joints.contains(token) {
        Part::Joint
    } else if words.slashes.contains(token) {
        Part::Mark('/')
    } else if words.dashes.contains(token) {
        Part::Mark('-')
    } else if words.points.contains(token) {
        Part::Mark('.')
    } else if let Some(many) = written_together(token, words) {
        many
    } else if token.starts_with(|c: char| c.is_ascii_digit()) {
        Part::Digits(without_thousands_commas(token))
    } else {
        Part::Other
    }
}

fn stands_at(tokens: &[String], at: usize, phrase: &str) -> bool {
    tokens.get(at..).is_some_and(|here| starts_with_phrase(here, phrase))
}

/// True where `phrase` stands around `at`.
fn in_phrase(tokens: &[String], at: usize, phrase: &str) -> bool {
    let n = phrase.split(' ').count();
    ((at + 1).saturating_sub(n)..=at).any(|from| stands_at(tokens, from, phrase))
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

/// A digit by a name that is counted.
fn named_digit(token: Option<&String>, words: &NumberWords) -> Option<u64> {
    words.named_digits.get(token?).copied()
}

fn simple_part(token: &str, words: &NumberWords) -> Option<Part> {
    if let Some(&v) = words.values.get(token) {
        return Some(Part::Value(v));
    }
    words.factors.get(token).map(|&f| Part::Factor(f)).or_else(|| ones_first(token, words))
}

/// "pětadvacet": the ones stand before the tens.
fn ones_first(token: &str, words: &NumberWords) -> Option<Part> {
    words.ones_first.iter().find_map(|(ones, v)| {
        let tens = token.strip_prefix(ones.as_str())?.strip_prefix(words.ones_joint.as_str())?;
        let tens = words.values.get(tens).filter(|t| (20..100).contains(*t) && **t % 10 == 0)?;
        Some(Part::Value(tens + v))
    })
}

/// "이백삼호입니다": number words in one token, then nothing, an ending, or what is counted.
///
/// The whole token counts first, then the shortest number: what begins an ending may be a digit
/// too ("칠이요" is seven). A weak ending is one that a cardinal rather has a digit in ("십이요").
fn written_together(token: &str, words: &NumberWords) -> Option<Part> {
    if !words.written_together || token.chars().count() > super::joined::LETTERS_MAX {
        return None;
    }
    let digits_end = token.find(|c: char| !c.is_ascii_digit()).unwrap_or(token.len());
    if digits_end > 0 && may_follow_number(&token[..digits_end], &token[digits_end..], words) {
        let digits = Part::Digits(token[..digits_end].into());
        return Some(Part::Many(vec![digits], token[digits_end..].into()));
    }
    let ends = token.char_indices().skip(1).map(|(at, _)| at);
    let mut weak = None;
    for at in std::iter::once(token.len()).chain(ends) {
        let (number, rest) = token.split_at(at);
        if !may_follow_number(number, rest, words) {
            continue;
        }
        let Some(parts) = number_words_of(number, words) else { continue };
        let counts = parts.iter().any(|p| matches!(p, Part::Factor(_) | Part::Value(10..)));
        if counts && !is_cardinal(&parts) {
            continue;
        }
        let read = Part::Many(parts, rest.to_string());
        if !counts || !words.weak_endings.iter().any(|e| e == rest) {
            return Some(read);
        }
        weak = weak.or(Some(read));
    }
    weak
}

fn may_follow_number(number: &str, rest: &str, words: &NumberWords) -> bool {
    let ends = |of: &str, rest: &str| {
        rest.is_empty() || words.endings.iter().any(|e| e.may_follow(of, rest))
    };
    let counted = |c: &String| rest.strip_prefix(c.as_str()).is_some_and(|rest| ends(c, rest));
    ends(number, rest) || words.counters.iter().any(counted)
}

/// `number` cut into number words, the longest first; `None` where something is left.
fn number_words_of(mut number: &str, words: &NumberWords) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let (mut plain, mut counting) = (false, false);
    while !number.is_empty() {
        let ends = number.char_indices().map(|(i, c)| i + c.len_utf8());
        let here = ends.rev().find_map(|to| Some((to, simple_part(&number[..to], words)?)));
        let (to, part) = here?;
        if matches!(part, Part::Value(_)) {
            let digit = words.plain_digits.iter().any(|d| *d == number[..to]);
            plain |= digit;
            counting |= !digit;
        }
        parts.push(part);
        number = &number[to..];
    }
    (!plain || !counting || words.plain_digits.is_empty()).then_some(parts)
}

/// No two ones stand side by side, as they do in digits said one by one.
fn is_cardinal(parts: &[Part]) -> bool {
    let one = |p: &Part| matches!(p, Part::Value(0..10));
    !parts.windows(2).any(|pair| one(&pair[0]) && one(&pair[1]))
}

/// A number being heard: `written` holds what is settled, `addends` what may still grow.
#[derive(Debug, Clone, Default)]
struct Number {
    written: String,
    /// Value and the bound below which the next word adds: (20, 10) takes 1 to 9.
    addends: Vec<(u64, u64)>,
    /// The last addend is a lone digit behind a factor: "một trăm hai" is 120.
    elliptic: bool,
}

impl Number {
    fn is_open(&self) -> bool {
        !self.addends.is_empty() || !self.written.is_empty()
    }

    fn room(&self) -> u64 {
        self.addends.last().map_or(0, |a| a.1)
    }

    fn settle(&mut self) {
        if let ([.., before, last], true) = (self.addends.as_mut_slice(), self.elliptic) {
            last.0 *= before.1 / 10;
        }
        self.elliptic = false;
        if !self.addends.is_empty() {
            let sum: u64 = self.addends.drain(..).map(|(v, _)| v).sum();
            self.written.push_str(&sum.to_string());
        }
    }

    fn value(&mut self, v: u64, elliptic: bool) {
        if let ([.., (_, 100), last], true, 0..10) = (self.addends.as_mut_slice(), self.elliptic, v)
        {
            // "một trăm bảy lăm" is 175.
            *last = (10 * last.0, 10);
            self.elliptic = false;
        }
        // A zero adds where hundreds are still to come: "hai nghìn không trăm".
        let room = self.room();
        if v >= room || (v == 0 && room < 1000) {
            self.settle();
        }
        self.elliptic = elliptic && self.room() >= 100 && (1..10).contains(&v);
        let room = [1000, 100, 10].into_iter().find(|r| v >= *r && v.is_multiple_of(*r));
        self.addends.push((v, room.unwrap_or(0)));
    }

    /// Multiplies everything said since the last larger factor, or one digit where `f` takes no
    /// more.
    fn factor(&mut self, f: u64, words: &NumberWords) {
        self.elliptic = false;
        let smaller = self.addends.iter().rev().take_while(|(v, _)| *v < f).count();
        let one_digit = words.one_digit_factors.contains(&f);
        let from = self.addends.len() - smaller;
        let low: u64 = self.addends[from..].iter().map(|(v, _)| v).sum();
        let fits = |v: u64| from == 0 || self.addends[from - 1].1 > v;
        let grown = if smaller == 0 { f } else { low.saturating_mul(f) };
        if (!one_digit || low < 10) && fits(grown) && grown < 1_000_000_000 {
            self.addends.truncate(from);
        } else {
            // "four hundred twenty, seven hundred": a new number begins with the last word.
            let digit = self.addends.pop_if(|(v, _)| (1..10).contains(v) && !words.factors_alone);
            self.settle();
            let grown = digit.map_or(1, |(v, _)| v).saturating_mul(f);
            self.addends.push((grown.min(999_999_999), f));
            return;
        }
        self.addends.push((grown, f));
    }

    /// "and a half".
    fn half(&mut self) {
        self.addends.push((self.room() / 2, 0));
    }

    /// A joint between two digits is a zero: "một linh bốn" is 104.
    fn zero(&mut self) {
        self.settle();
        self.written.push('0');
    }

    fn ends_with_digit(&self) -> bool {
        self.addends.last().is_some_and(|&(v, room)| room == 0 && v < 10)
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
    let mut reading = Reading::default();
    let mut at = 0;
    while at < tokens.len() {
        let part = part(tokens, at, words);
        let n = if let Part::Phrase(n, _) | Part::Half(n) = part { n } else { 1 };
        reading.token(&tokens[at], part, words);
        at += n;
    }
    reading.end()
}

/// Tokens being written with digits.
#[derive(Debug, Clone, Default)]
struct Reading {
    out: Vec<String>,
    number: Number,
    repeat: Option<usize>,
    /// Joints and marks that belong to the number only if it goes on.
    pending: Vec<String>,
    mark: Option<char>,
}

impl Reading {
    fn token(&mut self, token: &str, part: Part, words: &NumberWords) {
        let open = self.number.is_open();
        match part {
            Part::Value(v) | Part::Phrase(_, v) => {
                let joined = !self.pending.is_empty();
                let digits = v < 10 && self.number.ends_with_digit() && self.mark.is_none();
                if words.zero_joints && joined && digits {
                    self.number.zero();
                }
                self.go_on();
                self.number.value(v, words.elliptic && !joined);
                for _ in 1..self.repeat.take().unwrap_or(1) {
                    self.number.value(v, false);
                }
            }
            Part::Article => {
                self.go_on();
                self.number.settle();
                self.number.value(1, false);
            }
            Part::Factor(f) if open || f >= 100 || words.factors_alone => {
                self.go_on();
                self.number.factor(f, words);
            }
            Part::Joint if open => self.pending.push(token.to_string()),
            Part::Repeat(n) => self.repeat = Some(n),
            Part::Half(_) if self.number.room() >= 10 => {
                self.go_on();
                self.number.half();
            }
            Part::Mark(mark) if open => self.mark(mark, token),
            Part::Digits(d) => {
                self.go_on();
                self.number.settle();
                self.number.written.push_str(&d);
            }
            Part::Many(parts, rest) => {
                for part in parts {
                    self.token("", part, words);
                }
                if !rest.is_empty() {
                    let mark = words.dashes.contains(&rest);
                    self.token(&rest, if mark { Part::Mark('-') } else { Part::Other }, words);
                }
            }
            _ => {
                self.close();
                self.out.push(token.to_string());
            }
        }
    }

    fn mark(&mut self, mark: char, token: &str) {
        self.mark = Some(mark);
        self.pending.push(token.to_string());
    }

    fn go_on(&mut self) {
        self.pending.clear();
        if let Some(mark) = self.mark.take() {
            self.number.settle();
            self.number.written.push(mark);
        }
    }

    fn close(&mut self) {
        if self.number.is_open() {
            self.out.push(self.number.take());
        }
        self.mark = None;
        self.out.append(&mut self.pending);
    }

    fn end(mut self) -> Vec<String> {
        self.close();
        self.out
    }
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
    let mut reading = Reading::default();
    let last = tokens.len().min(at + NUMBER_TOKENS_MAX);
    let mut end = at;
    while end < last {
        let part = part(tokens, end, words);
        let goes_on = !matches!(part, Part::Other);
        let closes = match &part {
            Part::Other | Part::Joint | Part::Mark(_) | Part::Repeat(_) => false,
            Part::Article => false,
            Part::Half(_) => end > at,
            // "A hundred" has an article; "hundred" alone ends a number.
            Part::Factor(f) => {
                end > at || words.factors_alone || (*f >= 100 && words.articles.is_empty())
            }
            _ => true,
        };
        let begins = closes || matches!(part, Part::Repeat(_) | Part::Article);
        if !goes_on || (end == at && !begins) {
            break;
        }
        let rest = if let Part::Many(_, rest) = &part { rest.clone() } else { String::new() };
        let n = if let Part::Phrase(n, _) | Part::Half(n) = part { n } else { 1 };
        reading.token(&tokens[end], part, words);
        end += n;
        // A number does not end with a joint, a mark, or a word that repeats what follows.
        if closes {
            match reading.clone().end().as_slice() {
                [digits] => found.push((end, digits.clone())),
                [digits, ending] if *ending == rest => found.push((end, digits.clone())),
                _ => {}
            }
        }
        if !rest.is_empty() && !words.dashes.contains(&rest) {
            break;
        }
    }
    found
}

/// What is written behind the number in `token`: "호입니다" of "이백삼호입니다".
pub(super) fn behind_number(token: &str, words: &NumberWords) -> String {
    match part(std::slice::from_ref(&token.to_string()), 0, words) {
        Part::Many(_, rest) => rest,
        _ => String::new(),
    }
}

/// The digits of `word` where it is nothing but a number.
pub(super) fn whole_number(word: &str, words: &NumberWords) -> Option<String> {
    match digits_of(&[word.to_string()], words).as_slice() {
        [digits] if digits.starts_with(|c: char| c.is_ascii_digit()) => Some(digits.clone()),
        _ => None,
    }
}

/// The length of a "no, I mean" at `at` that a number may follow: "à không" holds a zero that is
/// none.
pub(super) fn repair_at(tokens: &[String], at: usize, grammar: &Grammar) -> Option<usize> {
    let here = grammar.words.repairs.iter().filter(|p| stands_at(tokens, at, p));
    let n = here.map(|p| p.split(' ').count()).max()?;
    Some(if grammar.numbers_from(tokens, at + n).is_empty() { 1 } else { n })
}

/// The number a caller answers "how many?" with, as digits: the one they settle on.
pub fn count_said(text: &str, grammar: &Grammar) -> Option<String> {
    let tokens = grammar.tokens(text);
    let words = &grammar.words;
    let any = |at: usize, list: &[String]| list.iter().any(|p| stands_at(&tokens, at, p));
    let (mut at, mut best, mut repaired) = (0, None::<(usize, String)>, false);
    while at < tokens.len() {
        let Some((end, digits)) = grammar.numbers_from(&tokens, at).pop() else {
            let repair = repair_at(&tokens, at, grammar);
            repaired |= repair.is_some();
            at += repair.unwrap_or(1);
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
    use super::super::tests::{cs, en, ko, vi};
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
        check(&ko, "이백삼이에요", "203 이에요");
        check(&ko, "백오십이요 십칠이요", "152 요 17 이요");
        check(&ko, "십이입니다 스물세 번지", "12 입니다 23 번지");
        check(&ko, "공이", "02");
        check(&ko, "천이백이십이라고", "1220 이라고");
        check(&ko, "여든아홉이오 네 명이요", "89 이오 4");
        check(&ko, "공일공 사오육칠 팔구공일이요", "01045678901 이요");
        check(&ko, "이백사십육에 십이 번지", "246-12 번지");
        check(&ko, "만 이천 원", "12000 원");
        check(&ko, "스물다섯이요", "25 이요");
        check(&ko, "천사백이십 번지인데요", "1420 번지인데요");
        let cs = cs().numbers;
        check(&cs, "pětadvacet", "25");
        check(&cs, "v jednadvacáté", "v 21");
        check(&cs, "sto osmatřiceti", "138");
        check(&cs, "dvě stě třicet lomeno sedm", "230/7");
        check(&cs, "šest nula dva sto dvacet tři čtyři sta padesát šest", "602123456");
        check(&cs, "čtyři sta dvacet sedm set dvacet čtyři pět set jedenáct", "420724511");
        check(&cs, "sto třicet vosum", "138");
        check(&cs, "dvacet lomeno třídy", "20 lomeno třídy");
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
