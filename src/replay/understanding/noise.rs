//! A recogniser's mistakes, made by chance as often and as surely as they were measured.

use super::confusions::{BIN, Confusions};
use super::syllable::{self, Part};
use crate::speech::{Alternative, Transcript, Word};
use rand::Rng;
use rand::seq::IndexedRandom;
use std::collections::{BTreeMap, HashMap};

/// A word that was often mistaken is mistaken as it was measured; one seen once is mistaken for a
/// word that sounds alike this many times as often (Witten and Bell, IEEE Trans. Information
/// Theory 37(4), 1991, give unseen events the weight of the distinct ones).
const UNSEEN: f64 = 1.0;
/// No word is wrong more often than this, whatever rate is asked for.
const WRONG_MAX: f64 = 0.98;
/// A made-up word where none was ever counted.
const FILLER: &str = "à";
/// Milliseconds laid out for each word: nothing was measured about time.
const WORD_MS: u32 = 250;

/// Draws mistakes for text as it was said.
pub struct NoiseModel {
    language: String,
    /// Words made up for each word that is wrong.
    insertions_per_wrong: f64,
    /// Correlation of right and wrong from one word to the next.
    correlation: f64,
    /// By class: how much more often than the average it is wrong, and the share deleted of that.
    classes: HashMap<String, (f64, f64)>,
    pairs: HashMap<String, Vec<(String, u64)>>,
    parts: Vec<(Part, u64)>,
    inserted: Vec<(String, u64)>,
    /// Of right and of wrong words.
    confidences: [Vec<(f32, u64)>; 2],
    /// How often a wrong word stands right in an alternative, where there is one.
    found: f64,
    alternatives: Vec<(usize, u64)>,
    ranks: BTreeMap<usize, Vec<(f32, u64)>>,
}

/// One word of the noisy text: what was said and what is heard, one of them perhaps nothing.
struct Place {
    said: Option<String>,
    heard: Option<String>,
    confidence: f32,
}

impl Place {
    fn is_right(&self) -> bool {
        self.said == self.heard
    }
}

impl NoiseModel {
    /// Reads a table of `spillway bench confusions`; an error names the line, or what is missing.
    pub fn from_tsv(text: &str) -> Result<NoiseModel, String> {
        let counted = Confusions::from_tsv(text)?;
        let of = |kind: &str, said: &str, heard: &str| counted.of(kind, said, heard) as f64;
        let [right, substituted, deleted, inserted] =
            ["right", "substituted", "deleted", "inserted"].map(|k| of("words", "", k));
        let wrong = substituted + deleted;
        if right == 0.0 || wrong == 0.0 {
            return Err("no words that are right or none that are wrong".into());
        }
        let after = |before: &str| {
            let wrong = of("after", before, "wrong");
            wrong / (wrong + of("after", before, "right")).max(1.0)
        };
        let mut pairs: HashMap<String, Vec<(String, u64)>> = HashMap::new();
        let mut parts: BTreeMap<Part, u64> = BTreeMap::new();
        for (said, heard, count) in counted.rows("pair") {
            pairs.entry(said.into()).or_default().push((heard.into(), count));
            if let Some(part) = syllable::part(said, heard) {
                *parts.entry(part).or_default() += count;
            }
        }
        let confidences = ["right", "wrong"].map(|truth| {
            let rows = counted.rows("confidence").filter(|row| row.0 == truth);
            bins(rows.map(|(_, bin, count)| (bin, count)))
        });
        let mut ranks: BTreeMap<usize, Vec<(&str, u64)>> = BTreeMap::new();
        for (rank, bin, count) in counted.rows("rank") {
            ranks.entry(rank.parse().unwrap_or(1)).or_default().push((bin, count));
        }
        let several =
            counted.rows("alternatives").filter_map(|(_, n, c)| Some((n.parse().ok()?, c)));
        let found = of("nbest", "", "found");
        Ok(NoiseModel {
            insertions_per_wrong: inserted / wrong,
            correlation: (after("wrong") - after("right")).clamp(0.0, 0.9),
            classes: classes(&counted, wrong / (right + wrong)),
            pairs,
            parts: parts.into_iter().collect(),
            inserted: counted.rows("insert").map(|(_, word, n)| (word.to_string(), n)).collect(),
            confidences,
            found: found / (found + of("nbest", "", "missed")).max(1.0),
            alternatives: several.collect(),
            ranks: ranks.into_iter().map(|(rank, rows)| (rank, bins(rows.into_iter()))).collect(),
            language: counted.language,
        })
    }

