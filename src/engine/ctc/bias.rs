//! Leaning towards expected phrases: a trie walked beside each hypothesis.

use super::vocab::{Token, Vocab};
use std::collections::HashMap;

/// What each token inside an expected phrase is worth, in log probability. 2 raised telephone
/// yes/no from 97.2 to 99.3 % and found 72 instead of 68 of 79 names without inventing one.
const BONUS: f32 = 2.0;

/// A trie of phrases. Node 0 is its root.
pub struct PhraseTrie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    next: HashMap<Token, u32>,
    ends_phrase: bool,
    /// The bonus collected from the root to here.
    worth: f32,
}

/// Where in the trie a hypothesis is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Place {
    node: u32,
    /// Bonus that is earned for good because a phrase was completed on the way here.
    kept: f32,
}

impl PhraseTrie {
    /// A trie of those phrases the model can say; `None` when there is none.
    pub fn new(phrases: &[String], vocab: &Vocab) -> Option<PhraseTrie> {
        let mut trie = PhraseTrie { nodes: vec![Node::default()] };
        for tokens in phrases.iter().filter_map(|p| vocab.encode(p)) {
            trie.insert(&tokens);
        }
        (trie.nodes.len() > 1).then_some(trie)
    }

    fn insert(&mut self, tokens: &[Token]) {
        let mut at = 0;
        for &token in tokens {
            at = match self.nodes[at].next.get(&token) {
                Some(&next) => next as usize,
                None => {
                    let new = self.nodes.len();
                    let worth = self.nodes[at].worth + BONUS;
                    self.nodes.push(Node { worth, ..Node::default() });
                    self.nodes[at].next.insert(token, new as u32);
                    new
                }
            };
        }
        self.nodes[at].ends_phrase = true;
    }

    /// The place after `token` and what that adds to the hypothesis; negative when a phrase that
    /// was begun is given up. `starts_word` says whether `token` begins a word: a phrase that runs
    /// on inside its last word was not that phrase.
    pub fn advance(&self, place: Place, token: Token, starts_word: bool) -> (Place, f32) {
        let here = &self.nodes[place.node as usize];
        if let Some(&next) = here.next.get(&token) {
            let there = &self.nodes[next as usize];
            let kept = if there.ends_phrase { there.worth } else { place.kept };
            return (Place { node: next, kept }, there.worth - here.worth);
        }
        let kept = if here.ends_phrase && !starts_word { 0.0 } else { place.kept };
        let given_back = kept - here.worth;
        if place.node == 0 {
            return (Place::default(), given_back);
        }
        let (place, added) = self.advance(Place::default(), token, starts_word);
        (place, given_back + added)
    }

    /// What is taken away when the speech ends at `place`.
    pub fn finish(&self, place: Place) -> f32 {
        place.kept - self.nodes[place.node as usize].worth
    }

    /// The tokens that would carry on a phrase begun at `place`; none at the root.
    pub fn continuations(&self, place: Place) -> impl Iterator<Item = Token> + '_ {
        let begun = place.node != 0;
        self.nodes[place.node as usize].next.keys().copied().filter(move |_| begun)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocab::tests::small;
    use super::*;

    /// What a hypothesis of `tokens` gains in all, under the phrases "không đúng" and "có".
    fn check(tokens: &[Token], want: f32) {
        let vocab = small();
        let phrases = ["không đúng".to_string(), "có".into(), "xin".into()];
        let trie = PhraseTrie::new(&phrases, &vocab).unwrap();
        let (mut place, mut sum) = (Place::default(), 0.0);
        for &token in tokens {
            let (next, added) = trie.advance(place, token, vocab.starts_word(token));
            (place, sum) = (next, sum + added);
        }
        assert_eq!(sum + trie.finish(place), want, "{tokens:?}");
    }

    #[test]
    fn only_whole_phrases_are_rewarded() {
        check(&[1], 2.0);
        check(&[2, 5, 6], 6.0);
        check(&[2, 5], 0.0);
        check(&[2], 0.0);
        check(&[2, 1], 2.0);
        check(&[1, 1], 4.0);
        check(&[7, 4], 0.0);
    }

    #[test]
    fn a_phrase_that_runs_on_inside_a_word_is_not_that_phrase() {
        check(&[1, 7], 0.0);
        check(&[1, 5], 2.0);
    }

    #[test]
    fn no_phrase_no_trie() {
        assert!(PhraseTrie::new(&[], &small()).is_none());
        assert!(PhraseTrie::new(&["xin".into()], &small()).is_none());
    }
}
