//! What a caller said, from all the times it was heard.
//!
//! Each place of the newest answer gathers what its own alternatives and earlier answers have
//! there (a confusion network: Mangu, Brill and Stolcke, Computer Speech and Language 14(4), 2000;
//! voting between transcripts: Fiscus, ASRU 1997), and, where it is doubtful, closed-class words
//! that sound like it. The likeliest words are the text; every other likely word is an alternative
//! with that one word changed.

use super::text::tokens;
use super::{Grammar, Words};
use crate::speech::{Alternative, Transcript, Word};
use std::collections::BTreeMap;

/// Words of one answer that are looked at.
const WORDS_MAX: usize = 90;
/// Alternatives given back.
const ALTERNATIVES_MAX: usize = 8;
/// Engines are surer of wrong words than they should be; this power of their confidence is about
/// how often such words are right.
const SURENESS: f32 = 1.5;
/// Of wrong words, those that stand right in one of the alternatives.
const FOUND: f32 = 0.35;
/// Of wrong words, those that are one certain word that sounds the same, and any other one.
const ALIKE: f32 = 0.04;
const OTHER: f32 = 0.002;
/// The share of wrong words that none of those gathered is.
const UNKNOWN: f32 = 0.3;
/// How often a word that was said is not heard at all, and one that was not said is heard.
const DELETED: f32 = 0.06;
const INSERTED: f32 = 0.08;
/// How much commoner closed-class words are than other words that sound like what was heard.
const CLOSED: f32 = 4.0;
/// How likely a word is right that a reading has and the best hypothesis has not.
const UNHEARD: f32 = 0.5;
/// Letters that a word keeps in all its cases, at least, and those of its ending, at most.
const STEM_MIN: usize = 3;
const ENDING_MAX: usize = 3;
/// Readings of doubtful words are no surer than this, which calls for a question.
const ASKED: f32 = 0.5;
/// Places surer than this need no words that were not heard.
const SURE: f32 = 0.9;
/// A closed-class word must sound so much alike.
const LIKENESS_MIN: f32 = 0.5;
/// Words likelier than this are told.
const SHARE_MIN: f32 = 0.03;
/// What an alignment gains by a pair of the same word, and loses by a word without its like.
const UNPAIRED: f32 = -0.5;
const UNLIKE: f32 = 0.7;
/// Answers that share so much of their words are the same said again, to both ends.
const REPEATED_MIN: f32 = 0.4;
/// Earlier answers that share fewer words with the newest one are about something else.
const SHARED_MIN: usize = 2;

/// What `newest` says in the light of `earlier` answers of the same caller.
pub fn combined(newest: &Transcript, earlier: &[Transcript], grammar: &Grammar) -> Transcript {
    let plain = newest.words.is_empty() && newest.alternatives.is_empty();
    if (plain && earlier.is_empty()) || newest.text.trim().is_empty() {
        return newest.clone();
    }
    let mut places = heard_in(newest);
    for other in earlier.iter().rev() {
        join(&mut places, heard_in(other));
    }
    let closed = &grammar.closed_words;
    let weighed: Vec<Weighed> = places.iter().map(|p| weigh(p, closed)).collect();
    transcript(&weighed)
}

/// As sure as a reading of `heard` may be that is made of `words`, its neighbours included: as sure
/// as the most doubtful of them, but always sure enough to ask the caller.
pub(super) fn certainty(heard: &Transcript, words: &[String], grammar: &Grammar) -> f32 {
    if heard.words.is_empty() {
        return 1.0;
    }
    let mut sure: BTreeMap<String, f32> = BTreeMap::new();
    for word in &heard.words {
        let best = sure.entry(folded(&word.text)).or_default();
        *best = best.max(sureness(word.confidence));
    }
    let forms = grammar.inflects_persons() || !grammar.words.joined_names.families.is_empty();
    let inflected = |word: &String| {
        let near = sure.iter().filter(|(heard, _)| forms && is_form_of(heard, word));
        near.map(|(_, sure)| *sure).reduce(f32::max)
    };
    let each = words.iter().map(|w| sure.get(w).copied().or_else(|| inflected(w)));
    let each = each.map(|sure| sure.unwrap_or(UNHEARD));
    each.fold(1.0, f32::min).max(ASKED)
}

