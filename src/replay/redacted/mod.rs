//! A call to be shown to others: what names its caller is taken out of its words and its sound, and
//! the rest stays speech.
//!
//! What is in doubt is taken out. Of the caller's side only those turns are heard that were
//! recognised well and hold nothing but words of the language pack; turns with anything personal
//! are a tone, and what was no turn is silent. Of the bot's side a playing is a tone as a whole
//! where any prompt of it read something of the caller's back.

mod mask;
#[cfg(test)]
mod tests;

use super::fixture::redact::Vocabulary;
use super::fixture::sound::{bleep, stereo};
use super::fixture::{Recorded, Secrets, number_keys};
use super::replayer::{ReplayError, Replayer};
use crate::audio::{AudioFrame, FRAME_SAMPLES};
use crate::call::{Input, Note, Output, PlayId, TurnId};
use crate::dialogue::Hotline;
use crate::journal::{Entry, JournalError, RECORDING_FILE, Reader};
use crate::speech::{SpeechSegment, Transcript};
use crate::ticket::{SlotRecord, Ticket};
use crate::time::{CallTime, MediaTime};
use mask::{Mask, NUMBER};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The file with the words of a redacted call.
pub const TRANSCRIPT_FILE: &str = "transcript.txt";
/// Frames for which a prompt may be heard after it was stopped.
const TAIL_FRAMES: usize = 10;
/// Frames after the last voiced one of a turn that are taken out with it: words fade.
const FADE_FRAMES: usize = 15;

/// Why a call was not redacted.
#[derive(Debug, thiserror::Error)]
pub enum RedactError {
    /// The call cannot be read, or its hotline cannot be loaded.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// Something of the caller's was found in what was made; it was thrown away.
    #[error(
        "the transcript would still hold a word of a {0}, so nothing was written; please report \
         it, with the hotline's language"
    )]
    Leak(&'static str),
    /// The recording was not made.
    #[error("the redacted recording cannot be made: {0}; please report it")]
    Sound(String),
}

/// A call without what names its caller.
#[derive(Debug)]
pub struct RedactedCall {
    /// Each file's name and bytes: the transcript, and the recording where there is one.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Takes out of the call of `reader` what names its caller; `secrets` are what its ticket knows.
pub fn redact_call(
    replayer: &Replayer,
    reader: Reader,
    secrets: &Secrets,
) -> Result<RedactedCall, RedactError> {
    let has_sound = reader.has_sound();
    let journal = |e: JournalError| ReplayError::Journal(e);
    let recorded = Recorded::read(reader).map_err(journal)?;
    let loaded = replayer.hotline(&recorded.header).map_err(ReplayError::Config)?;
    let [words, prompts, needs] = replayer.vocabulary(&loaded.hotline.file.language);
    let vocabulary = Vocabulary::of(&words, &prompts, &needs);
    let personal = recorded.personal(&loaded, secrets);
    let mask = Mask::new(&vocabulary, &loaded.hotline, &personal);
    let keys = number_keys(&recorded.header, &recorded.records, &loaded.hotline);
    let mut told = Told::new(&mask, &loaded.hotline);
    for (at, record) in recorded.records.iter().enumerate() {
        match &record.entry {
            Entry::In(input) => told.input(record.at, input, keys.contains(&at)),
            Entry::Out(output) => told.output(record.at, output),
            Entry::Lost(_) => {}
        }
    }
    told.end();
    let mut files = vec![(TRANSCRIPT_FILE, told.transcript()?.into_bytes())];
    if has_sound {
        let (mut heard, mut said) = (recorded.heard, recorded.said);
        told.hush(&mut heard, &mut said);
        let wav = stereo(&heard, &said).map_err(|e| RedactError::Sound(e.to_string()))?;
        files.push((RECORDING_FILE, wav));
    }
    Ok(RedactedCall { files })
}

/// What was told in a call so far, and which frames of it may be heard.
struct Told<'m> {
    mask: &'m Mask<'m>,
    hotline: &'m Hotline,
    frames: usize,
    lines: Vec<Line>,
    turns: BTreeMap<TurnId, Turn>,
    /// What the bot is saying, since which frame, and whether it is personal.
    playing: Option<(PlayId, usize, bool)>,
    /// Frames in which the bot read something back.
    read_back: Vec<Range<usize>>,
    /// Where the caller spoke of something personal, as the ticket says.
    told: Vec<SpeechSegment>,
}

