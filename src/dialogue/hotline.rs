//! A hotline and its language pack: everything its owner may change, checked before the first call.

use crate::language::{Grammar, fold};
use crate::speech::{Expectation, Phrases};
use crate::ticket::{CallbackPolicy, CallbackSpec, HoursSpec, OfficeSpec, SlotNames};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What kind of answer a slot takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// A person's name.
    Name,
    /// Where they live.
    Address,
    /// What they need.
    Need,
    /// The number to call back.
    Phone,
}

/// One field of the form.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotSpec {
    /// Its name on the ticket.
    pub name: String,
    /// What kind of answer it takes.
    pub kind: SlotKind,
}

/// What to do with the recording when the caller neither agreed nor declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnclearConsent {
    /// The announcement suffices where a law or public task is the ground.
    Keep,
    /// Only an explicit yes keeps it.
    Discard,
}

/// Silences that end a turn, and other waits, in milliseconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waits {
    /// After a yes, a no or a digit.
    pub closed_ms: u64,
    /// After a closed answer that is already understood from the words so far.
    pub settled_ms: u64,
    /// After a name.
    pub name_ms: u64,
    /// After an address or a need.
    pub open_ms: u64,
    /// After an open answer that is already complete from the words so far.
    pub filled_ms: u64,
    /// Without any sound after a prompt.
    pub no_input_ms: u64,
    /// Between two keys of a number.
    pub inter_digit_ms: u64,
    /// Longest single turn.
    pub speech_ms_max: u64,
    /// Longest message after the tone.
    pub message_ms_max: u64,
    /// How long an engine may think.
    pub engine_ms_max: u64,
    /// Longest call.
    pub call_ms_max: u64,
}

impl Default for Waits {
    fn default() -> Self {
        Waits {
            closed_ms: 450,
            settled_ms: 300,
            name_ms: 800,
            // Shorter than some pause: who goes on into our answer loses nothing.
            open_ms: 900,
            filled_ms: 600,
            no_input_ms: 7_000,
            inter_digit_ms: 3_000,
            speech_ms_max: 30_000,
            message_ms_max: 120_000,
            engine_ms_max: 6_000,
            call_ms_max: 900_000,
        }
    }
}

/// When a reading is taken, asked about, or dropped.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Confidence {
    /// Below: not understood, ask again.
    pub reject_below: f32,
    /// Below: read back and ask at once; above: read back with all the rest at the end.
    pub confirm_below: f32,
}

impl Default for Confidence {
    fn default() -> Self {
        Confidence { reject_below: 0.3, confirm_below: 0.55 }
    }
}

/// What a recogniser leans towards before all that the gazetteer has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Biasing {
    /// Words of callers' names.
    pub names: Vec<String>,
    /// Streets and places, without house numbers.
    pub places: Vec<String>,
}

impl Biasing {
    /// Phrases of each list: more draw other words to themselves.
    pub const PHRASES_MAX: usize = 200;
    /// Characters of one phrase.
    const CHARS_MAX: usize = 60;

    /// Whether `phrase` can be said and leaned towards.
    pub fn takes(phrase: &str) -> bool {
        let length = phrase.chars().count();
        let said = |c: char| !c.is_control() && !c.is_numeric();
        (2..=Biasing::CHARS_MAX).contains(&length)
            && phrase.chars().all(said)
            && phrase.chars().any(char::is_alphabetic)
    }

    /// What is wrong with the lists, by key.
    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (key, list) in [("biasing.names", &self.names), ("biasing.places", &self.places)] {
            let (count, most) = (list.len(), Biasing::PHRASES_MAX);
            if count > most {
                found.push((key, format!("has {count} phrases; {most} can be listed")));
            }
            for phrase in list.iter().filter(|phrase| !Biasing::takes(phrase)) {
                let most = Biasing::CHARS_MAX;
                let want = format!("write 2 to {most} letters as they are said, without digits");
                found.push((key, format!("has \"{phrase}\"; {want}")));
            }
        }
        found
    }
}

