//! Calls in virtual time: inputs at given milliseconds, outputs as a log.

use super::*;
use crate::dialogue::Hotline;
use crate::speech::Alternative;
use crate::ticket::{CallId, Ticket, TicketNumber, TicketStatus};

/// A call in virtual time with a shell that plays prompts for `prompt_ms` and recognises what the
/// test scripts.
struct Bench {
    call: Call,
    now: CallTime,
    playing: Option<(PlayId, CallTime)>,
    finals: VecDeque<&'static str>,
    said: Vec<String>,
    tickets: Vec<Ticket>,
    log: Vec<String>,
    deaf: bool,
}

const PROMPT_MS: u64 = 1_000;

/// `? no`: most likely nothing, perhaps "no".
fn heard(text: &str) -> Transcript {
    let Some(word) = text.strip_prefix("? ") else { return Transcript::plain(text, 0.9) };
    let alternatives = vec![Alternative { text: word.into(), confidence: 0.3 }];
    Transcript { alternatives, ..Transcript::plain("", 0.0) }
}

impl Bench {
    fn new(finals: &[&'static str]) -> Bench {
        let facts = CallerFacts {
            call_id: CallId("c1".into()),
            caller_id: "+14155550132".into(),
            called: "demo".into(),
            entrance: "sip".into(),
            headers: Vec::new(),
            answered_unix_ms: 0,
            form: crate::dialogue::Form::Full,
        };
        let hotline: Arc<Hotline> = crate::dialogue::test_hotline();
        let mut bench = Bench {
            call: Call::new(hotline, facts),
            now: CallTime(0),
            playing: None,
            finals: finals.iter().copied().collect(),
            said: Vec::new(),
            tickets: Vec::new(),
            log: Vec::new(),
            deaf: false,
        };
        bench.input(Input::Answered);
        bench
    }

    fn input(&mut self, input: Input) {
        self.call.handle(self.now, input);
        let mut replies = Vec::new();
        loop {
            match self.call.poll() {
                Output::Timeout(_) => break,
                Output::Play { play, sounds } => {
                    for sound in sounds {
                        if let Sound::Prompt { text, .. } = sound {
                            self.said.push(text);
                        }
                    }
                    self.playing = Some((play, self.now + PROMPT_MS));
                }
                Output::StopPlaying { .. } => self.playing = None,
                Output::EndOfSpeech { turn } if !self.deaf => {
                    let text = self.finals.pop_front().unwrap_or("");
                    replies.push(Input::Final { turn, transcript: heard(text) });
                }
                Output::SaveTicket(ticket) => {
                    let revision = ticket.revision;
                    self.tickets.push(*ticket);
                    replies.push(Input::TicketSaved {
                        number: TicketNumber(7),
                        revision,
                        by: None,
                        earlier: None,
                    });
                }
                Output::Hangup(cause) => self.log.push(format!("hangup: {cause}")),
                Output::Note(Note::BargeIn { .. }) => self.log.push("barge-in".into()),
                Output::Note(Note::EngineLost) => self.log.push("engine lost".into()),
                _ => {}
            }
        }
        for reply in replies {
            self.input(reply);
        }
    }

    fn frames(&mut self, ms: u64, frame: impl Fn(u64) -> AudioFrame) {
        for i in 0..ms / 20 {
            self.now = self.now + 20;
            self.input(Input::Audio(frame(i)));
            if let Some((play, ends)) = self.playing
                && ends <= self.now
            {
                self.playing = None;
                self.input(Input::PromptFinished { play });
            }
            self.input(Input::Timeout);
        }
    }

    fn quiet(&mut self, ms: u64) {
        self.frames(ms, |_| AudioFrame::SILENCE);
    }

    /// A buzz that the detector takes for speech.
    fn speak(&mut self, ms: u64) {
        self.frames(ms, |i| {
            let mut frame = AudioFrame::SILENCE;
            for (n, s) in frame.0.iter_mut().enumerate() {
                let t = (i as usize * 160 + n) as f32 / 8_000.0;
                let wave = |hz: f32| (t * hz * std::f32::consts::TAU).sin();
                let swell = 0.6 + 0.4 * (t * 5.0 * std::f32::consts::TAU).sin();
                *s = (swell * (4_000.0 * wave(180.0) + 3_000.0 * wave(720.0))) as i16;
            }
            frame
        });
    }

    /// Waits for the prompt's end, speaks, pauses.
    fn turn(&mut self) {
        self.quiet(PROMPT_MS + 500);
        self.speak(800);
        self.quiet(1_500);
    }

    /// A turn after which the next prompt has just begun.
    fn first_turn(&mut self) {
        self.quiet(PROMPT_MS + 500);
        self.speak(800);
        self.quiet(700);
        assert!(self.playing.is_some());
    }

    /// Until the answer begins.
    fn wait(&mut self) {
        while self.playing.is_none() {
            self.quiet(20);
        }
    }

    fn key(&mut self, key: char) {
        self.input(Input::Dtmf(DtmfDigit::try_from(key).expect("key")));
    }

    fn last(&self) -> &Ticket {
        self.tickets.last().expect("a ticket")
    }
}

use crate::rtp::DtmfDigit;

#[test]
fn a_whole_call() {
    let mut bench =
        Bench::new(&["yes", "Mary Johnson", "12 Garden Street", "we need food", "yes", "yes"]);
    for _ in 0..6 {
        bench.turn();
    }
    bench.quiet(2_000);
    bench.key('4');
    bench.quiet(2_000);
    assert_eq!(bench.log, ["hangup: finished"], "{:#?}", bench.said);
    let ticket = bench.last();
    assert!(ticket.complete && ticket.rating == Some(4));
    assert_eq!(ticket.status, TicketStatus::Open);
    assert_eq!(ticket.value("address"), "12 Garden Street");
    assert!(bench.call.is_over());
    let slots = ticket.slots.iter().filter(|s| !s.audio.is_empty()).count();
    assert_eq!(slots, 3);
}

#[test]
fn the_ticket_is_there_from_the_first_second_and_after_a_hang_up() {
    let mut bench = Bench::new(&["yes", "Mary Johnson"]);
    assert_eq!(bench.last().callback_number, "+14155550132");
    bench.turn();
    bench.turn();
    bench.quiet(PROMPT_MS + 500);
    bench.speak(600);
    bench.input(Input::Hangup(HangupCause::CallerHungUp));
    let ticket = bench.last();
    assert_eq!(ticket.value("name"), "Mary Johnson");
    assert_eq!(ticket.status, TicketStatus::Open);
    assert!(ticket.to_be_transcribed, "the half address is only sound");
    assert_eq!(ticket.slot("address").map(|s| s.audio.len()), Some(1));
}

#[test]
fn consent_is_not_interruptible_by_voice_but_by_a_key() {
    let mut bench = Bench::new(&["yes"]);
    bench.speak(700);
    assert!(bench.playing.is_some() && bench.log.is_empty());
    bench.key('1');
    assert_eq!(bench.last().consent, crate::ticket::Consent::Given);
}

#[test]
fn barge_in_stops_a_question() {
    let mut bench = Bench::new(&["yes", "Mary Johnson"]);
    bench.first_turn();
    bench.speak(800);
    assert_eq!(bench.log, ["barge-in"]);
    bench.quiet(1_500);
    assert_eq!(bench.last().value("name"), "Mary Johnson");
}

#[test]
fn a_short_word_that_is_hardly_heard_is_asked_for_at_once() {
    let check = |heard, want| {
        let mut bench = Bench::new(&["yes", heard]);
        bench.first_turn();
        bench.quiet(PROMPT_MS + 500);
        bench.speak(400);
        bench.quiet(1_500);
        let asked = bench.said.iter().any(|s| s.contains("not understand"));
        assert_eq!(asked, want, "{heard}: {:?}", bench.said);
    };
    check("? no", true);
    check("", false);
}

#[test]
fn a_cough_over_a_prompt_only_repeats_it() {
    let mut bench = Bench::new(&["yes", ""]);
    bench.first_turn();
    bench.speak(200);
    bench.quiet(1_500);
    assert_eq!(bench.said.iter().filter(|s| s.starts_with("What is your name")).count(), 2);
    assert!(!bench.said.iter().any(|s| s.contains("not understand")), "{:?}", bench.said);
}

/// A caller who is asked for their address answers, pauses until we speak, waits, and goes on.
fn address_then(pause_ms: u64, more: &'static str) -> Bench {
    let mut bench = Bench::new(&["yes", "Mary Johnson", "12 Garden Street", more, "we need food"]);
    bench.turn();
    bench.turn();
    bench.quiet(PROMPT_MS + 500);
    bench.speak(800);
    bench.wait();
    bench.quiet(pause_ms);
    bench.speak(800);
    bench.quiet(1_500);
    bench
}

#[test]
fn who_goes_on_at_once_was_not_done() {
    let bench = address_then(200, "in Springfield");
    let address = bench.last().slot("address").expect("an address");
    assert_eq!(address.heard, "12 Garden Street in Springfield");
    assert_eq!((address.audio.len(), bench.last().value("need")), (1, ""));
    assert_eq!(bench.log, ["barge-in"]);
    let asked = bench.said.iter().filter(|said| said.contains("What do you need")).count();
    assert_eq!(asked, 2, "{:?}", bench.said);
    // The next answer is the next slot's.
    let mut bench = bench;
    bench.turn();
    assert_eq!(bench.last().value("need"), "we need food");
    let revisions: Vec<u32> = bench.tickets.iter().map(|t| t.revision).collect();
    assert!(revisions.is_sorted_by(|a, b| a < b), "{revisions:?}");
}

#[test]
fn who_answers_the_next_question_is_not_taken_for_going_on() {
    let bench = address_then(950, "we need food");
    assert_eq!(bench.last().value("address"), "12 Garden Street");
    assert_eq!(bench.last().value("need"), "we need food");
}

/// Whoever knows the questions answers them as they begin; that is no part of the story before.
#[test]
fn a_yes_that_comes_at_once_is_not_waited_on_like_a_story() {
    let check = |so_far: &'static str, goes_on: bool| {
        let mut bench = Bench::new(&["yes", "Mary Johnson", "12 Garden Street", "we need food"]);
        for _ in 0..3 {
            bench.turn();
        }
        bench.quiet(PROMPT_MS + 500);
        bench.speak(800);
        bench.wait();
        bench.quiet(200);
        bench.speak(400);
        bench.quiet(320);
        bench.finals.push_back(so_far);
        let turn = bench.call.turn.as_ref().expect("a turn").id;
        let transcript = Transcript::plain(so_far, 0.9);
        bench.input(Input::Interim { turn, transcript });
        bench.quiet(100);
        assert_eq!(bench.call.turn.is_some(), goes_on, "{so_far}: {:?}", bench.said);
    };
    check("yes", false);
    check("for the children", true);
}

