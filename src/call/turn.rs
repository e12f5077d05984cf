//! The caller's turn: from the first voiced frame to the final words.

use super::{
    Answer, AudioFrame, Call, CallTime, FRAME, Given, MediaTime, Note, Output, SpeechSegment,
    Timer, Transcript, TurnId,
};
use crate::dialogue::Completeness;
use crate::speech::{Endpoint, Patience};

/// A turn being taken.
pub(super) struct Turn {
    pub(super) id: TurnId,
    start: MediaTime,
    /// Set when the caller is done; then the final words are awaited.
    pub(super) segment: Option<SpeechSegment>,
    /// A recogniser listens.
    recognised: bool,
    /// How far the words so far answer the question.
    completeness: Completeness,
    /// Words that came while the caller spoke on: what they come to counts only in a pause.
    unread: Option<Transcript>,
    /// It cut a prompt short.
    barged_in: bool,
    /// An answer that it goes on with.
    pub(super) goes_on_with: Option<Box<Given>>,
    /// But the words so far do not: they answer what is asked now.
    for_now: bool,
    /// It was answered before its end, a life being at risk; its words are still to be kept.
    urgent: bool,
}

/// Shorter sounds that no words were found in are coughs and clicks, not answers.
const NOISE_MS_MAX: u64 = 900;
/// As likely as that, words are an answer, whichever they are: with recorded calls, coughs stayed
/// below half of it.
const WORDS_LIKELY: f32 = 0.25;

/// What is said to a longer text is not made ready at every pause in it: to read it is dear.
const PREPARED_WORDS_MAX: usize = 30;

impl Turn {
    /// The segment as far as it goes now.
    pub(super) fn so_far(&self, now: MediaTime) -> SpeechSegment {
        self.segment.unwrap_or(SpeechSegment { start: self.start, end: now })
    }
}

impl Call {
    pub(super) fn audio(&mut self, now: CallTime, frame: &AudioFrame) {
        self.media = MediaTime(self.media.0 + FRAME.0);
        self.voiced = self.voice.is_voiced(frame);
        if !self.listens() {
            self.endpointer.reset();
            return;
        }
        if !self.voiced {
            self.read_interim();
        }
        let patience = self.patience();
        match self.endpointer.frame(self.media, self.voiced, patience) {
            Endpoint::Unchanged => {}
            Endpoint::Started(start) => self.turn_started(start),
            Endpoint::Paused => self.turn_paused(),
            Endpoint::Ended(segment) => self.turn_ended(now, segment),
        }
    }

    /// Speech counts while a question is open that may be answered now. In a rescued call the
    /// caller may still be in the middle of the words at which the machine broke: they would cut
    /// off the prompt that says what is wanted of them.
    fn listens(&self) -> bool {
        let Some(question) = &self.question else { return false };
        let waiting = self.turn.as_ref().is_some_and(|t| t.segment.is_some());
        let interruptible = question.interruptible && !self.rescued;
        let talking = self.playing.is_some() && !interruptible && self.turn.is_none();
        !waiting && !talking && !self.held && !self.transferring
    }

    fn patience(&self) -> Patience {
        let turn = self.turn.as_ref();
        let before = turn.filter(|t| !t.for_now).and_then(|t| t.goes_on_with.as_ref());
        let before = before.map(|given| &given.question);
        let question = before.or(self.question.as_ref()).expect("listens() needs a question");
        let completeness = turn.map_or(Completeness::Open, |t| t.completeness);
        let silence_ms = match completeness {
            Completeness::Open => question.patience.silence_ms,
            Completeness::Complete => question.settled_ms,
            Completeness::Dangling => question.dangling_ms,
        };
        Patience { silence_ms, ..question.patience }
    }

    pub(super) fn inter_digit_ms(&self) -> u64 {
        self.dialogue.hotline().file.waits.inter_digit_ms
    }

    fn turn_started(&mut self, start: MediaTime) {
        let goes_on_with = self.goes_on(start);
        let before = goes_on_with.as_ref().map(|given| &given.question);
        let Some(question) = before.or(self.question.as_ref()) else { return };
        let context = question.context.clone();
        self.turns += 1;
        let id = TurnId(self.turns);
        self.timers.clear(Timer::NoInput);
        self.keys.clear();
        self.timers.clear(Timer::InterDigit);
        let barged_in = self.playing.is_some();
        if let Some(playing) = &self.playing {
            self.out.push_back(Output::Note(Note::BargeIn { play: playing.id }));
            self.stop_playing();
        }
        self.out.push_back(Output::Note(Note::SpeechStarted { turn: id }));
        let recognised = context.is_some();
        self.turn = Some(Turn {
            id,
            start,
            segment: None,
            recognised,
            completeness: Completeness::Open,
            unread: None,
            barged_in,
            goes_on_with,
            for_now: false,
            urgent: false,
        });
        if let Some(context) = context {
            self.out.push_back(Output::Recognize { turn: id, from: start, context });
        }
    }