/// `prompts/hotlines/<name>.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotlineFile {
    /// How the bot names the hotline to callers.
    pub title: String,
    /// Who records, for the announcement.
    pub recorded_by: String,
    /// ISO 639-1; names the folder in `prompts/languages/`.
    pub language: String,
    /// ISO 3166-1 alpha-2 of national numbers.
    pub country: String,
    /// Regions or districts the hotline serves: their places are listened for. Empty: the whole
    /// country's.
    #[serde(default)]
    pub areas: Vec<String>,
    /// The day whose administrative units callers mean (ISO 8601); absent: the day of the call.
    #[serde(default)]
    pub units_as_of: Option<String>,
    /// The form, in the order it is asked.
    pub slots: Vec<SlotSpec>,
    /// Need categories, in the order of their keys.
    pub needs: Vec<String>,
    /// Where "operator" and key 0 go; absent: nobody can be reached now.
    #[serde(default)]
    pub operator: Option<String>,
    /// Where an emergency goes; absent: the caller is told to dial `emergency_number`.
    #[serde(default)]
    pub emergency_transfer: Option<String>,
    /// The number to tell, for example `112`.
    pub emergency_number: String,
    /// When somebody calls back, in the caller's language.
    pub promise: String,
    /// When the caller neither agreed nor declined.
    #[serde(default = "keep")]
    pub unclear_consent: UnclearConsent,
    /// Waits.
    #[serde(default)]
    pub waits: Waits,
    /// Confidence bands.
    #[serde(default)]
    pub confidence: Confidence,
    /// What is listened for before all else.
    #[serde(default)]
    pub biasing: Biasing,
    /// How callbacks are worked.
    #[serde(default)]
    pub callback: CallbackSpec,
    /// When operators work and callers may be rung.
    #[serde(default)]
    pub hours: HoursSpec,
    /// Who is responsible for what, where and since when.
    #[serde(default)]
    pub offices: Vec<OfficeSpec>,
}

impl HotlineFile {
    /// How this hotline works its callbacks; the problems are of key and words.
    pub fn callback_policy(&self) -> Result<CallbackPolicy, Vec<(String, String)>> {
        let of_kind = |kind| {
            let slot = self.slots.iter().find(|s| s.kind == kind);
            slot.map_or_else(String::new, |s| s.name.clone())
        };
        let slots = SlotNames {
            name: of_kind(SlotKind::Name),
            address: of_kind(SlotKind::Address),
            need: of_kind(SlotKind::Need),
        };
        let (callback, call_ms_max) = (&self.callback, self.waits.call_ms_max);
        CallbackPolicy::new(callback, &self.hours, &self.offices, &self.needs, slots, call_ms_max)
    }
}

fn keep() -> UnclearConsent {
    UnclearConsent::Keep
}

/// `prompts/languages/<lang>/prompts.toml`: prompt name to text.
pub type PromptTexts = BTreeMap<String, String>;

/// A hotline with its language pack, checked and ready.
#[derive(Debug, Clone)]
pub struct Hotline {
    /// The name of its file.
    pub name: String,
    /// What its owner set.
    pub file: HotlineFile,
    /// Prompt texts of its language.
    pub texts: PromptTexts,
    /// How its language is read.
    pub grammar: Grammar,
    expected: Expected,
}

/// Categories a hotline may work with.
const NEEDS_MAX: usize = 20;

