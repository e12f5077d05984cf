//! The announcer with voices that do what they are told.

use super::*;
use crate::audio::FRAME_SAMPLES;
use crate::audio::level::peak;
use crate::engine::Synthesizer;
use crate::engine::sentence::Sentence;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

/// Speaks each sentence as 20 ms of its length in letters; waits for a word before each, fails
/// and panics where the text says so.
struct Parrot {
    name: &'static str,
    go: Option<Receiver<()>>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Synthesizer for Parrot {
    fn name(&self) -> &str {
        self.name
    }

    fn speak(&mut self, sentence: &Sentence) -> Result<Vec<i16>, EngineError> {
        let text = sentence.text();
        if let Some(go) = &self.go {
            let _ = go.recv();
        }
        self.said.lock().unwrap().push(format!("{}: {text}", self.name));
        if text.contains(&format!("panic {}", self.name)) {
            panic!("as the text says");
        }
        if text.contains(&format!("fail {}", self.name)) {
            return Err(broken("as the text says"));
        }
        Ok(vec![text.len() as i16; FRAME_SAMPLES])
    }
}

struct Stage {
    announcer: Announcer,
    said: Arc<Mutex<Vec<String>>>,
    go: Sender<()>,
}

/// An announcer with two voices, `a` before `b`; `a` waits for `go` when `held`.
fn stage(held: bool) -> Stage {
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let (go, wait) = channel();
    let log = said.clone();
    let cast = move || -> Box<Cast> {
        let mut wait = held.then_some(wait);
        Box::new(move |language| {
            if language == "mute" {
                return vec![Err(EngineError::Missing("nobody".into()))];
            }
            let a = Parrot { name: "a", go: wait.take(), said: log.clone() };
            let b = Parrot { name: "b", go: None, said: log.clone() };
            vec![Ok(Box::new(a)), Ok(Box::new(b))]
        })
    };
    let announcer = Announcer::with_cast(Recordings::default(), vec!["en".into()], cast).unwrap();
    Stage { announcer, said, go }
}

impl Stage {
    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

fn prompt(text: &str) -> Sound {
    Sound::Prompt { name: String::new(), language: "en".into(), text: text.into() }
}

/// The first sample of each frame until it is finished; waits for what is not there yet.
fn play(stage: &Stage, sounds: &[Sound]) -> Vec<i16> {
    let mut audio = stage.announcer.request(sounds);
    assert!(stage.announcer.settle(LONG));
    let mut heard = Vec::new();
    loop {
        match audio.frame() {
            PromptFrame::Ready(frame) => heard.push(frame.0[0]),
            PromptFrame::NotYet => panic!("settled, yet not all is there"),
            PromptFrame::Finished => return heard,
        }
    }
}

fn await_sentence(announcer: &Announcer, text: &str) {
    let key = Key { language: "en".into(), text: text.into() };
    let clip = announcer.desk.order(key, Want::Now, Duration::ZERO);
    assert!(announcer.desk.wait(&clip, LONG));
}

#[test]
fn a_prompt_is_its_sentences_with_pauses() {
    let stage = stage(false);
    let mut expected = vec![4];
    expected.extend([0; 15]);
    expected.push(6);
    assert_eq!(play(&stage, &[prompt("One. Seven.")]), expected);
    assert!(play(&stage, &[]).is_empty());
    assert!(play(&stage, &[prompt(" ... ")]).is_empty());
    assert_eq!(play(&stage, &[Sound::Silence { ms: 30 }]), [0, 0]);
    let tone = play(&stage, &[Sound::Tone { hz: 1_000, ms: 100 }, prompt("One.")]);
    assert_eq!((tone.len(), tone[5]), (6, 4));
}

#[test]
fn the_first_sentence_plays_while_the_second_is_spoken() {
    let stage = stage(true);
    let mut audio = stage.announcer.request(&[prompt("One. Seven.")]);
    assert_eq!(audio.frame(), PromptFrame::NotYet);
    stage.go.send(()).unwrap();
    await_sentence(&stage.announcer, "One.");
    let first = audio.frame();
    assert!(matches!(first, PromptFrame::Ready(frame) if frame.0 == [4; FRAME_SAMPLES]));
    for _ in 0..15 {
        assert!(matches!(audio.frame(), PromptFrame::Ready(frame) if frame.0[0] == 0));
    }
    assert_eq!(audio.frame(), PromptFrame::NotYet);
    stage.go.send(()).unwrap();
    assert!(stage.announcer.settle(LONG));
    assert!(matches!(audio.frame(), PromptFrame::Ready(frame) if frame.0[0] == 6));
    assert_eq!(audio.frame(), PromptFrame::Finished);
    assert_eq!(audio.frame(), PromptFrame::Finished);
}

#[test]
fn the_same_text_is_spoken_once() {
    let stage = stage(true);
    let waiting = [prompt("One. Two.")];
    let calls: Vec<PromptAudio> = (0..5).map(|_| stage.announcer.request(&waiting)).collect();
    stage.go.send(()).unwrap();
    stage.go.send(()).unwrap();
    assert!(stage.announcer.settle(LONG));
    drop(calls);
    assert_eq!(play(&stage, &waiting).len(), 17);
    assert_eq!(stage.said(), ["a: One.", "a: Two."]);
}

#[test]
fn what_a_caller_waits_for_comes_first() {
    let stage = stage(true);
    let busy = stage.announcer.request(&[prompt("Busy.")]);
    stage.announcer.prepare(&[prompt("Later. Soon.")]);
    let first = stage.announcer.request(&[prompt("First. Far behind. Farther.")]);
    let second = stage.announcer.request(&[prompt("Second. Soon.")]);
    for _ in 0..8 {
        stage.go.send(()).unwrap();
    }
    assert!(stage.announcer.settle(LONG));
    let said: Vec<String> = stage.said().iter().map(|s| s.replace("a: ", "")).collect();
    assert_eq!(said, ["Busy.", "First.", "Second.", "Far behind.", "Soon.", "Farther.", "Later."]);
    drop((busy, first, second));
}

#[test]
fn what_nobody_waits_for_any_more_is_not_spoken() {
    let stage = stage(true);
    let busy = stage.announcer.request(&[prompt("Busy.")]);
    drop(stage.announcer.request(&[prompt("Gone.")]));
    let shared = stage.announcer.request(&[prompt("Shared.")]);
    drop(stage.announcer.request(&[prompt("Shared.")]));
    for _ in 0..3 {
        stage.go.send(()).unwrap();
    }
    assert!(stage.announcer.settle(LONG));
    assert_eq!(stage.said(), ["a: Busy.", "a: Shared."]);
    drop((busy, shared));
    assert_eq!(play(&stage, &[prompt("Gone.")]).len(), 1, "asked for again, it is spoken");
}

#[test]
fn a_voice_that_fails_or_panics_gives_way_to_the_next() {
    let stage = stage(false);
    assert_eq!(play(&stage, &[prompt("Now fail a.")]), [11]);
    assert_eq!(play(&stage, &[prompt("Now panic a.")]), [12]);
    assert_eq!(play(&stage, &[prompt("Well.")]), [5]);
    assert_eq!(stage.said().last().unwrap(), "a: Well.", "after a panic it is loaded afresh");
    for n in 0..3 {
        play(&stage, &[prompt(&format!("Now fail a {n}."))]);
    }
    play(&stage, &[prompt("Again.")]);
    assert_eq!(stage.said().last().unwrap(), "b: Again.", "after three failures it is given up");
}

#[test]
fn a_voice_that_goes_on_panicking_is_not_loaded_for_ever() {
    let stage = stage(false);
    for n in 0..5 {
        assert_eq!(play(&stage, &[prompt(&format!("panic a {n}."))]), [10]);
    }
    let tries = stage.said().iter().filter(|s| s.starts_with("a: ")).count();
    assert_eq!(tries, 3);
}

#[test]
fn when_no_voice_can_speak_a_tone_is_heard_and_the_next_caller_has_luck() {
    let stage = stage(false);
    let text = "Now fail a, fail b.";
    let tone = stage.announcer.say("en", text);
    assert_eq!(tone.len(), 2_400);
    assert!(peak(&tone) > 8_000);
    let mute = stage.announcer.say("mute", "Hello.");
    assert_eq!(mute.len(), 2_400);
    stage.announcer.say("en", text);
    assert_eq!(stage.said().iter().filter(|s| s.contains(text)).count(), 4, "not cached");
}

#[test]
fn a_voice_that_hangs_leaves_a_tone() {
    let stage = stage(true);
    let mut audio = stage.announcer.request(&[prompt("Hang. And more.")]);
    let waited = (0..1_000).take_while(|_| audio.frame() == PromptFrame::NotYet).count();
    assert_eq!(waited, 400, "eight seconds");
    let tone = (0..14).filter(|_| matches!(audio.frame(), PromptFrame::Ready(_))).count();
    assert_eq!(tone, 14);
    stage.go.send(()).unwrap();
    stage.go.send(()).unwrap();
    assert!(stage.announcer.settle(LONG));
    while matches!(audio.frame(), PromptFrame::Ready(_)) {}
    assert_eq!(audio.frame(), PromptFrame::Finished);
}

#[test]
fn too_much_waiting_is_a_tone_for_callers_and_nothing_for_the_rest() {
    let stage = stage(true);
    let busy = stage.announcer.request(&[prompt("Busy.")]);
    for n in 0..2_000 {
        stage.announcer.prepare(&[prompt(&format!("Prepared {n}."))]);
    }
    let refused = stage.announcer.overflows();
    assert!(refused >= 900, "{refused}");
    let calls: Vec<PromptAudio> =
        (0..1_100).map(|n| stage.announcer.request(&[prompt(&format!("Call {n}."))])).collect();
    assert!(stage.announcer.overflows() > refused);
    let mut last = calls.into_iter().last().unwrap();
    assert!(matches!(last.frame(), PromptFrame::Ready(_)), "a tone at once");
    drop(busy);
    drop(stage.go);
    assert!(stage.announcer.settle(LONG));
}

#[test]
fn a_recorded_prompt_wins_over_every_voice() {
    let dir = tempfile::tempdir().unwrap();
    let wavs = dir.path().join("languages/en/wav");
    std::fs::create_dir_all(&wavs).unwrap();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(wavs.join("greeting.wav"), spec).unwrap();
    (0..800).for_each(|n| writer.write_sample((n % 20 * 500) as i16).unwrap());
    writer.finalize().unwrap();
    let mut stage = stage(false);
    stage.announcer.recordings = Recordings::load(dir.path());
    let named = |name: &str| Sound::Prompt {
        name: name.into(),
        language: "en".into(),
        text: "One.".into(),
    };
    assert_eq!(play(&stage, &[named("greeting")]).len(), 5);
    assert_eq!(play(&stage, &[named("../greeting")]), [4]);
    assert_eq!(play(&stage, &[named("other")]), [4]);
}

/// Whether `text` was in the cache or had to be spoken.
fn speak(desk: &Desk, text: &str, want: Want) -> &'static str {
    let key = Key { language: "en".into(), text: text.into() };
    let clip = desk.order(key, want, Duration::ZERO);
    if clip.sound().is_some() {
        return "cached";
    }
    let next = desk.next().unwrap();
    assert_eq!(next.text, text);
    desk.finish(&next, Some(vec![1; 2_000]));
    "spoken"
}

#[test]
fn what_was_not_asked_for_for_long_is_forgotten() {
    let desk = Desk::new(1 << 20, Duration::ZERO);
    assert_eq!(speak(&desk, "prompt", Want::Always), "spoken");
    assert_eq!(speak(&desk, "a caller's name", Want::Now), "spoken");
    assert_eq!(speak(&desk, "another name", Want::Now), "spoken");
    assert_eq!(speak(&desk, "a caller's name", Want::Now), "spoken", "not cached");
    assert_eq!(speak(&desk, "prompt", Want::Now), "cached");
}

#[test]
fn the_cache_forgets_what_was_not_used_and_keeps_what_it_must() {
    let desk = Desk::new(20_000, LONG);
    let speak = |text: &str, want: Want| speak(&desk, text, want);
    assert_eq!(speak("kept", Want::Always), "spoken");
    for text in ["a", "b", "c"] {
        assert_eq!(speak(text, Want::Now), "spoken");
    }
    assert_eq!(speak("a", Want::Now), "cached");
    assert_eq!(speak("d", Want::Soon), "spoken");
    assert_eq!(speak("kept", Want::Now), "cached");
    assert_eq!(speak("a", Want::Now), "cached");
    assert_eq!(speak("b", Want::Now), "spoken");
    for n in 0..20 {
        speak(&format!("kept {n}"), Want::Always);
    }
    assert_eq!(speak("kept 19", Want::Now), "cached");
    assert_eq!(speak("kept", Want::Now), "spoken", "even what is kept has a bound");
}

#[test]
fn an_announcer_without_any_voice_does_not_start() {
    let cast = || -> Box<Cast> {
        Box::new(|_| vec![Err(EngineError::Missing("run `apt-get install espeak-ng`".into()))])
    };
    let languages = vec!["en".to_string(), "vi".to_string()];
    let refused = Announcer::with_cast(Recordings::default(), languages, cast).err().unwrap();
    assert!(refused.to_string().contains("apt-get install espeak-ng"));
}

/// The models of the development machine; prompts for two languages, one with a Piper voice.
#[test]
fn installed_voices_speak_and_the_first_sentence_is_soon_there() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let prompts = tempfile::tempdir().unwrap();
    for language in ["en", "vi"] {
        std::fs::create_dir_all(prompts.path().join("languages").join(language)).unwrap();
    }
    let announcer = match Announcer::start(&models, prompts.path()) {
        Err(EngineError::Missing(e)) => {
            eprintln!("SKIPPED: installed_voices_speak: {e}");
            return;
        }
        announcer => announcer.unwrap(),
    };
    for (language, text) in [("en", "Please say your name."), ("vi", "Xin chào.")] {
        let sound = announcer.say(language, text);
        assert!((3_200..24_000).contains(&sound.len()), "{language}: {} samples", sound.len());
        assert!(peak(&sound) > 15_000, "{language}: peak {}", peak(&sound));
    }
    let start = std::time::Instant::now();
    let mut audio = announcer.request(&[prompt(
        "I heard twelve Saint James Street. Is that right? Please say yes or no.",
    )]);
    assert_eq!(audio.frame(), PromptFrame::NotYet);
    await_sentence(&announcer, "I heard twelve Saint James Street.");
    let first = start.elapsed();
    assert!(matches!(audio.frame(), PromptFrame::Ready(_)));
    assert!(announcer.settle(LONG));
    let all = start.elapsed();
    eprintln!("first frame after {first:?}, all after {all:?}");
    assert!(first < all);
    assert_eq!(announcer.overflows(), 0);
}

/// No ONNX Runtime and no Piper voice: espeak-ng speaks.
#[test]
fn without_models_espeak_speaks() {
    let empty = tempfile::tempdir().unwrap();
    let broken = empty.path().join("piper-en");
    std::fs::create_dir(&broken).unwrap();
    std::fs::write(broken.join("en.onnx"), b"?").unwrap();
    let prompts = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(prompts.path().join("languages/en")).unwrap();
    match Announcer::start(empty.path(), prompts.path()) {
        Err(e) => eprintln!("SKIPPED: without_models_espeak_speaks: {e}"),
        Ok(announcer) => assert!(announcer.say("en", "Please say your name.").len() > 6_000),
    }
}

#[test]
fn calls_share_the_announcer_between_threads() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    send_and_sync::<Announcer>();
    send::<PromptAudio>();
}
