//! The caller as a machine without IO: hears 20 ms, sends 20 ms, in whatever time it is told.

use crate::audio::{AudioFrame, FRAME_MS};
use crate::call::HangupCause;
use crate::caller::ear::{Ear, FarSound, Heard};
use crate::caller::line::Line;
use crate::caller::pattern::Pattern;
use crate::caller::scenario::{After, Pace};
use crate::leg::LegEvent;
use crate::rtp::DtmfDigit;
use std::fmt;
use std::sync::Arc;

/// Sound that goes on for this long after the caller's end, without a pause, is an answer that
/// cannot be told from what was playing before.
const TALKED_ON_MS: u64 = 600;
/// A bot that is spoken over may take this long to fall quiet, the way there and back included.
const STOP_MS: u64 = 200;

/// A turn made ready to perform.
#[derive(Debug, Clone)]
pub struct Cue {
    /// When it begins.
    pub after: After,
    /// What is done.
    pub act: CueAct,
    /// Left out unless the bot has said this since the turn before.
    pub only_if_asked: Option<Pattern>,
}

/// What is done in a turn.
#[derive(Debug, Clone)]
pub enum CueAct {
    /// Speaks.
    Speak(Arc<Line>),
    /// Presses keys, evenly.
    Press(Vec<DtmfDigit>),
    /// Thinks; the prompt before still stands.
    Wait {
        /// How long.
        ms: u64,
    },
    /// Answers with silence.
    Silence {
        /// How long at least.
        ms: u64,
    },
    /// Hangs up.
    HangUp,
}

/// What the shell must do or may tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Press this key towards the bot now.
    Press(DtmfDigit),
    /// End the leg: the call is over.
    HangUp,
    /// Something people and reports want to know.
    Tell(Event),
}

/// What happened, in the caller's clock: milliseconds since answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The bot began a prompt.
    PromptStarted {
        /// First sound.
        at_ms: u64,
    },
    /// The bot's prompt is over.
    PromptEnded {
        /// First sound.
        from_ms: u64,
        /// End of the last sound.
        to_ms: u64,
    },
    /// The caller's turn began.
    TurnStarted {
        /// Index among the cues.
        turn: usize,
        /// When.
        at_ms: u64,
    },
    /// The caller's speech, keys or silence of this turn ended.
    TurnEnded {
        /// Index among the cues.
        turn: usize,
        /// The step in which the last voiced sample or the last key goes out.
        at_ms: u64,
    },
    /// The bot answered the turn.
    Answered {
        /// Index among the cues.
        turn: usize,
        /// The answer's first sound.
        at_ms: u64,
        /// From the turn's end to the answer's first sound.
        gap_ms: u64,
    },
    /// The bot spoke before the turn's end, or through it: it has no gap.
    SpokenOver {
        /// Index among the cues.
        turn: usize,
    },
    /// The call cannot go on as written.
    Failed(Failure),
    /// The far end is gone.
    FarEndGone(HangupCause),
    /// The caller hung up, as written or for want of more to do.
    HungUp {
        /// When.
        at_ms: u64,
    },
}

/// Why a call did not go as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// The bot did not begin to speak.
    NoAnswer {
        /// The turn that waits, from 0.
        turn: usize,
        /// How long.
        waited_ms: u64,
    },
    /// The bot's prompt did not end.
    PromptTooLong {
        /// The turn that waits, from 0.
        turn: usize,
        /// How long so far.
        prompt_ms: u64,
        /// How loud the line is now.
        level_dbfs: f32,
    },
    /// Whether a turn is to be done hangs on the bot's words, and they are not known.
    WordsUnknown {
        /// The turn, from 0.
        turn: usize,
    },
    /// The call lasted too long.
    CallTooLong {
        /// The turn that waits, from 0; the number of turns when all are done.
        turn: usize,
        /// How long.
        call_ms: u64,
    },
    /// The far end hung up while the caller still had something to do.
    FarEndGone {
        /// The turn that did not happen, from 0.
        turn: usize,
        /// Why.
        cause: HangupCause,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |ms: u64| ms as f64 / 1_000.0;
        match *self {
            Failure::NoAnswer { turn: 0, waited_ms } => {
                write!(f, "the far end said nothing for {:.1} s after the answer", s(waited_ms))
            }
            Failure::NoAnswer { turn, waited_ms } => write!(
                f,
                "the far end said nothing for {:.1} s after turn {turn} (pace.answer_ms_max)",
                s(waited_ms)
            ),
            Failure::PromptTooLong { turn, prompt_ms, level_dbfs } => write!(
                f,
                "the prompt before turn {} has not ended after {:.1} s (pace.prompt_ms_max); the \
                 line is at {level_dbfs:.0} dBFS",
                turn + 1,
                s(prompt_ms)
            ),
            Failure::WordsUnknown { turn } => write!(
                f,
                "turn {} has only_if_asked, and the bot's words are not known: run `spillway call` \
                 on the server's machine with the server's --config",
                turn + 1
            ),
            Failure::CallTooLong { turn, call_ms } => write!(
                f,
                "the call lasted {:.1} s (pace.call_ms_max), {turn} turns done",
                s(call_ms)
            ),
            Failure::FarEndGone { turn, cause } => {
                write!(f, "the far end was gone before turn {}: {cause}", turn + 1)
            }
        }
    }
}