/// Every prompt a language pack must have, with the blanks its text may use.
pub const PROMPTS: &[(&str, &[&str])] = &[
    ("announcement", &["title", "recorded_by"]),
    ("ask_consent", &[]),
    ("ask_consent_again", &[]),
    ("consent_given", &[]),
    ("consent_declined", &[]),
    ("ask_ticket_number", &[]),
    ("earlier_waiting", &["number", "promise"]),
    ("earlier_soon", &["number"]),
    ("earlier_late", &[]),
    ("earlier_office", &["number", "office"]),
    ("earlier_settled", &["number"]),
    ("earlier_unknown", &["number"]),
    ("ask_news", &[]),
    ("ask_still_needed", &[]),
    ("withdrawn", &[]),
    ("ask_name", &[]),
    ("ask_name_again", &[]),
    ("ask_name_spelled", &[]),
    ("ask_address", &[]),
    ("ask_address_again", &[]),
    ("ask_need", &[]),
    ("ask_need_again", &["keys"]),
    ("need_key", &["key", "label"]),
    ("ask_phone", &[]),
    ("ask_phone_again", &[]),
    ("confirm_phone", &["value"]),
    ("confirm_caller_id", &["value"]),
    ("confirm_value", &["value"]),
    ("ask_either", &["first", "second"]),
    ("ack_name", &["value"]),
    ("ack_address", &["value"]),
    ("ack_need", &[]),
    ("ack_phone", &[]),
    ("left_to_operator", &[]),
    ("summary_intro", &[]),
    ("summary_name", &["value"]),
    ("summary_address", &["value"]),
    ("summary_need", &["value"]),
    ("and_so_on", &["value"]),
    ("summary_phone", &["value"]),
    ("changed", &["value"]),
    ("ask_right", &[]),
    ("ask_right_again", &[]),
    ("ask_which", &[]),
    ("which_key", &["key", "label"]),
    ("label_name", &[]),
    ("label_address", &[]),
    ("label_need", &[]),
    ("label_phone", &[]),
    ("operator_will_check", &[]),
    ("ticket", &["number", "promise"]),
    ("ticket_later", &["promise"]),
    ("ask_rating", &[]),
    ("goodbye", &["title"]),
    ("no_input", &[]),
    ("not_understood", &[]),
    ("no_operator", &[]),
    ("transferring", &[]),
    ("transfer_failed", &[]),
    ("emergency", &["number"]),
    ("emergency_transfer", &["number"]),
    ("leave_message", &[]),
    ("message_taken", &[]),
    ("only_keys", &[]),
    ("number_noted", &["number"]),
];

/// What has more words is a story, of which so many are read back: about seven seconds.
const READ_WHOLE_WORDS: usize = 30;
const BEGINNING_WORDS: usize = 20;

impl Hotline {
    /// Joins a hotline's file with its language pack; every problem is one line that names the
    /// key and the fix, all of them at once.
    pub fn new(
        name: &str,
        file: HotlineFile,
        texts: PromptTexts,
        grammar: Grammar,
    ) -> Result<Hotline, Vec<Problem>> {
        let expected = Expected::new(&file, &grammar);
        let hotline = Hotline { name: name.into(), file, texts, grammar, expected };
        let problems = hotline.problems();
        if problems.is_empty() { Ok(hotline) } else { Err(problems) }
    }

    /// Of a long story its beginning: whoever told it knows the rest, and waits for the end.
    pub fn in_short(&self, value: &str) -> String {
        let words: Vec<&str> = value.split_whitespace().collect();
        if words.len() <= READ_WHOLE_WORDS {
            return value.into();
        }
        let beginning = words[..BEGINNING_WORDS].join(" ");
        let beginning = beginning.trim_end_matches(|c: char| c.is_ascii_punctuation());
        self.prompt("and_so_on", &[("value", beginning)]).text
    }

