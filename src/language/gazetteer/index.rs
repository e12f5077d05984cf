//! Fuzzy look-up of names.
//!
//! Every name is filed under hashed keys: its plain and loose letters, these with one letter left
//! out (so that one insertion, deletion or substitution still meets), its consonants, and, word
//! by word, the name with one word reduced to how it begins or ends. A query makes the same keys;
//! whatever shares one is a candidate and is scored by the edit distance of its words.

use super::edit::Pattern;
use super::fold::{Folding, Part};
use super::vietnamese;
use crate::language::memo::Memo;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A name in a [`NameIndex`]; the same spelling is one name, whatever it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(pub(super) u32);

/// A name like the words asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Match {
    /// Which name.
    pub name: NameId,
    /// [`SIMILARITY_MIN`]..=1: 1 the same spelling, about 0.95 the same without tones and
    /// diacritics, 0.93 another case of it, 0.85 the same in another dialect, lower by edit
    /// distance.
    pub similarity: f32,
}

/// Matches below are not told.
pub const SIMILARITY_MIN: f32 = 0.6;

/// Matches told at most.
pub const MATCHES_MAX: usize = 16;

/// Words of a span that are looked at; longer spans are not names.
pub const SPAN_WORDS_MAX: usize = 10;

/// Candidates scored at most, so that no query takes long.
const CANDIDATES_MAX: usize = 192;

/// Keys shared by more names than this say nothing.
const BUCKET_MAX: usize = 128;

/// Bits of a key that choose its place in the directory.
const DIRECTORY_BITS: u32 = 16;

/// Words made ready for look-up: prepare an utterance once, look up any of its spans.
#[derive(Debug, Clone)]
pub struct Spoken {
    words: Vec<Arc<Word>>,
    /// Which of `words` each of the caller's tokens became.
    tokens: Vec<Range<usize>>,
}

/// A folded word and its loose letters as a pattern.
#[derive(Debug)]
struct Word {
    part: Part,
    pattern: Pattern,
}

/// Names that can be found by how they sound.
#[derive(Debug)]
pub struct NameIndex {
    folding: Folding,
    names: Vec<Name>,
    /// Distinct words.
    words: Vec<Part>,
    /// Words of all names, one after the other.
    name_words: Vec<u32>,
    /// Key in the high 40 bits, name in the low 24, sorted.
    keys: Vec<u64>,
    /// Where in `keys` each value of the top [`DIRECTORY_BITS`] begins; one more at the end.
    directory: Vec<u32>,
    /// What words were like: an utterance's stretches are asked for by many readers.
    asked: Memo<Vec<Match>>,
    /// Tokens folded.
    folded: Memo<Vec<Arc<Word>>>,
}

#[derive(Debug)]
struct Name {
    text: Box<str>,
    weight: u32,
    words: Range<u32>,
}

impl Spoken {
    /// Folds the caller's tokens.
    pub fn new<S: AsRef<str>>(folding: Folding, tokens: &[S]) -> Spoken {
        Spoken::of(tokens, |token| words_in(folding, token))
    }

    fn of<S: AsRef<str>>(tokens: &[S], words: impl Fn(&str) -> Vec<Arc<Word>>) -> Spoken {
        let mut spoken = Spoken { words: vec![], tokens: vec![] };
        for token in tokens {
            let start = spoken.words.len();
            spoken.words.extend(words(token.as_ref()));
            spoken.tokens.push(start..spoken.words.len());
        }
        spoken
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The folded words of a span of tokens; none for a span that is no span of them.
    fn words(&self, span: &Range<usize>) -> &[Arc<Word>] {
        match self.tokens.get(span.clone()) {
            Some([first, .., last]) => &self.words[first.start..last.end],
            Some([only]) => &self.words[only.clone()],
            _ => &[],
        }
    }
}

fn words_in(folding: Folding, token: &str) -> Vec<Arc<Word>> {
    let word = |part: Part| {
        let pattern = Pattern::new(part.loose.chars());
        Arc::new(Word { part, pattern })
    };
    folding.parts(token).into_iter().map(word).collect()
}

impl NameIndex {
    /// Files names with their weights (how common each is; 0 where that is not known). A spelling
    /// given twice becomes one name with the weights added. Also tells each given name's id.
    pub fn new<S: AsRef<str>>(folding: Folding, given: &[(S, u32)]) -> (NameIndex, Vec<NameId>) {
        let mut index = NameIndex {
            folding,
            names: vec![],
            words: vec![],
            name_words: vec![],
            keys: vec![],
            directory: vec![],
            asked: Memo::default(),
            folded: Memo::default(),
        };
        let mut ids = Vec::with_capacity(given.len());
        let mut seen: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let mut vocabulary: BTreeMap<String, u32> = BTreeMap::new();
        for (text, weight) in given {
            let words: Vec<u32> = folding
                .parts(text.as_ref())
                .into_iter()
                .map(|part| {
                    let next = index.words.len() as u32;
                    *vocabulary.entry(part.exact.clone()).or_insert_with(|| {
                        index.words.push(part);
                        next
                    })
                })
                .collect();
            let next = index.names.len() as u32;
            let id = *seen.entry(words).or_insert_with_key(|words| {
                let start = index.name_words.len() as u32;
                index.name_words.extend(words);
                let words = start..index.name_words.len() as u32;
                index.names.push(Name { text: text.as_ref().into(), weight: 0, words });
                next
            });
            let name = &mut index.names[id as usize];
            name.weight = name.weight.saturating_add(*weight);
            ids.push(NameId(id));
        }
        index.file();
        (index, ids)
    }

