//! One call, from answer to goodbye: audio to turns, turns to answers, answers to a ticket.
//!
//! Sans-IO: one [`Call::handle`], then [`Call::poll`] until [`Output::Timeout`]. No clock, no RNG,
//! no engine: the shell carries out what comes out and tells what happened.

mod continuation;
mod hangup;
mod io;
mod keys;
mod timer;
mod turn;
mod turn_log;

pub use hangup::HangupCause;
pub use io::{CallerFacts, Input, Note, Output, PlayId, Sound, TurnId};
pub use turn_log::{Speaker, SpokenTurn, TurnLog};

use crate::audio::{AudioFrame, FRAME};
use crate::dialogue::{Answer, Dialogue, Hotline, Move, Prompt, Question};
use crate::language::SlotValue;
use crate::speech::{Endpointer, SpeechSegment, Transcript, VoiceActivity};
use crate::ticket::Ticket;
use crate::time::{CallTime, MediaTime};
use continuation::Given;
use keys::KeyBuffer;
use std::collections::VecDeque;
use std::sync::Arc;
use timer::{Timer, Timers};
use turn::Turn;

/// A prompt that never reports its end must not hold the call for ever.
const PROMPT_MS_MAX: u64 = 120_000;
/// How long a transferred caller may ring before we take them back.
const TRANSFER_MS_MAX: u64 = 30_000;
/// The tone after which a message is left.
const TONE: Sound = Sound::Tone { hz: 1_000, ms: 400 };

/// What is being played.
struct Playing {
    id: PlayId,
    then: AfterPrompt,
}

/// What follows the end of a prompt.
#[derive(Clone, PartialEq)]
enum AfterPrompt {
    Listen,
    Transfer(String),
    Hangup,
}

/// One call's state machine.
pub struct Call {
    dialogue: Dialogue,
    facts: CallerFacts,
    media: MediaTime,
    voice: VoiceActivity,
    endpointer: Endpointer,
    question: Option<Question>,
    playing: Option<Playing>,
    turn: Option<Turn>,
    /// The last answer, should the caller go on with it.
    given: Option<Box<Given>>,
    keys: KeyBuffer,
    timers: Timers,
    out: VecDeque<Output>,
    plays: u32,
    turns: u32,
    held: bool,
    transferring: bool,
    rescued: bool,
    voiced: bool,
    over: bool,
    prepares: bool,
}

impl Call {
    /// A call about to be answered on `hotline`.
    pub fn new(hotline: Arc<Hotline>, facts: CallerFacts) -> Call {
        let dialogue =
            Dialogue::new(hotline, facts.call_id.clone(), &facts.caller_id, facts.headers.clone());
        Call {
            dialogue: dialogue.cut_to(facts.form),
            facts,
            media: MediaTime(0),
            voice: VoiceActivity::new(),
            endpointer: Endpointer::new(),
            question: None,
            playing: None,
            turn: None,
            given: None,
            keys: KeyBuffer::default(),
            timers: Timers::default(),
            out: VecDeque::new(),
            plays: 0,
            turns: 0,
            held: false,
            transferring: false,
            rescued: false,
            voiced: false,
            over: false,
            prepares: true,
        }
    }

    /// The same without [`Output::Prepare`]: where nothing is spoken, nothing is made ready.
    pub fn unprepared(mut self) -> Call {
        self.prepares = false;
        self
    }

    /// What the network told us of the caller.
    pub fn facts(&self) -> &CallerFacts {
        &self.facts
    }

    /// Goes on after a bug ended the call's own machine, `media` into the recording: what `ticket`
    /// holds is kept, and the caller leaves a message.
    pub fn rescue(
        hotline: Arc<Hotline>,
        facts: CallerFacts,
        ticket: Ticket,
        media: MediaTime,
    ) -> Call {
        let mut call = Call::new(hotline, facts);
        call.dialogue.restore(ticket);
        call.media = media;
        call.rescued = true;
        call
    }

    /// The hotline that the call came to.
    pub fn hotline(&self) -> &Hotline {
        self.dialogue.hotline()
    }

    /// How much of the caller's side was heard so far: the position in the recording.
    pub fn media(&self) -> MediaTime {
        self.media
    }

    /// True when speech was found in the last frame.
    pub fn is_voiced(&self) -> bool {
        self.voiced
    }

    /// The ticket as it stands.
    pub fn ticket(&self) -> &Ticket {
        self.dialogue.ticket()
    }

    /// The slot or stage that the caller is asked for now, for the live view; empty where nothing
    /// is asked.
    pub fn asked(&self) -> &str {
        self.question.as_ref().map_or("", |question| &question.slot)
    }

