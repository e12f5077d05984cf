//! What the need classifier looks at in a sentence.

use crate::language::without_marks;

/// Bins and weights, the weights' squares adding up to 1.
pub(super) type Features = Vec<(u32, f32)>;

/// Words, pairs, words without their marks, and pieces of words, hashed into `bins`.
pub(super) fn features(said: &[String], bins: usize) -> Features {
    let mut found: Vec<(u64, f32)> = vec![(hash(0, []), 0.5)];
    let plain: Vec<String> = said.iter().map(|t| without_marks(t)).collect();
    for (word, plain) in said.iter().zip(&plain) {
        found.push((hash(1, [word.as_str()]), 1.0));
        found.push((hash(2, [plain.as_str()]), 1.0));
        pieces(plain, |piece| found.push((piece, 0.5)));
    }
    let pairs = |words: &[String], kind: u8, weight: f32, found: &mut Vec<(u64, f32)>| {
        let hashes = words.windows(2).map(|w| hash(kind, w.iter().map(String::as_str)));
        found.extend(hashes.map(|h| (h, weight)));
    };
    pairs(said, 3, 1.0, &mut found);
    pairs(&plain, 4, 0.7, &mut found);
    let mut binned: Features =
        found.into_iter().map(|(h, w)| ((h % bins as u64) as u32, w)).collect();
    binned.sort_by_key(|(bin, _)| *bin);
    binned.dedup_by_key(|(bin, _)| *bin);
    let norm = binned.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
    binned.iter_mut().for_each(|(_, w)| *w /= norm);
    binned
}

/// Runs of three to five letters, the word's ends marked, as hashes.
fn pieces(word: &str, mut add: impl FnMut(u64)) {
    let marked: Vec<char> =
        std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
    for from in 0..marked.len() {
        let mut so_far = START ^ u64::from(b'p');
        for (i, letter) in marked[from..].iter().take(5).enumerate() {
            so_far = (so_far ^ u64::from(*letter)).wrapping_mul(PRIME);
            if i >= 2 {
                add(mixed(so_far));
            }
        }
    }
}

/// FNV-1a of words, whatever stands between them.
fn hash<'a>(kind: u8, words: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut so_far = START;
    for word in words {
        let bytes = word.bytes().chain(std::iter::once(kind));
        so_far = bytes.fold(so_far, |h, b| (h ^ u64::from(b)).wrapping_mul(PRIME));
    }
    mixed(so_far)
}

/// FNV-1a, 64 bits (draft-eastlake-fnv).
const START: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The upper bits are the better mixed.
fn mixed(hash: u64) -> u64 {
    hash ^ (hash >> 32)
}