    /// ISO 639-1.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// What a recogniser with the word error rate `wer` (0..=1, insertions included) might hear of
    /// `text`, in lower case; the same `rng` gives the same. `words` and `alternatives` are drawn
    /// as they were measured; the words' times are made up.
    pub fn spoil(&self, text: &str, wer: f64, rng: &mut impl Rng) -> Transcript {
        let lower = text.to_lowercase();
        let said: Vec<&str> = lower.split_whitespace().collect();
        let wer = if wer.is_nan() { 0.0 } else { wer.clamp(0.0, 1.0) };
        let places = self.places(&said, wer, rng);
        let mut words: Vec<Word> = Vec::new();
        for (place, heard) in places.iter().filter_map(|p| Some((p, p.heard.as_ref()?))) {
            let start_ms = words.len() as u32 * WORD_MS;
            let (text, confidence) = (heard.clone(), place.confidence);
            words.push(Word { text, start_ms, end_ms: start_ms + WORD_MS, confidence });
        }
        let sum: f32 = words.iter().map(|w| w.confidence).sum();
        Transcript {
            text: join(words.iter().map(|w| w.text.as_str())),
            confidence: if words.is_empty() { 0.0 } else { sum / words.len() as f32 },
            alternatives: self.alternatives(&places, rng),
            words,
        }
    }

    /// Each word's fate: a chain, because mistakes come in bursts.
    fn places(&self, said: &[&str], wer: f64, rng: &mut impl Rng) -> Vec<Place> {
        let rate = wer / (1.0 + self.insertions_per_wrong);
        let weight = |word: &str| {
            let class = syllable::class(&self.language, word);
            self.classes.get(class).copied().unwrap_or((1.0, 0.0))
        };
        // However the classes are mixed in this text, its rate is the one asked for.
        let sum: f64 = said.iter().map(|w| weight(w).0).sum();
        let mean = (sum / said.len().max(1) as f64).max(f64::MIN_POSITIVE);
        let mut places = Vec::with_capacity(said.len());
        // Before the first word anything may have been.
        let mut before = rng.random_bool(rate.min(1.0));
        for &word in said {
            let (weight, deleted) = weight(word);
            let rate = (rate * weight / mean).min(WRONG_MAX);
            let chance = self.correlation * f64::from(before) + (1.0 - self.correlation) * rate;
            before = rng.random_bool(chance.clamp(0.0, WRONG_MAX));
            let heard = match before {
                false => Some(word.to_string()),
                true if rng.random_bool(deleted) => None,
                true => Some(self.mistaken(word, rng)),
            };
            let confidence = draw(&self.confidences[usize::from(before)], rng);
            places.push(Place { said: Some(word.into()), heard, confidence });
            if rng.random_bool((rate * self.insertions_per_wrong).min(1.0)) {
                let heard = pick(&self.inserted, rng).cloned().unwrap_or_else(|| FILLER.into());
                let confidence = draw(&self.confidences[1], rng);
                places.push(Place { said: None, heard: Some(heard), confidence });
            }
        }
        places
    }

    /// Another word for `word`: one it was mistaken for, or one that sounds alike.
    fn mistaken(&self, word: &str, rng: &mut impl Rng) -> String {
        let none = Vec::new();
        let known = self.pairs.get(word).unwrap_or(&none);
        let times: u64 = known.iter().map(|k| k.1).sum();
        let unseen = UNSEEN * known.len().max(1) as f64;
        let known_again = rng.random_bool(times as f64 / (times as f64 + unseen));
        if let Some(other) = pick(known, rng).filter(|_| known_again) {
            return other.clone();
        }
        let part = pick(&self.parts, rng).copied().unwrap_or(Part::Several);
        let mut ways = [part, Part::Rime, Part::Tone, Part::Initial].into_iter();
        let alike = ways.find_map(|part| {
            let words = syllable::alike(&self.language, word, part);
            words.choose(rng).cloned()
        });
        alike.or_else(|| pick(known, rng).cloned()).unwrap_or_else(|| FILLER.into())
    }

