//! What a call came to: for people, for tests and, as JSON, for programs.

mod stages;

pub use stages::Stages;

use crate::call::HangupCause;
use crate::caller::ear::FarSound;
use crate::caller::expect::{Check, Outcome, Party};
use crate::caller::page::{Paint, Role, clock, padded, seconds};
use crate::caller::scenario::{Act, Refuse, Scenario};
use crate::caller::script::{Event, Failure};
use crate::caller::voice::listed;
use crate::caller::words::Said;
use crate::replay::score::percentile;
use crate::speech::Expectation;
use crate::store::StoredTicket;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// All that was seen of one call while it ran.
#[derive(Debug, Default)]
pub struct Diary {
    /// What the script told, in order.
    pub events: Vec<Event>,
    /// What the journal told, in order.
    pub said: Vec<Said>,
    /// The journal was there to be read.
    pub has_words: bool,
    /// From answer to the end.
    pub duration_ms: u64,
    /// What was heard of the far end.
    pub far_sound: FarSound,
}

/// Our side of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Side {
    /// We called.
    Calling(Reached),
    /// We were called.
    Called(Rung),
}

/// How a call was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reached {
    /// The address called.
    pub target: String,
    /// The call's identity at the server, if it told one.
    pub call_id: Option<String>,
    /// From INVITE to 200.
    pub answered_after_ms: u64,
}

/// How a telephone was called.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rung {
    /// The calling number: P-Asserted-Identity, else the From user; empty when withheld.
    pub from: String,
    /// The called number: the To user.
    pub called: String,
    /// What the INVITE told besides, such as `x-spillway-ticket`.
    pub headers: BTreeMap<String, String>,
    /// When the INVITE came.
    pub rang_at: Timestamp,
    /// How long it rang.
    pub rang_ms: u64,
    /// What became of it.
    pub answer: Answer,
}

/// What became of a call that rang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It was answered.
    Answered,
    /// It was refused with 486.
    Busy,
    /// It was refused with 603.
    Declined,
    /// The caller gave up.
    Cancelled,
    /// Nobody answered for as long as a call may last, or we were stopped.
    NotAnswered,
    /// Offer and answer had nothing in common, or no port was free.
    Failed,
}

impl Answer {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Answer::Answered => "answers",
            Answer::Busy => "is busy",
            Answer::Declined => "declines",
            Answer::Cancelled => "the caller gave up",
            Answer::NotAnswered => "does not answer",
            Answer::Failed => "cannot answer",
        }
    }

    /// Who ended a call that was not answered.
    fn ended_by(self) -> Option<Party> {
        match self {
            Answer::Busy | Answer::Declined | Answer::Failed => Some(Party::Callee),
            Answer::Cancelled => Some(Party::Caller),
            Answer::Answered | Answer::NotAnswered => None,
        }
    }
}

/// One call, reported. As JSON the keys are those of the fields.
#[derive(Debug, Clone, Serialize)]
pub struct CallReport {
    /// The scenario's file.
    pub scenario: String,
    /// How the call was reached, or how it rang.
    #[serde(flatten)]
    pub side: Side,
    /// From answer to the far end's first sound.
    pub first_sound_ms: Option<u64>,
    /// What was heard of the far end in all.
    pub far_sound: FarSound,
    /// From answer to the end.
    pub duration_ms: u64,
    /// Who ended the call, or refused it.
    pub hung_up_by: Option<Party>,
    /// Why, where the far end did.
    pub hangup_cause: Option<HangupCause>,
    /// Why the call did not go as written, if it did not.
    pub failure: Option<String>,
    /// The turns that were performed.
    pub turns: Vec<TurnReport>,
    /// From the end of the caller's speech to the first sound of the answer.
    pub gaps: Gaps,
    /// The same after the last key of turns by keys.
    pub key_gaps: Gaps,
    /// The ticket as the store has it after the call.
    pub ticket: Option<StoredTicket>,
    /// Each expectation of the scenario beside what there was.
    pub expectations: Vec<Check>,
    /// Everything went as written and expected.
    pub as_expected: bool,
}