    /// The question that is open now, for those who judge calls.
    pub fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// What the last answer to a slot's question may say, best first, for those who judge calls.
    pub fn last_readings(&self) -> &[SlotValue] {
        self.dialogue.last_readings()
    }

    /// True when nothing more will come out.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes one input at `now`; never fails, whatever comes in whatever order.
    pub fn handle(&mut self, now: CallTime, input: Input) {
        if self.over {
            return;
        }
        match input {
            Input::Answered => self.answered(now),
            Input::Audio(frame) => self.audio(now, &frame),
            Input::Dtmf(digit) => self.dtmf(now, digit),
            Input::Interim { turn, transcript } => self.interim(now, turn, &transcript),
            Input::Final { turn, transcript } => self.final_words(now, turn, &transcript),
            Input::EngineFailed { turn } => self.engine_failed(now, turn),
            Input::PromptFinished { play } => self.prompt_finished(now, play),
            Input::TicketSaved { number, by, earlier, .. } => {
                self.dialogue.numbered(number, by);
                if let Some(earlier) = earlier {
                    self.dialogue.known(earlier);
                }
            }
            Input::TicketFound { number, standing } => {
                if let Some(next) = self.dialogue.found(number, standing) {
                    self.carry_out(now, next);
                }
            }
            Input::TicketNotSaved { .. } => {}
            Input::Hold(held) => self.hold(now, held),
            Input::TransferFailed => self.transfer_failed(now),
            Input::Hangup(cause) => self.hang_up(cause),
            Input::Timeout => {}
        }
        self.run_timers(now);
    }

    /// The next thing to do; [`Output::Timeout`] when there is nothing more for now.
    pub fn poll(&mut self) -> Output {
        self.out.pop_front().unwrap_or(Output::Timeout(self.timers.next()))
    }

    fn answered(&mut self, now: CallTime) {
        if self.plays > 0 {
            return;
        }
        self.timers.set(Timer::MaxCall, now + self.dialogue.hotline().file.waits.call_ms_max);
        let begin =
            if self.rescued { self.dialogue.engine_failed() } else { self.dialogue.begin() };
        self.carry_out(now, begin);
    }

    /// Plays a move's words, arms its question, saves its ticket; the turn it answers is over.
    fn carry_out(&mut self, now: CallTime, next: Move) {
        self.abandon_turn();
        self.speak(now, next);
    }

    /// The same while the turn goes on.
    fn speak(&mut self, now: CallTime, next: Move) {
        if next.discard_recording {
            self.out.push_back(Output::DiscardRecording);
        }
        if next.save {
            self.save();
        }
        if let Some(number) = next.find {
            self.out.push_back(Output::FindTicket { number });
        }
        let then = match (next.transfer, &next.ask) {
            (Some(to), _) => AfterPrompt::Transfer(to),
            (None, Some(_)) => AfterPrompt::Listen,
            (None, None) => AfterPrompt::Hangup,
        };
        self.question = next.ask;
        self.keys.clear();
        let mut sounds = self.sounds(&next.say);
        if next.tone {
            sounds.push(TONE);
        }
        self.play(now, sounds, then);
    }

    fn sounds(&self, prompts: &[Prompt]) -> Vec<Sound> {
        let language = &self.dialogue.ticket().language;
        let sound = |p: &Prompt| Sound::Prompt {
            name: p.name.clone(),
            language: language.clone(),
            text: p.text.clone(),
        };
        prompts.iter().filter(|p| !p.text.is_empty()).map(sound).collect()
    }

    fn save(&mut self) {
        self.out.push_back(Output::SaveTicket(Box::new(self.dialogue.ticket().clone())));
    }

    fn play(&mut self, now: CallTime, sounds: Vec<Sound>, then: AfterPrompt) {
        self.stop_playing();
        self.timers.clear(Timer::NoInput);
        self.timers.clear(Timer::InterDigit);
        self.plays += 1;
        let id = PlayId(self.plays);
        self.playing = Some(Playing { id, then });
        self.timers.set(Timer::PromptStall, now + PROMPT_MS_MAX);
        self.out.push_back(Output::Play { play: id, sounds });
    }

    fn stop_playing(&mut self) {
        if let Some(playing) = self.playing.take() {
            self.timers.clear(Timer::PromptStall);
            self.out.push_back(Output::StopPlaying { play: playing.id });
        }
    }

