//! The form interpretation (W3C VoiceXML 2.1, 2.1.6: select, collect, process) over a hotline's
//! slots: from a caller's answers to a ticket.
//!
//! [`Dialogue`] knows words and keys, nothing of sound or time; [`crate::call::Call`] gives it
//! answers and carries out its [`Move`]s. The same answers always lead to the same ticket.

mod answer;
mod closing;
mod correction;
mod form;
mod hotline;
mod initiative;
mod inquiry;
mod prompt;
mod question;
mod slot;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) fn test_hotline() -> Arc<Hotline> {
    tests::hotline("en")
}

pub use form::Form;
pub use hotline::{
    Biasing, Confidence, Hotline, HotlineFile, PROMPTS, Part, Problem, PromptTexts, SlotKind,
    SlotSpec, UnclearConsent, Waits,
};
pub use prompt::Prompt;
pub use question::{Completeness, Keys, Question};

use crate::language::{AddressReadings, SlotValue, e164, emergency_so_far};
use crate::speech::{SpeechSegment, Transcript};
use crate::ticket::{
    CallId, CallbackBy, Consent, Priority, SlotRecord, SlotStatus, Ticket, TicketNumber,
    TicketStanding, TicketStatus,
};
use std::cell::RefCell;
use std::sync::Arc;

/// What the caller gave in answer to a question.
#[derive(Debug, Clone, Copy)]
pub enum Answer<'a> {
    /// Words, and where in the recording they are.
    Words(&'a Transcript, SpeechSegment),
    /// Keys, without the closing `#`; a lone `#` is `"#"`.
    Keys(&'a str),
    /// Nothing in time.
    Silence,
}

/// What the dialogue does next: say these, then ask or end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Move {
    /// In order.
    pub say: Vec<Prompt>,
    /// A tone after the words: now it is the caller's turn to leave a message.
    pub tone: bool,
    /// What is asked; `None` at the end.
    pub ask: Option<Question>,
    /// The ticket changed.
    pub save: bool,
    /// Consent was declined.
    pub discard_recording: bool,
    /// Put the caller through when the words are said.
    pub transfer: Option<String>,
    /// Look this ticket up; [`Dialogue::found`] takes the answer.
    pub find: Option<TicketNumber>,
}

/// Where the interpretation stands.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Consent,
    /// Asking for the number of a ticket.
    TicketNumber,
    /// The caller has this ticket: asking whether there is anything new.
    News(TicketNumber),
    /// Asking whether the call is still needed.
    StillNeeded(TicketNumber),
    /// Asking a slot.
    Slot(usize),
    /// Asking to spell a name that was not understood.
    Spelled(usize),
    /// Asking whether a reading of a slot is right.
    Confirm(usize, SlotValue),
    /// Asking which of two readings is right.
    Either(usize, Box<[SlotValue; 2]>),
    /// Asking whether to call back on the calling number.
    CallerId(usize),
    ReadBack,
    /// Asking which slot is wrong.
    Which,
    Message,
    Rating,
    Over,
}

/// Answers that could not be used before a slot is left to an operator.
const MISSES_MAX: u8 = 2;
/// Denied read-backs before a person checks the rest.
const DENIALS_MAX: u8 = 4;
/// Answers that newer ones are compared with.
const HEARINGS_MAX: usize = 6;
/// Silences in a row after which nobody seems to be there.
const SILENCES_MAX: u8 = 5;

/// One caller's way through the form.
#[derive(Debug, Clone)]
pub struct Dialogue {
    hotline: Arc<Hotline>,
    ticket: Ticket,
    saved: Ticket,
    stage: Stage,
    misses: u8,
    denials: u8,
    silences: u8,
    /// Readings each slot's caller denied: never offered again.
    rejected: Vec<Vec<String>>,
    /// Answers to open questions so far, the newest last: what is said twice is surer.
    hearings: Vec<Transcript>,
    /// Readings of the last answer to a slot's question.
    others: Vec<SlotValue>,
    /// The words whose addresses were read last.
    addresses_read: RefCell<Option<(Transcript, Arc<AddressReadings>)>>,
    /// What was just taken without asking: the caller may deny it in the next answer.
    acknowledged: Option<usize>,
    /// The first read-back is over: a slot asked again is read back alone.
    reviewing: bool,
    /// There is no recogniser and no message may be recorded: keys only.
    keys_only: bool,
    form: Form,
    number: Option<TicketNumber>,
    callback_by: Option<CallbackBy>,
    /// A ticket of the caller's that waits.
    earlier: Option<TicketStanding>,
}

