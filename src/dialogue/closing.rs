//! The end of a call: ticket number, promise, rating, goodbye; and the message after the tone.

use super::{Answer, Dialogue, Move, Prompt, Stage};
use crate::language::digits_in;
use crate::ticket::{CallbackBy, TicketStatus};

impl Dialogue {
    /// Tells the ticket number and the promise, then asks for a rating.
    pub(super) fn close(&mut self, mut say: Vec<Prompt>) -> Move {
        say.push(self.ticket_prompt());
        self.enter(Stage::Rating);
        say.push(self.first_prompt());
        self.asking(say)
    }

    fn ticket_prompt(&self) -> Prompt {
        let promise = self.callback_by.map(|by| self.deadline(by));
        let promise = promise.unwrap_or_else(|| self.hotline.file.promise.clone());
        let promise = promise.as_str();
        match self.number {
            Some(number) => {
                let number = number.to_string();
                self.hotline.prompt("ticket", &[("number", &number), ("promise", promise)])
            }
            None => self.hotline.prompt("ticket_later", &[("promise", promise)]),
        }
    }

    /// "before 5 PM today"
    pub(super) fn deadline(&self, by: CallbackBy) -> String {
        let words = &self.hotline.grammar.words.deadline;
        match by {
            CallbackBy::Today(time) => words.today(time),
            CallbackBy::Tomorrow(time) => words.tomorrow(time),
            CallbackBy::On(date, time) => words.weekday(date.weekday(), time),
        }
    }

    pub(super) fn rating(&mut self, answer: Answer<'_>) -> Move {
        let said = match answer {
            Answer::Words(t, _) => digits_in(&t.text, &self.hotline.grammar.words.numbers),
            Answer::Keys(keys) => keys.to_string(),
            Answer::Silence => String::new(),
        };
        self.ticket.rating = said.parse().ok().filter(|r| (1..=5).contains(r));
        self.goodbye()
    }

    pub(super) fn goodbye(&mut self) -> Move {
        self.goodbye_after(vec![])
    }

    pub(super) fn goodbye_after(&mut self, mut say: Vec<Prompt>) -> Move {
        self.stage = Stage::Over;
        if self.ticket.status == TicketStatus::Taking {
            self.ticket.status = TicketStatus::Open;
        }
        let title = self.hotline.file.title.clone();
        say.push(self.hotline.prompt("goodbye", &[("title", &title)]));
        Move { say, ..Move::default() }
    }

    pub(super) fn message(&mut self, answer: Answer<'_>) -> Move {
        if let Answer::Words(_, segment) = answer {
            self.keep_message(segment);
            let say = vec![self.text("message_taken"), self.ticket_prompt()];
            return self.goodbye_after(say);
        }
        // Nothing was said: somebody must listen all the same, the number is there.
        self.ticket.to_be_transcribed = true;
        let say = vec![self.ticket_prompt()];
        self.goodbye_after(say)
    }
}
