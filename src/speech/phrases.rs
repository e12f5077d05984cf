//! Lists of expected phrases, shared by all turns that ask the same.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;

/// Longer lists are written to a journal as a fingerprint: a city's streets in each turn of each
/// call would be most of the journal.
const WRITTEN_MAX: usize = 64;

/// Phrases likely in an answer. Clones share the list.
#[derive(Debug, Clone)]
pub struct Phrases {
    list: Arc<[String]>,
    count: usize,
    fingerprint: u64,
}

impl Phrases {
    /// True where a journal named the list only by its fingerprint: the phrases are not here.
    pub fn is_only_named(&self) -> bool {
        self.list.len() != self.count
    }
}

impl Default for Phrases {
    fn default() -> Phrases {
        Vec::new().into()
    }
}

impl From<Vec<String>> for Phrases {
    fn from(list: Vec<String>) -> Phrases {
        let (count, fingerprint) = (list.len(), fingerprint(&list));
        Phrases { list: list.into(), count, fingerprint }
    }
}

impl std::ops::Deref for Phrases {
    type Target = [String];
    fn deref(&self) -> &[String] {
        &self.list
    }
}

/// The same phrases in the same order; a list that is only named counts by its fingerprint.
impl PartialEq for Phrases {
    fn eq(&self, other: &Phrases) -> bool {
        (self.count, self.fingerprint) == (other.count, other.fingerprint)
    }
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits, over the phrases with a line end behind each.
fn fingerprint(list: &[String]) -> u64 {
    let bytes = list.iter().flat_map(|p| p.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<String>),
    Named { count: usize, fingerprint: String },
}

impl Serialize for Phrases {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.count <= WRITTEN_MAX && !self.is_only_named() {
            return Written::List(self.list.to_vec()).serialize(to);
        }
        let fingerprint = format!("{:016x}", self.fingerprint);
        Written::Named { count: self.count, fingerprint }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Phrases {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Phrases, D::Error> {
        match Written::deserialize(from)? {
            Written::List(list) => Ok(list.into()),
            Written::Named { count, fingerprint } => {
                let fingerprint =
                    u64::from_str_radix(&fingerprint, 16).map_err(D::Error::custom)?;
                Ok(Phrases { list: Arc::new([]), count, fingerprint })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lists_are_written_and_long_ones_named() {
        let check = |n: usize, named: bool| {
            let list: Vec<String> = (0..n).map(|i| format!("phường {i}")).collect();
            let phrases = Phrases::from(list);
            let text = serde_json::to_string(&phrases).unwrap();
            let back: Phrases = serde_json::from_str(&text).unwrap();
            assert_eq!(back, phrases);
            assert_eq!((back.is_only_named(), text.len() < 100), (named, named || n < 4), "{text}");
            assert_ne!(back, Phrases::from(vec!["other".into()]));
        };
        check(0, false);
        check(3, false);
        check(64, false);
        check(65, true);
        check(2_000, true);
    }
}