/// Performs the turns of a call.
#[derive(Debug)]
pub struct CallerScript {
    cues: Vec<Cue>,
    pace: Pace,
    ear: Ear,
    /// The cue that is waited for or performed.
    next: usize,
    stage: Stage,
    /// The turn whose answer is awaited.
    open: Option<OpenTurn>,
    /// Onsets heard so far.
    onsets: u64,
    /// What the prompt condition of the next turn counts from.
    answered: Baseline,
    /// When the bot's answer to the turn before began, where a pause tells.
    answer_from_ms: Option<u64>,
    /// The bot's words since the last turn began; `None` where they are not known.
    asked: Option<String>,
}

/// Anything heard beyond this is an answer to the turn before.
#[derive(Debug, Clone, Copy)]
struct Baseline {
    onsets: u64,
    end_ms: u64,
}

#[derive(Debug, Clone, Copy)]
struct OpenTurn {
    turn: usize,
    end_ms: Option<u64>,
}

#[derive(Debug)]
enum Stage {
    /// Waiting for the next cue's moment, or, after the last, for the end.
    Listening,
    Speaking {
        line: Arc<Line>,
        sent: usize,
    },
    Pressing {
        keys: Vec<DtmfDigit>,
        pressed: usize,
        next_ms: u64,
    },
    Holding {
        until_ms: u64,
        is_answer: bool,
    },
    Over,
}

impl CallerScript {
    /// A caller who will do `cues` in order.
    pub fn new(cues: Vec<Cue>, pace: Pace) -> CallerScript {
        CallerScript {
            cues,
            pace,
            ear: Ear::new(pace.prompt_end_ms),
            next: 0,
            stage: Stage::Listening,
            open: None,
            onsets: 0,
            answered: Baseline { onsets: 0, end_ms: 0 },
            answer_from_ms: None,
            asked: None,
        }
    }

    /// The bot says `text`.
    pub fn bot_says(&mut self, text: &str) {
        let asked = self.asked.get_or_insert_default();
        asked.push(' ');
        asked.push_str(text);
    }

    /// What was heard of the far end so far.
    pub fn far_sound(&self) -> FarSound {
        self.ear.far_sound()
    }

    /// True when the call is over for the caller.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    /// One 20 ms step at `now_ms` since answer: takes what was heard and what happened on the leg,
    /// gives what to send with the next exchange, and appends to `actions`.
    pub fn step(
        &mut self,
        now_ms: u64,
        heard: &AudioFrame,
        events: &[LegEvent],
        actions: &mut Vec<Action>,
    ) -> AudioFrame {
        if self.is_over() {
            return AudioFrame::SILENCE;
        }
        self.listen(now_ms, heard, actions);
        for event in events {
            if let LegEvent::Hangup(cause) = event {
                self.far_end_gone(*cause, actions);
                return AudioFrame::SILENCE;
            }
        }
        if matches!(self.stage, Stage::Listening) {
            self.maybe_begin(now_ms, actions);
        }
        if let Some(failure) = self.out_of_patience(now_ms) {
            tell(actions, Event::Failed(failure));
            self.hang_up(now_ms, actions);
        }
        self.perform(now_ms, actions)
    }