/// True for a word that was heard in another case, or with particles behind it.
fn is_form_of(heard: &str, word: &str) -> bool {
    let same = heard.chars().zip(word.chars()).take_while(|(a, b)| a == b).count();
    let letters = word.chars().count();
    same == letters || same >= STEM_MIN.max(letters.saturating_sub(ENDING_MAX))
}

/// A word and its letters without marks.
pub(super) type ClosedWord = (String, Vec<char>);

/// The single words that addresses, numbers and names are held together by, sorted.
pub(super) fn closed_words(words: &Words) -> Vec<ClosedWord> {
    let address = &words.address;
    let units = address.units.values().map(|u| &u.before);
    let house = address.house_parts.iter().map(|p| &p.said);
    let lists = [
        &address.street_before,
        &address.number,
        &address.groups,
        &address.hamlets,
        &words.family_names,
        &words.middle_marks,
        &words.name_words,
    ];
    let lists = lists.into_iter().chain(units).chain(house).flatten();
    let phrases = lists.flat_map(|p| p.split(' ')).chain(words.numbers.values.keys().map(|k| &**k));
    let mut all: Vec<String> = phrases.map(str::to_string).collect();
    all.sort();
    all.dedup();
    let with_letters = |word: String| {
        let letters = bare(&word);
        (word, letters)
    };
    all.into_iter().map(with_letters).collect()
}

/// One hearing of one place.
#[derive(Debug, Clone)]
struct Vote {
    /// `None`: nothing was heard there.
    word: Option<String>,
    /// How likely it is right.
    sure: f32,
    /// What its alternatives have there.
    others: Vec<Option<String>>,
}

type Place = Vec<Vote>;

/// The likely words of one place with their shares, best first.
type Weighed = Vec<(Option<String>, f32)>;

fn sureness(confidence: f32) -> f32 {
    confidence.clamp(0.02, 0.99).powf(SURENESS)
}

/// A transcript as places of one vote each.
fn heard_in(heard: &Transcript) -> Vec<Place> {
    let words: Vec<&str> = heard.text.split_whitespace().take(WORDS_MAX).collect();
    let own = words.iter().copied().eq(heard.words.iter().map(|w| w.text.as_str()).take(WORDS_MAX));
    let confidence = |i: usize| if own { heard.words[i].confidence } else { heard.confidence };
    let vote = |(i, word): (usize, &&str)| Vote {
        word: Some(word.to_string()),
        sure: sureness(confidence(i)),
        others: Vec::new(),
    };
    let mut places: Vec<Place> = words.iter().enumerate().map(|p| vec![vote(p)]).collect();
    for alternative in &heard.alternatives {
        let other: Vec<&str> = alternative.text.split_whitespace().take(WORDS_MAX).collect();
        let mut joined = Vec::with_capacity(places.len());
        for (left, right) in aligned(&firsts(&places), &other, false) {
            let word = right.map(|j| other[j].to_string());
            let mut place = match left {
                Some(i) => std::mem::take(&mut places[i]),
                None => vec![Vote { word: None, sure: 1.0 - INSERTED, others: Vec::new() }],
            };
            if place[0].word != word && !place[0].others.contains(&word) {
                place[0].others.push(word);
            }
            joined.push(place);
        }
        places = joined;
    }
    places
}

/// What was heard first at each place.
fn firsts(places: &[Place]) -> Vec<&str> {
    places.iter().map(|p| p.iter().find_map(|v| v.word.as_deref()).unwrap_or("")).collect()
}

