//! A scenario file: who calls, what they say when, and the ticket that must come of it.

use crate::caller::expect::{Expectations, Party};
use crate::caller::pattern::{AnyOf, Pattern};
use crate::rtp::DtmfDigit;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// A scripted call.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file it was read from; `play` files are relative to it.
    pub file: PathBuf,
    /// One line for people who watch.
    pub about: String,
    /// ISO 639-1 language of the caller's voice.
    pub language: String,
    /// Calling number; empty when withheld.
    pub from: String,
    /// The synthesised voice: `espeak`, `piper:NAME` or `program: COMMAND`; the language's usual
    /// one when absent.
    pub voice: Option<String>,
    /// Headers added to the INVITE.
    pub headers: Vec<(String, String)>,
    /// How patient and how quick the caller is.
    pub pace: Pace,
    /// How a call is answered, where the scenario is that of a telephone which waits for one.
    pub answer: Option<AnswerSpec>,
    /// What the caller does, in order.
    pub turns: Vec<Turn>,
    /// What must come of it.
    pub expect: Expectations,
}

/// How a waiting telephone takes a call: the `[answer]` of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerSpec {
    /// How long it rings before anything else.
    pub ring_ms: u64,
    /// The call is not answered.
    pub refuse: Option<Refuse>,
}

/// Why a call is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refuse {
    /// 486: on the telephone.
    Busy,
    /// 603: does not want to.
    Decline,
    /// Rings until the caller gives up.
    NoAnswer,
}

/// How patient and how quick the caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Quiet that ends a prompt.
    pub prompt_end_ms: u64,
    /// Longest wait for the bot to begin to speak.
    pub answer_ms_max: u64,
    /// Longest prompt.
    pub prompt_ms_max: u64,
    /// Longest call.
    pub call_ms_max: u64,
    /// From one key to the next.
    pub key_every_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            prompt_end_ms: 700,
            answer_ms_max: 10_000,
            prompt_ms_max: 60_000,
            call_ms_max: 300_000,
            key_every_ms: 300,
        }
    }
}

/// One thing the caller does.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The line of its `[[turn]]` in the file.
    pub line: usize,
    /// A name for reports.
    pub label: Option<String>,
    /// When.
    pub after: After,
    /// What.
    pub act: Act,
    /// What is said in a wav that is played, where the scenario tells.
    pub words: Option<String>,
    /// The slots it tells, and `emergency` where it tells of one: what `[expect]` says of what was
    /// never told is not known to be so.
    pub tells: Vec<String>,
    /// What the bot must have said before it.
    pub expect_prompt: Option<Pattern>,
    /// Left out unless the bot has said this since the turn before: some questions are asked only
    /// when the bot is in doubt.
    pub only_if_asked: Option<Pattern>,
}

/// When a turn begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// When the bot's prompt has ended.
    Prompt,
    /// This long into the bot's prompt.
    BargeIn {
        /// Milliseconds from the prompt's first sound.
        at_ms: u64,
    },
    /// As soon as the turn before is done.
    Now,
}

/// What the caller does in a turn.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Speaks this text with a synthesised voice.
    Say(String),
    /// Speaks wav files, one after the other.
    Play(Vec<PathBuf>),
    /// Presses keys.
    Keys(Vec<DtmfDigit>),
    /// Thinks: the next turn then answers the same prompt.
    Wait {
        /// How long.
        ms: u64,
    },
    /// Answers with silence: the next turn waits for what the bot makes of it.
    Silence {
        /// How long at least.
        ms: u64,
    },
    /// Hangs up.
    HangUp,
}

