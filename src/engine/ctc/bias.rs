//! Leaning towards expected phrases: a trie walked beside each hypothesis.

use super::vocab::{Token, Vocab};
use crate::speech::Bonus;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

/// Lists of phrases kept as tries: each question of a hotline has its own.
const TRIES_MAX: usize = 32;

struct MadeTrie {
    phrases: Vec<String>,
    bonus: Bonus,
    trie: Option<Arc<PhraseTrie>>,
}

/// Tries made once for each list of phrases and shared by every turn and thread.
#[derive(Default)]
pub struct Tries {
    made: Mutex<VecDeque<MadeTrie>>,
}

impl Tries {
    /// The trie of `phrases`; `None` when the model can say none of them. 2,000 phrases take
    /// 5 ms the first time.
    pub fn of(&self, phrases: &[String], vocab: &Vocab, bonus: Bonus) -> Option<Arc<PhraseTrie>> {
        if phrases.is_empty() {
            return None;
        }
        let mut made = self.made.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(known) = made.iter().find(|m| m.bonus == bonus && m.phrases == phrases) {
            return known.trie.clone();
        }
        let trie = PhraseTrie::new(phrases, vocab, bonus).map(Arc::new);
        if made.len() >= TRIES_MAX {
            made.pop_front();
        }
        made.push_back(MadeTrie { phrases: phrases.to_vec(), bonus, trie: trie.clone() });
        trie
    }
}

/// A trie of phrases. Node 0 is its root.
pub struct PhraseTrie {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    next: HashMap<Token, u32>,
    /// The bonus lent from the root to here, while a phrase may still come of it.
    worth: f32,
    /// What is earned for good because a phrase ends here.
    earned: Option<f32>,
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
    pub fn new(phrases: &[String], vocab: &Vocab, bonus: Bonus) -> Option<PhraseTrie> {
        let mut trie = PhraseTrie { nodes: vec![Node::default()] };
        for tokens in phrases.iter().filter_map(|p| vocab.encode(p)) {
            let words = tokens.iter().filter(|&&t| vocab.starts_word(t)).count();
            trie.insert(&tokens, if words > 1 { bonus.token } else { bonus.word });
        }
        (trie.nodes.len() > 1).then_some(trie)
    }

    fn insert(&mut self, tokens: &[Token], bonus: f32) {
        let (mut at, mut worth) = (0, 0.0);
        for &token in tokens {
            at = match self.nodes[at].next.get(&token) {
                Some(&next) => next as usize,
                None => {
                    let new = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].next.insert(token, new as u32);
                    new
                }
            };
            worth += bonus;
            self.nodes[at].worth = self.nodes[at].worth.max(worth);
        }
        self.nodes[at].earned = Some(worth);
    }

    /// The place after `token` and what that adds to the hypothesis; negative when a phrase that
    /// was begun is given up. `starts_word` says whether `token` begins a word: a phrase that runs
    /// on inside its last word was not that phrase.
    pub fn advance(&self, place: Place, token: Token, starts_word: bool) -> (Place, f32) {
        let here = &self.nodes[place.node as usize];
        if let Some(&next) = here.next.get(&token) {
            let there = &self.nodes[next as usize];
            let kept = there.earned.unwrap_or(place.kept);
            return (Place { node: next, kept }, there.worth - here.worth);
        }
        let kept = if here.earned.is_some() && !starts_word { 0.0 } else { place.kept };
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

    const TWO: Bonus = Bonus { token: 2.0, word: 2.0 };

    /// What a hypothesis of `tokens` gains in all, under the phrases "không đúng" and "có".
    fn check(tokens: &[Token], want: f32) {
        let vocab = small();
        let phrases = ["không đúng".to_string(), "có".into(), "xin".into()];
        let trie = PhraseTrie::new(&phrases, &vocab, TWO).unwrap();
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

    /// "có" ends a phrase worth little and begins one worth much.
    #[test]
    fn one_word_earns_less_than_a_phrase_of_several() {
        let (vocab, bonus) = (small(), Bonus { token: 3.0, word: 0.5 });
        let check = |phrases: [&str; 2]| {
            let trie = PhraseTrie::new(&phrases.map(String::from), &vocab, bonus).unwrap();
            let (one, first) = trie.advance(Place::default(), 1, true);
            assert_eq!(first + trie.finish(one), 0.5);
            let (two, second) = trie.advance(one, 2, true);
            assert_eq!(first + second + trie.finish(two), 6.0);
        };
        check(["có", "có không"]);
        check(["có không", "có"]);
    }

    #[test]
    fn a_list_is_made_once() {
        let (vocab, tries) = (small(), Tries::default());
        let list = |n: usize| vec!["có không".to_string(); n];
        let one = tries.of(&list(1), &vocab, TWO).unwrap();
        assert!(Arc::ptr_eq(&one, &tries.of(&list(1), &vocab, TWO).unwrap()));
        assert!(!Arc::ptr_eq(&one, &tries.of(&list(1), &vocab, Bonus::OPEN).unwrap()));
        (2..=TRIES_MAX + 1).for_each(|n| drop(tries.of(&list(n), &vocab, TWO)));
        assert_eq!(tries.made.lock().unwrap().len(), TRIES_MAX);
        assert!(tries.of(&[], &vocab, TWO).is_none());
    }

    #[test]
    fn no_phrase_no_trie() {
        assert!(PhraseTrie::new(&[], &small(), TWO).is_none());
        assert!(PhraseTrie::new(&["xin".into()], &small(), TWO).is_none());
    }
}