/// Lets the votes of `others` count at the places of the same words.
fn join(places: &mut Vec<Place>, mut others: Vec<Place>) {
    let pairs = {
        let (left, right) = (firsts(places), firsts(&others));
        let same = |pairs: &[Pair]| {
            let both = pairs.iter().filter_map(|(i, j)| Some((left[(*i)?], right[(*j)?])));
            both.filter(|(a, b)| !a.is_empty() && folded(a) == folded(b)).count()
        };
        let whole = aligned(&left, &right, false);
        let pairs = if same(&whole) as f32 >= REPEATED_MIN * left.len().max(right.len()) as f32 {
            whole
        } else {
            aligned(&left, &right, true)
        };
        if same(&pairs) < SHARED_MIN {
            return;
        }
        pairs
    };
    let hearings = places.iter().map(Vec::len).max().unwrap_or(1);
    let mut joined = Vec::with_capacity(places.len());
    let from = pairs.iter().find_map(|p| p.0).unwrap_or(0);
    let to = pairs.iter().rev().find_map(|p| p.0).map_or(0, |i| i + 1);
    joined.extend(places.drain(..from));
    let nothing = Vote { word: None, sure: 1.0 - DELETED, others: Vec::new() };
    let mut own = places.drain(..to - from).map(Some).collect::<Vec<_>>();
    for (left, right) in pairs {
        let mut place = match left {
            Some(i) => own[i - from].take().unwrap_or_default(),
            None => vec![nothing.clone(); hearings],
        };
        place.extend(match right {
            Some(j) => std::mem::take(&mut others[j]),
            None => vec![nothing.clone()],
        });
        joined.push(place);
    }
    joined.append(places);
    *places = joined;
}

/// The words a place may be, by all its votes.
fn weigh(place: &Place, closed: &[ClosedWord]) -> Weighed {
    let mut words: Vec<Option<String>> = Vec::new();
    for word in place.iter().flat_map(|v| std::iter::once(&v.word).chain(&v.others)) {
        if !words.iter().any(|w| same_word(w, word)) {
            words.push(word.clone());
        }
    }
    if place.iter().all(|v| v.sure < SURE) && words.iter().any(Option::is_some) {
        let heard: Vec<Vec<char>> =
            place.iter().filter_map(|v| v.word.as_deref().map(bare)).collect();
        for (word, letters) in closed {
            let alike = heard.iter().any(|h| likeness(h, letters) >= LIKENESS_MIN);
            let new = alike && !words.iter().flatten().any(|w| w == word);
            words.extend(new.then(|| Some(word.clone())));
        }
    }
    let is_closed = |word: &str| closed.binary_search_by(|(w, _)| w.as_str().cmp(word)).is_ok();
    let commoner = |word: &Option<String>| word.as_deref().is_some_and(is_closed);
    let weight = |word: &Option<String>| {
        let said: f32 = place.iter().map(|vote| chance(vote, word)).product();
        said * if commoner(word) { CLOSED } else { 1.0 }
    };
    let weights: Vec<f32> = words.iter().map(weight).collect();
    let unknown: f32 = place.iter().map(|v| UNKNOWN * (1.0 - v.sure)).product();
    let sum: f32 = weights.iter().sum::<f32>() + unknown;
    let shares = weights.iter().map(|w| w / sum.max(f32::MIN_POSITIVE));
    let mut weighed: Weighed = words.into_iter().zip(shares).collect();
    weighed.sort_by(|a, b| b.1.total_cmp(&a.1));
    weighed.retain(|(_, share)| *share >= SHARE_MIN / 3.0);
    weighed
}

/// How likely `vote` is where `word` was said.
fn chance(vote: &Vote, word: &Option<String>) -> f32 {
    let wrong = 1.0 - vote.sure;
    if same_word(&vote.word, word) {
        return vote.sure;
    }
    if vote.others.iter().any(|o| same_word(o, word)) {
        return wrong * FOUND / vote.others.len() as f32;
    }
    match (&vote.word, word) {
        (Some(heard), Some(said)) => {
            wrong * (OTHER + ALIKE * likeness(&bare(heard), &bare(said)).powi(2))
        }
        (None, _) => DELETED,
        (_, None) => wrong * INSERTED,
    }
}

fn same_word(a: &Option<String>, b: &Option<String>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a == b || folded(a) == folded(b),
        (None, None) => true,
        _ => false,
    }
}

fn folded(word: &str) -> String {
    tokens(word).concat()
}