/// One turn of the caller's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TurnReport {
    /// From 1, as in the scenario.
    pub turn: usize,
    /// The scenario's name for it.
    pub label: Option<String>,
    /// `say`, `play`, `keys`, `wait`, `silence` or `hang_up`.
    pub act: &'static str,
    /// What was said, played or pressed.
    pub said: String,
    /// The bot's words since the turn before; null where no journal could be read.
    pub prompt: Option<String>,
    /// What the bot took it for an answer to; null where no journal could be read, and for keys.
    pub expectation: Option<Expectation>,
    /// When it began, since answer.
    pub at_ms: u64,
    /// When its last voiced sample or key went out.
    pub end_ms: Option<u64>,
    /// What the recogniser made of it.
    pub heard: Vec<HeardReport>,
    /// From `end_ms` to the answer's first sound; null where there is none to measure.
    pub gap_ms: Option<u64>,
    /// Its parts; null where no journal could be read.
    pub stages: Option<Stages>,
    /// The bot spoke before the turn's end, or through it.
    pub spoken_over: bool,
}

/// What the recogniser heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeardReport {
    /// The words.
    pub text: String,
    /// 0..=1.
    pub confidence: f32,
}

/// Gaps in milliseconds; percentiles are nearest-rank, null when there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// How many were measured.
    pub count: usize,
    /// The median.
    pub p50_ms: Option<u64>,
    /// 95 of 100 are no longer.
    pub p95_ms: Option<u64>,
    /// The longest.
    pub max_ms: Option<u64>,
}

impl Gaps {
    /// The percentiles of `gaps_ms`.
    pub fn of(gaps_ms: impl IntoIterator<Item = u64>) -> Gaps {
        let mut gaps_ms: Vec<u64> = gaps_ms.into_iter().collect();
        gaps_ms.sort_unstable();
        let rank = |percent| percentile(&gaps_ms, percent);
        Gaps { count: gaps_ms.len(), p50_ms: rank(50), p95_ms: rank(95), max_ms: rank(100) }
    }
}

impl CallReport {
    /// Puts together what was seen of a call of `scenario`.
    pub fn new(
        scenario: &Scenario,
        side: Side,
        diary: &Diary,
        ticket: Option<StoredTicket>,
    ) -> CallReport {
        let turns = turns(scenario, diary);
        let gaps = Gaps::of(turns.iter().filter(|t| t.is_speech()).filter_map(|t| t.gap_ms));
        let key_gaps = Gaps::of(turns.iter().filter(|t| !t.is_speech()).filter_map(|t| t.gap_ms));
        let first = |find: fn(&Event) -> Option<u64>| diary.events.iter().find_map(find);
        let first_sound_ms = first(|e| match e {
            Event::PromptStarted { at_ms } => Some(*at_ms),
            _ => None,
        });
        let (hung_up_by, hangup_cause) = hung_up(&side, &diary.events);
        let failure = failure(scenario, &side, diary, hung_up_by);
        let mut expectations = prompt_checks(scenario, &turns);
        expectations.extend(scenario.expect.check(Outcome {
            ticket: ticket.as_ref().map(|t| &t.ticket),
            hung_up_by,
            gap_ms_p95: gaps.p95_ms,
        }));
        let as_expected = failure.is_none() && expectations.iter().all(|c| c.ok);
        CallReport {
            scenario: scenario.file.display().to_string(),
            side,
            first_sound_ms,
            far_sound: diary.far_sound,
            duration_ms: diary.duration_ms,
            hung_up_by,
            hangup_cause,
            failure,
            turns,
            gaps,
            key_gaps,
            ticket,
            expectations,
            as_expected,
        }
    }

    /// How the call ended and its gaps, in a few lines.
    pub fn summary(&self, paint: Paint) -> String {
        let mut out = String::new();
        let who = match (self.hung_up_by, self.hangup_cause) {
            (Some(Party::Callee), _) => "the called party hung up".to_owned(),
            (Some(Party::Caller), _) => "the caller hung up".to_owned(),
            (_, Some(cause)) => format!("the far end hung up: {cause}"),
            (..) => "broken off".to_owned(),
        };
        if let Side::Called(Rung { answer, rang_ms, .. }) = &self.side
            && *answer != Answer::Answered
        {
            let rang = seconds(*rang_ms);
            let _ = writeln!(out, "not answered: {}, after it rang for {rang}", answer.words());
        } else {
            let _ = writeln!(out, "call ended after {}, {who}", clock(self.duration_ms));
        }
        if let (Side::Called(_), FarSound { sound_ms, level_dbfs: Some(dbfs) }) =
            (&self.side, self.far_sound)
        {
            let _ = writeln!(out, "heard {} of sound at {dbfs:.0} dBFS", seconds(sound_ms));
        }
        let stages: Vec<Stages> = self.turns.iter().filter_map(|t| t.stages).collect();
        out.push_str(&gap_lines(&self.gaps, &self.key_gaps, &stages));
        if let Some(failure) = &self.failure {
            let _ = writeln!(out, "{} {failure}", paint.paint(Role::Bad, "✗"));
        }
        out
    }

