//! Both sides of a running call, printed as it goes.

use crate::call::{HangupCause, PlayId};
use crate::caller::page::{Paint, Role, entry, seconds};
use crate::caller::script::Event;
use crate::caller::words::Said;
use std::collections::VecDeque;
use std::io::Write;

/// Words that nobody heard for so long are told nevertheless.
const UNHEARD_MS: u64 = 2_000;
/// A gap longer than this is shown as bad: people begin to ask whether anybody is there.
const LONG_GAP_MS: u64 = 2_000;

/// Prints a call, line by line.
///
/// What is heard on the line sets the order; the words come from the journal, if there is one,
/// a moment before or after. Without it the bot's side reads "(speaks 3.2 s)".
pub struct Conversation<W: Write> {
    out: W,
    paint: Paint,
    /// What the far end and our end are called.
    names: (&'static str, &'static str),
    /// What each turn says, as shown; `None` for those that are shown by what comes of them.
    turns: Vec<Option<String>>,
    /// Words whose sound has not been heard yet: when the server began, which playing, what.
    unheard: VecDeque<(u64, PlayId, String)>,
    /// What was understood and not told yet.
    heard: Vec<Understanding>,
    gap_ms: Option<u64>,
    /// Sound whose words are not told yet: when it began.
    untold_ms: Option<u64>,
    in_prompt: bool,
}

#[derive(Debug)]
struct Understanding {
    at_ms: u64,
    /// The recogniser's; `None` for keys.
    words: Option<(String, f32)>,
    /// Slot and value.
    values: Vec<(String, Option<String>)>,
}

impl<W: Write> Conversation<W> {
    /// A conversation in which turn `i` is shown as `turns[i]`.
    pub fn new(out: W, paint: Paint, turns: Vec<Option<String>>) -> Conversation<W> {
        Conversation {
            out,
            paint,
            names: ("bot", "caller"),
            turns,
            unheard: VecDeque::new(),
            heard: Vec::new(),
            gap_ms: None,
            untold_ms: None,
            in_prompt: false,
        }
    }

    /// Those who talk are the caller at the far end, and at this one the called party.
    pub fn answering(mut self) -> Conversation<W> {
        self.names = ("caller", "callee");
        self
    }

    /// A call comes in from `number`, empty when withheld.
    pub fn rings(&mut self, number: &str) {
        let from = if number.is_empty() { "a withheld number" } else { number };
        let (far, _) = self.names;
        self.print(None, (Role::Bot, far), &format!("(calls from {from})"), "");
    }

    /// What became of it before it was answered.
    pub fn rang(&mut self, words: &str) {
        let (_, own) = self.names;
        self.print(None, (Role::Caller, own), &format!("({words})"), "");
    }

    /// What the caller's script told at `now_ms`.
    pub fn happened(&mut self, now_ms: u64, event: &Event) {
        match event {
            Event::PromptStarted { at_ms } => {
                self.in_prompt = true;
                self.untold_ms = Some(*at_ms);
            }
            Event::PromptEnded { from_ms, to_ms } => {
                self.in_prompt = false;
                if self.untold_ms.take().is_some() {
                    let words = format!("(speaks {:.1} s)", (to_ms - from_ms) as f64 / 1_000.0);
                    self.bot(*from_ms, &words);
                }
            }
            Event::TurnStarted { turn, at_ms } => {
                if let Some(words) = self.turns.get(*turn).cloned().flatten() {
                    self.print(Some(*at_ms), (Role::Caller, self.names.1), &words, "");
                }
            }
            Event::Answered { at_ms, gap_ms, .. } => {
                self.gap_ms = Some(*gap_ms);
                self.untold_ms.get_or_insert(*at_ms);
            }
            Event::TurnEnded { .. } | Event::SpokenOver { .. } => {}
            Event::Failed(failure) => {
                self.flush(now_ms);
                self.print(Some(now_ms), (Role::Bad, "failed"), &failure.to_string(), "");
            }
            Event::FarEndGone(cause) => {
                self.flush(now_ms);
                // A BYE from the bot is, from here, the far end's hang-up.
                let words = match cause {
                    HangupCause::CallerHungUp => "(hangs up)".to_string(),
                    other => format!("(hangs up: {other})"),
                };
                self.print(Some(now_ms), (Role::Bot, self.names.0), &words, "");
            }
            Event::HungUp { at_ms } => {
                self.flush(now_ms);
                self.print(Some(*at_ms), (Role::Caller, self.names.1), "(hangs up)", "");
            }
        }
    }

