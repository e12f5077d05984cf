//! The caller's side of a recorded call, cut by the questions it answers.

use super::truth::CallTruth;
use crate::audio::{AudioFrame, FRAME_MS, level};
use crate::call::{HangupCause, Input, Note, Output, PlayId, Sound, Speaker, TurnId, TurnLog};
use crate::dialogue::{Hotline, Question, SlotKind};
use crate::journal::{Ending, Entry, Header, JournalError, Reader};
use crate::language::{YesNo, yes_no};
use crate::speech::{Expectation, Transcript};
use crate::ticket::{CallbackBy, Ticket, TicketNumber, TicketStanding};
use crate::time::CallTime;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Who speaks so soon into a prompt does not answer it: they go on with what they were saying.
const RUNS_ON_FRAMES: usize = 75;
/// Turns of one call that are known by number.
const TURNS_MAX: usize = 1_000;
/// A prompt that the recording does not hold lasts so long for each letter of it, where the
/// recording holds no prompt at all.
const LETTER_MS: f64 = 70.0;
/// Room for so much sound is made at once: what a file's head says of it may be anything.
const RESERVED_FRAMES_MAX: u64 = 600_000 / FRAME_MS;
/// A caller's room is heard for so long before it begins anew.
const ROOM_FRAMES: usize = 100;

/// What is asked: the slot or stage, and whether yes or no is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) slot: String,
    pub(super) closed: bool,
}

impl Asked {
    pub(super) fn of(question: &Question) -> Asked {
        let yes_no = |c: &crate::speech::RecognitionContext| c.expectation == Expectation::YesNo;
        let closed = question.context.as_ref().is_some_and(yes_no);
        Asked { slot: question.slot.clone(), closed: closed || question.slot == "read_back" }
    }
}

/// A prompt, and what the caller did until the next one. Positions are frames of the recording.
#[derive(Debug)]
pub(super) struct Exchange {
    /// What was asked; `None` where nothing was.
    pub(super) asked: Option<Asked>,
    /// The prompt's words.
    pub(super) said: String,
    pub(super) frames: Range<usize>,
    /// Where the prompt came to its end, or was cut.
    pub(super) prompt_end: usize,
    /// The caller cut it.
    pub(super) interrupted: bool,
    /// One past the frame with the caller's last speech; the start where there is none.
    pub(super) speech_end: usize,
    /// What the caller's answer says, where it says yes or no.
    pub(super) agreed: Option<bool>,
    /// What came of the caller besides sound (keys, hold), each with the frames heard before it.
    pub(super) acts: Vec<(usize, Input)>,
}

impl Exchange {
    /// The caller went on with what they were saying.
    pub(super) fn runs_on(&self) -> bool {
        self.interrupted && self.prompt_end - self.frames.start < RUNS_ON_FRAMES
    }
}

/// One recorded call, in memory.
#[derive(Debug)]
pub(super) struct Tape {
    pub(super) header: Header,
    pub(super) heard: Vec<AudioFrame>,
    pub(super) exchanges: Vec<Exchange>,
    /// Why the call ended, where the caller or the network ended it.
    pub(super) hung_up: Option<HangupCause>,
    /// The ticket as it was last saved.
    pub(super) ticket: Option<Ticket>,
    /// What the store answered.
    pub(super) saved: Option<(TicketNumber, Option<CallbackBy>)>,
    pub(super) earlier: Option<TicketStanding>,
    pub(super) found: Option<TicketStanding>,
    pub(super) transfer_failed: bool,
    /// From the end of a turn to its final words, in frames; the median.
    pub(super) latency: u64,
    /// A stretch without speech.
    pub(super) room: Range<usize>,
    prompts: BTreeMap<String, usize>,
    letter_frames: f64,
    /// The caller's turns: number in the transcript, first frame, one past the last.
    turns: Vec<(u32, usize, usize)>,
}