    /// What a recogniser may lean towards when `expectation` is asked for.
    pub fn phrases(&self, expectation: Expectation) -> Phrases {
        match expectation {
            Expectation::YesNo => self.expected.yes_no.clone(),
            Expectation::Name => self.expected.names.clone(),
            Expectation::Address => self.expected.places.clone(),
            _ => Phrases::default(),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut hotline = |key: &str, problem: String| {
            found.push(Problem { part: Part::Hotline, key: key.into(), problem });
        };
        let file = &self.file;
        let names: BTreeSet<&str> = file.slots.iter().map(|s| s.name.as_str()).collect();
        if file.slots.is_empty() || names.len() != file.slots.len() {
            hotline("slots", "needs at least one slot, each with a name of its own".into());
        }
        let phones = file.slots.iter().filter(|s| s.kind == SlotKind::Phone).count();
        if phones != 1 {
            hotline("slots", format!("has {phones} of kind \"phone\"; exactly one is needed"));
        }
        if !(1..=NEEDS_MAX).contains(&file.needs.len()) {
            let problem = format!("name 1 to {NEEDS_MAX} categories; the first nine have keys");
            hotline("needs", problem);
        }
        for need in file.needs.iter().filter(|n| !self.grammar.words.needs.contains_key(*n)) {
            let known: Vec<&str> = self.grammar.words.needs.keys().map(String::as_str).collect();
            let problem = format!("\"{need}\" is not among the language's: {}", known.join(", "));
            hotline("needs", problem);
        }
        let bands = &file.confidence;
        if !(0.0..=bands.confirm_below).contains(&bands.reject_below) || bands.confirm_below > 1.0 {
            hotline("confidence", "needs 0 <= reject_below <= confirm_below <= 1".into());
        }
        let unknown = |area: &&String| self.grammar.area(area).is_empty();
        if self.grammar.places().is_some() {
            for area in file.areas.iter().filter(unknown) {
                let problem = format!("\"{area}\" is no region or district of {}", file.country);
                hotline("areas", problem);
            }
        }
        for (key, ms, least, most) in file.waits.bounds() {
            if !(least..=most).contains(&ms) {
                hotline(&format!("waits.{key}"), format!("is {ms}; choose {least} to {most} ms"));
            }
        }
        for (key, problem) in file.biasing.problems() {
            hotline(key, problem);
        }
        for (key, problem) in file.callback_policy().err().unwrap_or_default() {
            hotline(&key, problem);
        }
        found.extend(self.prompt_problems());
        found
    }

    fn prompt_problems(&self) -> Vec<Problem> {
        let problem = |key: &str, problem: String| Problem {
            part: Part::Prompts,
            key: key.to_string(),
            problem,
        };
        let mut found = Vec::new();
        for (name, blanks) in PROMPTS {
            let Some(text) = self.texts.get(*name) else {
                found.push(problem(name, "is missing; add its text".into()));
                continue;
            };
            for blank in super::prompt::blanks(text).filter(|b| !blanks.contains(b)) {
                let known = blanks.iter().map(|b| format!("{{{b}}}")).collect::<Vec<_>>();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                found.push(problem(name, format!("has {{{blank}}}; it may use: {known}")));
            }
        }
        for name in self.texts.keys().filter(|n| !PROMPTS.iter().any(|(p, _)| p == n)) {
            found.push(problem(name, "is no prompt of Spillway's; check its spelling".into()));
        }
        found
    }
}

impl Waits {
    fn bounds(&self) -> [(&'static str, u64, u64, u64); 11] {
        [
            ("closed_ms", self.closed_ms, 200, 3_000),
            ("settled_ms", self.settled_ms, 200, 3_000),
            ("name_ms", self.name_ms, 300, 5_000),
            ("open_ms", self.open_ms, 300, 5_000),
            ("filled_ms", self.filled_ms, 200, 5_000),
            ("no_input_ms", self.no_input_ms, 2_000, 60_000),
            ("inter_digit_ms", self.inter_digit_ms, 1_000, 15_000),
            ("speech_ms_max", self.speech_ms_max, 5_000, 60_000),
            ("message_ms_max", self.message_ms_max, 10_000, 600_000),
            ("engine_ms_max", self.engine_ms_max, 1_000, 30_000),
            ("call_ms_max", self.call_ms_max, 60_000, 7_200_000),
        ]
    }
}

/// Phrases by what is asked for, made once for all calls.
#[derive(Debug, Clone)]
struct Expected {
    yes_no: Phrases,
    names: Phrases,
    places: Phrases,
}

/// Names of each kind (family, middle, given) a recogniser leans towards.
const NAMES_MAX: usize = 300;
/// Places and streets a recogniser leans towards.
const PLACES_MAX: usize = 1_500;

impl Expected {
    fn new(file: &HotlineFile, grammar: &Grammar) -> Expected {
        let places = grammar.expected_places(&file.areas, PLACES_MAX);
        let answers = grammar.words.yes.iter().chain(&grammar.words.no);
        Expected {
            yes_no: answers.cloned().collect::<Vec<_>>().into(),
            names: after(&file.biasing.names, grammar.expected_names(NAMES_MAX)).into(),
            places: after(&file.biasing.places, places).into(),
        }
    }
}

/// `own` phrases, then the `known` ones that are not among them.
fn after(own: &[String], known: Vec<String>) -> Vec<String> {
    let mut phrases: Vec<String> = own.iter().map(|phrase| fold(phrase)).collect();
    let seen: BTreeSet<String> = phrases.iter().cloned().collect();
    phrases.extend(known.into_iter().filter(|phrase| !seen.contains(phrase)));
    phrases
}

/// Which file a problem lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `prompts/hotlines/<name>.toml`.
    Hotline,
    /// `prompts/languages/<lang>/prompts.toml`.
    Prompts,
}

/// One thing wrong with a hotline's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which file.
    pub part: Part,
    /// The key.
    pub key: String,
    /// What is wrong and what would be right.
    pub problem: String,
}
