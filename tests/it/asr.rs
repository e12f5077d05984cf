//! The real recognisers over real recordings; each test says so loudly when it was skipped.
//!
//! Models are looked for in `models/`, recordings in `$SPILLWAY_SPEECH` or `../shared/speech`.

use spillway::engine::{
    EngineError, RecognitionEvent, Recognizer, StreamId, factory_for, recognizer_for,
};
use spillway::replay::score::{
    Entry, Errors, Heard, Report, compare, listen, load, measure, normalize, read, telephone,
    yes_no_phrases,
};
use spillway::speech::{Expectation, RecognitionContext};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

fn engine(language: &str) -> Option<Box<dyn Recognizer>> {
    match factory_for(language, &models()) {
        Ok((_, factory)) => Some(factory().expect("the engine loads")),
        Err(EngineError::Missing(what)) => {
            eprintln!("SKIPPED: {what}");
            None
        }
        Err(e) => panic!("{e}"),
    }
}

fn recordings(language: &str, name: &str) -> Option<Vec<Entry>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/speech");
    let speech = std::env::var_os("SPILLWAY_SPEECH").map_or(beside, PathBuf::from);
    let manifest = speech.join("manifest.tsv");
    if !manifest.is_file() {
        eprintln!("SKIPPED: no {}; set SPILLWAY_SPEECH", manifest.display());
        return None;
    }
    let wanted = |e: &Entry| e.language == language && e.file.to_string_lossy().contains(name);
    Some(read(&manifest).unwrap().into_iter().filter(wanted).collect())
}

/// Sounds without words beside the recordings, which the manifest reader leaves out.
fn noises() -> Vec<PathBuf> {
    let Some(any) = recordings("vi", "") else { return Vec::new() };
    let folder = any.first().and_then(|e| e.file.parent()?.parent().map(|p| p.join("misc")));
    let files = std::fs::read_dir(folder.unwrap()).unwrap().flatten().map(|e| e.path());
    let noise = |p: &PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ["noise", "esc50", "busy", "ringback", "dtmf"].iter().any(|n| name.starts_with(n))
    };
    files.filter(noise).collect()
}

fn open_context(language: &str) -> RecognitionContext {
    let (language, expectation) = (language.to_string(), Expectation::Open);
    RecognitionContext { language, expectation, phrases: Vec::new().into() }
}

fn hear(engine: &mut dyn Recognizer, language: &str, samples: &[i16]) -> Heard {
    let heard = listen(engine, StreamId(1), &open_context(language), samples);
    assert_eq!(heard.failed, None);
    heard
}

fn sound(entry: &Entry) -> Vec<i16> {
    telephone(&load(&entry.file).unwrap())
}

#[test]
fn vietnamese_sentences_and_answers_are_understood() {
    let (Some(mut engine), Some(sentences)) = (engine("vi"), recordings("vi", "vivos")) else {
        return;
    };
    let mut report = Report::default();
    measure(&mut *engine, "vi", &sentences, &mut report, |_, _| {}).unwrap();
    assert!(report.groups[0].wer <= 8.0, "{report:?}");
    let all = recordings("vi", "dd_").unwrap();
    let answers: Vec<Entry> =
        all.into_iter().filter(|e| ["đúng", "không"].contains(&&*e.transcript)).collect();
    // Every third: the whole is `spillway bench asr`.
    let answers: Vec<Entry> = answers.into_iter().step_by(3).collect();
    measure(&mut *engine, "vi", &answers, &mut report, |_, _| {}).unwrap();
    let y = report.yesno["vi"];
    assert!(y.swapped == 0 && y.right * 100 >= (y.yes + y.no) * 97, "{y:?}");
}

/// Streams computed together say what each says alone, and one that is given up harms none.
#[test]
fn a_batch_says_what_each_says_alone() {
    let (Some(mut engine), Some(all)) = (engine("vi"), recordings("vi", "vivos")) else { return };
    let clips: Vec<Vec<i16>> = all.iter().take(6).map(sound).collect();
    let alone: Vec<String> =
        clips.iter().map(|c| hear(&mut *engine, "vi", c).transcript.text).collect();
    let given_up = StreamId(3);
    let mut finals: BTreeMap<StreamId, String> = BTreeMap::new();
    let mut emit = |id: StreamId, event: RecognitionEvent| match event {
        RecognitionEvent::Final(words) => {
            finals.insert(id, words.text);
        }
        RecognitionEvent::Failed(reason) => panic!("{reason}"),
        RecognitionEvent::Interim(_) => assert_ne!(id, StreamId(99)),
    };
    for id in 0..6 {
        engine.open(StreamId(id), &open_context("vi")).unwrap();
    }
    let longest = clips.iter().map(Vec::len).max().unwrap();
    for at in (0..longest + 5_600).step_by(1_600) {
        for (id, clip) in (0..).map(StreamId).zip(&clips) {
            let end = (at + 1_600).min(clip.len());
            match clip.get(at..end) {
                Some(samples) if !samples.is_empty() => engine.audio(id, samples, true),
                _ => engine.audio(id, &[0; 1_600], false),
            }
        }
        if at == 8_000 {
            engine.cancel(given_up);
        }
        while engine.work(&mut emit) {}
    }
    (0..6).for_each(|id| engine.finish(StreamId(id)));
    while engine.work(&mut emit) {}
    assert!(!finals.contains_key(&given_up));
    assert_eq!(finals.len(), 5);
    for (id, text) in &finals {
        assert_eq!(*text, alone[id.0 as usize], "{id:?}");
    }
}