impl Tape {
    /// Reads the call of `reader`, which came to `hotline`.
    pub(super) fn read(mut reader: Reader, hotline: Arc<Hotline>) -> Result<Tape, JournalError> {
        let mut cutter = Cutter::new(reader.header().clone(), hotline);
        let frames = reader.frames_left().min(RESERVED_FRAMES_MAX);
        cutter.tape.heard.reserve_exact(frames as usize);
        for record in &mut reader {
            let record = record?;
            match record.entry {
                Entry::In(input) => cutter.input(record.at, input),
                Entry::Out(output) => cutter.output(record.at, &output),
                Entry::Lost(_) => {}
            }
        }
        Ok(cutter.finish(reader.ending().map(|(_, ending)| ending)))
    }

    /// Frames that a playing of these sounds lasts: as it did, or as its letters let expect.
    pub(super) fn frames_of(&self, sounds: &[Sound]) -> usize {
        let frames = |ms: u16| usize::from(ms).div_ceil(FRAME_MS as usize);
        let one = |sound: &Sound| match sound {
            Sound::Tone { ms, .. } | Sound::Silence { ms } => frames(*ms),
            Sound::Prompt { text, .. } => {
                (text.chars().count() as f64 * self.letter_frames).ceil() as usize
            }
        };
        let known = self.prompts.get(&key(sounds)).copied();
        known.unwrap_or_else(|| sounds.iter().map(one).sum())
    }

    /// The caller's voice without the silence around it.
    pub(super) fn speech(&self) -> Vec<i16> {
        let frames = self.turns.iter().flat_map(|(_, from, to)| &self.heard[*from..*to]);
        frames.flat_map(|f| f.samples()).copied().collect()
    }

    /// The exchange in which the caller spoke of `slot`, by what its ticket says.
    pub(super) fn spoken_of(&self, slot: &str) -> Option<usize> {
        let record = self.ticket.as_ref()?.slot(slot)?;
        let frame = (record.audio.first()?.end.as_ms() / FRAME_MS) as usize;
        self.exchanges.iter().position(|e| e.frames.contains(&frame.saturating_sub(1)))
    }

    /// What was really said in the turns of the recording that begin where `is_heard` says that
    /// they are heard.
    pub(super) fn truth(
        &self,
        truth: &CallTruth,
        is_heard: impl Fn(usize) -> bool,
    ) -> Option<String> {
        // A turn begins with its pre-roll.
        let begins = |(number, from, to): &(u32, usize, usize)| {
            is_heard((from + 20).min(to - 1)).then(|| truth.turn(*number)).flatten()
        };
        let said: Vec<&str> = self.turns.iter().filter_map(begins).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }
}