    fn file(&mut self) {
        let mut keys = Vec::with_capacity(self.names.len() * 16);
        let mut own = vec![];
        for id in 0..self.names.len() as u32 {
            own.clear();
            let words: Vec<&Part> = self.words_of(id).collect();
            keys_of(self.folding, &words, &mut own);
            own.sort_unstable();
            own.dedup();
            keys.extend(own.iter().map(|key| (key & !0xff_ffff) | u64::from(id & 0xff_ffff)));
        }
        keys.sort_unstable();
        let place = |key: u64| (key >> (64 - DIRECTORY_BITS)) as usize;
        let mut directory = vec![0u32; (1 << DIRECTORY_BITS) + 1];
        for key in &keys {
            directory[place(*key) + 1] += 1;
        }
        for i in 1..directory.len() {
            directory[i] += directory[i - 1];
        }
        (self.keys, self.directory) = (keys, directory);
    }

    /// How the names are folded.
    pub fn folding(&self) -> Folding {
        self.folding
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name as it is written.
    pub fn text(&self, name: NameId) -> &str {
        self.names.get(name.0 as usize).map_or("", |n| &n.text)
    }

    /// How common the name is; 0 where that is not known.
    pub fn weight(&self, name: NameId) -> u32 {
        self.names.get(name.0 as usize).map_or(0, |n| n.weight)
    }

    /// All names.
    pub fn iter(&self) -> impl Iterator<Item = NameId> + use<> {
        (0..self.names.len() as u32).map(NameId)
    }

    /// The names most like `tokens`, best first, at most [`MATCHES_MAX`].
    pub fn matches<S: AsRef<str>>(&self, tokens: &[S]) -> Vec<Match> {
        if tokens.len() > SPAN_WORDS_MAX {
            return vec![];
        }
        let said = tokens.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
        let words = |token: &str| self.folded.of(token, || words_in(self.folding, token));
        let find = || self.matches_span(&Spoken::of(tokens, words), 0..tokens.len());
        self.asked.of(&said, find)
    }

    /// The same for some of the words of an utterance that was made ready once.
    pub fn matches_span(&self, spoken: &Spoken, span: Range<usize>) -> Vec<Match> {
        let words = spoken.words(&span);
        if words.is_empty() || words.len() > SPAN_WORDS_MAX {
            return vec![];
        }
        let query = Query::new(self.folding, words);
        let mut matches: Vec<Match> = self
            .candidates(&query)
            .into_iter()
            .map(|id| Match { name: NameId(id), similarity: query.similarity(self, id) })
            .filter(|m| m.similarity >= SIMILARITY_MIN)
            .collect();
        matches.sort_unstable_by(|a, b| {
            let by_weight = || self.weight(b.name).cmp(&self.weight(a.name));
            let by_likeness = b.similarity.total_cmp(&a.similarity);
            by_likeness.then_with(by_weight).then(a.name.cmp(&b.name))
        });
        matches.truncate(MATCHES_MAX);
        matches
    }

    /// How like one name the words are, 0..=1, without a cut: to compare with the few names that
    /// the context allows.
    pub fn similarity(&self, spoken: &Spoken, span: Range<usize>, name: NameId) -> f32 {
        let words = spoken.words(&span);
        if words.is_empty() || words.len() > SPAN_WORDS_MAX || name.0 as usize >= self.names.len() {
            return 0.0;
        }
        Query::new(self.folding, words).similarity(self, name.0)
    }

    /// Names that share a key with the query, each once, those of the rarest keys first.
    fn candidates(&self, query: &Query) -> Vec<u32> {
        let mut keys = vec![];
        keys_of(self.folding, &query.parts, &mut keys);
        let mut found = Vec::with_capacity(64);
        for key in keys {
            let bucket = self.bucket(key);
            if bucket.len() <= BUCKET_MAX {
                found.extend(bucket.iter().map(|entry| (entry & 0xff_ffff) as u32));
            }
            if found.len() >= 2 * CANDIDATES_MAX {
                break;
            }
        }
        // Keys come most telling first: cut before sorting.
        found.truncate(2 * CANDIDATES_MAX);
        found.sort_unstable();
        found.dedup();
        found.truncate(CANDIDATES_MAX);
        found
    }

    fn bucket(&self, key: u64) -> &[u64] {
        let place = (key >> (64 - DIRECTORY_BITS)) as usize;
        let part = &self.keys[self.directory[place] as usize..self.directory[place + 1] as usize];
        let high = key & !0xff_ffff;
        let start = part.partition_point(|entry| *entry < high);
        let len = part[start..].iter().take_while(|entry| *entry & !0xff_ffff == high).count();
        &part[start..start + len]
    }

    fn words_of(&self, id: u32) -> impl ExactSizeIterator<Item = &Part> + Clone {
        let words = &self.names[id as usize].words;
        let ids = &self.name_words[words.start as usize..words.end as usize];
        ids.iter().map(|w| &self.words[*w as usize])
    }
}

/// The words of one span.
struct Query<'a> {
    folding: Folding,
    words: &'a [Arc<Word>],
    parts: Vec<&'a Part>,
    joined: Pattern,
}

impl<'a> Query<'a> {
    fn new(folding: Folding, words: &'a [Arc<Word>]) -> Query<'a> {
        let parts: Vec<&Part> = words.iter().map(|w| &w.part).collect();
        let joined = Pattern::new(parts.iter().flat_map(|p| p.loose.chars()));
        Query { folding, words, parts, joined }
    }

    fn similarity(&self, index: &NameIndex, id: u32) -> f32 {
        let name = index.words_of(id);
        if !numbers(self.parts.iter().copied()).eq(numbers(name.clone())) {
            return 0.0;
        }
        let by_words = if name.len() == self.words.len() && self.folding != Folding::Korean {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (spoken, named) in self.words.iter().zip(name.clone()) {
                let weight = match self.folding {
                    Folding::Vietnamese => 1.0,
                    _ => named.loose.chars().count() as f32,
                };
                sum += weight * word_similarity(self.folding, &spoken.part, &spoken.pattern, named);
                weights += weight;
            }
            sum / weights
        } else {
            0.0
        };
        // Recognisers split and join words as they like.
        if by_words >= 0.9 { by_words } else { by_words.max(self.joined_similarity(name)) }
    }

    fn joined_similarity<'n>(&self, name: impl Iterator<Item = &'n Part> + Clone) -> f32 {
        fn same<'s>(
            a: &[&Part],
            b: impl Iterator<Item = &'s Part>,
            of: impl Fn(&Part) -> &str,
        ) -> bool {
            a.iter().flat_map(|p| of(p).bytes()).eq(b.flat_map(|p| of(p).bytes()))
        }
        // `same` cannot borrow from two lifetimes through one closure type: name the fields.
        let exact = same(&self.parts, name.clone(), |p: &Part| &p.exact);
        if exact {
            return if self.folding == Folding::Korean { 1.0 } else { 0.98 };
        }
        if same(&self.parts, name.clone(), |p: &Part| &p.plain) {
            return 0.93;
        }
        let (distance, length) = self.joined.distance(name.flat_map(|p| p.loose.chars()));
        let likeness = 1.0 - distance as f32 / length.max(1) as f32;
        match self.folding {
            Folding::Vietnamese => 0.84 * likeness,
            Folding::Korean => 0.93 * likeness,
            _ => 0.88 * likeness,
        }
    }
}