    /// The expectations, one a line, and the verdict.
    pub fn verdict(&self, paint: Paint) -> String {
        let mut out = String::new();
        let width = self.expectations.iter().map(|c| c.what.len()).max().unwrap_or(0);
        for check in &self.expectations {
            let what = padded(&check.what, width);
            let _ = if check.ok {
                // A whole prompt was printed above; what was looked for in it is enough.
                let text = if check.on_prompt { &check.want } else { &check.got };
                writeln!(out, "{} {what}  {}", paint.paint(Role::Good, "✓"), shown(text))
            } else {
                let mark = paint.paint(Role::Bad, "✗");
                let (got, want) = (shown(&check.got), shown(&check.want));
                writeln!(out, "{mark} {what}  {got}   (expected: {want})")
            };
        }
        let wrong = self.expectations.iter().filter(|c| !c.ok).count();
        let all = self.expectations.len();
        let line = match (self.as_expected, &self.failure) {
            (true, _) if all == 0 => paint.paint(Role::Good, "The call went as written."),
            (true, _) => paint.paint(Role::Good, "The call went as expected."),
            (false, Some(_)) => paint.paint(Role::Bad, "The call did not go as written."),
            (false, None) => paint.paint(Role::Bad, &format!("{wrong} of {all} not as expected.")),
        };
        out + &line + "\n"
    }
}

/// The gaps of a call or of many, and the parts of those after speech, in a few lines.
pub fn gap_lines(gaps: &Gaps, key_gaps: &Gaps, stages: &[Stages]) -> String {
    let line = |after: &str, gaps: &Gaps| match (gaps.p50_ms, gaps.p95_ms, gaps.max_ms) {
        (Some(p50), Some(p95), Some(max)) => format!(
            "gap after {after}: p50 {}, p95 {}, longest {} ({} turns)\n",
            seconds(p50),
            seconds(p95),
            seconds(max),
            gaps.count
        ),
        _ => String::new(),
    };
    line("speech", gaps) + &Stages::line(stages) + &line("keys", key_gaps)
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "(empty)" } else { text }
}

/// `failure`, and where in the file the turn stands that could not be performed.
fn located(failure: &Failure, scenario: &Scenario) -> String {
    let (Failure::NoAnswer { turn, .. }
    | Failure::PromptTooLong { turn, .. }
    | Failure::CallTooLong { turn, .. }
    | Failure::WordsUnknown { turn }
    | Failure::FarEndGone { turn, .. }) = failure;
    match scenario.turns.get(*turn) {
        Some(next) => {
            format!("{failure} (turn {}: {}:{})", turn + 1, scenario.file.display(), next.line)
        }
        None => failure.to_string(),
    }
}

/// Why the call did not go as written.
fn failure(
    scenario: &Scenario,
    side: &Side,
    diary: &Diary,
    hung_up_by: Option<Party>,
) -> Option<String> {
    let told = diary.events.iter().find_map(|e| match e {
        Event::Failed(failure) => Some(located(failure, scenario)),
        _ => None,
    });
    let broken_off = || hung_up_by.is_none().then(|| "the call was broken off".to_owned());
    let Side::Called(rung) = side else { return told.or_else(broken_off) };
    let refuse = scenario.answer.and_then(|answer| answer.refuse);
    match (rung.answer, refuse) {
        (Answer::Answered, _) => told.or_else(broken_off),
        (Answer::Busy, Some(Refuse::Busy))
        | (Answer::Declined, Some(Refuse::Decline))
        | (Answer::Cancelled, Some(Refuse::NoAnswer)) => None,
        (answer, _) => Some(format!("the call was not answered: {}", answer.words())),
    }
}

fn hung_up(side: &Side, events: &[Event]) -> (Option<Party>, Option<HangupCause>) {
    let (own, far) = match side {
        Side::Calling(_) => (Party::Caller, Party::Bot),
        Side::Called(rung) if rung.answer != Answer::Answered => {
            return (rung.answer.ended_by(), None);
        }
        Side::Called(_) => (Party::Callee, Party::Caller),
    };
    let ended = events.iter().find_map(|e| match e {
        Event::FarEndGone(cause) => Some((Some(far), Some(*cause))),
        Event::HungUp { .. } => Some((Some(own), None)),
        _ => None,
    });
    ended.unwrap_or_default()
}

