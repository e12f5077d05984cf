//! An address out of the sentence it was given in: house, street and the units it lies in.
//!
//! Every stretch of the caller's words may be several things; which it is, is decided for all of
//! them together (`path`), by unit words, by the gazetteer and by what lies in what.

mod czech;
mod directory;
mod house;
mod item;
mod joined;
mod path;
mod suffixed;
mod syllabic;
mod text;

pub use directory::{in_unit, unit_parts, units_like, with_units};

use super::hearings::certainty;
use super::{Grammar, SlotValue, spelling, text::strip_trailing, text::title_case};
use crate::speech::Transcript;
use item::Field;
use path::{Path, UnitSaid};
use syllabic::Lookups;

/// Words of an answer that are looked at; more is a story, not an address.
const TOKENS_MAX: usize = 90;
/// Readings given back.
const READINGS_MAX: usize = 4;
/// An answer to "where do you live?" with less evidence than this holds no address part.
const EVIDENCE_MIN: f32 = 0.9;
/// How much better, in the score of [`path`], makes one reading e times as likely; found by the
/// labelled cases.
const TEMPERATURE: f32 = 0.4;

/// The addresses an utterance may hold, and what is said beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AddressReadings {
    /// Best first; empty where it holds none.
    pub addresses: Vec<SlotValue>,
    /// The tokens of each hypothesis with a break in the place of its address.
    pub(super) rests: Vec<Vec<String>>,
}

/// The addresses `heard` may hold, best first; empty where it holds none.
pub fn addresses(heard: &Transcript, grammar: &Grammar) -> Vec<SlotValue> {
    address_readings(heard, grammar).addresses
}

/// The same, with what is said beside them. The dearest of all readings: keep it while the words
/// are the same.
pub fn address_readings(heard: &Transcript, grammar: &Grammar) -> AddressReadings {
    let mut readings: Vec<(f32, SlotValue)> = Vec::new();
    let mut rests = Vec::new();
    let lookups = Lookups::default();
    for (text, confidence) in heard.hypotheses() {
        let (tokens, places, all) = clean(text, grammar);
        let mut found = readings_of(&tokens, &lookups, grammar);
        found.retain(|r| r.evidence >= EVIDENCE_MIN);
        rests.push(without(found.first(), &places, all));
        for Reading { parts, score, used, .. } in found.into_iter().take(READINGS_MAX) {
            let value = read_parts(&parts, &grammar.words.address.format);
            let score = score + 2.0 * confidence;
            // Doubtful words inside it and beside it may be parts of it.
            let from = (used.trailing_zeros() as usize).saturating_sub(1);
            let to = (129 - used.leading_zeros() as usize).min(tokens.len());
            let confidence = certainty(heard, tokens.get(from..to).unwrap_or_default(), grammar);
            let reading = (score, SlotValue { value, parts, confidence });
            match readings.iter_mut().find(|(_, r)| r.parts == reading.1.parts) {
                Some(known) if known.0 < score => *known = reading,
                Some(_) => {}
                None => readings.push(reading),
            }
        }
    }
    AddressReadings { addresses: shared(readings, heard.confidence), rests }
}

/// One way to read an utterance.
struct Reading {
    parts: Vec<(String, String)>,
    /// The tokens of the address, a bit each ([`TOKENS_MAX`] are fewer than the bits).
    used: u128,
    /// What speaks for there being an address.
    evidence: f32,
    /// What speaks for this reading against the others.
    score: f32,
}

fn readings_of(tokens: &[String], lookups: &Lookups, grammar: &Grammar) -> Vec<Reading> {
    if grammar.words.address.syllables {
        return syllabic::readings(tokens, lookups, grammar);
    }
    let reading = |path: Path| {
        let (used, score) = (path.used, path.score - path.gap);
        path.span?;
        Some(Reading { parts: parts(&path, grammar), used, evidence: path.score, score })
    };
    path::paths(tokens, grammar).into_iter().take(READINGS_MAX).filter_map(reading).collect()
}

