//! The caller's side of a recorded call, cut by the questions it answers.

use super::truth::CallTruth;
use crate::audio::{AudioFrame, FRAME_MS, level};
use crate::call::{
    Call, HangupCause, Input, Note, Output, PlayId, Sound, Speaker, TurnId, TurnLog,
};
use crate::dialogue::{Hotline, Question};
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
    /// One past the caller's last voiced frame; the start where there is none.
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

/// Cuts a journal's records into a tape.
struct Cutter {
    call: Call,
    hotline: Arc<Hotline>,
    log: TurnLog,
    tape: Tape,
    voiced: Vec<bool>,
    playing: Option<(PlayId, String, usize)>,
    awaited: Option<(TurnId, CallTime)>,
    latencies: Vec<u64>,
}

impl Cutter {
    fn new(header: Header, hotline: Arc<Hotline>) -> Cutter {
        let call = Call::new(hotline.clone(), header.caller.clone()).unprepared();
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
        let (voiced, playing, awaited, latencies) = (Vec::new(), None, None, Vec::new());
        Cutter { call, hotline, log, tape, voiced, playing, awaited, latencies }
    }

    fn input(&mut self, now: CallTime, input: Input) {
        let frame = self.tape.heard.len();
        match &input {
            Input::Audio(heard) => {
                self.tape.heard.push(*heard);
                self.call.handle(now, input);
                self.voiced.push(self.call.is_voiced());
                return self.drain();
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
        self.call.handle(now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while !matches!(self.call.poll(), Output::Timeout(_)) {}
    }

    fn output(&mut self, now: CallTime, output: &Output) {
        let frame = self.tape.heard.len();
        self.log.output(now, output);
        match output {
            Output::Play { play, sounds } => self.asked(*play, sounds, frame),
            Output::StopPlaying { play } => self.prompt_over(*play, frame, true),
            Output::EndOfSpeech { turn } => self.awaited = Some((*turn, now)),
            Output::SaveTicket(ticket) => self.tape.ticket = Some((**ticket).clone()),
            Output::Note(Note::SpeechStarted { .. }) | Output::Note(_) => {}
            _ => {}
        }
    }

    fn asked(&mut self, play: PlayId, sounds: &[Sound], frame: usize) {
        if let Some(last) = self.tape.exchanges.last_mut() {
            last.frames.end = frame;
        }
        self.tape.exchanges.push(Exchange {
            asked: self.call.question().map(Asked::of),
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
        for exchange in &mut self.tape.exchanges {
            exchange.prompt_end = exchange.prompt_end.min(exchange.frames.end);
            let voiced = self.voiced[exchange.frames.clone()].iter().rposition(|v| *v);
            exchange.speech_end = exchange.frames.start + voiced.map_or(0, |at| at + 1);
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
        let windows = self.voiced.windows(ROOM_FRAMES).enumerate().step_by(ROOM_FRAMES / 4);
        let silent = windows.filter(|(_, voiced)| !voiced.contains(&true)).map(|(at, _)| at);
        let loudness = |at: &usize| {
            let frames = &self.tape.heard[*at..at + ROOM_FRAMES];
            let samples: Vec<i16> = frames.iter().flat_map(|f| f.samples()).copied().collect();
            level::rms(&samples)
        };
        let quietest = silent.min_by(|a, b| loudness(a).total_cmp(&loudness(b)));
        quietest.map_or(0..0, |at| at..at + ROOM_FRAMES)
    }
}