impl Dialogue {
    /// A new form for a caller from `caller_id`; `facts` go onto the ticket as they are.
    pub fn new(
        hotline: Arc<Hotline>,
        call_id: CallId,
        caller_id: &str,
        facts: Vec<(String, String)>,
    ) -> Dialogue {
        let slots = hotline.file.slots.iter().map(|spec| SlotRecord {
            slot: spec.name.clone(),
            status: SlotStatus::Empty,
            value: String::new(),
            parts: Vec::new(),
            heard: String::new(),
            confidence: 0.0,
            audio: Vec::new(),
        });
        let callback = e164(caller_id, &hotline.file.country);
        let ticket = Ticket {
            call_id,
            revision: 0,
            hotline: hotline.name.clone(),
            language: hotline.file.language.clone(),
            caller_id: caller_id.into(),
            callback_number: callback.unwrap_or_else(|| caller_id.into()),
            consent: Consent::Unasked,
            priority: Priority::Normal,
            status: TicketStatus::Taking,
            slots: slots.collect(),
            complete: false,
            to_be_transcribed: false,
            message: Vec::new(),
            rating: None,
            inquiry: None,
            facts,
        };
        let rejected = vec![Vec::new(); ticket.slots.len()];
        Dialogue {
            hotline,
            saved: ticket.clone(),
            ticket,
            stage: Stage::Consent,
            misses: 0,
            denials: 0,
            silences: 0,
            rejected,
            hearings: Vec::new(),
            others: Vec::new(),
            addresses_read: RefCell::default(),
            acknowledged: None,
            reviewing: false,
            keys_only: false,
            form: Form::Full,
            number: None,
            callback_by: None,
            earlier: None,
        }
    }

    /// The ticket as it stands.
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// Takes over a ticket that another dialogue had begun.
    pub fn restore(&mut self, ticket: Ticket) {
        self.saved = ticket.clone();
        self.ticket = ticket;
    }

    /// Takes everything back since `before`, an earlier state of this dialogue, but what the store
    /// has and told meanwhile.
    pub fn back_to(&mut self, before: Dialogue) {
        let now = std::mem::replace(self, before);
        self.ticket.revision = now.ticket.revision;
        self.saved = now.saved;
        self.earlier = now.earlier;
        (self.number, self.callback_by) = (now.number, now.callback_by);
    }

    /// The hotline whose form this is.
    pub fn hotline(&self) -> &Hotline {
        &self.hotline
    }

    /// Speech that no engine could turn into words: kept with the slot it was meant for.
    pub fn unheard(&mut self, segment: SpeechSegment) {
        if let Some(slot) = self.open_slot()
            && self.ticket.consent != Consent::Declined
        {
            self.ticket.slots[slot].audio.push(segment);
            self.leave_to_operator(slot);
        }
    }

    /// The store gave the ticket its number, and may know by when somebody calls back.
    pub fn numbered(&mut self, number: TicketNumber, by: Option<CallbackBy>) {
        self.number = Some(number);
        self.callback_by = by.or(self.callback_by);
    }

    /// The first words of the call.
    pub fn begin(&mut self) -> Move {
        let file = &self.hotline.file;
        let own = [("title", file.title.as_str()), ("recorded_by", file.recorded_by.as_str())];
        let mut say = vec![self.hotline.prompt("announcement", &own)];
        let mut begun = if self.form == Form::Number {
            self.note_number()
        } else {
            say.extend(self.keys_only.then(|| self.text("only_keys")));
            say.push(self.first_prompt());
            self.asking(say)
        };
        // A call that breaks off at once must have left its number.
        self.ticket.revision = 1;
        self.saved = self.ticket.clone();
        begun.save = true;
        begun
    }

    /// Takes the answer to the last question and moves on.
    pub fn heard(&mut self, answer: Answer<'_>) -> Move {
        self.silences = if matches!(answer, Answer::Silence) { self.silences + 1 } else { 0 };
        let next = self.process(answer);
        self.with_save(next)
    }

    /// What the last answer to a slot's question may say, best first.
    pub fn last_readings(&self) -> &[SlotValue] {
        &self.others
    }

    /// The reading, or the two readings, the caller is being asked about.
    pub fn asking_about(&self) -> Option<&[SlotValue]> {
        match &self.stage {
            Stage::Confirm(_, reading) => Some(std::slice::from_ref(reading)),
            Stage::Either(_, two) => Some(&two[..]),
            _ => None,
        }
    }

    /// Reacts to words so far that cannot wait: a life at risk.
    pub fn overheard(&mut self, interim: &Transcript) -> Option<Move> {
        emergency_so_far(&interim.text, &self.hotline.grammar)?;
        let urgent = self.emergency_in(interim, None)?;
        Some(self.with_save(urgent))
    }

    /// The whole of what [`Dialogue::overheard`] took up in its midst; true when the ticket changed
    /// and is to be saved.
    pub fn urgent_words(&mut self, heard: &Transcript, segment: SpeechSegment) -> bool {
        self.keep_urgent(heard, Some(segment));
        self.with_save(Move::default()).save
    }