    /// Alternatives that hold the words that were said as often as was measured.
    fn alternatives(&self, places: &[Place], rng: &mut impl Rng) -> Vec<Alternative> {
        let count = pick(&self.alternatives, rng).copied().unwrap_or(0);
        let best = join(places.iter().filter_map(|p| p.heard.as_deref()));
        if count == 0 {
            return Vec::new();
        }
        let mut changes: Vec<BTreeMap<usize, Option<String>>> = vec![BTreeMap::new(); count];
        for (at, place) in places.iter().enumerate().filter(|(_, p)| !p.is_right()) {
            // Counted over words that were said; a made-up word is left out as often.
            if rng.random_bool(self.found) {
                let which = rng.random_range(0..count).min(rng.random_range(0..count));
                changes[which].insert(at, place.said.clone());
            }
        }
        let mut doubtful: Vec<usize> =
            (0..places.len()).filter(|&i| places[i].is_right()).collect();
        doubtful.sort_by(|&a, &b| places[a].confidence.total_cmp(&places[b].confidence));
        let mut doubtful = doubtful.into_iter().cycle();
        let mut texts: Vec<String> = Vec::new();
        for change in &mut changes {
            if change.is_empty() {
                let Some(at) = doubtful.next() else { continue };
                let other = places[at].heard.as_deref().map(|word| self.mistaken(word, rng));
                change.insert(at, other);
            }
            let words = (0..places.len()).filter_map(|i| match change.get(&i) {
                Some(other) => other.as_deref(),
                None => places[i].heard.as_deref(),
            });
            let text = join(words);
            if !text.is_empty() && text != best && !texts.contains(&text) {
                texts.push(text);
            }
        }
        let mut sure: Vec<f32> = (1..=texts.len())
            .map(|rank| self.ranks.get(&rank).map_or(0.0, |bins| draw(bins, rng)))
            .collect();
        sure.sort_by(|a, b| b.total_cmp(a));
        let both = texts.into_iter().zip(sure);
        both.map(|(text, confidence)| Alternative { text, confidence }).collect()
    }
}

/// By class: its rate of wrong words against `average`, and how many of them are deleted.
fn classes(counted: &Confusions, average: f64) -> HashMap<String, (f64, f64)> {
    let mut classes = HashMap::new();
    for (class, ..) in counted.rows("class") {
        let of = |kind: &str| counted.of("class", class, kind) as f64;
        let (right, substituted, deleted) = (of("right"), of("substituted"), of("deleted"));
        let wrong = substituted + deleted;
        let relative = wrong / (right + wrong).max(1.0) / average;
        classes.insert(class.to_string(), (relative, deleted / wrong.max(1.0)));
    }
    classes
}

fn bins<'a>(rows: impl Iterator<Item = (&'a str, u64)>) -> Vec<(f32, u64)> {
    rows.filter_map(|(bin, count)| Some((bin.parse().ok()?, count))).collect()
}

/// One of `counted`, by its count.
fn pick<'a, T>(counted: &'a [(T, u64)], rng: &mut impl Rng) -> Option<&'a T> {
    counted.choose_weighted(rng, |c| c.1).ok().map(|c| &c.0)
}