/// Why a scenario was refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error(
        "{file}: cannot be read: {reason}; give a scenario file, for example \
         prompts/scenarios/demo-en.toml"
    )]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Not the TOML a scenario is; the reason names line, key and what was expected.
    #[error("{file}: {reason}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Line, key, expectation.
        reason: String,
    },
    /// A value that cannot be.
    #[error("{file}:{line}: {key}: {problem}; expected {expected}")]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The dotted key.
        key: String,
        /// What is wrong.
        problem: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A key that means nothing on this side of a call.
    #[error("{file}: {key}: {problem}")]
    Misplaced {
        /// The file.
        file: PathBuf,
        /// The dotted key.
        key: String,
        /// Why, and what to do.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    #[serde(default)]
    about: String,
    language: Spanned<String>,
    #[serde(default)]
    from: Option<Spanned<String>>,
    voice: Option<String>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pace: Option<Spanned<Pace>>,
    #[serde(default)]
    answer: Option<Spanned<AnswerSpec>>,
    #[serde(default)]
    turn: Vec<Spanned<RawTurn>>,
    #[serde(default)]
    expect: Expectations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTurn {
    label: Option<String>,
    after: Option<Spanned<RawAfter>>,
    at_ms: Option<Spanned<u64>>,
    expect_prompt: Option<Pattern>,
    only_if_asked: Option<Pattern>,
    say: Option<Spanned<String>>,
    play: Option<Spanned<Wavs>>,
    words: Option<Spanned<String>>,
    #[serde(default)]
    tells: Vec<String>,
    keys: Option<Spanned<String>>,
    wait_ms: Option<u64>,
    silence_ms: Option<u64>,
    hang_up: Option<Spanned<bool>>,
}

/// A wav file, or several.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Wavs {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawAfter {
    Prompt,
    BargeIn,
    Now,
}

/// The text being read, to turn a span into a line.
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

/// Nobody lets it ring for longer.
const RING_MS_MAX: u64 = 300_000;

const ONE_ACT: &str = "exactly one of say, play, keys, wait_ms, silence_ms or hang_up = true";

impl Scenario {
    /// The same, called from the number `from`; expectations of the scenario's own number are of
    /// that one.
    pub fn called_from(&self, from: &str) -> Scenario {
        let mut scenario = Scenario { from: from.into(), ..self.clone() };
        let expect = &mut scenario.expect;
        for number in expect.callback_number.iter_mut().chain(expect.slots.values_mut()) {
            if number.words() == Some(&self.from) {
                *number = AnyOf::plain(from);
            }
        }
        scenario
    }

    /// Reads and checks the scenario in `file`.
    pub fn load(file: &Path) -> Result<Scenario, ScenarioError> {
        let text = std::fs::read_to_string(file)
            .map_err(|e| ScenarioError::Unreadable { file: file.into(), reason: e.to_string() })?;
        Scenario::parse(file, &text)
    }

    /// Reads and checks the scenario `text`, which stands in `file`.
    pub fn parse(file: &Path, text: &str) -> Result<Scenario, ScenarioError> {
        let raw: RawScenario = toml::from_str(text).map_err(|e| ScenarioError::Malformed {
            file: file.into(),
            reason: e.to_string().trim_end().to_owned(),
        })?;
        let source = Source { file, text };
        let mut turns = Vec::with_capacity(raw.turn.len());
        for (i, turn) in raw.turn.into_iter().enumerate() {
            turns.push(source.turn(i + 1, turn)?);
        }
        Ok(Scenario {
            file: file.into(),
            about: raw.about,
            language: source.language(raw.language)?,
            from: raw.from.map_or(Ok(String::new()), |from| source.from(from))?,
            voice: raw.voice,
            headers: source.headers(raw.headers)?,
            pace: raw.pace.map_or(Ok(Pace::default()), |pace| source.pace(pace))?,
            answer: raw.answer.map(|answer| source.answer(answer)).transpose()?,
            turns,
            expect: raw.expect,
        })
    }

    /// Refuses what a scenario that calls Spillway cannot say.
    pub fn check_calling(&self) -> Result<(), ScenarioError> {
        if self.answer.is_some() {
            let problem = "says how a call is answered; give --answer ADDRESS, or take it out";
            return Err(self.misplaced("answer".into(), problem));
        }
        self.check_party(Party::Callee, "who is called is the bot; write \"bot\" or \"caller\"")
    }

    /// Refuses what a scenario that waits for a call cannot say: whoever calls is a person whose
    /// words nobody knows, and leaves no ticket.
    pub fn check_answering(&self) -> Result<(), ScenarioError> {
        let is_refused = self.answer.is_some_and(|answer| answer.refuse.is_some());
        let misplaced = |key: &str, problem| Err(self.misplaced(key.into(), problem));
        if !self.from.is_empty() {
            return misplaced("from", "is a calling number, and this side is called; take it out");
        }
        if !self.headers.is_empty() {
            return misplaced("headers", "go into the INVITE, which the other side sends");
        }
        if is_refused && !self.turns.is_empty() {
            return misplaced("turn", "nothing is said in a call that is refused; take it out");
        }
        if self.expect.need_ticket() || self.expect.gap_ms_p95_max.is_some() {
            return misplaced("expect", "a call that is answered here can expect hung_up_by only");
        }
        for (i, turn) in self.turns.iter().enumerate() {
            let words = [
                ("expect_prompt", turn.expect_prompt.is_some()),
                ("only_if_asked", turn.only_if_asked.is_some()),
            ];
            if let Some((key, _)) = words.iter().find(|(_, there)| *there) {
                let problem = "the words of the other side are not known; take it out";
                return Err(self.misplaced(format!("turn {}: {key}", i + 1), problem));
            }
        }
        self.check_party(Party::Bot, "no bot is on the line; write \"caller\" or \"callee\"")
    }

