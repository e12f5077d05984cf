//! Names that begin with one of few family names, as Vietnamese ones do: "Nguyễn Thị Bích Loan".
//!
//! A full name is known by its family name wherever it stands; a given name alone only by how it is
//! introduced. Callers explain how they write theirs ("nhàn là nhàn rỗi", "thy tê hát y dài") and
//! say the given name first and then the whole ("thu hà, trịnh thị thu hà").

use super::Grammar;
use super::spelling::{BREAK, HOLE};
use super::text::{phrase_at, phrase_ending, title_case};

/// Longest name, in tokens.
const NAME_TOKENS_MAX: usize = 5;
/// A word is a name's from this likeness on.
const KNOWN_MIN: f32 = 0.93;
/// Less evidence than this is no name.
const EVIDENCE_MIN: f32 = 0.8;
/// A given name's introduction this strong also speaks for the full name behind it.
const INTRODUCED_MIN: f32 = 1.2;
/// What a word of everyday talk and an unknown one are worth in a name.
const COMMON: f32 = -2.2;
const UNKNOWN: f32 = -0.1;
/// The same for a word of everyday talk that people bear too: "đăng".
const BORNE: f32 = -0.4;
/// With this evidence of a whole name, one without a family name is less likely by so much.
const WHOLE_MIN: f32 = 1.5;
const GIVEN_BESIDE_WHOLE: f32 = 0.8;
/// Scores of this module are worth so much more than those of others.
const SHARPNESS: f32 = 2.0;

/// Every stretch that may be a name, with its evidence; `introduced` tells how the words before a
/// position introduce a name.
pub(super) fn spans(
    tokens: &[String],
    grammar: &Grammar,
    introduced: impl Fn(usize) -> f32,
) -> Vec<(f32, String)> {
    let talk = talk(tokens, grammar);
    let words: Vec<Word> =
        (0..tokens.len()).map(|at| Word::new(tokens, at, talk[at], grammar)).collect();
    let bare = tokens.iter().filter(|t| !grammar.words.fillers.contains(t)).count();
    let leads: Vec<f32> = (0..tokens.len()).map(introduced).collect();
    let mut found: Vec<(f32, bool, String)> = Vec::new();
    for from in 0..tokens.len() {
        for to in from + 1..=tokens.len().min(from + NAME_TOKENS_MAX) {
            let filler =
                phrase_at(tokens, to - 1, &grammar.words.fillers).is_some() && !words[to - 1].name;
            if filler
                || words[to - 1].ends
                || (to - 1 > from && is_spelling(tokens, to - 1, grammar))
            {
                break;
            }
            let name = &tokens[from..to];
            let mut score = shape(&words[from..to]) + lead(tokens, from, to, &leads);
            score +=
                before(tokens, from, &words, grammar) + behind(tokens, from, to, &words, grammar);
            score += if name.len() == bare && words[from].family { 1.0 } else { 0.0 };
            if score >= EVIDENCE_MIN {
                let whole = words[from].family && name.len() > 2;
                found.push((score, whole, title_case(&name.join(" "))));
            }
        }
    }
    // Who says a whole name means that one: "con là út, tên trong giấy là phùng thị mỹ hạnh".
    let whole = found.iter().any(|(score, whole, _)| *whole && *score >= WHOLE_MIN);
    let against = |is_whole: bool| if whole && !is_whole { GIVEN_BESIDE_WHOLE } else { 0.0 };
    let weighed = found.into_iter().map(|(s, whole, n)| (SHARPNESS * (s - against(whole)), n));
    weighed.filter(|(score, _)| *score >= SHARPNESS * EVIDENCE_MIN).collect()
}

/// Tokens of everyday phrases: "hàng xóm".
fn talk(tokens: &[String], grammar: &Grammar) -> Vec<bool> {
    let mut talk = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        let n = phrase_at(tokens, at, &grammar.words.address.not_address).unwrap_or(0);
        talk[at..at + n].fill(true);
    }
    talk
}

/// What is known of one token.
struct Word {
    /// No name holds it.
    ends: bool,
    family: bool,
    /// Stands between a family name and a given one: "thị".
    mark: bool,
    /// Titles and words for kin.
    title: bool,
    name: bool,
    common: bool,
    /// One of the words people are named by, whatever else it means.
    borne: bool,
    /// A number alone that counts nothing: the second child is called "hai".
    ordinal: bool,
}