    /// What the journal told.
    pub fn said(&mut self, said: &Said) {
        match said {
            Said::Bot { play, at_ms, text } => {
                self.unheard.push_back((*at_ms, *play, text.clone()));
            }
            Said::Stopped { play, at_ms } => {
                let waiting = self.unheard.len();
                self.unheard.retain(|(_, unheard, _)| unheard != play);
                if self.unheard.len() == waiting {
                    self.print(Some(*at_ms), (Role::Bot, "bot"), "(breaks off)", "");
                }
            }
            Said::Listening { .. } | Said::EndOfTurn { .. } => {}
            Said::Heard { at_ms, text, confidence } => self.heard.push(Understanding {
                at_ms: *at_ms,
                words: Some((text.clone(), *confidence)),
                values: Vec::new(),
            }),
            Said::Understood { at_ms, slot, value } => {
                let value = (slot.clone(), value.clone());
                match self.heard.last_mut() {
                    Some(last) => last.values.push(value),
                    None => self.heard.push(Understanding {
                        at_ms: *at_ms,
                        words: None,
                        values: vec![value],
                    }),
                }
            }
        }
    }

    /// Prints what can be told at `now_ms`; call it after each step.
    pub fn settle(&mut self, now_ms: u64) {
        let old = |at_ms: u64| now_ms > at_ms + UNHEARD_MS;
        let sounding = self.in_prompt || self.untold_ms.is_some();
        if sounding || self.unheard.front().is_some_and(|(at_ms, ..)| old(*at_ms)) {
            self.flush_bot();
        }
        if self.heard.last().is_some_and(|h| old(h.at_ms)) {
            self.flush_heard(now_ms);
        }
        // A terminal that is gone is no reason to drop the call.
        let _ = self.out.flush();
    }

    fn flush(&mut self, now_ms: u64) {
        self.flush_bot();
        self.flush_heard(u64::MAX);
        if let Some(at_ms) = self.untold_ms.take() {
            let words = format!("(speaks {:.1} s)", now_ms.saturating_sub(at_ms) as f64 / 1_000.0);
            self.bot(at_ms, &words);
        }
    }

    fn flush_bot(&mut self) {
        while let Some((begun_ms, _, words)) = self.unheard.pop_front() {
            self.flush_heard(begun_ms);
            let at_ms = self.untold_ms.take().unwrap_or(begun_ms);
            self.bot(at_ms, &words);
        }
    }

    fn bot(&mut self, at_ms: u64, words: &str) {
        let gap = self.take_gap();
        self.print(Some(at_ms), (Role::Bot, self.names.0), words, &gap);
    }

    /// Tells what was understood until `until_ms`.
    fn flush_heard(&mut self, until_ms: u64) {
        let count = self.heard.iter().take_while(|h| h.at_ms <= until_ms).count();
        let heard: Vec<_> = self.heard.drain(..count).collect();
        for (i, heard) in heard.into_iter().enumerate() {
            let gap = if i + 1 == count { self.take_gap() } else { String::new() };
            self.print(None, (Role::Aside, "heard"), &heard.shown(), &gap);
        }
    }

    fn take_gap(&mut self) -> String {
        let Some(gap_ms) = self.gap_ms.take() else { return String::new() };
        let role = if gap_ms > LONG_GAP_MS { Role::Bad } else { Role::Good };
        self.paint.paint(role, &format!("gap {}", seconds(gap_ms)))
    }

    fn print(&mut self, at_ms: Option<u64>, who: (Role, &str), words: &str, remark: &str) {
        // A terminal that is gone is no reason to drop the call.
        let _ = self.out.write_all(entry(self.paint, at_ms, who, words, remark).as_bytes());
    }
}

