//! Process: what an answer means where the dialogue stands.

use super::{Answer, Dialogue, MISSES_MAX, Move, SILENCES_MAX, SlotKind, Stage, UnclearConsent};
use crate::language::{YesNo, emergency, tokens, yes_no};
use crate::speech::{SpeechSegment, Transcript};
use crate::ticket::{Consent, Priority, SlotStatus};

impl Dialogue {
    pub(super) fn process(&mut self, answer: Answer<'_>) -> Move {
        let closing = matches!(self.stage, Stage::Rating | Stage::Message | Stage::Over);
        if self.silences >= SILENCES_MAX && !closing {
            return self.close(vec![]);
        }
        match answer {
            Answer::Keys("*") => return self.repeat(),
            Answer::Keys("0") if !matches!(self.stage, Stage::Rating) => return self.operator(),
            Answer::Words(transcript, segment) => {
                if let Some(next) = self.emergency_in(transcript, Some(segment)) {
                    return next;
                }
                if let Some(next) = self.universal(transcript) {
                    return next;
                }
            }
            _ => {}
        }
        match self.stage.clone() {
            Stage::Consent => self.consent(answer),
            Stage::TicketNumber => self.number(answer),
            Stage::News(ticket) => self.news(ticket, answer),
            Stage::StillNeeded(ticket) => self.still_needed(ticket, answer),
            Stage::Slot(slot) => self.slot(slot, answer),
            Stage::Spelled(slot) => self.spelled(slot, answer),
            Stage::Confirm(slot, reading) => self.confirm(slot, reading, answer),
            Stage::Either(slot, two) => self.either(slot, *two, answer),
            Stage::CallerId(slot) => self.caller_id(slot, answer),
            Stage::ReadBack => self.read_back_answer(answer),
            Stage::Which => self.which(answer),
            Stage::Message => self.message(answer),
            Stage::Rating => self.rating(answer),
            Stage::Over => Move::default(),
        }
    }

    /// Emergency phrases pre-empt everything, once a call. Without a `segment` the caller is still
    /// speaking.
    pub(super) fn emergency_in(
        &mut self,
        heard: &Transcript,
        segment: Option<SpeechSegment>,
    ) -> Option<Move> {
        let over = matches!(self.stage, Stage::Over | Stage::Rating);
        if over || self.ticket.priority == Priority::Emergency {
            return None;
        }
        emergency(&heard.text, &self.hotline.grammar)?;
        self.ticket.priority = Priority::Emergency;
        self.keep_urgent(heard, segment);
        let number = self.hotline.file.emergency_number.clone();
        let transfer = self.hotline.file.emergency_transfer.clone();
        let name = if transfer.is_some() { "emergency_transfer" } else { "emergency" };
        let mut say = vec![self.hotline.prompt(name, &[("number", &number)])];
        if transfer.is_some() {
            return Some(Move { transfer, ..self.asking(say) });
        }
        // What is known now is not asked; any other open question is asked again.
        let known = |slot: usize| self.ticket.slots[slot].status != SlotStatus::Empty;
        if matches!(self.stage, Stage::Slot(slot) if known(slot)) {
            return Some(self.select(say));
        }
        say.push(self.first_prompt());
        Some(self.asking(say))
    }

    /// Words that tell of a life at risk are the need; where the caller is done, whatever else they
    /// tell is taken too.
    pub(super) fn keep_urgent(&mut self, heard: &Transcript, segment: Option<SpeechSegment>) {
        let text = heard.text.trim();
        if text.is_empty() {
            return;
        }
        let keep_sound = self.ticket.consent != Consent::Declined;
        let needs = (0..self.ticket.slots.len()).filter(|&i| self.kind(i) == SlotKind::Need);
        for slot in needs.collect::<Vec<_>>() {
            let record = &mut self.ticket.slots[slot];
            record.value = text.into();
            record.heard = text.into();
            record.parts = vec![("category".into(), "EMERGENCY".into())];
            record.status = SlotStatus::Heard;
            record.audio.extend(segment.filter(|_| keep_sound));
        }
        if let Some(segment) = segment {
            self.volunteer(None, Answer::Words(heard, segment), None);
        }
    }

    /// "Repeat", "operator", "help", "goodbye": only when nothing else is said.
    fn universal(&mut self, transcript: &Transcript) -> Option<Move> {
        let words = &self.hotline.grammar.words;
        let said = tokens(&transcript.text);
        let said: Vec<&String> = said.iter().filter(|t| !words.fillers.contains(t)).collect();
        let said = said.iter().map(|t| t.as_str()).collect::<Vec<_>>().join(" ");
        let is = |phrases: &[String]| phrases.contains(&said);
        if is(&words.repeat) {
            Some(self.repeat())
        } else if is(&words.operator) {
            Some(self.operator())
        } else if is(&words.help) {
            Some(self.asking(vec![self.again()]))
        } else if is(&words.stop) {
            Some(self.close(vec![]))
        } else {
            None
        }
    }

    fn repeat(&mut self) -> Move {
        let say = vec![self.first_prompt()];
        Move { tone: self.stage == Stage::Message, ..self.asking(say) }
    }

    fn operator(&mut self) -> Move {
        match self.hotline.file.operator.clone() {
            Some(to) => {
                let say = vec![self.text("transferring")];
                Move { transfer: Some(to), ..self.asking(say) }
            }
            None => {
                let say = vec![self.text("no_operator"), self.first_prompt()];
                self.asking(say)
            }
        }
    }

    /// An answer that could not be used: ask again with the keys, then `give_up`.
    pub(super) fn miss(
        &mut self,
        answer: Answer<'_>,
        give_up: impl FnOnce(&mut Dialogue) -> Move,
    ) -> Move {
        self.misses += 1;
        if self.misses >= MISSES_MAX {
            return give_up(self);
        }
        let silent = matches!(answer, Answer::Silence);
        let why = self.text(if silent { "no_input" } else { "not_understood" });
        let say = vec![why, self.again()];
        self.asking(say)
    }

    fn consent(&mut self, answer: Answer<'_>) -> Move {
        if matches!(answer, Answer::Keys("3")) {
            return self.ask_number();
        }
        match self.agreed(answer) {
            YesNo::Yes => {
                self.ticket.consent = Consent::Given;
                self.after_consent(vec![self.text("consent_given")])
            }
            YesNo::No(_) => self.decline(),
            YesNo::Unclear => self.miss(answer, |d| match d.hotline.file.unclear_consent {
                UnclearConsent::Keep => d.after_consent(vec![]),
                UnclearConsent::Discard => d.decline(),
            }),
        }
    }

    fn decline(&mut self) -> Move {
        self.ticket.consent = Consent::Declined;
        for record in &mut self.ticket.slots {
            record.audio.clear();
        }
        let say = vec![self.text("consent_declined")];
        Move { discard_recording: true, ..self.after_consent(say) }
    }

    /// Yes or no by words or by the keys 1 and 2.
    pub(super) fn agreed(&self, answer: Answer<'_>) -> YesNo {
        match answer {
            Answer::Words(t, _) => yes_no(&t.text, &self.hotline.grammar.words),
            Answer::Keys("1") => YesNo::Yes,
            Answer::Keys("2") => YesNo::No(String::new()),
            _ => YesNo::Unclear,
        }
    }
}
