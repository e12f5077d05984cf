//! The caller against a toy bot that speaks in tones, in virtual time.

use super::*;
use crate::audio::{FRAME_MS, level};
use crate::caller::line::tests::tone;

/// Plays its prompts one after the other: the next one `endpoint_ms` after the caller fell silent
/// or pressed a key, and hangs up after the last.
struct ToyBot {
    prompts_ms: Vec<u64>,
    endpoint_ms: u64,
    /// Between two prompts.
    breath_ms: u64,
    stops_when_spoken_over: bool,
    hangs_up: bool,
    next: usize,
    playing_until_ms: u64,
    spoken_to: bool,
    voice_until_ms: u64,
}

impl ToyBot {
    fn new(prompts_ms: &[u64]) -> ToyBot {
        ToyBot {
            prompts_ms: prompts_ms.to_vec(),
            endpoint_ms: 500,
            breath_ms: 300,
            stops_when_spoken_over: true,
            hangs_up: true,
            next: 0,
            playing_until_ms: 0,
            spoken_to: true,
            voice_until_ms: 0,
        }
    }

    /// One step: hears the caller, speaks; true when it hangs up.
    fn step(&mut self, now_ms: u64, caller: &AudioFrame, keys: usize) -> (AudioFrame, bool) {
        let playing = now_ms < self.playing_until_ms;
        if level::peak(caller.samples()) > 1_000 || keys > 0 {
            self.voice_until_ms = now_ms + FRAME_MS;
            self.spoken_to = true;
            if playing && self.stops_when_spoken_over {
                self.playing_until_ms = now_ms;
            }
        }
        let playing = now_ms < self.playing_until_ms;
        let silent_since_ms =
            (self.voice_until_ms + self.endpoint_ms).max(self.playing_until_ms + self.breath_ms);
        let turn_over = self.spoken_to && now_ms >= silent_since_ms;
        if !playing && turn_over && self.next < self.prompts_ms.len() {
            self.playing_until_ms = now_ms + self.prompts_ms[self.next];
            self.next += 1;
            self.spoken_to = false;
        }
        let done = self.next == self.prompts_ms.len() && now_ms >= self.playing_until_ms;
        let loud = now_ms < self.playing_until_ms;
        let frame = AudioFrame::padded(&tone(if loud { 8_000 } else { 0 }, 160));
        (frame, self.hangs_up && done)
    }
}

fn say(ms: usize) -> CueAct {
    CueAct::Speak(Arc::new(Line::new(&tone(8_000, ms * 8)).expect("a tone is speech")))
}

fn keys(keys: &str) -> CueAct {
    CueAct::Press(keys.chars().map(|k| DtmfDigit::try_from(k).expect("key")).collect())
}

fn cue(after: After, act: CueAct) -> Cue {
    Cue { after, act, only_if_asked: None }
}

fn told(event: &Event) -> Option<String> {
    Some(match event {
        Event::PromptStarted { .. } => return None,
        Event::PromptEnded { from_ms, to_ms } => format!("bot {from_ms}-{to_ms}"),
        Event::TurnStarted { turn, at_ms } => format!("turn {turn} @{at_ms}"),
        Event::TurnEnded { turn, at_ms } => format!("end {turn} @{at_ms}"),
        Event::Answered { turn, gap_ms, .. } => format!("gap {turn} {gap_ms}"),
        Event::SpokenOver { turn } => format!("over {turn}"),
        Event::Failed(failure) => format!("failed: {failure}"),
        Event::FarEndGone(cause) => format!("gone: {cause}"),
        Event::HungUp { at_ms } => format!("hung up @{at_ms}"),
    })
}

/// What a caller with `cues` tells of a call with `bot`; each side hears the other a frame later.
fn run(cues: Vec<Cue>, bot: ToyBot, pace: Pace) -> Vec<String> {
    run_script(CallerScript::new(cues, pace), bot)
}