#[test]
fn numbers_are_said_in_groups() {
    let mut bench = Bench::new(&["yes", "Mary Johnson", "12 Garden Street", "we need food", "no"]);
    for _ in 0..5 {
        bench.turn();
    }
    bench.finals.extend(["four one five", "five five five", "zero one nine nine", "yes"]);
    bench.quiet(PROMPT_MS + 500);
    for _ in 0..3 {
        bench.speak(800);
        bench.wait();
        bench.quiet(200);
    }
    bench.turn();
    assert_eq!(bench.last().callback_number, "+14155550199", "{:?}", bench.said);
}

#[test]
fn consent_is_not_taken_back() {
    let mut bench = Bench::new(&["no I do not want to be recorded", "yes that is fine"]);
    bench.quiet(PROMPT_MS + 500);
    bench.speak(800);
    bench.wait();
    bench.speak(800);
    bench.quiet(1_500);
    assert_eq!(bench.last().consent, crate::ticket::Consent::Declined, "{:?}", bench.said);
}

#[test]
fn a_cough_after_an_answer_changes_nothing() {
    let mut bench = Bench::new(&["yes", "Mary Johnson", "12 Garden Street", "", "we need food"]);
    bench.turn();
    bench.turn();
    bench.quiet(PROMPT_MS + 500);
    bench.speak(800);
    bench.wait();
    bench.speak(160);
    bench.quiet(1_500);
    assert_eq!(bench.last().value("address"), "12 Garden Street");
    bench.turn();
    assert_eq!(bench.last().value("need"), "we need food");
}