    fn check_party(&self, nobody: Party, problem: &'static str) -> Result<(), ScenarioError> {
        match self.expect.hung_up_by == Some(nobody) {
            true => Err(self.misplaced("expect.hung_up_by".into(), problem)),
            false => Ok(()),
        }
    }

    fn misplaced(&self, key: String, problem: &'static str) -> ScenarioError {
        ScenarioError::Misplaced { file: self.file.clone(), key, problem }
    }
}

impl Source<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|&&b| b == b'\n').count() + 1
    }

    fn invalid(
        &self,
        offset: usize,
        key: impl Into<String>,
        problem: impl Into<String>,
        expected: &'static str,
    ) -> ScenarioError {
        ScenarioError::Invalid {
            file: self.file.into(),
            line: self.line(offset),
            key: key.into(),
            problem: problem.into(),
            expected,
        }
    }

    fn language(&self, language: Spanned<String>) -> Result<String, ScenarioError> {
        let at = language.span().start;
        let language = language.into_inner();
        if language.len() == 2 && language.bytes().all(|b| b.is_ascii_lowercase()) {
            return Ok(language);
        }
        let problem = format!("{language:?} is no language");
        Err(self.invalid(at, "language", problem, "an ISO 639-1 code such as \"en\" or \"vi\""))
    }

    fn from(&self, from: Spanned<String>) -> Result<String, ScenarioError> {
        let at = from.span().start;
        let from = from.into_inner();
        if from.chars().all(|c| c.is_ascii_alphanumeric() || "+-._*#".contains(c)) {
            return Ok(from);
        }
        let problem = format!("{from:?} cannot be the user part of a SIP address");
        Err(self.invalid(at, "from", problem, "digits such as \"+15550100\", or \"\" for withheld"))
    }

    fn headers(
        &self,
        headers: BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<Vec<(String, String)>, ScenarioError> {
        let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
        let mut checked = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let key = format!("headers.{}", name.get_ref());
            if name.get_ref().is_empty() || !name.get_ref().chars().all(token) {
                let problem = "is no SIP header name";
                return Err(self.invalid(
                    name.span().start,
                    key,
                    problem,
                    "a token, RFC 3261 25.1",
                ));
            }
            if value.get_ref().chars().any(char::is_control) {
                let problem = "holds a control character";
                return Err(self.invalid(value.span().start, key, problem, "one line of text"));
            }
            checked.push((name.into_inner(), value.into_inner()));
        }
        Ok(checked)
    }

    fn pace(&self, pace: Spanned<Pace>) -> Result<Pace, ScenarioError> {
        let at = pace.span().start;
        let pace = pace.into_inner();
        let limits = [
            ("prompt_end_ms", pace.prompt_end_ms, 200..=10_000, "200 to 10000"),
            ("answer_ms_max", pace.answer_ms_max, 500..=120_000, "500 to 120000"),
            ("prompt_ms_max", pace.prompt_ms_max, 1_000..=600_000, "1000 to 600000"),
            ("call_ms_max", pace.call_ms_max, 1_000..=7_200_000, "1000 to 7200000"),
            ("key_every_ms", pace.key_every_ms, 100..=5_000, "100 to 5000"),
        ];
        for (key, value, range, expected) in limits {
            if !range.contains(&value) {
                let key = format!("pace.{key}");
                return Err(self.invalid(at, key, format!("is {value}"), expected));
            }
        }
        Ok(pace)
    }

    fn answer(&self, answer: Spanned<AnswerSpec>) -> Result<AnswerSpec, ScenarioError> {
        let at = answer.span().start;
        let answer = answer.into_inner();
        if answer.ring_ms > RING_MS_MAX {
            let problem = format!("is {}", answer.ring_ms);
            return Err(self.invalid(at, "answer.ring_ms", problem, "0 to 300000"));
        }
        Ok(answer)
    }

    fn turn(&self, number: usize, turn: Spanned<RawTurn>) -> Result<Turn, ScenarioError> {
        let at = turn.span().start;
        let mut turn = turn.into_inner();
        let key = |name: &str| format!("turn {number}: {name}");
        let after = match (turn.after.take(), turn.at_ms.take()) {
            (Some(after), Some(at_ms)) if *after.get_ref() == RawAfter::BargeIn => {
                After::BargeIn { at_ms: at_ms.into_inner() }
            }
            (Some(after), None) if *after.get_ref() == RawAfter::BargeIn => {
                let problem = "at_ms is missing";
                let expected = "at_ms = milliseconds into the prompt beside after = \"barge_in\"";
                return Err(self.invalid(after.span().start, key("after"), problem, expected));
            }
            (_, Some(at_ms)) => {
                let problem = "means nothing here";
                let expected = "at_ms only beside after = \"barge_in\"";
                return Err(self.invalid(at_ms.span().start, key("at_ms"), problem, expected));
            }
            (Some(after), None) if *after.get_ref() == RawAfter::Now => After::Now,
            (_, None) => After::Prompt,
        };
        let words = match turn.words.take() {
            Some(words) if turn.play.is_none() => {
                let expected = "words only beside play: what is said in the wav";
                let at = words.span().start;
                return Err(self.invalid(at, key("words"), "means nothing here", expected));
            }
            words => words.map(Spanned::into_inner),
        };
        Ok(Turn {
            line: self.line(at),
            label: turn.label.take(),
            tells: std::mem::take(&mut turn.tells),
            after,
            expect_prompt: turn.expect_prompt.take(),
            only_if_asked: turn.only_if_asked.take(),
            act: self.act(at, number, turn)?,
            words,
        })
    }

    fn wavs(&self, key: &str, play: Spanned<Wavs>) -> Result<Vec<PathBuf>, ScenarioError> {
        let at = play.span().start;
        let files = match play.into_inner() {
            Wavs::One(file) => vec![file],
            Wavs::Many(files) => files,
        };
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let files: Vec<PathBuf> = files.into_iter().map(|file| folder.join(file)).collect();
        let problem = match files.iter().find(|file| !file.is_file()) {
            Some(file) => format!("{} is not there", file.display()),
            None if files.is_empty() => "is empty".to_owned(),
            None => return Ok(files),
        };
        let expected = "a wav file or a list of them, paths relative to the scenario";
        Err(self.invalid(at, key, problem, expected))
    }

    fn act(&self, at: usize, number: usize, turn: RawTurn) -> Result<Act, ScenarioError> {
        let key = |name: &str| format!("turn {number}: {name}");
        let mut acts = Vec::new();
        if let Some(say) = turn.say {
            if say.get_ref().trim().is_empty() {
                let expected = "words; silence_ms = N answers with silence";
                return Err(self.invalid(say.span().start, key("say"), "is empty", expected));
            }
            acts.push(Act::Say(say.into_inner()));
        }
        if let Some(play) = turn.play {
            acts.push(Act::Play(self.wavs(&key("play"), play)?));
        }
        if let Some(keys) = turn.keys {
            let pressed: Result<Vec<_>, _> =
                keys.get_ref().chars().map(DtmfDigit::try_from).collect();
            match pressed {
                Ok(pressed) if !pressed.is_empty() => acts.push(Act::Keys(pressed)),
                other => {
                    let problem = other.err().map_or("is empty".to_owned(), |e| e.to_string());
                    let expected = "keys such as \"0123#\"";
                    return Err(self.invalid(keys.span().start, key("keys"), problem, expected));
                }
            }
        }
        acts.extend(turn.wait_ms.map(|ms| Act::Wait { ms }));
        acts.extend(turn.silence_ms.map(|ms| Act::Silence { ms }));
        if let Some(hang_up) = turn.hang_up {
            if !hang_up.get_ref() {
                let expected = "hang_up = true, or another act";
                let at = hang_up.span().start;
                return Err(self.invalid(at, key("hang_up"), "is false", expected));
            }
            acts.push(Act::HangUp);
        }
        let n = acts.len();
        match acts.pop() {
            Some(act) if n == 1 => Ok(act),
            _ => Err(self.invalid(at, format!("turn {number}"), format!("has {n} acts"), ONE_ACT)),
        }
    }
}

#[cfg(test)]
mod tests;