/// The likeliest words, and beside them whatever else is likely, one change each.
fn transcript(places: &[Weighed]) -> Transcript {
    let best: Vec<&(Option<String>, f32)> = places.iter().filter_map(|p| p.first()).collect();
    let scale = |share: f32| share.clamp(0.0, 1.0).powf(1.0 / SURENESS);
    let mut words: Vec<Word> = Vec::new();
    for (text, share) in best.iter().filter_map(|(w, s)| Some((w.clone()?, *s))) {
        words.push(Word { text, start_ms: 0, end_ms: 0, confidence: scale(share) });
    }
    let sum: f32 = words.iter().map(|w| w.confidence).sum();
    let confidence = sum / words.len().max(1) as f32;
    let mut others: Vec<(f32, usize, &Option<String>)> = Vec::new();
    for (at, place) in places.iter().filter(|p| !p.is_empty()).enumerate() {
        let likely = place[1..].iter().filter(|(_, share)| *share >= SHARE_MIN);
        others.extend(likely.map(|(word, share)| (share / place[0].1, at, word)));
    }
    others.sort_by(|a, b| b.0.total_cmp(&a.0));
    others.truncate(ALTERNATIVES_MAX);
    let text = |change: Option<(usize, &Option<String>)>| {
        let word = |(i, place): (usize, &&(Option<String>, f32))| match change {
            Some((at, word)) if at == i => word.clone(),
            _ => place.0.clone(),
        };
        best.iter().enumerate().filter_map(word).collect::<Vec<_>>().join(" ")
    };
    let alternatives = others.iter().map(|(ratio, at, word)| Alternative {
        text: text(Some((*at, word))),
        confidence: confidence * ratio.min(1.0),
    });
    Transcript { alternatives: alternatives.collect(), text: text(None), confidence, words }
}

type Pair = (Option<usize>, Option<usize>);

/// Which words of `left` and of `right` belong together, in order; `local`ly only the stretch that
/// is the most alike (Smith and Waterman, J. Mol. Biol. 147, 1981).
fn aligned(left: &[&str], right: &[&str], local: bool) -> Vec<Pair> {
    let width = right.len() + 1;
    let mut letters: BTreeMap<&str, (String, Vec<char>)> = BTreeMap::new();
    for word in left.iter().chain(right) {
        letters.entry(word).or_insert_with(|| (folded(word), bare(word)));
    }
    let pair = |i: usize, j: usize| {
        let (a, b) = (&letters[left[i]], &letters[right[j]]);
        if a.0 == b.0 { 1.0 } else { ends_alike(&a.1, &b.1) - UNLIKE }
    };
    let mut score = vec![0.0f32; (left.len() + 1) * width];
    let edge = |n: usize| if local { 0.0 } else { n as f32 * UNPAIRED };
    (1..width).for_each(|j| score[j] = edge(j));
    let (mut best, mut end) = (0.0, (0, 0));
    for i in 1..=left.len() {
        score[i * width] = edge(i);
        for j in 1..width {
            let both = score[(i - 1) * width + j - 1] + pair(i - 1, j - 1);
            let one = score[(i - 1) * width + j].max(score[i * width + j - 1]) + UNPAIRED;
            let here = both.max(one).max(if local { 0.0 } else { f32::MIN });
            score[i * width + j] = here;
            if here > best {
                (best, end) = (here, (i, j));
            }
        }
    }
    let (mut i, mut j) = if local { end } else { (left.len(), right.len()) };
    let mut pairs = Vec::new();
    while (i > 0 || j > 0) && !(local && score[i * width + j] <= 0.0) {
        let here = score[i * width + j];
        if i > 0 && j > 0 && here == score[(i - 1) * width + j - 1] + pair(i - 1, j - 1) {
            (i, j) = (i - 1, j - 1);
            pairs.push((Some(i), Some(j)));
        } else if i > 0 && (j == 0 || here == score[(i - 1) * width + j] + UNPAIRED) {
            i -= 1;
            pairs.push((Some(i), None));
        } else {
            j -= 1;
            pairs.push((None, Some(j)));
        }
    }
    pairs.reverse();
    pairs
}