    fn prompt_finished(&mut self, now: CallTime, play: PlayId) {
        if self.playing.as_ref().is_none_or(|p| p.id != play) {
            return;
        }
        let Some(playing) = self.playing.take() else { return };
        self.timers.clear(Timer::PromptStall);
        match playing.then {
            AfterPrompt::Listen => self.arm_no_input(now),
            AfterPrompt::Transfer(to) => {
                self.transferring = true;
                self.timers.set(Timer::Transfer, now + TRANSFER_MS_MAX);
                self.out.push_back(Output::Transfer { to });
            }
            AfterPrompt::Hangup => self.end(HangupCause::Finished),
        }
    }

    fn arm_no_input(&mut self, now: CallTime) {
        if let Some(question) = &self.question
            && self.turn.is_none()
            && self.keys.is_empty()
        {
            self.timers.set(Timer::NoInput, now + question.no_input_ms);
        }
    }

    /// While the far end holds us nobody listens: the waits stop, and the question is asked again.
    fn hold(&mut self, now: CallTime, held: bool) {
        if held == self.held {
            return;
        }
        self.held = held;
        if held {
            self.timers.clear(Timer::NoInput);
            self.abandon_turn();
        } else if self.question.is_some() && self.playing.is_none() {
            self.say_again(now);
        }
    }

    /// Repeats the open question, as for the key `*`.
    fn say_again(&mut self, now: CallTime) {
        let again = self.dialogue.heard(Answer::Keys("*"));
        self.carry_out(now, again);
    }

    fn engine_failed(&mut self, now: CallTime, turn: TurnId) {
        if self.turn.as_ref().is_none_or(|t| t.id != turn) {
            return;
        }
        self.out.push_back(Output::Note(Note::EngineLost));
        let segment = self.turn.as_ref().and_then(|t| t.segment);
        // What was said into a deaf ear is kept as sound.
        if let Some(segment) = segment {
            self.dialogue.unheard(segment);
        }
        let next = self.dialogue.engine_failed();
        self.carry_out(now, next);
    }

    fn transfer_failed(&mut self, now: CallTime) {
        if self.transferring {
            self.transferring = false;
            self.timers.clear(Timer::Transfer);
            let next = self.dialogue.transfer_failed();
            self.carry_out(now, next);
        }
    }

    fn hang_up(&mut self, cause: HangupCause) {
        let speaking = self.turn.as_ref().map(|turn| turn.so_far(self.media));
        if self.transferring {
            self.dialogue.transferred();
        }
        self.dialogue.hung_up(speaking);
        // The last save always goes out: an earlier one may have been refused.
        self.save();
        self.finish(cause, false);
    }

    /// We end the call.
    fn end(&mut self, cause: HangupCause) {
        let speaking = self.turn.as_ref().map(|turn| turn.so_far(self.media));
        self.dialogue.hung_up(speaking);
        // The last save always goes out: an earlier one may have been refused.
        self.save();
        self.finish(cause, true);
    }

    fn finish(&mut self, cause: HangupCause, by_us: bool) {
        self.abandon_turn();
        self.stop_playing();
        if by_us {
            self.out.push_back(Output::Hangup(cause));
        }
        self.timers = Timers::default();
        self.over = true;
    }

    fn answer(&mut self, now: CallTime, answer: Answer<'_>) {
        let asked = self.question.as_ref().map(|q| q.slot.clone()).unwrap_or_default();
        let before = self.dialogue.ticket().clone();
        let turn = self.turn.as_ref().map_or(TurnId(0), |t| t.id);
        let next = self.dialogue.heard(answer);
        let after = self.dialogue.ticket();
        let changed = after.slots.iter().zip(&before.slots).find(|(a, b)| a.value != b.value);
        let note = match changed {
            Some((slot, _)) => {
                Note::Understood { turn, slot: slot.slot.clone(), value: slot.value.clone() }
            }
            None if next.say.iter().any(|p| p.name == "not_understood" || p.name == "no_input") => {
                Note::NotUnderstood { slot: asked }
            }
            None => Note::Understood { turn, slot: asked, value: String::new() },
        };
        self.out.push_back(Output::Note(note));
        self.carry_out(now, next);
    }

    fn run_timers(&mut self, now: CallTime) {
        while let Some(timer) = self.timers.pop_due(now) {
            match timer {
                Timer::NoInput => self.answer(now, Answer::Silence),
                Timer::InterDigit => self.keys_complete(now),
                Timer::EngineStall => {
                    if let Some(turn) = self.turn.as_ref().map(|t| t.id) {
                        self.engine_failed(now, turn);
                    }
                }
                Timer::PromptStall => {
                    if let Some(play) = self.playing.as_ref().map(|p| p.id) {
                        self.prompt_finished(now, play);
                    }
                }
                Timer::Transfer => self.transfer_failed(now),
                Timer::MaxCall => self.end(HangupCause::MaxCall),
            }
            if self.over {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
