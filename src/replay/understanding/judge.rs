//! What the readers make of a case, beside what it should be.

use super::Case;
use crate::dialogue::Confidence;
use crate::language::{
    Grammar, SlotValue, YesNo, addresses, count_said, emergency, emergency_so_far, fold, mixed,
    names, needs, new_value, numbers_to_digits, spoken_phone, yes_no,
};
use crate::speech::Transcript;

/// A case and what was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// In the form of the case's label.
    pub got: String,
    /// 0..=1.
    pub confidence: f32,
    /// It would stand without asking the caller about this slot alone.
    pub accepted: bool,
    /// It says what the label says.
    pub right: bool,
}

/// Reads `heard`, what an engine made of the case's text, and compares.
pub fn judge(case: &Case, heard: &Transcript, grammar: &Grammar, bands: &Confidence) -> Judged {
    let categories = grammar.needs.categories();
    let (got, confidence) = match case.slot.as_str() {
        "name" => best(&names(heard, grammar), |v| v.value.clone()),
        "address" => best(&addresses(heard, grammar), fields),
        "need" => best(&needs(heard, categories, grammar), |v| v.part("category").into()),
        "yesno" => answer(heard, grammar),
        "correction" => correction(heard, grammar),
        "number" => {
            let number = count_said(&heard.text, grammar);
            (number.clone().unwrap_or_default(), number.map_or(0.0, |_| heard.confidence))
        }
        "phone" => {
            let number = spoken_phone(&heard.text, grammar);
            (number.clone().unwrap_or_default(), number.map_or(0.0, |_| heard.confidence))
        }
        _ => all_three(case, heard, grammar),
    };
    let right = same(&case.slot, &case.expected, &got, grammar);
    let accepted = !got.is_empty() && got != "unclear" && confidence >= bands.confirm_below;
    Judged { got, confidence, accepted, right }
}

/// Whether words say that a life is at risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarms {
    /// All of them together.
    pub at_the_end: bool,
    /// Some beginning of them, while the caller was still speaking.
    pub before: bool,
}

/// The alarms `heard` raises.
pub fn alarms(heard: &Transcript, grammar: &Grammar) -> Alarms {
    let words: Vec<&str> = heard.text.split_whitespace().collect();
    let raised = |said: usize| emergency_so_far(&words[..said].join(" "), grammar).is_some();
    Alarms {
        at_the_end: emergency(&heard.text, grammar).is_some(),
        before: (1..words.len()).any(raised),
    }
}

fn best(readings: &[SlotValue], write: impl Fn(&SlotValue) -> String) -> (String, f32) {
    readings.first().map_or_else(Default::default, |r| (write(r), r.confidence))
}

/// The five fields of an address between bars.
pub(super) fn fields(address: &SlotValue) -> String {
    FIELDS.map(|f| address.part(f)).join("|")
}

const FIELDS: [&str; 5] = ["house", "street", "locality", "district", "region"];

fn answer(heard: &Transcript, grammar: &Grammar) -> (String, f32) {
    match yes_no(&heard.text, &grammar.words) {
        YesNo::Yes => ("yes".into(), heard.confidence),
        YesNo::No(_) => ("no".into(), heard.confidence),
        YesNo::Unclear => ("unclear".into(), heard.confidence),
    }
}

fn correction(heard: &Transcript, grammar: &Grammar) -> (String, f32) {
    match yes_no(&heard.text, &grammar.words) {
        YesNo::No(rest) => {
            (format!("no:{}", new_value(&rest, grammar).unwrap_or_default()), heard.confidence)
        }
        YesNo::Yes => ("yes".into(), heard.confidence),
        YesNo::Unclear => {
            let value = new_value(&heard.text, grammar).unwrap_or_default();
            (format!("no:{value}"), heard.confidence)
        }
    }
}

fn all_three(case: &Case, heard: &Transcript, grammar: &Grammar) -> (String, f32) {
    let all = mixed(heard, grammar, grammar.needs.categories());
    let (name, name_sure) = best(&all.names, |v| v.value.clone());
    let (address, address_sure) = best(&all.addresses, fields);
    let (need, need_sure) = best(&all.needs, |v| v.part("category").into());
    let mut sure = 1.0f32;
    let mut got = Vec::new();
    let three =
        [("name", name, name_sure), ("address", address, address_sure), ("need", need, need_sure)];
    for (slot, value, confidence) in three {
        // A label names only the slots that are judged.
        if labelled(&case.expected, slot).is_some() {
            sure = sure.min(confidence);
            got.push(format!("{slot}={value}"));
        }
    }
    (got.join(";"), sure)
}

pub(super) fn labelled<'a>(label: &'a str, slot: &str) -> Option<&'a str> {
    label.split(';').find_map(|f| f.trim().strip_prefix(slot)?.trim_start().strip_prefix('='))
}

/// True when both say the same, however it is written.
pub(super) fn same(slot: &str, expected: &str, got: &str, grammar: &Grammar) -> bool {
    match slot {
        "name" => same_name(expected, got, grammar),
        "address" => same_address(expected, got, grammar),
        "mixed" => ["name", "address", "need"].iter().all(|slot| {
            let (want, got) = (labelled(expected, slot), labelled(got, slot).unwrap_or(""));
            want.is_none_or(|want| same(slot, want.trim(), got, grammar))
        }),
        "number" | "phone" => {
            let plain = |s: &str| s.replace([' ', '-'], "").to_lowercase();
            plain(expected) == plain(got)
        }
        "correction" => {
            let plain = |s: &str| {
                let value = s.strip_prefix("no:").map(str::trim);
                value.map(|v| numbers_to_digits(v, &grammar.words.numbers).join(" "))
            };
            plain(expected) == plain(got)
        }
        _ => fold(expected) == fold(got),
    }
}

fn same_name(expected: &str, got: &str, grammar: &Grammar) -> bool {
    let words = |s: &str| -> Vec<String> {
        let mut words: Vec<String> =
            grammar.tokens(s).iter().map(|t| grammar.spelling(t)).collect();
        // Family name first is what a Vietnamese form wants; elsewhere both orders are in use.
        if grammar.language != "vi" {
            words.sort();
        }
        words
    };
    words(expected) == words(got)
}

fn same_address(expected: &str, got: &str, grammar: &Grammar) -> bool {
    let plain = |s: &str| -> Vec<String> {
        let fields = s.split('|').map(|f| {
            let words = grammar.tokens(f).iter().map(|t| grammar.spelling(t)).collect::<Vec<_>>();
            words.join(" ")
        });
        let mut fields: Vec<String> = fields.collect();
        fields.resize(FIELDS.len(), String::new());
        fields
    };
    plain(expected) == plain(got)
}
