//! A recorded caller who is asked once more: they answer each question with the sound in which they
//! answered it.
//!
//! As long as the call goes as it did, the caller's side is the recording, frame by frame. Where it
//! goes another way, the caller waits for the prompt they know and then says what they said; they
//! finish what they are saying before they answer what is asked meanwhile; and they agree to what
//! is read back when it is true. A question that was never asked is answered with keys, or not.

use super::tape::{Asked, Tape};
use super::truth::CallTruth;
use crate::audio::AudioFrame;
use crate::call::{Call, Input};
use crate::dialogue::SlotKind;
use crate::language::tokens;
use crate::rtp::DtmfDigit;
use crate::ticket::SlotStatus;
use std::collections::VecDeque;
use std::sync::Arc;

/// Frames from the end of a prompt to the first key, and from key to key.
const KEY_FRAMES: u32 = 15;
const FIRST_KEY_FRAMES: u32 = 50;
/// Frames before the first voice at which who is late joins in.
const LEAD_IN: usize = 25;

/// How a question will be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// As in this exchange of the recording.
    Exchange(usize),
    /// With keys.
    Keys(Vec<DtmfDigit>),
    /// Not at all.
    Silence,
}

/// What the caller does in one frame.
pub(super) struct CallersFrame {
    pub(super) sound: AudioFrame,
    /// Its place in the recording; `None` where the caller's room is heard.
    pub(super) position: Option<usize>,
    /// Keys, hold, hang-up.
    pub(super) acts: Vec<Input>,
}

/// See the [module](self).
pub(super) struct SimulatedCaller {
    tape: Arc<Tape>,
    truth: Arc<CallTruth>,
    /// The exchange being acted, and the next frame of it.
    current: Option<usize>,
    head: usize,
    /// What the caller has done of the exchange besides speaking.
    acted: usize,
    /// What is to be answered when the caller has finished, and frames since it was asked.
    next: Option<(Answer, usize)>,
    uses: Vec<u32>,
    /// The bot's prompt is heard.
    prompt: bool,
    keys: VecDeque<DtmfDigit>,
    key_in: u32,
    room: usize,
    gone: bool,
    improvised: u32,
}

impl SimulatedCaller {
    pub(super) fn new(tape: Arc<Tape>, truth: Arc<CallTruth>) -> SimulatedCaller {
        let uses = vec![0; tape.exchanges.len()];
        SimulatedCaller {
            tape,
            truth,
            current: None,
            head: 0,
            acted: 0,
            next: None,
            uses,
            prompt: false,
            keys: VecDeque::new(),
            key_in: 0,
            room: 0,
            gone: false,
            improvised: 0,
        }
    }

    /// Questions that were answered without the recording.
    pub(super) fn improvised(&self) -> u32 {
        self.improvised
    }

    /// The bot begins to say `words`; `call` tells what it asks.
    pub(super) fn asked(&mut self, words: &str, call: &Call) {
        self.prompt = true;
        self.keys.clear();
        let answer = match call.question() {
            Some(question) => self.answer_to(&Asked::of(question), words, call),
            None => {
                let last = self.tape.exchanges.iter().position(|e| e.asked.is_none());
                last.map_or(Answer::Silence, Answer::Exchange)
            }
        };
        self.next = Some((answer, 0));
    }

    /// The prompt came to its end, or was cut.
    pub(super) fn prompt_over(&mut self) {
        self.prompt = false;
        if let Some(exchange) = self.current.map(|at| &self.tape.exchanges[at])
            && !exchange.interrupted
            && self.next.is_none()
        {
            self.head = self.head.max(exchange.prompt_end);
        }
    }

    /// The next 20 ms.
    pub(super) fn frame(&mut self) -> CallersFrame {
        if !self.is_speaking()
            && let Some((answer, since)) = self.next.take()
        {
            self.begin(answer, since);
        } else if let Some((_, since)) = &mut self.next {
            *since += 1;
        }
        let mut acts = self.key();
        let position = self.advance(&mut acts);
        let sound = match position {
            Some(at) => self.tape.heard[at],
            None => self.room(),
        };
        CallersFrame { sound, position, acts }
    }

    /// In the midst of what they were saying.
    fn is_speaking(&self) -> bool {
        let exchange = self.current.map(|at| &self.tape.exchanges[at]);
        exchange.is_some_and(|e| self.head > e.prompt_end && self.head < e.speech_end)
    }

    fn begin(&mut self, answer: Answer, since: usize) {
        self.current = None;
        match answer {
            Answer::Exchange(at) => {
                self.uses[at] += 1;
                let exchange = &self.tape.exchanges[at];
                let start = exchange.frames.start + since;
                self.head = match (exchange.interrupted, self.prompt) {
                    (true, _) => start.min(exchange.prompt_end.saturating_sub(LEAD_IN)),
                    (false, true) => start.min(exchange.prompt_end),
                    (false, false) => exchange.prompt_end,
                };
                self.head = self.head.max(exchange.frames.start);
                self.acted = exchange.acts.iter().take_while(|(at, _)| *at < self.head).count();
                self.current = Some(at);
            }
            Answer::Keys(keys) => {
                self.improvised += 1;
                self.keys = keys.into();
                self.key_in = FIRST_KEY_FRAMES;
            }
            Answer::Silence => self.improvised += 1,
        }
    }