#[test]
fn an_emergency_is_answered_at_once_and_heard_to_its_end() {
    let mut bench = Bench::new(&["yes", "please come my wife is not breathing she is blue"]);
    bench.first_turn();
    bench.quiet(PROMPT_MS + 500);
    bench.speak(600);
    let turn = bench.call.turn.as_ref().expect("a turn").id;
    let so_far = Transcript::plain("please come my wife is not breathing she is", 0.9);
    bench.input(Input::Interim { turn, transcript: so_far });
    assert!(bench.said.last().is_some_and(|said| said.contains("your name")), "{:?}", bench.said);
    assert!(bench.playing.is_some());
    bench.speak(PROMPT_MS + 600);
    bench.quiet(1_500);
    let need = bench.last().slot("need").expect("a need");
    assert_eq!(need.value, "please come my wife is not breathing she is blue");
    assert_eq!((need.audio.len(), need.parts[0].1.as_str()), (1, "EMERGENCY"));
    // And the question asked meanwhile is open.
    bench.finals.push_back("Mary Johnson");
    bench.speak(800);
    bench.quiet(1_500);
    assert_eq!(bench.last().value("name"), "Mary Johnson");
}

#[test]
fn a_hanging_engine_leads_to_a_message() {
    let mut bench = Bench::new(&[]);
    bench.deaf = true;
    bench.turn();
    bench.quiet(6_500);
    assert_eq!(bench.log, ["engine lost"]);
    bench.quiet(PROMPT_MS + 500);
    bench.speak(2_000);
    bench.quiet(4_500 + PROMPT_MS);
    assert_eq!(bench.log, ["engine lost", "hangup: finished"], "{:#?}", bench.said);
    assert!(bench.last().to_be_transcribed && bench.last().message.len() == 1);
}