fn key(sounds: &[Sound]) -> String {
    let one = |sound: &Sound| match sound {
        Sound::Prompt { text, .. } => text.clone(),
        Sound::Tone { ms, .. } => format!("~{ms}"),
        Sound::Silence { ms } => format!("_{ms}"),
    };
    sounds.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The words of a playing.
pub(super) fn words_of(sounds: &[Sound]) -> String {
    let words = sounds.iter().filter_map(|sound| match sound {
        Sound::Prompt { text, .. } => Some(text.as_str()),
        Sound::Tone { .. } | Sound::Silence { .. } => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a prompt asks, by its name; one that asks again or reads keys asks the same. What
/// `confirm_value` and `ask_either` are about, their name does not tell: `last`, most often.
fn question(name: &str, hotline: &Hotline, last: &str) -> Option<Asked> {
    let slot = |kind: SlotKind| {
        let slot = hotline.file.slots.iter().find(|s| s.kind == kind);
        slot.map_or(String::new(), |s| s.name.clone())
    };
    let name = name.trim_end_matches("_again").trim_end_matches("_spelled");
    let (slot, closed) = match name {
        "ask_consent" => ("consent".into(), true),
        "ask_news" => ("news".into(), true),
        "ask_still_needed" => ("still_needed".into(), true),
        "ask_ticket_number" => ("ticket_number".into(), false),
        "ask_name" => (slot(SlotKind::Name), false),
        "ask_address" => (slot(SlotKind::Address), false),
        "ask_need" | "need_key" => (slot(SlotKind::Need), false),
        "ask_phone" => (slot(SlotKind::Phone), false),
        "confirm_phone" | "confirm_caller_id" => (slot(SlotKind::Phone), true),
        "confirm_value" => (last.to_string(), true),
        "ask_either" => (last.to_string(), false),
        "ask_right" => ("read_back".into(), true),
        "ask_which" | "which_key" => ("which".into(), false),
        "ask_rating" => ("rating".into(), false),
        "leave_message" => ("message".into(), false),
        _ => return None,
    };
    Some(Asked { slot, closed })
}

/// Cuts a journal's records into a tape. Nothing is run again for it: what was asked and where the
/// caller spoke stands in the journal.
struct Cutter {
    hotline: Arc<Hotline>,
    log: TurnLog,
    tape: Tape,
    /// The slot that was asked last.
    last: String,
    speaking: bool,
    playing: Option<(PlayId, String, usize)>,
    awaited: Option<(TurnId, CallTime)>,
    latencies: Vec<u64>,
}

impl Cutter {
    fn new(header: Header, hotline: Arc<Hotline>) -> Cutter {
        let tape = Tape {
            header,
            heard: Vec::new(),
            exchanges: Vec::new(),
            hung_up: None,
            ticket: None,
            saved: None,
            earlier: None,
            found: None,
            transfer_failed: false,
            latency: 0,
            room: 0..0,
            prompts: BTreeMap::new(),
            letter_frames: LETTER_MS / FRAME_MS as f64,
            turns: Vec::new(),
        };
        let log = TurnLog::new(TURNS_MAX);
        let (last, speaking) = (String::new(), false);
        let (playing, awaited, latencies) = (None, None, Vec::new());
        Cutter { hotline, log, tape, last, speaking, playing, awaited, latencies }
    }

    fn input(&mut self, now: CallTime, input: Input) {
        let frame = self.tape.heard.len();
        match &input {
            Input::Audio(heard) => {
                self.tape.heard.push(*heard);
                return;
            }
            Input::Final { turn, transcript } => self.words(now, *turn, transcript),
            Input::Dtmf(digit) => {
                let agreed = match digit.as_char() {
                    '1' => Some(true),
                    '2' => Some(false),
                    _ => None,
                };
                self.agreed(agreed);
                self.act(frame, &input);
            }
            Input::Hold(_) => self.act(frame, &input),
            Input::PromptFinished { play } => self.prompt_over(*play, frame, false),
            Input::TicketSaved { number, by, earlier, .. } => {
                self.tape.saved = Some((*number, *by));
                self.tape.earlier = self.tape.earlier.take().or_else(|| earlier.clone());
            }
            Input::TicketFound { standing, .. } => self.tape.found = standing.clone(),
            Input::TransferFailed => self.tape.transfer_failed = true,
            Input::Hangup(cause) => self.tape.hung_up = Some(*cause),
            _ => {}
        }
        self.log.input(now, &input);
    }

    fn output(&mut self, now: CallTime, output: &Output) {
        let frame = self.tape.heard.len();
        self.log.output(now, output);
        match output {
            Output::Play { play, sounds } => self.asked(*play, sounds, frame),
            Output::StopPlaying { play } => self.prompt_over(*play, frame, true),
            Output::EndOfSpeech { turn } => self.awaited = Some((*turn, now)),
            Output::SaveTicket(ticket) => self.tape.ticket = Some((**ticket).clone()),
            Output::Note(Note::SpeechStarted { .. }) => self.speaking = true,
            Output::Note(Note::SpeechEnded { end, .. }) => {
                self.speaking = false;
                self.spoken((end.as_ms() / FRAME_MS) as usize);
            }
            _ => {}
        }
    }

    fn asked(&mut self, play: PlayId, sounds: &[Sound], frame: usize) {
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.frames.end = frame;
        }
        let asked = sounds.iter().rev().find_map(|sound| match sound {
            Sound::Prompt { name, .. } => question(name, &self.hotline, &self.last),
            Sound::Tone { .. } | Sound::Silence { .. } => None,
        });
        let specs = &self.hotline.file.slots;
        if let Some(asked) = asked.as_ref().filter(|a| specs.iter().any(|s| s.name == a.slot)) {
            self.last.clone_from(&asked.slot);
        }
        self.tape.exchanges.push(Exchange {
            asked,
            said: words_of(sounds),
            frames: frame..frame,
            prompt_end: usize::MAX,
            interrupted: false,
            speech_end: frame,
            agreed: None,
            acts: Vec::new(),
        });
        self.playing = Some((play, key(sounds), frame));
    }

    fn prompt_over(&mut self, play: PlayId, frame: usize, cut: bool) {
        let Some((_, key, from)) = self.playing.take_if(|(id, ..)| *id == play) else { return };
        if let Some(last) = self.tape.exchanges.last_mut() {
            (last.prompt_end, last.interrupted) = (frame, cut);
        }
        if !cut {
            self.tape.prompts.insert(key, frame - from);
        }
    }

    fn words(&mut self, now: CallTime, turn: TurnId, heard: &Transcript) {
        if let Some((_, since)) = self.awaited.take_if(|(id, _)| *id == turn) {
            self.latencies.push(now.since(since).div_ceil(FRAME_MS));
        }
        let agreed = match yes_no(&heard.text, &self.hotline.grammar.words) {
            YesNo::Yes => Some(true),
            YesNo::No(_) => Some(false),
            YesNo::Unclear => None,
        };
        self.agreed(agreed);
    }

    /// The caller spoke until `frame`.
    fn spoken(&mut self, frame: usize) {
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.speech_end = last.speech_end.max(frame);
        }
    }

    fn act(&mut self, frame: usize, input: &Input) {
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.acts.push((frame, input.clone()));
        }
    }

    fn agreed(&mut self, agreed: Option<bool>) {
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.agreed = last.agreed.or(agreed);
        }
    }

    fn finish(mut self, ending: Option<Ending>) -> Tape {
        let end = self.tape.heard.len();
        // A call that the bot ended has its end from the machine, not from the tape.
        if self.tape.hung_up.is_none()
            && let Some(Ending::Hangup(HangupCause::CallerHungUp)) = ending
        {
            self.tape.hung_up = Some(HangupCause::CallerHungUp);
        }
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.frames.end = end;
        }
        if self.speaking {
            self.spoken(end);
        }
        for exchange in &mut self.tape.exchanges {
            exchange.prompt_end = exchange.prompt_end.min(exchange.frames.end);
            exchange.speech_end = exchange.speech_end.min(exchange.frames.end);
        }
        self.latencies.sort_unstable();
        self.tape.latency = self.latencies.get(self.latencies.len() / 2).copied().unwrap_or(0);
        self.tape.turns = self.turns(end);
        self.tape.room = self.room();
        let letters: usize = self.tape.prompts.keys().map(|text| text.chars().count()).sum();
        if letters > 0 {
            let frames: usize = self.tape.prompts.values().sum();
            self.tape.letter_frames = frames as f64 / letters as f64;
        }
        self.tape
    }

    fn turns(&mut self, end: usize) -> Vec<(u32, usize, usize)> {
        self.log.end();
        let turns = self.log.turns().iter().filter(|t| t.speaker == Speaker::Caller);
        let frame = |ms: u64| ((ms / FRAME_MS) as usize).min(end);
        let spans = turns.map(|t| (t.number, frame(t.from_ms), t.to_ms.map_or(end, frame)));
        spans.filter(|(_, from, to)| from < to).collect()
    }

    /// The quietest of the stretches without speech.
    fn room(&self) -> Range<usize> {
        let windows = (0..self.tape.heard.len() / ROOM_FRAMES).map(|n| n * ROOM_FRAMES);
        let speaks = |at: usize| {
            self.tape.turns.iter().any(|(_, from, to)| *from < at + ROOM_FRAMES && at < *to)
        };
        let loudness = |at: &usize| {
            let frames = &self.tape.heard[*at..at + ROOM_FRAMES];
            frames.iter().map(|f| level::rms(f.samples()).powi(2)).sum::<f32>()
        };
        let silent = windows.filter(|at| !speaks(*at)).map(|at| (at, loudness(&at)));
        let quietest = silent.min_by(|a, b| a.1.total_cmp(&b.1));
        quietest.map_or(0..0, |(at, _)| at..at + ROOM_FRAMES)
    }
}
