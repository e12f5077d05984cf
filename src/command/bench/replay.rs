//! `spillway bench replay`: what a replay by audio costs beside its decoder.

use crate::command::replay::{Source, bar, by_hotline};
use serde::Serialize;
use spillway::audio::FRAME_MS;
use spillway::config::Config;
use spillway::dialogue::Hotline;
use spillway::engine::{EngineError, Factory, RecognitionEvent, Recognizer, StreamId};
use spillway::replay::{Job, Mode, Replayer, Runner};
use spillway::speech::RecognitionContext;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// Turns that the bare decoder is given at once, as a replay has calls at once.
const AT_ONCE: usize = 24;

/// Arguments of `spillway bench replay`.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    calls: Source,
    /// How often both are measured, in turn; the medians are told.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Audio-seconds that were heard for each second of CPU.
#[derive(Serialize)]
struct Speeds {
    hotline: String,
    calls: usize,
    audio_s: f64,
    /// Of the whole replay: reading, voice activity, dialogue, decoder.
    replay: f64,
    /// Of the decoder, fed with the same frames, pauses and ends and with nothing else.
    bare: f64,
    ratio: f64,
}

/// What a stream of the decoder was told.
enum Told {
    Audio(Vec<i16>, bool),
    Pause,
    Finish,
    Cancel,
}

/// The streams of a run, in the order in which they were opened.
#[derive(Default)]
struct Script {
    order: Vec<StreamId>,
    streams: BTreeMap<StreamId, (RecognitionContext, Vec<Told>)>,
}

type Shared = Arc<Mutex<Script>>;

/// A decoder that notes what it is told.
struct Noting {
    inner: Box<dyn Recognizer>,
    script: Shared,
}

impl Noting {
    fn note(&self, stream: StreamId, told: Told) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, all)) = script.streams.get_mut(&stream) {
            all.push(told);
        }
    }
}

impl Recognizer for Noting {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn open(&mut self, stream: StreamId, context: &RecognitionContext) -> Result<(), EngineError> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.order.push(stream);
        script.streams.insert(stream, (context.clone(), Vec::new()));
        drop(script);
        self.inner.open(stream, context)
    }

    fn audio(&mut self, stream: StreamId, samples: &[i16], voiced: bool) {
        self.note(stream, Told::Audio(samples.to_vec(), voiced));
        self.inner.audio(stream, samples, voiced);
    }

    fn pause(&mut self, stream: StreamId) {
        self.note(stream, Told::Pause);
        self.inner.pause(stream);
    }

    fn finish(&mut self, stream: StreamId) {
        self.note(stream, Told::Finish);
        self.inner.finish(stream);
    }

    fn cancel(&mut self, stream: StreamId) {
        self.note(stream, Told::Cancel);
        self.inner.cancel(stream);
    }

    fn is_due(&self, stream: StreamId) -> bool {
        self.inner.is_due(stream)
    }

    fn batch(&self) -> usize {
        self.inner.batch()
    }

    fn work(&mut self, emit: &mut dyn FnMut(StreamId, RecognitionEvent)) -> bool {
        self.inner.work(emit)
    }
}

/// Runs it.
pub fn run(config: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let config = Config::load(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let of_hotline = by_hotline(args.calls.jobs(&config, &runtime)?);
    anyhow::ensure!(!of_hotline.is_empty(), "none of the calls can be heard again");
    let mut all = Vec::new();
    for (hotline, jobs) in &of_hotline {
        all.push(speeds(&config, hotline, jobs, args.rounds.max(1))?);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("hotline       calls  audio s   replay     bare  ratio");
    for s in &all {
        let Speeds { hotline, calls, audio_s, replay, bare, ratio } = s;
        println!("{hotline:12} {calls:6} {audio_s:8.1} {replay:8.1} {bare:8.1} {ratio:6.3}");
    }
    println!("replay, bare: seconds of sound that were heard for each second of CPU (one thread)");
    Ok(ExitCode::SUCCESS)
}

fn speeds(config: &Config, name: &str, jobs: &[Job], rounds: usize) -> anyhow::Result<Speeds> {
    // What the decoder is told, from a run that is not measured; it also loads all files.
    let script = Shared::default();
    let (replayer, noted) = (Replayer::new(config.clone(), None), script.clone());
    let (loaded, _) = (jobs[0].open)()?;
    let hotline = replayer.hotline(loaded.header())?.hotline;
    let mut runner = Runner::new(config, None, Mode::Audio, 1);
    runner.engines = Some(Box::new(move |hotline: &Hotline| {
        let (script, factory) = (noted.clone(), replayer.recognizer(hotline)?.1);
        let noting = move || -> Result<Box<dyn Recognizer>, EngineError> {
            Ok(Box::new(Noting { inner: factory()?, script: script.clone() }))
        };
        Ok(Box::new(noting) as Factory)
    }));
    let bar = bar(name, "runs", 2 * rounds as u64 + 1);
    runner.run(jobs, &|_| {});
    bar.inc(1);
    let script = script.lock().unwrap_or_else(PoisonError::into_inner);
    let factory = Replayer::new(config.clone(), None).recognizer(&hotline)?.1;
    let (mut replays, mut bares) = (Vec::new(), Vec::new());
    let mut audio_s = 0.0;
    let runner = Runner::new(config, None, Mode::Audio, 1);
    // The first run of a runner loads the hotlines.
    runner.run(&jobs[..1], &|_| {});
    for _ in 0..rounds {
        let (frames, cpu) = (runner.heard_frames(), crate::command::process_cpu_s()?);
        runner.run(jobs, &|_| {});
        audio_s = (runner.heard_frames() - frames) as f64 * FRAME_MS as f64 / 1e3;
        replays.push(audio_s / (crate::command::process_cpu_s()? - cpu));
        bar.inc(1);
        let cpu = crate::command::process_cpu_s()?;
        let heard_s = decode(&mut *factory()?, &script);
        bares.push(heard_s / (crate::command::process_cpu_s()? - cpu));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let (replay, bare) = (super::median(replays), super::median(bares));
    let (hotline, calls, ratio) = (name.to_string(), jobs.len(), replay / bare);
    Ok(Speeds { hotline, calls, audio_s, replay, bare, ratio })
}

/// Feeds the streams of `script`, as many at once as a replay has calls; gives the seconds of sound
/// that were heard.
fn decode(engine: &mut dyn Recognizer, script: &Script) -> f64 {
    let mut next = script.order.iter();
    let mut open: Vec<(StreamId, std::slice::Iter<'_, Told>)> = Vec::new();
    let mut samples = 0;
    loop {
        while open.len() < AT_ONCE
            && let Some(stream) = next.next()
        {
            let (context, told) = &script.streams[stream];
            if engine.open(*stream, context).is_ok() {
                open.push((*stream, told.iter()));
            }
        }
        if open.is_empty() {
            return samples as f64 / 8e3;
        }
        open.retain_mut(|(stream, told)| {
            while !engine.is_due(*stream) {
                match told.next() {
                    Some(Told::Audio(sound, voiced)) => {
                        samples += sound.len();
                        engine.audio(*stream, sound, *voiced);
                    }
                    Some(Told::Pause) => engine.pause(*stream),
                    Some(Told::Finish) => engine.finish(*stream),
                    Some(Told::Cancel) => engine.cancel(*stream),
                    None => return false,
                }
            }
            true
        });
        engine.work(&mut |_, _| {});
    }
}