    fn listen(&mut self, now_ms: u64, frame: &AudioFrame, actions: &mut Vec<Action>) {
        let mut heard = Vec::new();
        self.ear.hear(now_ms, frame, &mut heard);
        for heard in heard {
            match heard {
                Heard::PromptStarted { at_ms } => tell(actions, Event::PromptStarted { at_ms }),
                Heard::PromptEnded { from_ms, to_ms } => {
                    tell(actions, Event::PromptEnded { from_ms, to_ms });
                }
                Heard::Onset { at_ms, after_ms } => {
                    self.onsets += 1;
                    self.answer_from_ms.get_or_insert(at_ms);
                    self.answer(at_ms, after_ms, actions);
                }
            }
        }
    }

    /// The bot began to make sound at `at_ms`, after quiet since `after_ms`: the answer to the
    /// open turn when it fell quiet no later than the caller.
    fn answer(&mut self, at_ms: u64, after_ms: Option<u64>, actions: &mut Vec<Action>) {
        let Some(OpenTurn { turn, end_ms: Some(end_ms) }) = self.open else { return };
        let was_quiet = after_ms.is_none_or(|after| after <= end_ms + STOP_MS);
        if at_ms >= end_ms && was_quiet {
            tell(actions, Event::Answered { turn, at_ms, gap_ms: at_ms - end_ms });
            self.open = None;
        } else {
            self.spoken_over(actions);
        }
    }

    fn spoken_over(&mut self, actions: &mut Vec<Action>) {
        if let Some(open) = self.open.take() {
            tell(actions, Event::SpokenOver { turn: open.turn });
        }
    }

    fn far_end_gone(&mut self, cause: HangupCause, actions: &mut Vec<Action>) {
        let left = &self.cues[self.next.min(self.cues.len())..];
        let had_to_be = |c: &Cue| {
            c.only_if_asked.is_none() && matches!(c.act, CueAct::Speak(_) | CueAct::Press(_))
        };
        if left.iter().any(had_to_be) {
            let failure = Failure::FarEndGone { turn: self.next, cause };
            tell(actions, Event::Failed(failure));
        }
        tell(actions, Event::FarEndGone(cause));
        self.stage = Stage::Over;
    }

    fn out_of_patience(&self, now_ms: u64) -> Option<Failure> {
        let turn = self.next;
        if self.is_over() {
            return None;
        }
        if now_ms >= self.pace.call_ms_max {
            return Some(Failure::CallTooLong { turn, call_ms: now_ms });
        }
        let listening = matches!(self.stage, Stage::Listening) && turn < self.cues.len();
        if !listening || self.cues[turn].after == After::Now {
            return None;
        }
        match self.ear.prompt_from_ms() {
            Some(from_ms) => {
                let prompt_ms = now_ms.saturating_sub(from_ms);
                let level_dbfs = self.ear.level_dbfs();
                (prompt_ms >= self.pace.prompt_ms_max).then_some(Failure::PromptTooLong {
                    turn,
                    prompt_ms,
                    level_dbfs,
                })
            }
            None => {
                let waited_ms = self.waited_ms(now_ms);
                (waited_ms >= self.pace.answer_ms_max)
                    .then_some(Failure::NoAnswer { turn, waited_ms })
            }
        }
    }

    /// How long neither side has made a sound.
    fn waited_ms(&self, now_ms: u64) -> u64 {
        let last_ms = self.answered.end_ms.max(self.ear.last_sound_ms().unwrap_or(0));
        now_ms.saturating_sub(last_ms)
    }

    fn maybe_begin(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let Some(cue) = self.cues.get(self.next) else {
            // All is said. A bot that neither speaks nor hangs up has nothing more for us.
            let prompting = self.ear.prompt_from_ms().is_some();
            if !prompting && self.waited_ms(now_ms) >= self.pace.answer_ms_max {
                self.hang_up(now_ms, actions);
            }
            return;
        };
        let ready = match cue.after {
            After::Now => true,
            After::Prompt => self.prompt_is_over(),
            After::BargeIn { at_ms } => {
                // A bot cut short by a key may answer without a pause in between.
                let from_ms = self.answer_from_ms.unwrap_or(self.answered.end_ms);
                let reached = self.heard_more() && now_ms >= from_ms + at_ms;
                reached || self.prompt_is_over()
            }
        };
        if !ready {
            return;
        }
        match (&cue.only_if_asked, &self.asked) {
            (Some(_), None) => {
                tell(actions, Event::Failed(Failure::WordsUnknown { turn: self.next }));
                self.hang_up(now_ms, actions);
            }
            (Some(question), Some(asked)) if !question.found_in(asked) => self.next += 1,
            _ => self.begin(now_ms, actions),
        }
    }

