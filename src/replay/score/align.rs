//! Which word was heard as which.

/// One step of an alignment; indexes into what was said and what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Heard as said.
    Right(usize, usize),
    /// Heard as something else.
    Substituted(usize, usize),
    /// Not heard.
    Deleted(usize),
    /// Heard though not said.
    Inserted(usize),
}

/// What one edit costs; how unlike the two words of a substitution are comes on top, and never
/// reaches the cost of another edit.
const EDIT: u64 = 1 << 32;
const UNLIKE: f64 = 1e4;

/// The alignment with the fewest edits (Levenshtein); of several, the one that pairs the words
/// that are spelled most alike.
pub fn align(said: &[String], heard: &[String]) -> Vec<Step> {
    let width = heard.len() + 1;
    let mut cost = vec![0u64; (said.len() + 1) * width];
    for (j, cell) in cost.iter_mut().take(width).enumerate() {
        *cell = j as u64 * EDIT;
    }
    let pair = |i: usize, j: usize| match said[i] == heard[j] {
        true => 0,
        false => EDIT + (UNLIKE * unlike(&said[i], &heard[j])) as u64,
    };
    for i in 1..=said.len() {
        cost[i * width] = i as u64 * EDIT;
        for j in 1..width {
            let both = cost[(i - 1) * width + j - 1] + pair(i - 1, j - 1);
            let one = cost[(i - 1) * width + j].min(cost[i * width + j - 1]) + EDIT;
            cost[i * width + j] = both.min(one);
        }
    }
    let (mut i, mut j) = (said.len(), heard.len());
    let mut steps = Vec::new();
    while i > 0 || j > 0 {
        let here = cost[i * width + j];
        if i > 0 && j > 0 && here == cost[(i - 1) * width + j - 1] + pair(i - 1, j - 1) {
            (i, j) = (i - 1, j - 1);
            let right = said[i] == heard[j];
            steps.push(if right { Step::Right(i, j) } else { Step::Substituted(i, j) });
        } else if i > 0 && here == cost[(i - 1) * width + j] + EDIT {
            i -= 1;
            steps.push(Step::Deleted(i));
        } else {
            j -= 1;
            steps.push(Step::Inserted(j));
        }
    }
    steps.reverse();
    steps
}

/// 0 for the same letters, 1 for none in common.
fn unlike(a: &str, b: &str) -> f64 {
    let letters =
        |s: &str| -> Vec<char> { unicode_normalization::UnicodeNormalization::nfd(s).collect() };
    let (a, b) = (letters(a), letters(b));
    super::text::compare(&a, &b).edits as f64 / a.len().max(b.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Deleted, Inserted, Right, Substituted};

    #[test]
    fn few_edits_and_alike_words() {
        let check = |said: &str, heard: &str, want: &[Step]| {
            let words = |s: &str| s.split_whitespace().map(str::to_string).collect::<Vec<_>>();
            assert_eq!(align(&words(said), &words(heard)), want, "{said} / {heard}");
        };
        check("a b", "a b", &[Right(0, 0), Right(1, 1)]);
        check("", "a", &[Inserted(0)]);
        check("a", "", &[Deleted(0)]);
        // Two ways with two edits: "ba" belongs to "bà", wherever the deletion is.
        check("bà cụ", "ba", &[Substituted(0, 0), Deleted(1)]);
        check("cụ bà", "ba", &[Deleted(0), Substituted(1, 0)]);
        check("a b c", "a x c d", &[Right(0, 0), Substituted(1, 1), Right(2, 2), Inserted(3)]);
    }

    #[test]
    fn as_many_edits_as_the_distance() {
        let words = |n: usize| (0..9).map(|i| ((i * n + i / 2) % 4).to_string()).collect();
        for n in 1..20 {
            let (said, heard): (Vec<String>, Vec<String>) = (words(n), words(n * 7 + 1));
            let edits = align(&said, &heard).iter().filter(|s| !matches!(s, Right(..))).count();
            assert_eq!(edits, super::super::text::compare(&said, &heard).edits);
        }
    }
}