/// The best of `readings` with their shares of `confidence`, and no surer than their words.
fn shared(mut readings: Vec<(f32, SlotValue)>, confidence: f32) -> Vec<SlotValue> {
    readings.sort_by(|a, b| b.0.total_cmp(&a.0));
    readings.truncate(READINGS_MAX);
    let best = readings.first().map_or(0.0, |(s, _)| *s);
    let weights: Vec<f32> =
        readings.iter().map(|(s, _)| ((s - best) / TEMPERATURE).exp()).collect();
    let sum: f32 = weights.iter().sum();
    let share = |((_, r), weight): ((f32, SlotValue), f32)| SlotValue {
        confidence: r.confidence.min(confidence * weight / sum.max(f32::MIN_POSITIVE)),
        ..r
    };
    readings.into_iter().zip(weights).map(share).collect()
}

/// `all` tokens with breaks in the place of those of `address`, whose tokens stand at `places`.
fn without(address: Option<&Reading>, places: &[usize], mut all: Vec<String>) -> Vec<String> {
    let used = |i: &usize| address.is_some_and(|a| a.used >> i & 1 == 1);
    for (_, place) in places.iter().enumerate().filter(|(i, _)| used(i)) {
        all[*place] = spelling::HOLE.to_string();
    }
    all
}

/// The whole answer as an address, for places no reading was found in.
pub fn unparsed_address(heard: &Transcript, grammar: &Grammar) -> Option<SlotValue> {
    let (tokens, ..) = clean(&heard.text, grammar);
    let tokens = strip_trailing(&tokens, &grammar.words.fillers);
    (!tokens.is_empty()).then(|| SlotValue {
        value: title_case(&tokens.join(" ")),
        parts: Vec::new(),
        confidence: heard.confidence * 0.5,
    })
}

/// Parts written together as the language does; missing parts leave no trace.
pub fn read_parts(parts: &[(String, String)], format: &str) -> String {
    let value = |name: &str| parts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let clauses = format.split(", ").map(|clause| {
        let mut any = false;
        let filled = clause.split(' ').filter_map(|word| {
            let Some(name) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else {
                return Some(word);
            };
            any |= value(name).is_some() && !is_detail(name);
            value(name)
        });
        let clause = filled.collect::<Vec<_>>().join(" ");
        if any { clause } else { String::new() }
    });
    clauses.filter(|c| !c.is_empty()).collect::<Vec<_>>().join(", ")
}

/// True for what accompanies a part: the kind and the code of a unit.
pub fn is_detail(part: &str) -> bool {
    part.ends_with("_kind") || part.ends_with("_code")
}

/// The tokens an address is looked for in, where each stands among all, and all.
fn clean(text: &str, grammar: &Grammar) -> (Vec<String>, Vec<usize>, Vec<String>) {
    let all = spelling::resolved(&grammar.tokens(&written_out(text, grammar)), grammar);
    let kept = all.iter().enumerate().filter(|(_, token)| *token != spelling::BREAK);
    let (tokens, places) = kept.take(TOKENS_MAX).map(|(i, token)| (token.clone(), i)).unzip();
    (tokens, places, all)
}

/// `text` with what is written short as words: "Gary, IN" is Gary, Indiana; "Q.1" is quận 1.
fn written_out(text: &str, grammar: &Grammar) -> String {
    let words = &grammar.words.address;
    if words.abbreviations.is_empty() && words.short_kinds.is_empty() {
        return text.to_string();
    }
    // Where all is in capitals they say nothing.
    let capitals = text.contains(char::is_lowercase);
    let word = |w: &str| {
        let letters = w.trim_matches(|c: char| !c.is_alphanumeric());
        if let Some(region) = words.abbreviations.get(letters).filter(|_| capitals) {
            return region.clone();
        }
        let kind = letters.trim_end_matches(|c: char| !c.is_alphabetic());
        let kind = kind.split('.').next().unwrap_or_default();
        let rest = letters[kind.len()..].trim_start_matches('.');
        match words.short_kinds.get(&kind.to_lowercase()) {
            Some(kind) if !rest.is_empty() => format!("{kind} {rest}"),
            _ => w.to_string(),
        }
    };
    text.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

fn parts(path: &Path, grammar: &Grammar) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            parts.push((name.to_string(), value));
        }
    };
    put(Field::House.name(), house::write(&path.house));
    let street = path.street.as_ref().map(|(name, _)| name.clone());
    let street = street.or_else(|| path.hamlet.clone());
    put(Field::Street.name(), street.unwrap_or_default());
    for field in Field::UNITS {
        if let Some(unit) = path.units.iter().find(|u| u.field == field) {
            let (kind, name, code) = unit_name(unit, grammar);
            put(&format!("{}_kind", field.name()), kind);
            put(field.name(), name);
            put(&format!("{}_code", field.name()), code);
        }
    }
    parts
}