fn numbers<'n>(words: impl Iterator<Item = &'n Part>) -> impl Iterator<Item = &'n str> {
    words.filter(|p| p.is_number).map(|p| p.exact.as_str())
}

fn word_similarity(folding: Folding, spoken: &Part, pattern: &Pattern, named: &Part) -> f32 {
    if spoken.exact == named.exact {
        return 1.0;
    }
    if spoken.is_number || named.is_number {
        return 0.0;
    }
    let is_vietnamese = folding == Folding::Vietnamese;
    if spoken.plain == named.plain {
        return match folding {
            Folding::Vietnamese => {
                vietnamese::same_letters_similarity(&spoken.exact, &named.exact, &named.plain)
            }
            Folding::Czech => 0.95,
            _ => 0.97,
        };
    }
    if spoken.loose == named.loose {
        return match (is_vietnamese, folding) {
            (true, _) if vietnamese::tones_clash(&spoken.exact, &named.exact) => 0.81,
            (true, _) | (_, Folding::English) => 0.86,
            _ => 0.93,
        };
    }
    let (distance, length) = pattern.distance(named.loose.chars());
    let likeness = 1.0 - distance as f32 / length.max(1) as f32;
    let clash = is_vietnamese && vietnamese::tones_clash(&spoken.exact, &named.exact);
    (if is_vietnamese { 0.84 } else { 0.88 }) * likeness - if clash { 0.04 } else { 0.0 }
}

