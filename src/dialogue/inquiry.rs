//! A caller who has a ticket already: how it stands, anything new, is the call still needed.

use super::{Answer, Dialogue, Move, Prompt, Stage};
use crate::language::{YesNo, digits_in};
use crate::ticket::{Inquiry, Progress, TicketNumber, TicketStanding};

impl Dialogue {
    /// The store knows a ticket of this caller's that waits.
    pub fn known(&mut self, earlier: TicketStanding) {
        self.earlier = Some(earlier);
    }

    /// The first question after the consent: whether there is anything new, where the caller has a
    /// ticket that waits; otherwise the form.
    pub(super) fn after_consent(&mut self, mut say: Vec<Prompt>) -> Move {
        let Some(earlier) = self.earlier.clone() else { return self.select(say) };
        say.extend(self.told(&earlier));
        self.enter(Stage::News(earlier.number));
        say.push(self.first_prompt());
        self.asking(say)
    }

    /// "Do you want to tell us something new?"
    pub(super) fn news(&mut self, ticket: TicketNumber, answer: Answer<'_>) -> Move {
        match (self.agreed(answer), answer) {
            (YesNo::Yes, _) => self.select(vec![]),
            (YesNo::No(_), _) => {
                self.ticket.inquiry = Some(Inquiry { ticket, withdraws: false });
                self.enter(Stage::StillNeeded(ticket));
                let say = vec![self.first_prompt()];
                self.asking(say)
            }
            // Who begins to tell has something new.
            (YesNo::Unclear, Answer::Words(..)) => {
                let told = self.volunteer(None, answer, None);
                self.select(told)
            }
            (YesNo::Unclear, _) => self.miss(answer, |d| d.select(vec![])),
        }
    }

    /// "Do you still need our call?"
    pub(super) fn still_needed(&mut self, ticket: TicketNumber, answer: Answer<'_>) -> Move {
        match self.agreed(answer) {
            YesNo::No(_) => {
                self.ticket.inquiry = Some(Inquiry { ticket, withdraws: true });
                let say = vec![self.text("withdrawn")];
                self.goodbye_after(say)
            }
            YesNo::Yes => self.goodbye(),
            // A call too many is better than one too few.
            YesNo::Unclear => self.miss(answer, Dialogue::goodbye),
        }
    }

    /// Asks for the number of a ticket.
    pub(super) fn ask_number(&mut self) -> Move {
        self.enter(Stage::TicketNumber);
        let say = vec![self.first_prompt()];
        self.asking(say)
    }

    /// The number of a ticket, keyed in or said digit by digit.
    pub(super) fn number(&mut self, answer: Answer<'_>) -> Move {
        let digits = match answer {
            Answer::Keys(keys) => keys.to_string(),
            Answer::Words(t, _) => digits_in(&t.text, &self.hotline.grammar.words.numbers),
            Answer::Silence => String::new(),
        };
        let number = digits.parse().ok().filter(|n| *n > 0).map(TicketNumber);
        match number {
            Some(number) => Move { find: Some(number), ..self.asking(vec![]) },
            None => self.miss(answer, Dialogue::consent_again),
        }
    }

    /// The store's answer to [`Move::find`].
    pub fn found(&mut self, number: TicketNumber, found: Option<TicketStanding>) -> Option<Move> {
        if self.stage != Stage::TicketNumber {
            return None;
        }
        let say = match &found {
            Some(standing) => {
                self.ticket.inquiry = Some(Inquiry { ticket: number, withdraws: false });
                self.told(standing)
            }
            None => {
                let number = number.to_string();
                vec![self.hotline.prompt("earlier_unknown", &[("number", &number)])]
            }
        };
        self.enter(Stage::Consent);
        let mut next = self.asking(say);
        next.say.push(self.first_prompt());
        Some(self.with_save(next))
    }

    fn consent_again(&mut self) -> Move {
        self.enter(Stage::Consent);
        let say = vec![self.first_prompt()];
        self.asking(say)
    }

    /// How a ticket stands, in words.
    fn told(&self, ticket: &TicketStanding) -> Vec<Prompt> {
        let number = ticket.number.to_string();
        let number = ("number", number.as_str());
        let prompt = match (&ticket.progress, ticket.by) {
            (Progress::Settled, _) => self.hotline.prompt("earlier_settled", &[number]),
            (Progress::AtOffice(office), _) => {
                self.hotline.prompt("earlier_office", &[number, ("office", office)])
            }
            (Progress::Waiting, None) => self.hotline.prompt("earlier_soon", &[number]),
            (Progress::Waiting, Some(by)) => {
                let promise = self.deadline(by);
                self.hotline.prompt("earlier_waiting", &[number, ("promise", &promise)])
            }
        };
        let late = ticket.late.then(|| self.text("earlier_late"));
        late.into_iter().chain([prompt]).collect()
    }
}