/// A unit's kind, official name and code; as it was said where no unit of that name is known. Of
/// several units with that name none is meant more than the others: no code.
fn unit_name(said: &UnitSaid, grammar: &Grammar) -> (String, String, String) {
    // Of equals the first, which is the commonest.
    let known = grammar.places().zip(said.units.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1)));
    let Some((places, &(unit, _))) = known else {
        return (said.kind.clone().unwrap_or_default(), said.said.clone(), String::new());
    };
    let unit = places.unit(unit);
    let code = if said.units.len() == 1 { unit.code } else { "" };
    if grammar.words.address.as_said {
        return (String::new(), said.said.clone(), code.to_string());
    }
    (unit.kind.to_lowercase(), unit.name.to_string(), code.to_string())
}

#[cfg(test)]
mod tests {
    use super::written_out;
    use crate::language::tests::{grammar, heard};

    #[test]
    fn no_place_is_lost_without_a_gazetteer() {
        let check = |language, country, said: &str, want: &str| {
            let grammar = grammar(language, country);
            let found = super::addresses(&heard(said), &grammar);
            let parts = ["house", "street", "locality"];
            let got = found.first().map(|a| parts.map(|p| a.part(p)).join("|"));
            assert_eq!(got.unwrap_or_default(), want, "{said}");
        };
        let novosibirsk = "5|Советская|Новосибирск";
        check("ru", "RU", "новосибирск улица советская дом пять", novosibirsk);
        check("ru", "RU", "улица советская дом пять новосибирск", novosibirsk);
        check("ru", "RU", "я иванов улица советская дом пять", "5|Советская|");
        check("uk", "UA", "мешкаю в рубіжному вулиця миру три", "3|Миру|Рубіжному");
        check("cs", "CZ", "lhotka ulice školní pět", "5|Školní|Lhotka");
        check(
            "en",
            "US",
            "i live in shelbyville at twelve oak street",
            "12|Oak Street|Shelbyville",
        );
        check("en", "US", "i'm in quarantine at twelve oak street", "12|Oak Street|");
    }

    #[test]
    fn vietnamese_addresses_without_a_gazetteer() {
        let vietnamese = grammar("vi", "VN");
        let check = |said: &str, want: &str| {
            let found = super::addresses(&heard(said), &vietnamese);
            let parts = ["house", "street", "locality"];
            let got = found.first().map(|a| parts.map(|p| a.part(p)).join("|"));
            assert_eq!(got.unwrap_or_default(), want, "{said}");
        };
        check("số mười hai đường lê lợi phường mười", "12|Lê Lợi|10");
        // A nought alone is a no.
        check("không đường lê lợi phường mười", "|Lê Lợi|10");
        check("số một không đường lê lợi phường mười", "10|Lê Lợi|10");
        // Said anew, though it was not the last.
        check("số mười hai đường lê lợi phường mười à không số hai mươi", "20|Lê Lợi|10");
        check("số mười hai đường lê lợi phường mười à không đường lê lai", "12|Lê Lai|10");
        check("tui là dương thị bé ba nhà ở ấp ba xã nhơn đức", "|ấp 3|Nhơn Đức");
    }

    #[test]
    fn short_forms_are_written_out() {
        let vietnamese = grammar("vi", "VN");
        let check = |text: &str, want: &str| assert_eq!(written_out(text, &vietnamese), want);
        check("12 Nguyễn Trãi Q5 TP.HCM", "12 Nguyễn Trãi quận 5 thành phố HCM");
        check("25/3 Lê Lợi, P.Bến Nghé, Q.1", "25/3 Lê Lợi, phường Bến Nghé, quận 1");
        check("q phường p", "q phường p");
        check(". 5/3 q", ". 5/3 q");
        let english = grammar("en", "US");
        assert_eq!(written_out("5 Oak Street, Gary, IN", &english), "5 Oak Street, Gary, indiana");
        assert_eq!(written_out("GARY IN", &english), "GARY IN");
    }
}