impl Word {
    fn new(tokens: &[String], at: usize, talk: bool, grammar: &Grammar) -> Word {
        let (token, words) = (&tokens[at], &grammar.words);
        let common = grammar.is_common_word(token);
        let name = !common && grammar.name_likeness(token) >= KNOWN_MIN;
        Word {
            ends: talk
                || token == BREAK
                || token == HOLE
                || words.stop_words.contains(token)
                || token.chars().any(char::is_numeric),
            family: is_family(tokens, at, grammar),
            mark: words.middle_marks.contains(token),
            title: words.titles.contains(token) && !words.name_words.contains(token),
            name,
            common,
            borne: words.name_words.contains(token),
            ordinal: grammar.numbers_from(tokens, at).last().is_some_and(|(to, _)| *to == at + 1)
                && phrase_at(tokens, at + 1, &words.numbers.counted).is_none(),
        }
    }
}

/// True for a family's name: one that is a title too ("ông") only right behind the word for "name"
/// and before no other family's, and none that begins a longer title ("y tá").
fn is_family(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let words = &grammar.words;
    let listed = |i: usize| tokens.get(i).is_some_and(|t| words.family_names.contains(t));
    match phrase_at(tokens, at, &words.titles) {
        Some(1) => {
            let is = phrase_ending(&tokens[..at], &words.is).unwrap_or(0);
            let label = words.called.get("name");
            let told = label.and_then(|said| phrase_ending(&tokens[..at - is], said)).is_some();
            listed(at) && !listed(at + 1) && told
        }
        Some(_) => false,
        None => listed(at),
    }
}

/// How the words themselves make a name.
fn shape(words: &[Word]) -> f32 {
    // Behind a title is a given name: "ông tuấn".
    let family = words[0].family && words.len() > if words[0].title { 2 } else { 1 };
    let mut score = 0.0;
    for (i, word) in words.iter().enumerate() {
        // A family's name may be a word of everyday talk too: "triệu đình hòe".
        let whole = family && i == 0 && words.len() > 2;
        // "dương thị bé ba".
        let ordinal = word.ordinal && family && i > 1 && words[i - 1].mark;
        score -= if i > 0 && word.title && !ordinal { 1.0 } else { 0.0 };
        score += match (word.name || whole || ordinal, word.common) {
            (true, _) => 0.15,
            (false, true) if word.borne && family && words.len() > 2 => BORNE,
            (false, true) => COMMON,
            (false, false) => UNKNOWN,
        };
    }
    score += if family && words.len() > 2 && words[1].mark { 0.4 } else { 0.0 };
    for i in 1..words.len() {
        let another = words[i].family && words.get(i + 1).is_some_and(|w| w.mark);
        score -= if another { 1.5 } else { 0.0 };
    }
    score
        + match (family, words.len()) {
            (true, 2) => 0.6,
            (true, 3 | 4) => 1.2,
            (true, _) => 0.4,
            (false, 1) => 0.1,
            (false, 2) => 0.0,
            (false, _) => -0.5,
        }
}

/// How the name is introduced, where it stands or by its given name just before.
fn lead(tokens: &[String], from: usize, to: usize, leads: &[f32]) -> f32 {
    let name = &tokens[from..to];
    let explained = (1..=2.min(name.len() - 1)).filter(|n| {
        let given = &name[name.len() - n..];
        let apart = |at: &usize| at + n <= from || *at >= to;
        (0..=tokens.len() - n)
            .filter(apart)
            .any(|at| leads[at] >= INTRODUCED_MIN && tokens[at..at + n] == *given)
    });
    explained.max().map_or(leads[from], |n| leads[from].max(2.0 + 0.3 * n as f32))
}

/// What the words before the name say about it.
fn before(tokens: &[String], from: usize, words: &[Word], grammar: &Grammar) -> f32 {
    let Some(previous) = from.checked_sub(1) else { return 0.0 };
    let address = &grammar.words.address;
    let units = address.units.values().map(|u| &u.before);
    let house = address.house_parts.iter().map(|p| &p.said);
    let lists = [&address.street_before, &address.street_kept, &address.hamlets];
    let place = units.chain(house).chain(lists).any(|l| l.contains(&tokens[previous]));
    let number = !grammar.numbers_from(tokens, previous).is_empty();
    if place || (number && !words[previous].name && !words[previous].common) {
        -2.0
    } else if tokens[previous] == tokens[from] {
        // "họ trương, trương khánh duy": the beginning said again.
        0.6
    } else if words[previous].family && !words[previous].common {
        -0.9
    } else if words[previous].name && !grammar.words.titles.contains(&tokens[previous]) {
        -0.4
    } else {
        0.0
    }
}