/// Letters without marks.
fn bare(word: &str) -> Vec<char> {
    use unicode_normalization::UnicodeNormalization;
    let mark = unicode_normalization::char::is_combining_mark;
    let plain = |c: char| if c == 'đ' { 'd' } else { c };
    word.nfd().filter(|c| !mark(*c)).flat_map(char::to_lowercase).map(plain).collect()
}

/// 0..=1: how much of two words is the same at their beginnings and ends.
fn ends_alike(a: &[char], b: &[char]) -> f32 {
    let most = a.len().min(b.len());
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (head + tail).min(most) as f32 / a.len().max(b.len()).max(1) as f32
}

/// 0..=1: how alike the words of bare letters `a` and `b` sound; with other marks, words are nearly
/// the same.
fn likeness(a: &[char], b: &[char]) -> f32 {
    0.95 * ends_alike(a, b)
}

#[cfg(test)]
mod tests {
    use super::super::tests::grammar;
    use super::*;

    /// Words with their confidences: `lê:0.9 lỡi:0.4`.
    fn heard(said: &str, alternatives: &[&str]) -> Transcript {
        let words: Vec<Word> = said
            .split(' ')
            .map(|w| {
                let (text, sure) = w.split_once(':').unwrap_or((w, "0.97"));
                let confidence = sure.parse().unwrap();
                Word { text: text.into(), start_ms: 0, end_ms: 0, confidence }
            })
            .collect();
        let text = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
        let other = |t: &&str| Alternative { text: t.to_string(), confidence: 0.1 };
        let alternatives = alternatives.iter().map(other).collect();
        Transcript { text, confidence: 0.8, words, alternatives }
    }

    #[test]
    fn hearings_vote() {
        let vietnamese = grammar("vi", "VN");
        let check = |newest: Transcript, earlier: &[Transcript], want: &str| {
            let got = combined(&newest, earlier, &vietnamese);
            assert_eq!(got.text, want, "{} {got:?}", newest.text);
        };
        let newest = || heard("ở số bảy đường lê lỡi:0.4 phường bến nghé", &[]);
        // Said twice: the surer hearing counts, and what only one of them missed is there.
        check(
            newest(),
            &[heard("số bảy lê lợi phường bến ngé:0.3", &[])],
            "ở số bảy đường lê lợi phường bến nghé",
        );
        // The end of a story of other words.
        let story = heard("tôi tên nam nhà hết gạo rồi số bảy đường lê lợi", &[]);
        check(newest(), &[story], "ở số bảy đường lê lợi phường bến nghé");
        // About something else.
        check(newest(), &[heard("tôi tên là nam", &[])], "ở số bảy đường lê lỡi phường bến nghé");
        check(heard("", &[]), &[newest()], "");
    }

    #[test]
    fn likely_words_are_alternatives() {
        let vietnamese = grammar("vi", "VN");
        let newest = heard("đường lê lai:0.7 bến:0.6 nghé", &["đường lê lợi bến nghé"]);
        let got = combined(&newest, &[], &vietnamese);
        assert_eq!(got.text, newest.text);
        assert!(got.alternatives.iter().any(|a| a.text == "đường lê lợi bến nghé"), "{got:?}");
        // What nobody heard and sounds like it.
        let got = combined(&heard("phưởn:0.3 bến nghé", &[]), &[], &vietnamese);
        assert!(got.alternatives.iter().any(|a| a.text == "phường bến nghé"), "{got:?}");
        let plain = Transcript::plain("12 Lê Lợi.", 0.95);
        assert_eq!(combined(&plain, &[], &vietnamese), plain);
        assert!(certainty(&newest, &["lai".into(), "bến".into()], &vietnamese) < 0.55);
        assert_eq!(certainty(&plain, &["lê".into()], &vietnamese), 1.0);
        let korean = grammar("ko", "KR");
        let told = heard("이름은:0.9 박지영입니다:0.9", &[]);
        assert!(certainty(&told, &["박지영".into()], &korean) > 0.8);
        assert_eq!(certainty(&told, &["김철수".into()], &korean), ASKED);
    }
}
