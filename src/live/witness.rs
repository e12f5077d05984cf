//! What one call tells the board: made of its inputs and outputs alone, and waiting for nobody.

use super::board::{Board, RunningCall, RunningTurn, Speaker, StereoFrame};
use crate::audio::AudioFrame;
use crate::call::{HangupCause, Input, Note, Output, PlayId, Sound, TurnId};
use crate::rtp::DtmfDigit;
use crate::ticket::{Ticket, TicketNumber};
use crate::time::CallTime;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// Turns of one call that are shown; older ones are in its journal.
const TURNS_MAX: usize = 200;
/// Characters of one turn that are shown.
const TEXT_CHARS_MAX: usize = 1_000;
/// Frames kept for who listens in over a slow line: 2.5 s. Who is slower misses sound.
const SOUND_MAX: usize = 128;

/// Watches one call; when dropped the call is off the board.
pub(super) struct Witness {
    board: Board,
    call: RunningCall,
    /// Something is to be told.
    changed: bool,
    numbered: u32,
    /// What the bot is saying, and the number of its turn.
    playing: Option<(PlayId, u32)>,
    /// What the caller is saying, and the number of the turn.
    said: Option<(TurnId, u32)>,
    state: watch::Sender<Arc<RunningCall>>,
    sound: Option<broadcast::Sender<StereoFrame>>,
}

impl Witness {
    /// With the way to the call's sound, for who listens in.
    pub(super) fn new(
        board: Board,
        call: RunningCall,
    ) -> (Witness, broadcast::WeakSender<StereoFrame>) {
        let state = watch::Sender::new(Arc::new(call.clone()));
        let sound = broadcast::Sender::new(SOUND_MAX);
        let listeners = sound.downgrade();
        let (playing, said, sound) = (None, None, Some(sound));
        let witness =
            Witness { board, call, changed: true, numbered: 0, playing, said, state, sound };
        (witness, listeners)
    }

    /// The call's state, always the newest; it tells of the call's end too.
    pub(super) fn state(&self) -> watch::Receiver<Arc<RunningCall>> {
        self.state.subscribe()
    }

    /// 20 ms of both sides.
    pub(super) fn sound(&self, heard: &AudioFrame, out: &AudioFrame) {
        let Some(sound) = self.sound.as_ref().filter(|s| s.receiver_count() > 0) else { return };
        let stereo = std::array::from_fn(|i| match i % 2 {
            0 => heard.0[i / 2],
            _ => out.0[i / 2],
        });
        let _ = sound.send(Arc::new(stereo));
    }

    pub(super) fn input(&mut self, now: CallTime, input: &Input) {
        match input {
            Input::Interim { turn, transcript } => self.heard(*turn, &transcript.text, false),
            Input::Final { turn, transcript } => self.heard(*turn, &transcript.text, true),
            Input::EngineFailed { turn } if self.speaks(*turn) => self.turn_over(now),
            Input::Dtmf(digit) => self.key(now, *digit),
            Input::PromptFinished { play } => self.prompt_over(now, *play),
            Input::TicketSaved { number, .. } if self.call.ticket != Some(*number) => {
                self.call.ticket = Some(*number);
                self.changed = true;
            }
            _ => {}
        }
    }

    pub(super) fn output(&mut self, now: CallTime, output: &Output) {
        match output {
            Output::Play { play, sounds } => self.speaking(now, *play, sounds),
            Output::StopPlaying { play } => self.prompt_over(now, *play),
            Output::Note(Note::SpeechStarted { turn }) => {
                self.turn_over(now);
                let number = self.begin(Speaker::Caller, now.as_ms(), String::new());
                self.said = Some((*turn, number));
            }
            Output::Recognize { turn, from, .. } => {
                let from_ms = from.as_ms();
                self.change(self.number_of(*turn), |t| t.from_ms = from_ms);
            }
            Output::Note(Note::SpeechEnded { turn, end }) => {
                let to_ms = end.as_ms();
                self.change(self.number_of(*turn), |t| t.to_ms = Some(to_ms));
            }
            Output::AbandonTurn { turn } if self.speaks(*turn) => self.abandoned(now),
            Output::SaveTicket(ticket) => self.filled(ticket),
            // Who declined to be recorded is not listened in to.
            Output::DiscardRecording => self.sound = None,
            _ => {}
        }
    }

