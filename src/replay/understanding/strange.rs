//! Texts nobody says, made by chance: what no reader may stumble over.

use rand::Rng;
use rand::seq::IndexedRandom;

/// Characters of the longest text: what a recogniser that loops gives in an hour.
const CHARS_MAX: usize = 100_000;
/// Words of the longest talk.
const WORDS_MAX: usize = 3_000;

/// Kinds of strange texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strange {
    /// The language's own words in any order.
    Salad,
    /// One or two words again and again.
    Loop,
    /// Words cut and glued anywhere, with marks between.
    Broken,
    /// Any characters of Unicode.
    Characters,
    /// Digits and what stands between digits.
    Digits,
    /// A word without end.
    OneWord,
}

impl Strange {
    /// All kinds.
    pub const ALL: [Strange; 6] = [
        Strange::Salad,
        Strange::Loop,
        Strange::Broken,
        Strange::Characters,
        Strange::Digits,
        Strange::OneWord,
    ];

    /// A text of this kind; `words` are the language's own.
    pub fn text(self, words: &[&str], rng: &mut impl Rng) -> String {
        // As many short ones as long ones.
        let size = |most: usize, rng: &mut dyn rand::RngCore| {
            let top = (most as f64).ln();
            (rng.random::<f64>() * top).exp() as usize
        };
        let word = |rng: &mut dyn rand::RngCore| words.choose(rng).copied().unwrap_or("a");
        match self {
            Strange::Salad => {
                (0..size(WORDS_MAX, rng)).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
            }
            Strange::Loop => {
                let pair = [word(rng), word(rng)];
                let all = (0..size(WORDS_MAX, rng)).map(|i| pair[i % rng.random_range(1..=2)]);
                all.collect::<Vec<_>>().join(" ")
            }
            Strange::Broken => {
                let mut text = String::new();
                for _ in 0..size(WORDS_MAX, rng) {
                    let word: Vec<char> = word(rng).chars().collect();
                    text.extend(&word[rng.random_range(0..=word.len())..]);
                    let between = ["", " ", "-", ".", "'", "/", ", ", "\u{301}", "\u{200d}", "\n"];
                    text += between.choose(rng).copied().unwrap_or("");
                }
                text
            }
            Strange::Characters => {
                (0..size(CHARS_MAX, rng)).map(|_| rng.random::<char>()).collect()
            }
            Strange::Digits => {
                let marks: Vec<char> = "0123456789 +-/.,()٣५".chars().collect();
                let count = size(CHARS_MAX, rng);
                (0..count).filter_map(|_| marks.choose(rng)).collect()
            }
            Strange::OneWord => word(rng).repeat(size(CHARS_MAX / 10, rng)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn the_same_seed_gives_the_same_and_texts_end() {
        let words = ["số", "mười", "hai"];
        for kind in Strange::ALL {
            let texts = |seed| {
                let mut rng = StdRng::seed_from_u64(seed);
                (0..50).map(|_| kind.text(&words, &mut rng)).collect::<Vec<_>>()
            };
            assert_eq!(texts(1), texts(1), "{kind:?}");
            assert_ne!(texts(1), texts(2), "{kind:?}");
            assert!(texts(3).iter().all(|t| t.chars().count() <= CHARS_MAX), "{kind:?}");
        }
    }
}