impl Understanding {
    fn shown(&self) -> String {
        let words = self.words.as_ref().map(|(text, confidence)| match text.as_str() {
            "" => "(nothing)".to_owned(),
            text => format!("\"{text}\" {confidence:.2}"),
        });
        let values = self.values.iter().map(|(slot, value)| match value {
            // Consent and the like: the words themselves are the value.
            Some(value) if value.is_empty() => format!("→ {slot}"),
            Some(value) => format!("→ {slot}: {value}"),
            None => format!("→ {slot}: not understood"),
        });
        words.into_iter().chain(values).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::HangupCause;

    enum Step {
        Event(Event),
        Said(Said),
    }

    /// Steps with their times, settled after each time; the printed lines, blanks made one.
    fn check(steps: Vec<(u64, Step)>, want: &[&str]) {
        let turns = vec![Some("yes".to_owned()), Some("Mary Smith".to_owned()), None];
        let mut out = Vec::new();
        let mut conversation = Conversation::new(&mut out, Paint::Plain, turns);
        for (i, (now_ms, step)) in steps.iter().enumerate() {
            match step {
                Step::Event(event) => conversation.happened(*now_ms, event),
                Step::Said(said) => conversation.said(said),
            }
            if steps.get(i + 1).is_none_or(|(next_ms, _)| next_ms > now_ms) {
                conversation.settle(*now_ms);
            }
        }
        let out = String::from_utf8(out).expect("utf-8");
        let single = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(out.lines().map(single).collect::<Vec<_>>(), want);
    }

    fn bot(play: u32, at_ms: u64, text: &str) -> Step {
        Step::Said(Said::Bot { play: PlayId(play), at_ms, text: text.into() })
    }

    #[test]
    fn words_are_told_when_their_sound_is_heard_and_gaps_beside_what_was_heard() {
        let heard = Said::Heard { at_ms: 2_900, text: "Yes.".into(), confidence: 0.97 };
        let value = Some("yes".to_owned());
        let understood = Said::Understood { at_ms: 2_900, slot: "consent".into(), value };
        let steps = vec![
            (100, bot(1, 20, "Hello. May I?")),
            (120, Step::Event(Event::PromptStarted { at_ms: 100 })),
            (1_800, Step::Event(Event::PromptEnded { from_ms: 100, to_ms: 1_100 })),
            (1_800, Step::Event(Event::TurnStarted { turn: 0, at_ms: 1_800 })),
            (2_400, Step::Event(Event::TurnEnded { turn: 0, at_ms: 2_420 })),
            (2_900, Step::Said(heard)),
            (2_900, Step::Said(understood)),
            (2_900, bot(2, 2_900, "Thank you.")),
            (3_000, Step::Event(Event::PromptStarted { at_ms: 2_980 })),
            (3_000, Step::Event(Event::Answered { turn: 0, at_ms: 2_980, gap_ms: 560 })),
            (3_600, bot(3, 3_590, "Your name?")),
            (3_700, Step::Said(Said::Stopped { play: PlayId(3), at_ms: 3_700 })),
            (3_800, Step::Event(Event::TurnStarted { turn: 1, at_ms: 3_800 })),
            (5_000, Step::Event(Event::FarEndGone(HangupCause::Finished))),
        ];
        let want = [
            "00:00.1 bot Hello. May I?",
            "00:01.8 caller yes",
            "heard \"Yes.\" 0.97 → consent: yes gap 0.56 s",
            "00:02.9 bot Thank you.",
            "00:03.5 bot Your name?",
            "00:03.7 bot (breaks off)",
            "00:03.8 caller Mary Smith",
            "00:05.0 bot (hangs up: finished)",
        ];
        check(steps, &want);
    }

    #[test]
    fn without_a_journal_the_sound_is_told() {
        let steps = vec![
            (120, Step::Event(Event::PromptStarted { at_ms: 100 })),
            (1_800, Step::Event(Event::PromptEnded { from_ms: 100, to_ms: 1_100 })),
            (1_800, Step::Event(Event::TurnStarted { turn: 0, at_ms: 1_800 })),
            (3_000, Step::Event(Event::PromptStarted { at_ms: 2_980 })),
            (3_000, Step::Event(Event::Answered { turn: 0, at_ms: 2_980, gap_ms: 560 })),
            (6_900, Step::Event(Event::PromptEnded { from_ms: 2_980, to_ms: 6_180 })),
            (7_000, Step::Event(Event::TurnStarted { turn: 2, at_ms: 7_000 })),
            (7_000, Step::Event(Event::HungUp { at_ms: 7_000 })),
        ];
        let want = [
            "00:00.1 bot (speaks 1.0 s)",
            "00:01.8 caller yes",
            "00:02.9 bot (speaks 3.2 s) gap 0.56 s",
            "00:07.0 caller (hangs up)",
        ];
        check(steps, &want);
    }

    #[test]
    fn words_that_were_never_heard_are_told_late_or_not_at_all() {
        let steps = vec![
            (100, bot(1, 100, "Unheard.")),
            (150, bot(2, 150, "Taken back.")),
            (200, Step::Said(Said::Stopped { play: PlayId(2), at_ms: 200 })),
            (2_101, Step::Said(Said::Heard { at_ms: 2_100, text: String::new(), confidence: 0.0 })),
            (4_101, Step::Said(Said::Understood { at_ms: 4_101, slot: "a".into(), value: None })),
        ];
        let want = ["00:00.1 bot Unheard.", "heard (nothing) → a: not understood"];
        check(steps, &want);
    }
}