/// Salts of the kinds of keys.
mod kind {
    pub const PLAIN: u64 = 1;
    pub const LOOSE: u64 = 2;
    pub const BONES: u64 = 3;
    pub const ONE_WORD: u64 = 4;
    pub const HEADS: u64 = 5;
    pub const TAILS: u64 = 6;
}

/// The keys of a name or a query, the most telling first.
fn keys_of(folding: Folding, words: &[&Part], keys: &mut Vec<u64>) {
    let joined = |of: fn(&Part) -> &str| {
        words.iter().flat_map(move |p| of(p).bytes()).fold(Hash::new(0), Hash::byte)
    };
    keys.push(joined(|p| &p.plain).of_kind(kind::PLAIN));
    let loose: Vec<char> = words.iter().flat_map(|p| p.loose.chars()).collect();
    with_one_left_out(&loose, 4, kind::LOOSE, keys);
    let one_word_apart = |keys: &mut Vec<u64>| {
        for (i, word) in words.iter().enumerate().filter(|(_, w)| !w.is_number) {
            for (end, kept) in [(0, word.head()), (1, word.tail())] {
                let mut hash = Hash::new(kind::ONE_WORD + 16 * (2 * i as u64 + end));
                for (j, other) in words.iter().enumerate() {
                    let text = if i == j { kept } else { other.loose.as_str() };
                    hash = text.bytes().fold(hash, Hash::byte).byte(b' ');
                }
                keys.push(hash.of_kind(kind::ONE_WORD));
            }
        }
    };
    if folding == Folding::Korean {
        return;
    }
    if words.len() > 1 {
        one_word_apart(keys);
    }
    if folding == Folding::Vietnamese {
        if words.len() > 2 {
            keys.push(joined(Part::head).of_kind(kind::HEADS + 16 * words.len() as u64));
            keys.push(joined(Part::tail).of_kind(kind::TAILS + 16 * words.len() as u64));
        }
        return;
    }
    let bones: Vec<char> = words.iter().flat_map(|p| p.bones.chars()).collect();
    with_one_left_out(&bones, 5, kind::BONES, keys);
}

/// The key of `letters`, and when they are at least `min`, of what is left without each.
fn with_one_left_out(letters: &[char], min: usize, kind: u64, keys: &mut Vec<u64>) {
    let hash = |left_out: usize| {
        let kept = letters.iter().enumerate().filter(|(i, _)| *i != left_out);
        kept.fold(Hash::new(0), |hash, (_, c)| hash.word(u64::from(*c))).of_kind(kind)
    };
    keys.push(hash(usize::MAX));
    if letters.len() < min {
        return;
    }
    for i in 0..letters.len() {
        // Leaving out either of two equal neighbours is the same.
        if i == 0 || letters[i] != letters[i - 1] {
            keys.push(hash(i));
        }
    }
}

/// A quick hash; a collision costs one more scoring, nothing else.
#[derive(Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new(seed: u64) -> Hash {
        Hash(seed ^ 0x51_7c_c1_b7_27_22_0a_95)
    }

    fn word(self, word: u64) -> Hash {
        Hash((self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn byte(self, byte: u8) -> Hash {
        self.word(u64::from(byte))
    }

    fn of_kind(self, kind: u64) -> u64 {
        let mixed = self.word(kind).0;
        (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}
