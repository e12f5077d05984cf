//! What the need classifier looks at in a sentence.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Bins and weights, the weights' squares adding up to 1.
pub(super) type Features = Vec<(u32, f32)>;

/// Words, pairs, words without their marks, and pieces of words, hashed into `bins`.
pub(super) fn features(said: &[String], bins: usize) -> Features {
    let mut found: Vec<(u64, f32)> = vec![(hash(0, ""), 0.5)];
    let mut add = |kind: u8, text: &str, weight: f32| found.push((hash(kind, text), weight));
    let plain: Vec<String> = said.iter().map(|t| without_marks(t)).collect();
    for (word, plain) in said.iter().zip(&plain) {
        add(1, word, 1.0);
        add(2, plain, 1.0);
        pieces(plain, |piece| add(3, piece, 0.5));
    }
    for pair in said.windows(2) {
        add(4, &pair.join(" "), 1.0);
    }
    for pair in plain.windows(2) {
        add(5, &pair.join(" "), 0.7);
    }
    let mut binned: Features =
        found.into_iter().map(|(h, w)| ((h % bins as u64) as u32, w)).collect();
    binned.sort_by_key(|(bin, _)| *bin);
    binned.dedup_by_key(|(bin, _)| *bin);
    let norm = binned.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
    binned.iter_mut().for_each(|(_, w)| *w /= norm);
    binned
}

/// Letters without tone and accent marks: what is left when they were heard wrongly.
fn without_marks(token: &str) -> String {
    let bare = token.nfd().filter(|c| !is_combining_mark(*c));
    bare.map(|c| if c == 'đ' { 'd' } else { c }).collect()
}

/// Runs of three to five letters, the word's ends marked.
fn pieces(word: &str, mut add: impl FnMut(&str)) {
    let marked: Vec<char> =
        std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
    for n in 3..=5 {
        for run in marked.windows(n) {
            add(&run.iter().collect::<String>());
        }
    }
}

/// FNV-1a.
fn hash(kind: u8, text: &str) -> u64 {
    let bytes = std::iter::once(kind).chain(text.bytes());
    let mixed = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mixed ^ (mixed >> 32)
}