    /// True when the bot has made sound since the turn before.
    fn heard_more(&self) -> bool {
        let Baseline { onsets, end_ms } = self.answered;
        let talked_on = self.ear.last_sound_ms().is_some_and(|at| at > end_ms + TALKED_ON_MS);
        self.onsets > onsets || talked_on
    }

    fn prompt_is_over(&self) -> bool {
        self.heard_more() && self.ear.prompt_from_ms().is_none()
    }

    fn begin(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let turn = self.next;
        tell(actions, Event::TurnStarted { turn, at_ms: now_ms });
        let onsets = self.onsets;
        self.stage = match &self.cues[turn].act {
            CueAct::Speak(line) => Stage::Speaking { line: line.clone(), sent: 0 },
            CueAct::Press(keys) => {
                Stage::Pressing { keys: keys.clone(), pressed: 0, next_ms: now_ms }
            }
            CueAct::Wait { ms } => Stage::Holding { until_ms: now_ms + ms, is_answer: false },
            CueAct::Silence { ms } => Stage::Holding { until_ms: now_ms + ms, is_answer: true },
            CueAct::HangUp => {
                self.next += 1;
                return self.hang_up(now_ms, actions);
            }
        };
        if matches!(self.stage, Stage::Speaking { .. } | Stage::Pressing { .. }) {
            // A turn that begins before the one before was answered takes its place.
            self.spoken_over(actions);
            self.open = Some(OpenTurn { turn, end_ms: None });
        }
        if !matches!(self.stage, Stage::Holding { is_answer: false, .. }) {
            self.answered = Baseline { onsets, end_ms: now_ms };
            self.answer_from_ms = None;
            self.asked.iter_mut().for_each(String::clear);
        }
    }

    fn perform(&mut self, now_ms: u64, actions: &mut Vec<Action>) -> AudioFrame {
        let mut out = AudioFrame::SILENCE;
        match &mut self.stage {
            Stage::Listening | Stage::Over => {}
            Stage::Speaking { line, sent } => {
                out = line.frame(*sent);
                let speech_ended = *sent == line.last_speech_frame();
                *sent += 1;
                let done = *sent >= line.frames();
                if speech_ended {
                    self.speech_ended(now_ms, actions);
                }
                if done {
                    self.done();
                }
            }
            Stage::Pressing { keys, pressed, next_ms } => {
                if now_ms >= *next_ms {
                    // The last key, too, is given its time before the next turn.
                    let key = keys.get(*pressed).copied();
                    *pressed += 1;
                    *next_ms = now_ms + self.pace.key_every_ms;
                    let last = *pressed == keys.len();
                    match key {
                        Some(key) => actions.push(Action::Press(key)),
                        None => self.done(),
                    }
                    if last {
                        self.speech_ended(now_ms, actions);
                    }
                }
            }
            Stage::Holding { until_ms, is_answer } => {
                if now_ms >= *until_ms {
                    let turn = self.next;
                    if *is_answer {
                        self.answered.end_ms = now_ms;
                        tell(actions, Event::TurnEnded { turn, at_ms: now_ms });
                    }
                    self.done();
                }
            }
        }
        out
    }

    /// The last voiced sample or key of the running turn goes out with the next exchange.
    fn speech_ended(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        let now_ms = now_ms + FRAME_MS;
        self.answered.end_ms = now_ms;
        tell(actions, Event::TurnEnded { turn: self.next, at_ms: now_ms });
        if let Some(open) = &mut self.open {
            open.end_ms = Some(now_ms);
        }
    }

    fn done(&mut self) {
        self.next += 1;
        self.stage = Stage::Listening;
    }

    fn hang_up(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        tell(actions, Event::HungUp { at_ms: now_ms });
        actions.push(Action::HangUp);
        self.stage = Stage::Over;
    }
}

fn tell(actions: &mut Vec<Action>, event: Event) {
    actions.push(Action::Tell(event));
}

#[cfg(test)]
mod tests;