    /// The recording's next frame, with what the caller does at it; `None` while they wait.
    fn advance(&mut self, acts: &mut Vec<Input>) -> Option<usize> {
        let at = self.current?;
        let exchange = &self.tape.exchanges[at];
        let listens = !exchange.interrupted && self.prompt && self.head >= exchange.prompt_end;
        if listens {
            return None;
        }
        if self.head < exchange.frames.end {
            self.head += 1;
            let due = exchange.acts[self.acted..].iter().take_while(|(at, _)| *at <= self.head);
            let due: Vec<Input> = due.map(|(_, act)| act.clone()).collect();
            self.acted += due.len();
            acts.extend(due);
            return Some(self.head - 1);
        }
        let following = self.tape.exchanges.get(at + 1);
        if self.next.is_none() && following.is_some_and(|next| next.runs_on()) {
            self.uses[at + 1] += 1;
            self.current = Some(at + 1);
            self.acted = 0;
            return self.advance(acts);
        }
        let last = following.is_none() && !self.prompt;
        if let Some(cause) = self.tape.hung_up.filter(|_| last && !self.gone) {
            self.gone = true;
            acts.push(Input::Hangup(cause));
        }
        None
    }

    fn key(&mut self) -> Vec<Input> {
        if self.prompt || self.keys.is_empty() {
            return Vec::new();
        }
        self.key_in = self.key_in.saturating_sub(1);
        if self.key_in > 0 {
            return Vec::new();
        }
        self.key_in = KEY_FRAMES;
        self.keys.pop_front().map(Input::Dtmf).into_iter().collect()
    }

    fn room(&mut self) -> AudioFrame {
        let room = self.tape.room.clone();
        if room.is_empty() {
            return AudioFrame::SILENCE;
        }
        self.room = (self.room + 1) % room.len();
        self.tape.heard[room.start + self.room]
    }

    fn answer_to(&self, asked: &Asked, words: &str, call: &Call) -> Answer {
        let all = || (0..self.uses.len()).filter(|&i| self.is_asked(i, asked));
        // Rather one that was not heard yet; then the caller says it again.
        let first = |found: &mut dyn Iterator<Item = usize>| {
            found.min_by_key(|&i| (self.uses[i], i)).map(Answer::Exchange)
        };
        if asked.closed {
            let alike = all().filter(|&i| self.tape.exchanges[i].said == words);
            if let Some(answer) = first(&mut alike.into_iter()) {
                return answer;
            }
            if let Some(right) = self.is_right(asked, words, call) {
                let says = |i: &usize| self.tape.exchanges[*i].agreed == Some(right);
                let closed = |i: &usize| {
                    let asked = self.tape.exchanges[*i].asked.as_ref();
                    asked.is_some_and(|asked| asked.closed) && says(i)
                };
                let same = first(&mut all().filter(says));
                let any = || first(&mut (0..self.uses.len()).filter(closed));
                return same.or_else(any).unwrap_or_else(|| keys(if right { "1" } else { "2" }));
            }
        }
        let again = || self.tape.spoken_of(&asked.slot).map(Answer::Exchange);
        first(&mut all()).or_else(again).unwrap_or_else(|| self.improvise(asked, call))
    }

    fn is_asked(&self, exchange: usize, asked: &Asked) -> bool {
        self.tape.exchanges[exchange].asked.as_ref() == Some(asked)
    }

    /// Whether what is read back is true, where somebody knows.
    fn is_right(&self, asked: &Asked, words: &str, call: &Call) -> Option<bool> {
        if asked.slot == "read_back" {
            return self.first_wrong(call).map(|wrong| wrong.is_none());
        }
        let truth = self.truth.slot(&asked.slot)?;
        // A number is read digit by digit, perhaps without its country's prefix.
        let figures = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = figures(truth);
        if call.ticket().slot(&asked.slot).is_some() && number.len() >= 6 {
            return Some(figures(words).ends_with(&number[number.len() - 6..]));
        }
        let (said, truth) = (tokens(words), tokens(truth));
        Some(said.windows(truth.len().max(1)).any(|part| part == truth))
    }

    /// The first slot that is read back wrong; `None` where nobody knows any of them. What a caller
    /// needs is told in many words: they do not quarrel about them.
    fn first_wrong(&self, call: &Call) -> Option<Option<usize>> {
        let specs = &call.hotline().file.slots;
        let told = call.ticket().slots.iter().enumerate().filter(|(i, record)| {
            let read = matches!(record.status, SlotStatus::Heard | SlotStatus::Confirmed);
            read && specs.get(*i).is_some_and(|s| s.kind != SlotKind::Need)
        });
        let known = told.filter_map(|(i, r)| Some((i, &r.value, self.truth.slot(&r.slot)?)));
        let known: Vec<_> = known.collect();
        if known.is_empty() {
            return None;
        }
        let wrong = |(i, value, truth): &(usize, &String, &str)| {
            (tokens(value) != tokens(truth)).then_some(*i)
        };
        Some(known.iter().find_map(wrong))
    }

    fn improvise(&self, asked: &Asked, call: &Call) -> Answer {
        if asked.closed {
            return keys("1");
        }
        if asked.slot == "which" {
            let wrong = self.first_wrong(call).flatten();
            return wrong.map_or(Answer::Silence, |slot| keys(&(slot + 1).to_string()));
        }
        let specs = &call.hotline().file.slots;
        match specs.iter().find(|s| s.name == asked.slot).map(|s| s.kind) {
            Some(SlotKind::Phone) => match self.truth.slot(&asked.slot) {
                Some(number) => keys(&format!("{}#", number.replace('+', "00"))),
                None => keys("#"),
            },
            Some(_) => keys("#"),
            None => Answer::Silence,
        }
    }
}

fn keys(text: &str) -> Answer {
    Answer::Keys(text.chars().filter_map(|c| c.try_into().ok()).collect())
}
