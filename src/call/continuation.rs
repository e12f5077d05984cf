//! A caller who was not done: what they say into the first moment of our answer goes on with what
//! they said before. So nobody who pauses loses the rest, and we need not wait as long for it.

use super::{Call, PlayId};
use crate::dialogue::{Answer, Dialogue, Question};
use crate::language::only_yes_no;
use crate::speech::{PRE_ROLL_MS, SpeechSegment, Transcript};
use crate::time::{CallTime, MediaTime};

/// From the beginning of our answer to the caller's next word. In less time nobody takes in what
/// is asked and begins to answer it.
const TAKEN_IN_MS: u64 = 900;

/// An answer, and how things stood before it.
pub(super) struct Given {
    pub(super) dialogue: Dialogue,
    pub(super) question: Question,
    words: Transcript,
    segment: SpeechSegment,
    /// What we said to it, and when that began.
    play: PlayId,
    answered: MediaTime,
}

impl Given {
    /// What the caller says in all, with `more`, which is said in `segment`.
    pub(super) fn with(
        &self,
        more: &Transcript,
        segment: SpeechSegment,
    ) -> (Transcript, SpeechSegment) {
        let later_ms = segment.start.as_ms().saturating_sub(self.segment.start.as_ms());
        let words = self.words.followed_by(more, u32::try_from(later_ms).unwrap_or(u32::MAX));
        (words, SpeechSegment { start: self.segment.start, end: segment.end })
    }
}

impl Call {
    /// The answer that speech which began at `start` and cut our own words short goes on with.
    pub(super) fn goes_on(&mut self, start: MediaTime) -> Option<Box<Given>> {
        let playing = self.playing.as_ref()?.id;
        let spoken_ms = start.as_ms() + PRE_ROLL_MS;
        let given = self.given.take()?;
        let at_once = spoken_ms < given.answered.as_ms() + TAKEN_IN_MS;
        (given.play == playing && at_once).then_some(given)
    }

    /// Answers `words`, or all that was said together with what they go on with, and keeps how
    /// things stood before, should the caller go on. Consent stays as it was given: what was
    /// recorded may be deleted already.
    pub(super) fn answer_words(
        &mut self,
        now: CallTime,
        words: &Transcript,
        segment: SpeechSegment,
    ) {
        let (words, segment) = self.whole(words, segment);
        let before = self.resumable(&words).map(|question| (question, self.dialogue.clone()));
        let answered = self.media;
        self.answer(now, Answer::Words(&words, segment));
        let play = self.playing.as_ref().map(|playing| playing.id);
        let consent = self.dialogue.ticket().consent;
        self.given = before
            .zip(play)
            .filter(|((_, dialogue), _)| dialogue.ticket().consent == consent)
            .map(|((question, dialogue), play)| {
                Box::new(Given { dialogue, question, words, segment, play, answered })
            });
    }

    /// A mere yes or no is meant for what is asked now, by somebody who knows the questions.
    pub(super) fn is_for_now(&self, words: &Transcript) -> bool {
        words.text.is_empty() || only_yes_no(&words.text, &self.dialogue.hotline().grammar.words)
    }

    /// What is to be answered.
    fn whole(&mut self, words: &Transcript, segment: SpeechSegment) -> (Transcript, SpeechSegment) {
        let is_more = !self.is_for_now(words);
        let given = self.turn.as_mut().and_then(|turn| turn.goes_on_with.take());
        let Some(given) = given.filter(|_| is_more) else { return (words.clone(), segment) };
        let whole = given.with(words, segment);
        self.dialogue.back_to(given.dialogue);
        self.question = Some(given.question);
        whole
    }

    /// The question whose answer `words` may be gone on with.
    fn resumable(&self, words: &Transcript) -> Option<Question> {
        let question = self.question.as_ref()?;
        let closed = question.context.as_ref()?.expectation.is_closed();
        // After a mere yes the next question may be answered before it is asked.
        let all = closed && only_yes_no(&words.text, &self.dialogue.hotline().grammar.words);
        (!all).then(|| question.clone())
    }
}