/// Beyond what the models take at once: cut at pauses, nothing lost, no error.
#[test]
fn a_turn_of_a_minute_is_heard_to_its_end() {
    let check = |language: &str, name: &str, seconds: usize, wer_max: f64| {
        let (Some(mut engine), Some(all)) = (engine(language), recordings(language, name)) else {
            return;
        };
        let (mut long, mut said) = (Vec::new(), Vec::new());
        for entry in all.iter().cycle() {
            long.extend(sound(entry));
            said.extend(normalize(language, &entry.transcript));
            if long.len() >= seconds * 8_000 {
                break;
            }
        }
        let heard = normalize(language, &hear(&mut *engine, language, &long).transcript.text);
        let errors: Errors = compare(&said, &heard);
        assert!(errors.percent() <= wer_max, "{language}: {errors:?} {heard:?}");
    };
    check("vi", "vivos", 70, 12.0);
    check("en", "psx", 60, 20.0);
}

/// The model's positions end at 37 s; five minutes of speech must not end the turn.
#[test]
fn a_turn_without_end_never_fails() {
    let (Some(mut engine), Some(all)) = (engine("vi"), recordings("vi", "vivos")) else { return };
    let clip = sound(&all[0]);
    let id = StreamId(7);
    engine.open(id, &open_context("vi")).unwrap();
    let mut last = None;
    for _ in 0..(220 * 8_000 / clip.len()) {
        engine.audio(id, &clip, true);
        while engine.work(&mut |_, event| last = Some(event)) {}
    }
    engine.finish(id);
    while engine.work(&mut |_, event| last = Some(event)) {}
    assert!(matches!(&last, Some(RecognitionEvent::Final(t)) if !t.text.is_empty()), "{last:?}");
}

#[test]
fn silence_says_nothing() {
    for language in ["vi", "en", "ko"] {
        let Some(mut engine) = engine(language) else { continue };
        let heard = hear(&mut *engine, language, &[0; 24_000]);
        assert_eq!((heard.transcript.text.as_str(), heard.interims), ("", 0), "{language}");
        let heard = hear(&mut *engine, language, &[]);
        assert_eq!(heard.transcript.text, "", "{language}");
    }
}

/// The same voice 40 dB down: the gain of the turn brings the words back.
#[test]
fn a_far_too_quiet_caller_is_understood() {
    let (Some(mut engine), Some(all)) = (engine("vi"), recordings("vi", "vivos")) else { return };
    let mut sum = Errors::default();
    for entry in all.iter().take(8) {
        let quiet: Vec<i16> = load(&entry.file).unwrap().iter().map(|s| s / 100).collect();
        let id = StreamId(1);
        engine.open(id, &open_context("vi")).unwrap();
        let mut text = String::new();
        // The voice activity detector does not hear so little; a caller's other words did that.
        telephone(&quiet).chunks(160).for_each(|frame| engine.audio(id, frame, true));
        engine.finish(id);
        while engine.work(&mut |_, event| {
            if let RecognitionEvent::Final(words) = event {
                text = words.text;
            }
        }) {}
        sum = sum.plus(compare(&normalize("vi", &entry.transcript), &normalize("vi", &text)));
    }
    assert!(sum.percent() <= 30.0, "{sum:?}");
}

#[test]
fn whisper_makes_no_words_of_noise() {
    let Some(mut engine) = engine("en") else { return };
    for file in noises() {
        let heard = hear(&mut *engine, "en", &telephone(&load(&file).unwrap())).transcript;
        let doubtful = heard.text.is_empty() || heard.confidence < 0.6;
        eprintln!("{}: {:?} {:.2}", file.display(), heard.text, heard.confidence);
        assert!(doubtful, "{}: {heard:?}", file.display());
    }
}

/// Who says neither yes nor no is not made to have said it.
#[test]
fn a_closed_question_forces_nobody() {
    let check = |language: &str, name: &str| {
        let (Some(mut engine), Some(all)) = (engine(language), recordings(language, name)) else {
            return;
        };
        let mut context = open_context(language);
        (context.expectation, context.phrases) =
            (Expectation::YesNo, yes_no_phrases(language).into());
        let mut forced = 0;
        let others = all.iter().filter(|e| normalize(language, &e.transcript).len() > 1);
        let others: Vec<&Entry> = others.take(40).collect();
        for entry in &others {
            let heard = listen(&mut *engine, StreamId(1), &context, &sound(entry)).transcript;
            let words = normalize(language, &heard.text);
            let said = normalize(language, &entry.transcript);
            let is_answer = |w: &String| context.phrases.contains(w);
            forced += usize::from(words.iter().any(is_answer) && !said.iter().any(is_answer));
        }
        assert!(forced * 20 <= others.len(), "{language}: {forced} of {}", others.len());
    };
    check("vi", "dd_");
    check("en", "ast_");
}

/// Through the pool, as a call uses it.
#[test]
fn the_pool_serves_a_language() {
    let Some(all) = recordings("vi", "vivos") else { return };
    let pool = match recognizer_for("vi", &models(), 1) {
        Ok(pool) => pool,
        Err(e) => return eprintln!("SKIPPED: {e}"),
    };
    let (events, mut receiver) = tokio::sync::mpsc::channel(64);
    let stream = pool.open(open_context("vi"), events).unwrap();
    for frame in sound(&all[0]).chunks(160) {
        stream.audio(frame, true).unwrap();
    }
    stream.pause().unwrap();
    stream.finish().unwrap();
    let mut last = None;
    while let Some(event) = receiver.blocking_recv() {
        last = Some(event);
    }
    assert!(matches!(last, Some(RecognitionEvent::Final(t)) if !t.text.is_empty()));
    assert_eq!(pool.overflows(), 0);
}