fn run_script(mut script: CallerScript, mut bot: ToyBot) -> Vec<String> {
    let (mut to_bot, mut pressed, mut gone) = (AudioFrame::SILENCE, 0, false);
    let mut log = Vec::new();
    for step in 0..20_000 {
        let now_ms = step * FRAME_MS;
        let (to_caller, hangs_up) = bot.step(now_ms, &to_bot, pressed);
        let events = [LegEvent::Hangup(HangupCause::Finished)];
        let events = if hangs_up && !gone { &events[..] } else { &[] };
        gone |= hangs_up;
        let mut actions = Vec::new();
        to_bot = script.step(now_ms, &to_caller, events, &mut actions);
        pressed = actions.iter().filter(|a| matches!(a, Action::Press(_))).count();
        log.extend(actions.iter().filter_map(|a| match a {
            Action::Tell(event) => told(event),
            Action::Press(key) => Some(format!("key {}", key.as_char())),
            Action::HangUp => None,
        }));
        if script.is_over() {
            return log;
        }
    }
    panic!("the call does not end: {log:#?}");
}

#[test]
fn a_turn_may_be_for_one_question_only() {
    let only = |asked: &str| Cue {
        only_if_asked: Some(Pattern::new(asked).expect("a pattern")),
        ..cue(After::Prompt, say(400))
    };
    let turns = |words: Option<&str>| {
        let cues = vec![only("your street"), only("your name"), only("anything else")];
        let mut script = CallerScript::new(cues, Pace::default());
        words.into_iter().for_each(|words| script.bot_says(words));
        let log = run_script(script, ToyBot::new(&[1_000, 600]));
        let kept = log.iter().filter(|e| e.starts_with("turn") || e.starts_with("failed"));
        kept.map(|e| e.split(" @").next().unwrap_or_default().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(turns(Some("What is your name?")), ["turn 1"]);
    assert_eq!(turns(Some("Hello.")), [""; 0]);
    let unknown = turns(None).remove(0);
    assert!(unknown.starts_with("failed: turn 1 has only_if_asked"), "{unknown}");
}

fn check(cues: Vec<Cue>, bot: ToyBot, want: &[&str]) {
    assert_eq!(run(cues, bot, Pace::default()), want);
}

#[test]
fn each_turn_waits_for_its_prompt_and_its_gap_is_measured() {
    let cues = vec![cue(After::Prompt, say(400)), cue(After::Prompt, say(1_000))];
    let want = [
        "bot 500-2500",
        "turn 0 @3180",
        "end 0 @3580",
        "gap 0 520",
        "bot 4100-5100",
        "turn 1 @5780",
        "end 1 @6780",
        "gap 1 520",
        "gone: finished",
    ];
    check(cues, ToyBot::new(&[2_000, 1_000, 600]), &want);
}

#[test]
fn keys_are_pressed_evenly_and_the_gap_counts_from_the_last() {
    let cues = vec![cue(After::Prompt, keys("12#"))];
    let want = [
        "bot 500-1500",
        "turn 0 @2180",
        "key 1",
        "key 2",
        "key #",
        "end 0 @2800",
        "gap 0 520",
        "gone: finished",
    ];
    check(cues, ToyBot::new(&[1_000, 500]), &want);
}

#[test]
fn barge_in_speaks_into_the_prompt_and_waits_for_the_answer() {
    let cues = vec![cue(After::BargeIn { at_ms: 700 }, say(600)), cue(After::Prompt, say(400))];
    let want = [
        "turn 0 @1200",
        "end 0 @1800",
        "bot 500-1220",
        "gap 0 520",
        "bot 2320-3320",
        "turn 1 @4000",
        "end 1 @4400",
        "gap 1 520",
        "gone: finished",
    ];
    check(cues, ToyBot::new(&[30_000, 1_000, 500]), &want);
}

#[test]
fn a_prompt_that_follows_a_key_without_a_pause_is_counted_from_the_key() {
    let cues = vec![
        cue(After::BargeIn { at_ms: 1_500 }, keys("1")),
        cue(After::BargeIn { at_ms: 1_200 }, say(400)),
    ];
    let mut bot = ToyBot::new(&[30_000, 30_000, 500]);
    (bot.endpoint_ms, bot.breath_ms) = (0, 0);
    let got = run(cues, bot, Pace::default());
    assert_eq!(got[..4], ["turn 0 @1500", "key 1", "end 0 @1520", "turn 1 @2720"], "{got:#?}");
}

#[test]
fn a_bot_that_talks_through_the_turn_has_no_gap() {
    let cues = vec![cue(After::BargeIn { at_ms: 700 }, say(600)), cue(After::Prompt, say(400))];
    let mut bot = ToyBot::new(&[5_000, 500]);
    bot.stops_when_spoken_over = false;
    bot.hangs_up = false;
    let want = [
        "turn 0 @1200",
        "end 0 @1800",
        "over 0",
        "bot 500-6300",
        "turn 1 @6980",
        "end 1 @7380",
        "hung up @17380",
    ];
    check(cues, bot, &want);
}

#[test]
fn thinking_leaves_the_prompt_standing_and_silence_answers_it() {
    let wait = CueAct::Wait { ms: 3_000 };
    let cues = vec![cue(After::Prompt, wait), cue(After::Prompt, say(400))];
    let want = [
        "bot 500-1500",
        "turn 0 @2180",
        "turn 1 @5200",
        "end 1 @5600",
        "gap 1 520",
        "gone: finished",
    ];
    check(cues, ToyBot::new(&[1_000, 500]), &want);

    // The bot asks again by itself; the second turn answers that.
    let silence = CueAct::Silence { ms: 1_000 };
    let cues = vec![cue(After::Prompt, silence), cue(After::Prompt, CueAct::HangUp)];
    let mut bot = ToyBot::new(&[1_000]);
    bot.hangs_up = false;
    let want = [
        "bot 500-1500",
        "turn 0 @2180",
        "end 0 @3180",
        "failed: the far end said nothing for 10.0 s after turn 1 (pace.answer_ms_max)",
        "hung up @13180",
    ];
    check(cues, bot, &want);
}

#[test]
fn the_caller_hangs_up_where_told() {
    let cues =
        vec![cue(After::Prompt, say(400)), cue(After::BargeIn { at_ms: 300 }, CueAct::HangUp)];
    let want = [
        "bot 500-1500",
        "turn 0 @2180",
        "end 0 @2580",
        "gap 0 520",
        "turn 1 @3400",
        "hung up @3400",
    ];
    check(cues, ToyBot::new(&[1_000, 5_000]), &want);
}

#[test]
fn a_caller_who_has_said_everything_stays_until_nothing_more_comes() {
    let mut bot = ToyBot::new(&[1_000]);
    bot.hangs_up = false;
    check(vec![], bot, &["bot 500-1500", "hung up @11500"]);
}

#[test]
fn a_call_that_does_not_go_as_written_says_why() {
    let speak = || vec![cue(After::Prompt, say(400))];
    let mut mute = ToyBot::new(&[]);
    mute.hangs_up = false;
    let want = ["failed: the far end said nothing for 10.0 s after the answer", "hung up @10000"];
    check(speak(), mute, &want);

    let want = ["failed: the far end was gone before turn 1: finished", "gone: finished"];
    check(speak(), ToyBot::new(&[1_000]), &want);

    let got = run(speak(), ToyBot::new(&[70_000]), Pace::default());
    let want = "failed: the prompt before turn 1 has not ended after 60.0 s (pace.prompt_ms_max); \
                the line is at -12 dBFS";
    assert_eq!(got, [want, "hung up @60500"]);

    let pace = Pace { call_ms_max: 1_000, ..Pace::default() };
    let want = "failed: the call lasted 1.0 s (pace.call_ms_max), 0 turns done";
    assert_eq!(run(speak(), ToyBot::new(&[9_000]), pace), [want, "hung up @1000"]);
}

#[test]
fn a_bot_that_is_first_to_hang_up_does_no_harm_when_all_is_said() {
    let cues = vec![cue(After::Prompt, say(400)), cue(After::Prompt, CueAct::HangUp)];
    let got = run(cues, ToyBot::new(&[1_000, 500]), Pace::default());
    assert_eq!(got.last().map(String::as_str), Some("gone: finished"));
    assert!(!got.iter().any(|e| e.starts_with("failed")), "{got:?}");
}