    /// Tells what changed since the last time; `asked`: the slot or stage that is asked for now.
    pub(super) fn tell(&mut self, asked: &str) {
        if self.call.asked != asked {
            self.call.asked = asked.into();
            self.changed = true;
        }
        self.publish();
    }

    /// The call is over, its ticket kept.
    pub(super) fn end(mut self, cause: HangupCause, ticket: Option<TicketNumber>) {
        self.call.ended = Some(cause);
        self.call.ticket = self.call.ticket.or(ticket);
    }

    fn publish(&mut self) {
        if std::mem::take(&mut self.changed) {
            let state = Arc::new(self.call.clone());
            self.state.send_replace(state.clone());
            self.board.tell(state);
        }
    }

    fn begin(&mut self, speaker: Speaker, from_ms: u64, mut text: String) -> u32 {
        cut(&mut text);
        self.numbered += 1;
        let (number, settled) = (self.numbered, speaker == Speaker::Bot);
        let turn = RunningTurn { number, speaker, text, from_ms, to_ms: None, settled };
        if self.call.turns.len() == TURNS_MAX {
            self.call.turns.pop_front();
        }
        self.call.turns.push_back(Arc::new(turn));
        self.changed = true;
        number
    }

    fn change(&mut self, number: Option<u32>, change: impl FnOnce(&mut RunningTurn)) {
        let turn = self.call.turns.iter_mut().rev().find(|t| Some(t.number) == number);
        if let Some(turn) = turn {
            change(Arc::make_mut(turn));
            self.changed = true;
        }
    }

    fn number_of(&self, turn: TurnId) -> Option<u32> {
        self.said.filter(|(id, _)| *id == turn).map(|(_, number)| number)
    }

    fn speaks(&self, turn: TurnId) -> bool {
        self.number_of(turn).is_some()
    }

    fn speaking(&mut self, now: CallTime, play: PlayId, sounds: &[Sound]) {
        if let Some((before, _)) = self.playing {
            self.prompt_over(now, before);
        }
        let words = |sound: &Sound| match sound {
            Sound::Prompt { text, .. } => Some(text.clone()),
            Sound::Tone { .. } | Sound::Silence { .. } => None,
        };
        let words: Vec<String> = sounds.iter().filter_map(words).collect();
        if !words.is_empty() {
            let number = self.begin(Speaker::Bot, now.as_ms(), words.join(" "));
            self.playing = Some((play, number));
        }
    }

    fn prompt_over(&mut self, now: CallTime, play: PlayId) {
        if let Some((_, number)) = self.playing.take_if(|(id, _)| *id == play) {
            self.change(Some(number), |t| t.to_ms = Some(now.as_ms()));
        }
    }

    fn heard(&mut self, turn: TurnId, text: &str, settled: bool) {
        let mut text = text.to_string();
        cut(&mut text);
        self.change(self.number_of(turn), |t| (t.text, t.settled) = (text, settled));
    }

    /// Nothing more comes of the caller's turn.
    fn turn_over(&mut self, now: CallTime) {
        if let Some((_, number)) = self.said.take() {
            self.change(Some(number), |t| {
                t.settled = true;
                t.to_ms = t.to_ms.or(Some(now.as_ms()));
            });
        }
    }

    /// The same, and it was nothing if no word was heard: a cough.
    fn abandoned(&mut self, now: CallTime) {
        let number = self.said.map(|(_, number)| number);
        self.turn_over(now);
        self.call.turns.retain(|t| Some(t.number) != number || !t.text.is_empty());
    }

    fn key(&mut self, now: CallTime, digit: DtmfDigit) {
        let last = self.call.turns.back().filter(|t| t.speaker == Speaker::Keys);
        let number = match last {
            Some(keys) => keys.number,
            None => self.begin(Speaker::Keys, now.as_ms(), String::new()),
        };
        self.change(Some(number), |t| {
            t.text.push(digit.as_char());
            cut(&mut t.text);
            (t.settled, t.to_ms) = (true, Some(now.as_ms()));
        });
    }

    fn filled(&mut self, ticket: &Ticket) {
        self.call.slots = ticket.slots.clone().into();
        (self.call.priority, self.call.consent) = (ticket.priority, ticket.consent);
        self.changed = true;
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.sound = None;
        // Dropped by a task that broke, it says so.
        self.call.ended = self.call.ended.or(Some(HangupCause::InternalError));
        self.call.asked.clear();
        self.change(self.said.map(|(_, number)| number), |t| t.settled = true);
        self.changed = true;
        self.publish();
        self.board.end(&self.call.id);
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}