/// A confidence of the bins: anywhere in one of them.
fn draw(bins: &[(f32, u64)], rng: &mut impl Rng) -> f32 {
    let edge = pick(bins, rng).copied().unwrap_or(0.5);
    (edge + rng.random::<f32>() * BIN).min(1.0)
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::score::{Errors, compare};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const TEXTS: [&str; 6] = [
        "tôi tên là nguyễn thị hoa ở số mười hai đường lê lợi phường bến nghé quận một",
        "dạ em ở hẻm năm mươi sáu đường trần hưng đạo",
        "nhà tôi hết gạo rồi mấy ngày nay chưa ai tới",
        "không phải",
        "quận bình thạnh thành phố hồ chí minh",
        "số một trăm hai mươi ba xẹt bốn đường cách mạng tháng tám phường mười",
    ];
    const ENGLISH: [&str; 3] = [
        "my name is john smith i live at forty one church street",
        "we have no food left since monday",
        "yes that is right",
    ];

    fn model(language: &str) -> NoiseModel {
        NoiseModel::from_tsv(match language {
            "vi" => include_str!("../../../fixtures/understanding/confusions-vi.tsv"),
            _ => include_str!("../../../fixtures/understanding/confusions-en.tsv"),
        })
        .unwrap()
    }

    fn spoilt(language: &str, wer: f64, seed: u64) -> Vec<(Vec<String>, Transcript)> {
        let model = model(language);
        let mut rng = StdRng::seed_from_u64(seed);
        let texts: &[&str] = if language == "vi" { &TEXTS } else { &ENGLISH };
        let each = texts.iter().cycle().take(3_000);
        each.map(|text| {
            let said = text.split(' ').map(str::to_string).collect();
            (said, model.spoil(text, wer, &mut rng))
        })
        .collect()
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_string).collect()
    }

    #[test]
    fn as_many_mistakes_as_asked_for() {
        let check = |language: &str, wer: f64| {
            let spoilt = spoilt(language, wer / 100.0, 7);
            let errors = spoilt.iter().map(|(said, t)| compare(said, &words(&t.text)));
            let errors = errors.fold(Errors::default(), Errors::plus);
            // Where nearly every other word is wrong, mistakes run into one another.
            let near = if wer > 30.0 { 2.0 } else { 1.0 };
            assert!(
                (errors.percent() - wer).abs() < near,
                "{language} {wer}: {}",
                errors.percent()
            );
        };
        for wer in [0.0, 5.0, 12.0, 25.0, 40.0] {
            check("vi", wer);
            check("en", wer);
        }
    }

    #[test]
    fn the_same_seed_says_the_same() {
        assert_eq!(spoilt("vi", 0.25, 3), spoilt("vi", 0.25, 3));
        assert_ne!(spoilt("vi", 0.25, 3), spoilt("vi", 0.25, 4));
    }

    /// The spoilt texts, counted as a recogniser's, show what the model was made of.
    #[test]
    fn the_measured_is_found_again() {
        let text = include_str!("../../../fixtures/understanding/confusions-vi.tsv");
        let measured = Confusions::from_tsv(text).unwrap();
        let mut again = Confusions::new("vi");
        for (said, transcript) in spoilt("vi", measured.wer() / 100.0, 11) {
            again.add(&said, &transcript);
        }
        let share = |of: &Confusions, kind: &str, said: &str, a: &str, b: &str| {
            let (a, b) = (of.of(kind, said, a) as f64, of.of(kind, said, b) as f64);
            a / (a + b)
        };
        let check = |kind: &str, said: &str, a: &str, b: &str, within: f64| {
            let (want, got) = (share(&measured, kind, said, a, b), share(&again, kind, said, a, b));
            assert!((want - got).abs() < within, "{kind} {said} {a}: {want:.3} {got:.3}");
        };
        check("nbest", "", "found", "missed", 0.08);
        check("words", "", "deleted", "substituted", 0.08);
        check("after", "wrong", "wrong", "right", 0.1);
        let sure = |of: &Confusions, truth: &str| {
            let rows: Vec<_> = of.rows("confidence").filter(|r| r.0 == truth).collect();
            let all: u64 = rows.iter().map(|r| r.2).sum();
            let sum: f64 = rows.iter().map(|r| r.1.parse::<f64>().unwrap() * r.2 as f64).sum();
            sum / all as f64
        };
        for truth in ["right", "wrong"] {
            let (want, got) = (sure(&measured, truth), sure(&again, truth));
            assert!((want - got).abs() < 0.05, "{truth}: {want:.3} {got:.3}");
        }
        assert!(sure(&again, "right") > sure(&again, "wrong") + 0.1);
    }

    #[test]
    fn nothing_is_too_strange() {
        let mut rng = StdRng::seed_from_u64(1);
        for language in ["vi", "en"] {
            let model = model(language);
            for text in ["", " ", "\u{301}", "ß 𝔘 ẞ", "12/3", "서울", "a"] {
                for wer in [-1.0, 0.0, 1.0, f64::NAN] {
                    model.spoil(text, wer, &mut rng);
                }
            }
        }
    }

    #[test]
    fn a_useless_table_is_refused() {
        assert!(NoiseModel::from_tsv("language\tvi\t\t1\n").is_err());
        assert!(NoiseModel::from_tsv("rubbish").is_err());
    }
}
