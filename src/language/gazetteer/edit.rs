//! Edit distance by bit-parallel columns (Myers, J. ACM 46(3), 1999; Hyyrö's Levenshtein form).

/// Letters a pattern holds.
const LETTERS_MAX: usize = 64;

/// A text made ready to be compared with many others.
#[derive(Debug, Clone, Default)]
pub(super) struct Pattern {
    /// Each letter and the bits of its places.
    places: Vec<(char, u64)>,
    len: usize,
}

impl Pattern {
    /// Takes the first 64 letters.
    pub(super) fn new(letters: impl Iterator<Item = char>) -> Pattern {
        let mut pattern = Pattern::default();
        for c in letters.take(LETTERS_MAX) {
            let bit = 1 << pattern.len;
            match pattern.places.iter_mut().find(|(p, _)| *p == c) {
                Some((_, bits)) => *bits |= bit,
                None => pattern.places.push((c, bit)),
            }
            pattern.len += 1;
        }
        pattern
    }

    /// Insertions, deletions and substitutions between the pattern and `letters`, and the length
    /// of the longer of both.
    pub(super) fn distance(&self, letters: impl Iterator<Item = char>) -> (usize, usize) {
        if self.len == 0 {
            let other = letters.count();
            return (other, other);
        }
        let last = 1u64 << (self.len - 1);
        let (mut plus, mut minus) = (!0u64, 0u64);
        let (mut distance, mut other) = (self.len, 0);
        for c in letters {
            other += 1;
            let eq = self.places.iter().find(|(p, _)| *p == c).map_or(0, |(_, bits)| *bits);
            let vertical = eq | minus;
            let horizontal = (((eq & plus).wrapping_add(plus)) ^ plus) | eq;
            let mut up = minus | !(horizontal | plus);
            let mut down = plus & horizontal;
            if up & last != 0 {
                distance += 1;
            }
            if down & last != 0 {
                distance -= 1;
            }
            up = (up << 1) | 1;
            down <<= 1;
            plus = down | !(vertical | up);
            minus = up & vertical;
        }
        (distance, self.len.max(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The textbook table.
    fn slow(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let cost = diagonal + usize::from(x != y);
                diagonal = row[j + 1];
                row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn it_is_the_textbook_distance(a in "[a-d]{0,70}", b in "[a-d]{0,70}") {
            let a: Vec<char> = a.chars().take(LETTERS_MAX).collect();
            let b: Vec<char> = b.chars().collect();
            let got = Pattern::new(a.iter().copied()).distance(b.iter().copied());
            prop_assert_eq!(got, (slow(&a, &b), a.len().max(b.len())));
        }
    }
}