fn turns(scenario: &Scenario, diary: &Diary) -> Vec<TurnReport> {
    let mut turns: Vec<TurnReport> = Vec::new();
    for event in &diary.events {
        match event {
            Event::TurnStarted { turn, at_ms } => {
                let Some(written) = scenario.turns.get(*turn) else { continue };
                turns.push(TurnReport {
                    turn: turn + 1,
                    label: written.label.clone(),
                    act: written.act.name(),
                    said: written.act.content(),
                    prompt: None,
                    expectation: None,
                    at_ms: *at_ms,
                    end_ms: None,
                    heard: Vec::new(),
                    gap_ms: None,
                    stages: None,
                    spoken_over: false,
                });
            }
            Event::TurnEnded { turn, at_ms } => {
                at(&mut turns, *turn, |t| t.end_ms = Some(*at_ms));
            }
            Event::Answered { turn, gap_ms, .. } => {
                at(&mut turns, *turn, |t| t.gap_ms = Some(*gap_ms));
            }
            Event::SpokenOver { turn } => at(&mut turns, *turn, |t| t.spoken_over = true),
            _ => {}
        }
    }
    if diary.has_words {
        add_words(&mut turns, &diary.said, clock_shift_ms(diary));
    }
    turns
}

fn at(turns: &mut [TurnReport], index: usize, change: impl FnOnce(&mut TurnReport)) {
    if let Some(turn) = turns.iter_mut().find(|t| t.turn == index + 1) {
        change(turn);
    }
}

/// How far the server's clock is behind the caller's: a busy server begins late. Its first words
/// were heard when they were said.
fn clock_shift_ms(diary: &Diary) -> u64 {
    let heard = diary.events.iter().find_map(|event| match event {
        Event::PromptStarted { at_ms } => Some(*at_ms),
        _ => None,
    });
    let said = diary.said.iter().find_map(|said| match said {
        Said::Bot { at_ms, .. } => Some(*at_ms),
        _ => None,
    });
    heard.zip(said).map_or(0, |(heard, said)| heard.saturating_sub(said))
}

/// Gives each turn the bot's words before it and the recogniser's words after its begin; what was
/// `said` is `shift_ms` later in the turns' clock.
fn add_words(turns: &mut [TurnReport], said: &[Said], shift_ms: u64) {
    let starts: Vec<u64> = turns.iter().map(|t| t.at_ms).collect();
    for (i, turn) in turns.iter_mut().enumerate() {
        let before = if i == 0 { 0 } else { starts[i - 1] };
        let until = starts.get(i + 1).copied().unwrap_or(u64::MAX);
        let mut prompt = Vec::new();
        for said in said {
            let at_ms = said.at_ms() + shift_ms;
            match said {
                Said::Bot { text, .. } if (before..turn.at_ms).contains(&at_ms) => {
                    prompt.push(text.as_str());
                }
                Said::Listening { expectation, .. } if (turn.at_ms..until).contains(&at_ms) => {
                    turn.expectation.get_or_insert(*expectation);
                }
                Said::Heard { text, confidence, .. } if (turn.at_ms..until).contains(&at_ms) => {
                    let (text, confidence) = (text.clone(), *confidence);
                    turn.heard.push(HeardReport { text, confidence });
                }
                _ => {}
            }
        }
        turn.stages = Stages::of(turn, said, shift_ms);
        turn.prompt = Some(prompt.join(" "));
    }
}

/// What turns demand of the prompts before them, where the bot's words are known.
fn prompt_checks(scenario: &Scenario, turns: &[TurnReport]) -> Vec<Check> {
    let checks = turns.iter().filter_map(|turn| {
        let want = scenario.turns.get(turn.turn - 1)?.expect_prompt.as_ref()?;
        let said = turn.prompt.as_deref()?;
        Some(Check::on_prompt(turn.turn, want, Some(said)))
    });
    checks.collect()
}

impl TurnReport {
    /// True for turns whose gap begins at the end of speech, not of keys.
    pub fn is_speech(&self) -> bool {
        matches!(self.act, "say" | "play")
    }
}

impl Act {
    /// Its key in a scenario, without the unit.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Say(_) => "say",
            Act::Play(_) => "play",
            Act::Keys(_) => "keys",
            Act::Wait { .. } => "wait",
            Act::Silence { .. } => "silence",
            Act::HangUp => "hang_up",
        }
    }

    /// The words, the file, the keys or the milliseconds.
    pub fn content(&self) -> String {
        match self {
            Act::Say(text) => text.clone(),
            Act::Play(files) => listed(files),
            Act::Keys(keys) => keys.iter().map(|k| k.as_char()).collect(),
            Act::Wait { ms } | Act::Silence { ms } => ms.to_string(),
            Act::HangUp => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