    fn turn_paused(&mut self) {
        if let Some(turn) = self.turn.as_ref().filter(|t| t.recognised) {
            self.out.push_back(Output::SpeechPaused { turn: turn.id });
        }
    }

    fn turn_ended(&mut self, now: CallTime, segment: SpeechSegment) {
        let wait = self.dialogue.hotline().file.waits.engine_ms_max;
        let Some(turn) = &mut self.turn else { return };
        turn.segment = Some(segment);
        let id = turn.id;
        self.out.push_back(Output::Note(Note::SpeechEnded { turn: id, end: segment.end }));
        if turn.recognised {
            self.timers.set(Timer::EngineStall, now + wait);
            self.out.push_back(Output::EndOfSpeech { turn: id });
        } else {
            self.answer(now, Answer::Words(&Transcript::default(), segment));
        }
    }

    pub(super) fn interim(&mut self, now: CallTime, id: TurnId, transcript: &Transcript) {
        let Some(turn) = self.turn.as_mut().filter(|t| t.id == id) else { return };
        if turn.segment.is_some() || turn.urgent {
            return;
        }
        if let Some(urgent) = self.dialogue.overheard(transcript) {
            turn.urgent = true;
            self.speak(now, urgent);
            return;
        }
        turn.unread = Some(transcript.clone());
        if !self.voiced {
            self.read_interim();
        }
    }

    /// What the newest words come to, should the caller have ended.
    fn read_interim(&mut self) {
        let unread = self.turn.as_mut().and_then(|turn| turn.unread.take());
        let Some(mut words) = unread else { return };
        let for_now = self.is_for_now(&words);
        let Some(turn) = &mut self.turn else { return };
        turn.for_now = for_now;
        let mut segment = turn.so_far(self.media);
        let mut dialogue = &self.dialogue;
        if let Some(given) = turn.goes_on_with.as_ref().filter(|_| !for_now) {
            (words, segment) = given.with(&words, segment);
            dialogue = &given.dialogue;
        }
        turn.completeness = dialogue.completeness(&words);
        let long = words.text.split_whitespace().nth(PREPARED_WORDS_MAX).is_some();
        if !self.prepares || long {
            return;
        }
        // What we would say if this were all: made ready while the caller may still go on.
        let next = dialogue.clone().heard(Answer::Words(&words, segment));
        let sounds = self.sounds(&next.say);
        self.out.push_back(Output::Prepare { sounds });
    }

    pub(super) fn final_words(&mut self, now: CallTime, id: TurnId, transcript: &Transcript) {
        let Some(turn) = self.turn.as_mut().filter(|t| t.id == id) else { return };
        let Some(segment) = turn.segment else { return };
        turn.recognised = false;
        if turn.urgent {
            return self.urgent_words(now, transcript, segment);
        }
        let barged_in = turn.barged_in;
        let ms = segment.end.as_ms().saturating_sub(segment.start.as_ms());
        if transcript.words_likely() < WORDS_LIKELY && ms < NOISE_MS_MAX {
            self.noise(now, barged_in);
        } else {
            self.answer_words(now, transcript, segment);
        }
    }

    /// The whole of what was answered in its midst.
    fn urgent_words(&mut self, now: CallTime, transcript: &Transcript, segment: SpeechSegment) {
        self.timers.clear(Timer::EngineStall);
        self.turn = None;
        if self.dialogue.urgent_words(transcript, segment) {
            self.save();
        }
        if self.playing.is_none() {
            self.arm_no_input(now);
        }
    }

    /// A sound that was no answer: what it interrupted is said again, else we go on waiting.
    fn noise(&mut self, now: CallTime, barged_in: bool) {
        self.timers.clear(Timer::EngineStall);
        self.turn = None;
        if barged_in {
            self.say_again(now);
        } else {
            self.arm_no_input(now);
        }
    }

    /// Nobody waits for this turn's words any more.
    pub(super) fn abandon_turn(&mut self) {
        self.timers.clear(Timer::EngineStall);
        self.endpointer.reset();
        if let Some(turn) = self.turn.take()
            && turn.recognised
        {
            self.out.push_back(Output::AbandonTurn { turn: turn.id });
        }
    }
}