    /// The recogniser is out: leave a message, or go on by keys where nothing may be recorded.
    pub fn engine_failed(&mut self) -> Move {
        let next = if self.stage == Stage::Rating {
            self.goodbye()
        } else if self.ticket.consent == Consent::Declined {
            self.keys_only = true;
            let say = vec![self.text("not_understood"), self.again()];
            self.asking(say)
        } else {
            self.stage = Stage::Message;
            let say = vec![self.text("leave_message")];
            Move { tone: true, ..self.asking(say) }
        };
        self.with_save(next)
    }

    /// Nobody took the transferred caller.
    pub fn transfer_failed(&mut self) -> Move {
        let mut say = vec![self.text("transfer_failed")];
        say.push(self.again());
        let next = self.asking(say);
        self.with_save(next)
    }

    /// The transferred caller is with a person.
    pub fn transferred(&mut self) -> bool {
        self.ticket.status = TicketStatus::Closed;
        self.with_save(Move::default()).save
    }

    /// The caller is gone; `speaking` is what they were in the middle of. True when the ticket
    /// changed.
    pub fn hung_up(&mut self, speaking: Option<SpeechSegment>) -> bool {
        if let Some(segment) = speaking {
            match self.stage {
                Stage::Message => self.keep_message(segment),
                _ => {
                    if let Some(slot) = self.open_slot() {
                        self.ticket.slots[slot].audio.push(segment);
                        self.leave_to_operator(slot);
                    }
                }
            }
        }
        let unread = |s: &SlotRecord| s.status == SlotStatus::Empty && !s.audio.is_empty();
        for slot in 0..self.ticket.slots.len() {
            if unread(&self.ticket.slots[slot]) {
                self.leave_to_operator(slot);
            }
        }
        if self.ticket.status == TicketStatus::Taking {
            self.ticket.status = TicketStatus::Open;
        }
        self.stage = Stage::Over;
        self.with_save(Move::default()).save
    }

    fn with_save(&mut self, mut next: Move) -> Move {
        if self.ticket != self.saved {
            self.ticket.revision += 1;
            self.saved = self.ticket.clone();
            next.save = true;
        }
        next
    }

    fn text(&self, name: &str) -> Prompt {
        self.hotline.prompt(name, &[])
    }

    fn text_with(&self, name: &str, value: &str) -> Prompt {
        self.hotline.prompt(name, &[("value", value)])
    }

    fn kind(&self, slot: usize) -> SlotKind {
        self.hotline.file.slots[slot].kind
    }

    /// Says `say` and waits for an answer to the stage's question.
    fn asking(&self, say: Vec<Prompt>) -> Move {
        Move { say, ask: self.question(), ..Move::default() }
    }

    /// Enters `stage` with a clean count of misses.
    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.misses = 0;
    }

    /// Select: the next empty slot, or the read-back. `say` comes first.
    fn select(&mut self, mut say: Vec<Prompt>) -> Move {
        let empty = self.ticket.slots.iter().position(|s| s.status == SlotStatus::Empty);
        let Some(slot) = empty else { return self.read_back(say) };
        let calling = e164(&self.ticket.caller_id, &self.hotline.file.country);
        let offer = calling.filter(|n| !self.rejected[slot].contains(n));
        if self.kind(slot) == SlotKind::Phone && offer.is_some() {
            self.enter(Stage::CallerId(slot));
        } else {
            self.enter(Stage::Slot(slot));
        }
        say.push(self.first_prompt());
        self.asking(say)
    }

    /// The slot whose value is being asked for or asked about.
    fn open_slot(&self) -> Option<usize> {
        match self.stage {
            Stage::Slot(i) | Stage::Spelled(i) | Stage::Confirm(i, _) | Stage::Either(i, _) => {
                Some(i)
            }
            _ => None,
        }
    }

    /// Leaves a slot that could not be understood to a person who listens.
    fn leave_to_operator(&mut self, slot: usize) {
        let record = &mut self.ticket.slots[slot];
        if record.status == SlotStatus::Empty {
            record.status = SlotStatus::OperatorToComplete;
        }
        if !record.audio.is_empty() && self.ticket.consent != Consent::Declined {
            self.ticket.to_be_transcribed = true;
        }
    }

    fn is_rejected(&self, slot: usize, reading: &SlotValue) -> bool {
        let said = self.said_as(slot, reading);
        self.rejected[slot].iter().any(|r| prompt::sounds_alike(r, &said))
    }

    /// Never offers `reading` again.
    fn reject(&mut self, slot: usize, reading: &SlotValue) {
        let said = self.said_as(slot, reading);
        self.rejected[slot].push(said);
    }

    /// How a reading is put to the caller: a need by its category, anything else by its value.
    fn said_as(&self, slot: usize, reading: &SlotValue) -> String {
        let category = reading.part("category");
        if self.kind(slot) != SlotKind::Need || category.is_empty() {
            return reading.value.clone();
        }
        let known = self.hotline.grammar.words.needs.get(category);
        known.map_or_else(|| reading.value.clone(), |need| need.label.clone())
    }

    fn keep_message(&mut self, segment: SpeechSegment) {
        self.ticket.message.push(segment);
        self.ticket.to_be_transcribed = true;
    }
}
