//! A recogniser fed as a call feeds it, on a clock of its own.

use crate::audio::{AudioFrame, FRAME_MS, FRAME_SAMPLES};
use crate::engine::{RecognitionEvent, Recognizer, StreamId};
use crate::speech::{
    Endpoint, Endpointer, Patience, RecognitionContext, Transcript, VoiceActivity,
};
use crate::time::MediaTime;
use std::time::{Duration, Instant};

/// Silence behind each recording.
pub const TRAILING_SILENCE_MS: usize = 700;
/// A final that takes longer than this will not come.
const FINAL_TIMEOUT: Duration = Duration::from_secs(120);

/// What came of one recording.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// The final transcript; empty when the engine failed.
    pub transcript: Transcript,
    /// The engine's words when it failed.
    pub failed: Option<String>,
    /// How many interim transcripts came before.
    pub interims: usize,
    /// Milliseconds from the end of the silence to the final transcript, as a caller alone on
    /// one engine thread would have waited.
    pub final_ms: f64,
    /// Seconds of CPU the thread spent.
    pub cpu_s: f64,
}

/// Feeds `samples` (8 kHz) and 0.7 s of silence in 20 ms frames as one turn.
///
/// Nobody waits for the frames to pass: each frame has its time of arrival, the engine's real
/// computing time is laid on that clock one piece after the other as one thread would have done
/// it, and so the final's delay comes out as it would live.
pub fn listen(
    engine: &mut dyn Recognizer,
    stream: StreamId,
    context: &RecognitionContext,
    samples: &[i16],
) -> Heard {
    let mut heard = Heard::default();
    let cpu = thread_cpu_s();
    let opened = Instant::now();
    if let Err(e) = engine.open(stream, context) {
        heard.failed = Some(e.to_string());
        return heard;
    }
    let mut busy_until_ms = opened.elapsed().as_secs_f64() * 1e3;
    let mut done = false;
    let mut vad = VoiceActivity::new();
    let mut endpointer = Endpointer::new();
    // The turn is to end with the recording, not before.
    let patience = Patience { silence_ms: 600_000, speech_ms_max: 600_000, adapts: false };
    let silence = [0; TRAILING_SILENCE_MS * 8];
    let all: Vec<i16> = samples.iter().chain(&silence).copied().collect();
    let mut arrival_ms = 0.0;
    for (index, samples) in all.chunks(FRAME_SAMPLES).enumerate() {
        let frame = AudioFrame::padded(samples);
        let voiced = vad.is_voiced(&frame);
        let end = MediaTime(((index + 1) * FRAME_SAMPLES) as u64);
        arrival_ms = (index as f64 + 1.0) * FRAME_MS as f64;
        let started = Instant::now();
        engine.audio(stream, frame.samples(), voiced);
        if endpointer.frame(end, voiced, patience) == Endpoint::Paused {
            engine.pause(stream);
        }
        done |= work(engine, stream, &mut heard);
        busy_until_ms = arrival_ms.max(busy_until_ms) + started.elapsed().as_secs_f64() * 1e3;
    }
    let started = Instant::now();
    engine.finish(stream);
    while !done && started.elapsed() < FINAL_TIMEOUT {
        done = work(engine, stream, &mut heard);
    }
    if !done {
        heard.failed = Some("no final transcript came".into());
    }
    busy_until_ms = arrival_ms.max(busy_until_ms) + started.elapsed().as_secs_f64() * 1e3;
    heard.final_ms = busy_until_ms - arrival_ms;
    heard.cpu_s = thread_cpu_s() - cpu;
    heard
}

/// Lets the engine do all it has to do; true when the stream's last word came.
fn work(engine: &mut dyn Recognizer, stream: StreamId, heard: &mut Heard) -> bool {
    let mut done = false;
    let mut emit = |of: StreamId, event: RecognitionEvent| {
        if of != stream {
            return;
        }
        match event {
            RecognitionEvent::Interim(_) => heard.interims += 1,
            RecognitionEvent::Final(words) => (heard.transcript, done) = (words, true),
            RecognitionEvent::Failed(reason) => (heard.failed, done) = (Some(reason), true),
        }
    };
    while engine.work(&mut emit) {}
    done
}

/// Seconds of CPU this thread has used, from the kernel's scheduler statistics; where there are
/// none, wall time since the first call.
fn thread_cpu_s() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match statistics.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()) {
        Some(ns) => ns / 1e9,
        None => START.get_or_init(Instant::now).elapsed().as_secs_f64(),
    }
}
