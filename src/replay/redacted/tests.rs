//! What is left of texts, and of a call's frames.

use super::*;
use crate::call::Sound;
use crate::config::{Config, load_hotline};
use crate::replay::fixture::redact::Personal;
use crate::speech::{Expectation, RecognitionContext};
use std::sync::Arc;

fn hotline() -> Arc<Hotline> {
    let config = Config { models_dir: "no-models".into(), ..Config::default() };
    load_hotline(&config, "demo-en", "2026-01-01").expect("a hotline").hotline
}

fn vocabulary() -> Vocabulary {
    let replayer = Replayer::new(Config::default(), None);
    let [words, prompts, needs] = replayer.vocabulary("en");
    Vocabulary::of(&words, &prompts, &needs)
}

fn personal() -> Vec<Personal> {
    let value = |value: &str, place| Personal { value: value.into(), place };
    vec![
        value("Mary Hill", false),
        value("12 Orchard Street, Springfield", true),
        value("+12125550142", false),
    ]
}

#[test]
fn words_that_may_name_somebody_go_and_the_rest_stays() {
    let (vocabulary, hotline) = (vocabulary(), hotline());
    let mask = Mask::new(&vocabulary, &hotline, &personal());
    let check = |text: &str, expectation, want: &str| {
        assert_eq!(mask.said(text, Mask::telling(expectation)), want, "{text}");
    };
    use Expectation::{Address, Digits, Name, Need, YesNo};
    check("yes please", YesNo, "yes please");
    check("no, it's Mary Hill", YesNo, "no, it's [name]");
    check("Mary Hill.", Need, "[name].");
    check("my name is Zebulon", Name, "my name is [name]");
    check("twelve Orchard Street", Address, "[number] [address] Street");
    check("Orchards", Need, "[address]");
    check("five five five, one", Need, "[number]");
    check("call 555-0142", Need, "call [number]");
    check("Zebulon", Need, "[withheld]");
    check("one", Need, "one");
    check("one", Digits, "[number]");
    assert!(!mask.tells("we have no food") && mask.tells("food for Mary"));
}

#[test]
fn read_backs_go_and_announcements_stay() {
    let (vocabulary, hotline) = (vocabulary(), hotline());
    let mask = Mask::new(&vocabulary, &hotline, &personal());
    let check = |name: &str, values: &[(&str, &str)], personal: bool, gone: &[&str]| {
        let made = hotline.prompt(name, values);
        let sound = Sound::Prompt { name: made.name, language: "en".into(), text: made.text };
        let (text, is_personal) = mask.prompt(&sound);
        assert_eq!(is_personal, personal, "{name}: {text}");
        assert!(gone.iter().all(|gone| !text.contains(gone)), "{name}: {text}");
        text
    };
    let own = [("title", "the city help line"), ("recorded_by", "the city council")];
    let announced = check("announcement", &own, false, &[]);
    assert!(announced.contains("the city council"), "{announced}");
    check("ask_name", &[], false, &[]);
    let read = check("summary_name", &[("value", "Mary Hill")], true, &["Mary", "Hill"]);
    assert!(read.contains("[name]"), "{read}");
    let read = check("summary_address", &[("value", "12 Orchard Street")], true, &["12", "Orch"]);
    assert!(read.contains("[address]"), "{read}");
    check("confirm_value", &[("value", "Mary Hill")], true, &["Mary", "Hill"]);
    let ticket = [("number", "4 7"), ("promise", "within two days")];
    let read = check("ticket", &ticket, true, &["4 7"]);
    assert!(read.contains("within two days") && read.contains("[number]"), "{read}");
    // From a day when the prompts were others: nobody knows what was in it.
    let text = "Hello Zebulon of nowhere".to_string();
    let strange = Sound::Prompt { name: String::new(), language: "en".into(), text };
    assert_eq!(mask.prompt(&strange), ("[withheld]".into(), true));
}

/// Frames whose samples tell which they are.
fn sound(frames: usize) -> Vec<AudioFrame> {
    (0..frames).map(|n| AudioFrame([n as i16 + 1; FRAME_SAMPLES])).collect()
}

#[test]
fn only_good_turns_are_heard() {
    let (vocabulary, hotline) = (vocabulary(), hotline());
    let mask = Mask::new(&vocabulary, &hotline, &personal());
    let mut told = Told::new(&mask, &hotline);
    let mut at = 0;
    let mut go = |told: &mut Told<'_>, frames: usize| {
        for _ in 0..frames {
            at += 20;
            told.input(CallTime(at), &Input::Audio(AudioFrame::SILENCE), false);
        }
        CallTime(at)
    };
    let mut turn = |told: &mut Told<'_>, id: u32, text: &str, expectation, confidence: f32| {
        let from = MediaTime((told.frames * FRAME_SAMPLES) as u64);
        let context =
            RecognitionContext { language: "en".into(), expectation, phrases: vec![].into() };
        let now = go(told, 0);
        told.output(now, &Output::Recognize { turn: TurnId(id), from, context });
        let now = go(told, 50);
        let end = MediaTime((told.frames * FRAME_SAMPLES) as u64);
        told.output(now, &Output::Note(Note::SpeechEnded { turn: TurnId(id), end }));
        let transcript = Transcript::plain(text, confidence);
        told.input(now, &Input::Final { turn: TurnId(id), transcript }, false);
        go(told, 50);
    };
    turn(&mut told, 1, "yes", Expectation::YesNo, 0.9); // 0..50
    turn(&mut told, 2, "Mary Hill", Expectation::Name, 0.9); // 100..150
    turn(&mut told, 3, "we have no food", Expectation::Need, 0.9); // 200..250
    turn(&mut told, 4, "we have no food", Expectation::Need, 0.1); // 300..350
    let text = hotline.prompt("summary_name", &[("value", "Mary Hill")]).text;
    let prompt = Sound::Prompt { name: String::new(), language: "en".into(), text };
    let play = PlayId(1);
    told.output(CallTime(8_000), &Output::Play { play, sounds: vec![prompt] }); // 400
    turn(&mut told, 5, "yes", Expectation::YesNo, 0.9); // 400..450, over the read-back
    told.input(CallTime(10_000), &Input::PromptFinished { play }, false); // 500
    for digit in ['5', '5', '1'] {
        told.input(CallTime(10_001), &Input::Dtmf(digit.try_into().unwrap()), digit == '5');
    }
    told.end();
    let (mut heard, mut said) = (sound(500), sound(500));
    told.hush(&mut heard, &mut said);
    let plain = sound(500);
    let speech = |at: usize| heard[at] == plain[at];
    let silent = |at: usize| heard[at] == AudioFrame::SILENCE;
    assert!(speech(0) && speech(49) && speech(200) && speech(249));
    assert!(silent(60) && silent(190) && silent(290));
    for toned in [100, 149, 300, 349, 400, 449] {
        assert!(!speech(toned) && !silent(toned), "{toned}");
    }
    assert!(said[399] == plain[399] && said[400] != plain[400] && said[499] != plain[499]);
    let transcript = told.transcript().unwrap();
    let lines: Vec<&str> = transcript.lines().skip(3).collect();
    assert_eq!(lines[0], " 0:00   caller  yes");
    assert_eq!(lines[1], " 0:02 * caller  [name]");
    assert_eq!(lines[3], " 0:06 * caller  we have no food");
    assert!(lines.contains(&" 0:10   keys    [number]1"), "{transcript}");
    assert!(!transcript.contains("Mary"), "{transcript}");
}