/// One line of the transcript.
struct Line {
    at_ms: u64,
    who: &'static str,
    text: String,
    /// The caller's turn it is, whose sound is judged at the end.
    turn: Option<TurnId>,
    bleeped: bool,
}

/// A caller's turn.
struct Turn {
    from: usize,
    /// One past its last frame; `None` while it goes on.
    to: Option<usize>,
    /// What is told in answer, where that is personal.
    telling: Option<&'static str>,
    /// All that is known of it is harmless.
    clean: bool,
    settled: bool,
}

fn frame_of(at: MediaTime) -> usize {
    (at.0 / FRAME_SAMPLES as u64) as usize
}

impl<'m> Told<'m> {
    fn new(mask: &'m Mask<'m>, hotline: &'m Hotline) -> Told<'m> {
        Told {
            mask,
            hotline,
            frames: 0,
            lines: vec![],
            turns: BTreeMap::new(),
            playing: None,
            read_back: vec![],
            told: vec![],
        }
    }

    fn input(&mut self, now: CallTime, input: &Input, of_number: bool) {
        match input {
            Input::Audio(_) => self.frames += 1,
            Input::Interim { turn, transcript } => self.heard(*turn, transcript),
            Input::Final { turn, transcript } => self.last_words(*turn, transcript),
            Input::PromptFinished { play } => self.played(*play),
            Input::Dtmf(_) if of_number => self.key(now, NUMBER),
            Input::Dtmf(key) => self.key(now, key.as_char().encode_utf8(&mut [0; 4])),
            _ => {}
        }
    }

    fn output(&mut self, now: CallTime, output: &Output) {
        match output {
            Output::Play { play, sounds } => {
                if let Some((before, ..)) = self.playing {
                    self.played(before);
                }
                let said: Vec<(String, bool)> =
                    sounds.iter().map(|s| self.mask.prompt(s)).collect();
                let personal = said.iter().any(|(_, personal)| *personal);
                let words = said.iter().map(|(text, _)| text.as_str());
                let text = words.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
                if !text.is_empty() {
                    self.line(now.as_ms(), "bot", text, personal);
                }
                self.playing = Some((*play, self.frames, personal));
            }
            Output::StopPlaying { play } => self.played(*play),
            Output::Recognize { turn, from, context } => {
                let telling = Mask::telling(context.expectation);
                let from = frame_of(*from);
                let clean = telling.is_none();
                let made = Turn { from, to: None, telling, clean, settled: false };
                self.turns.insert(*turn, made);
            }
            Output::Note(Note::SpeechEnded { turn, end }) => {
                if let Some(turn) = self.turns.get_mut(turn) {
                    turn.to = Some(frame_of(*end) + 1);
                }
            }
            Output::AbandonTurn { turn } => {
                let frames = self.frames;
                if let Some(turn) = self.turns.get_mut(turn) {
                    turn.to = turn.to.or(Some(frames));
                }
            }
            Output::SaveTicket(ticket) => self.saved(ticket),
            _ => {}
        }
    }

    /// Where the caller speaks of themselves, and a message that nobody wrote down.
    fn saved(&mut self, ticket: &Ticket) {
        let kind = |slot: &str| {
            let spec = self.hotline.file.slots.iter().find(|s| s.name == slot);
            spec.map(|s| s.kind)
        };
        let personal = |s: &&SlotRecord| kind(&s.slot).is_none_or(mask::is_personal);
        let slots = ticket.slots.iter().filter(personal).flat_map(|s| &s.audio);
        let new: Vec<SpeechSegment> = slots.chain(&ticket.message).copied().collect();
        for segment in new {
            if !self.told.contains(&segment) {
                self.told.push(segment);
            }
        }
    }

    fn heard(&mut self, turn: TurnId, transcript: &Transcript) {
        let others = transcript.alternatives.iter().map(|a| a.text.as_str());
        let words = transcript.words.iter().map(|w| w.text.as_str());
        let mut all = others.chain(words).chain([transcript.text.as_str()]);
        let tells = all.any(|text| self.mask.tells(text));
        if let Some(turn) = self.turns.get_mut(&turn) {
            turn.clean &= !tells;
        }
    }

    fn last_words(&mut self, turn: TurnId, transcript: &Transcript) {
        self.heard(turn, transcript);
        let Some(known) = self.turns.get_mut(&turn) else { return };
        let text = self.mask.said(&transcript.text, known.telling);
        let sure = transcript.confidence >= self.hotline.file.confidence.confirm_below;
        known.clean &= sure && text == transcript.text && !text.trim().is_empty();
        known.settled = true;
        let at_ms = (known.from * FRAME_SAMPLES / 8) as u64;
        let text = if text.trim().is_empty() { "(not understood)".into() } else { text };
        self.lines.push(Line { at_ms, who: "caller", text, turn: Some(turn), bleeped: true });
    }

    fn played(&mut self, play: PlayId) {
        if let Some((_, from, true)) = self.playing.take_if(|(id, ..)| *id == play) {
            self.read_back.push(from..self.frames + TAIL_FRAMES);
        }
    }

    fn key(&mut self, now: CallTime, key: &str) {
        match self.lines.last_mut() {
            Some(line) if line.who == "keys" => {
                // As many labels as digits would tell how many there are.
                if key != NUMBER || !line.text.ends_with(NUMBER) {
                    line.text += key;
                }
            }
            _ => self.line(now.as_ms(), "keys", key.into(), false),
        }
    }

    fn line(&mut self, at_ms: u64, who: &'static str, text: String, bleeped: bool) {
        self.lines.push(Line { at_ms, who, text, turn: None, bleeped });
    }

    fn end(&mut self) {
        if let Some((play, ..)) = self.playing {
            self.played(play);
        }
        let told = self.told.iter().map(|s| frame_of(s.start)..frame_of(s.end) + 1);
        let personal: Vec<Range<usize>> = told.chain(self.read_back.iter().cloned()).collect();
        let frames = self.frames;
        for turn in self.turns.values_mut() {
            let own = turn.from..turn.to.unwrap_or(frames);
            let overlaps = |r: &Range<usize>| r.start < own.end && own.start < r.end;
            turn.clean &= turn.settled && turn.to.is_some() && !personal.iter().any(overlaps);
        }
        for line in &mut self.lines {
            if let Some(turn) = line.turn.and_then(|turn| self.turns.get(&turn)) {
                line.bleeped = !turn.clean;
            }
        }
        self.lines.sort_by_key(|line| line.at_ms);
    }

    /// The words, when none of the caller's is among them.
    fn transcript(&self) -> Result<String, RedactError> {
        let mut text = String::from(
            "Names, addresses and numbers of the caller are left out, and what may be one.\n\
             * is a tone in the recording.\n\n",
        );
        for Line { at_ms, who, text: words, bleeped, .. } in &self.lines {
            if let Some(label) = self.mask.secret(words) {
                return Err(RedactError::Leak(if label == mask::NAME { "name" } else { "place" }));
            }
            let (minutes, seconds) = (at_ms / 60_000, at_ms % 60_000 / 1_000);
            let mark = if *bleeped { "*" } else { " " };
            text += &format!("{minutes:>2}:{seconds:02} {mark} {who:<6}  {words}\n");
        }
        Ok(text)
    }

    /// Leaves of both sides what may be heard.
    fn hush(&self, heard: &mut [AudioFrame], said: &mut [AudioFrame]) {
        let turns = |clean| self.turns.values().filter(move |t| t.clean == clean);
        let whole = |turn: &Turn| turn.from..turn.to.unwrap_or(self.frames);
        let stays: BTreeSet<usize> = turns(true).flat_map(whole).collect();
        for (_, frame) in heard.iter_mut().enumerate().filter(|(at, _)| !stays.contains(at)) {
            *frame = AudioFrame::SILENCE;
        }
        let faded = |range: Range<usize>| range.start..range.end + FADE_FRAMES;
        let segments = self.told.iter().map(|s| frame_of(s.start)..frame_of(s.end) + 1);
        let tones: BTreeSet<usize> =
            turns(false).map(whole).chain(segments).flat_map(faded).collect();
        bleep_all(heard, &tones);
        bleep_all(said, &self.read_back.iter().cloned().flatten().collect());
    }
}

/// A tone for each row of these frames.
fn bleep_all(frames: &mut [AudioFrame], which: &BTreeSet<usize>) {
    let mut at = 0;
    while at < frames.len() {
        let row = (at..frames.len()).take_while(|n| which.contains(n)).count();
        bleep(&mut frames[at..at + row]);
        at += row.max(1);
    }
}