/// What the words behind the name say about it.
fn behind(tokens: &[String], from: usize, to: usize, words: &[Word], grammar: &Grammar) -> f32 {
    if tokens[from..to].windows(2).any(|pair| pair[0] == pair[1]) {
        return -2.0;
    }
    let Some(next) = tokens.get(to) else { return 0.5 };
    let starts = |p: &String| {
        let mut said = tokens[to..].iter();
        p.split(' ').all(|w| said.next().is_some_and(|t| t == w))
    };
    let fillers = phrase_at(tokens, to, &grammar.words.fillers).unwrap_or(0);
    let repairs = |at: usize| phrase_at(tokens, at, &grammar.words.repairs).is_some();
    if repairs(to) || repairs(to + fillers) {
        -1.6
    } else if tokens[from..to].contains(next) {
        // "nhàn, nhàn là nhàn rỗi".
        0.7
    } else if next == BREAK || next == HOLE || grammar.words.name_ends.iter().any(starts) {
        0.5
    } else if words[to].ends
        || words[to].common
        || words[to].title
        || is_spelling(tokens, to, grammar)
        || (!words[to].name && !grammar.numbers_from(tokens, to).is_empty())
    {
        0.4
    } else if words[to].name {
        -0.5
    } else {
        0.0
    }
}

/// True where a name is spelled out from `at`: "tê hát y dài".
fn is_spelling(tokens: &[String], at: usize, grammar: &Grammar) -> bool {
    let letter = |i: usize| tokens.get(i).is_some_and(|t| grammar.words.letter_names.contains(t));
    letter(at) && (letter(at + 1) || tokens.len() == at + 1)
}

#[cfg(test)]
mod tests {
    use crate::language::names;
    use crate::language::tests::{grammar, heard};

    #[test]
    fn vietnamese_names() {
        let grammar = grammar("vi", "VN");
        let check = |said: &str, want: &str| {
            let got = names(&heard(said), &grammar);
            assert_eq!(got.first().map_or("", |n| n.value.as_str()), want, "{said}");
        };
        check("dạ con tên nguyễn thị bích loan", "Nguyễn Thị Bích Loan");
        check("tôi là lê hồng à quên lê thị hồng nhung", "Lê Thị Hồng Nhung");
        check("bác tên là vũ thị nhàn nhàn là nhàn rỗi ấy cháu", "Vũ Thị Nhàn");
        check("con tên thy tê hát y dài", "Thy");
        check("em ơi chị là thu hà trịnh thị thu hà", "Trịnh Thị Thu Hà");
        check("dạ bác sĩ hà minh triết ạ", "Hà Minh Triết");
        check("ờ thì nguyễn nguyễn thị sen", "Nguyễn Thị Sen");
        check("cứ ghi cô hạnh là được rồi", "Hạnh");
        check("con là út dạ tên trong giấy là phùng thị mỹ hạnh", "Phùng Thị Mỹ Hạnh");
        check("tôi là bùi minh tuấn à không bùi minh toàn", "Bùi Minh Toàn");
        check("tên là khúc hải đăng", "Khúc Hải Đăng");
        check("tôi là lê hoa đăng ký tiêm", "Lê Hoa");
        check("tui là dương thị bé ba", "Dương Thị Bé Ba");
        check("tui là dương thị bé ba người ở nhà trọ", "Dương Thị Bé");
        check("em tên ông gia mẫn", "Ông Gia Mẫn");
        check("tên ông là trần minh tuấn", "Trần Minh Tuấn");
        check("tên ông trần minh tuấn", "Trần Minh Tuấn");
        check("ghi là ông minh tuấn", "Minh Tuấn");
        check("con là y blơm niê người ê đê ạ", "Y Blơm Niê");
        check("tôi là y tá lê hoa", "Lê Hoa");
        check("tôi không muốn nói tên", "");
        check("dạ hông nói tên đâu chị ơi sợ người ta trả thù", "");
        check("cho em giấu tên được không ạ", "");
        check("đường lê văn sỹ phường mười bốn", "");
        check("", "");
    }
}