#[test]
fn numbers_by_keys_end_with_hash_or_a_pause() {
    for close in ["#", ""] {
        let mut bench = Bench::new(&["yes", "Mary Johnson", "12 Garden Street", "food"]);
        for _ in 0..4 {
            bench.turn();
        }
        for key in "4155550199".chars().chain(close.chars()) {
            bench.key(key);
            bench.quiet(200);
        }
        bench.quiet(3_500);
        bench.key('1');
        bench.quiet(3_500);
        assert_eq!(bench.last().callback_number, "+14155550199", "closed by {close:?}");
    }
}

#[test]
fn silence_is_asked_about_and_ends() {
    let mut bench = Bench::new(&[]);
    bench.quiet(120_000);
    assert_eq!(bench.log, ["hangup: finished"], "{:#?}", bench.said);
}

#[test]
fn hold_suspends_the_waits() {
    let mut bench = Bench::new(&["yes"]);
    bench.turn();
    bench.quiet(PROMPT_MS);
    let said = bench.said.len();
    bench.input(Input::Hold(true));
    bench.quiet(60_000);
    assert_eq!(bench.said.len(), said, "nothing is said to music on hold");
    bench.input(Input::Hold(false));
    assert_eq!(bench.said.len(), said + 1, "the question is asked again");
}

proptest::proptest! {
    /// Any inputs in any order: no panic, and a final ticket after the hang-up.
    #[test]
    fn any_order_of_inputs(steps in proptest::collection::vec((0u8..9, 0u32..4), 0..200)) {
        let mut bench = Bench::new(&["yes", "no", "food", "12 Elm Road"]);
        for (kind, n) in steps {
            let turn = TurnId(n);
            match kind {
                0 => bench.quiet(u64::from(n) * 400),
                1 => bench.speak(u64::from(n) * 300),
                2 => bench.key(char::from(b'0' + n as u8)),
                3 => bench.input(Input::Final { turn, transcript: Transcript::plain("yes", 0.9) }),
                4 => bench.input(Input::Interim { turn, transcript: Transcript::plain("no", 0.5) }),
                5 => bench.input(Input::EngineFailed { turn }),
                6 => bench.input(Input::PromptFinished { play: PlayId(n) }),
                7 => bench.input(Input::Hold(n % 2 == 0)),
                _ => bench.key('#'),
            }
        }
        bench.input(Input::Hangup(HangupCause::CallerHungUp));
        proptest::prop_assert!(bench.call.is_over());
        proptest::prop_assert_ne!(bench.last().status, TicketStatus::Taking);
    }
}
