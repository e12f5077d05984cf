//! Answers about words that are asked for again and again while one utterance is read.

use std::collections::BTreeMap;
use std::sync::Mutex;

/// Questions kept; then it begins anew.
const WORDS_MAX: usize = 4_096;

/// What was found out about words. Forgetting changes nothing but time.
#[derive(Debug)]
pub(super) struct Memo<T>(Mutex<BTreeMap<String, T>>);

impl<T> Default for Memo<T> {
    fn default() -> Memo<T> {
        Memo(Mutex::default())
    }
}

impl<T: Clone> Memo<T> {
    /// What is known of `word`, or what `find` tells of it.
    pub(super) fn of(&self, word: &str, find: impl FnOnce() -> T) -> T {
        // A panic elsewhere left the map whole: single insertions only.
        let lock = || self.0.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(known) = lock().get(word) {
            return known.clone();
        }
        let found = find();
        let mut known = lock();
        if known.len() >= WORDS_MAX {
            known.clear();
        }
        known.insert(word.into(), found.clone());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_asked_once_and_memory_is_bounded() {
        let memo = Memo::default();
        assert_eq!(memo.of("a", || 0.5), 0.5);
        assert_eq!(memo.of("a", || unreachable!("known")), 0.5);
        for i in 0..3 * WORDS_MAX {
            memo.of(&i.to_string(), || i as f32);
        }
        assert!(memo.0.lock().is_ok_and(|known| known.len() <= WORDS_MAX));
        assert_eq!(memo.of("7", || 7.0), 7.0);
    }
}
