//! A whole call of the demonstration hotline without sockets, engines or waiting: the real
//! detector and dialogue, and a caller who answers each question with a second of voice.

use spillway::audio::AudioFrame;
use spillway::call::{Call, HangupCause, Input, Output};
use spillway::config::LoadedHotline;
use spillway::journal::Header;
use spillway::replay::Replayable;
use spillway::speech::Transcript;
use spillway::store::{CallLog, Writer};
use spillway::ticket::{Ticket, TicketNumber};
use spillway::time::CallTime;
use std::collections::VecDeque;
use std::path::Path;

/// What `live` does with a call; gives the outputs.
pub fn run_live<C: Replayable>(
    log: &mut CallLog,
    call: &mut C,
    now: CallTime,
    input: Input,
) -> Vec<Output> {
    match &input {
        Input::Audio(frame) => log.audio(now, frame, &AudioFrame::SILENCE),
        input => log.input(now, input),
    }
    call.handle(now, input);
    let mut outputs = Vec::new();
    loop {
        let output = call.poll();
        log.output(now, &output);
        outputs.push(output);
        if let Some(Output::Timeout(_)) = outputs.last() {
            return outputs;
        }
    }
}

/// Records the call of `header` on `hotline` in `data_dir`; gives its ticket and how long it took.
pub async fn record_call(
    data_dir: &Path,
    hotline: &LoadedHotline,
    header: &Header,
    answers: &[&'static str],
) -> (Ticket, CallTime) {
    let writer = Writer::start(None).expect("a thread");
    let mut log = CallLog::create(&writer, data_dir, header).expect("a call");
    let mut call = Call::new(hotline.hotline.clone(), header.caller.clone());
    let answers = answers.iter().copied().collect();
    let mut caller = Caller { answers, due: VecDeque::new(), voice: 0, over: false };
    let step = |log: &mut CallLog, call: &mut Call, caller: &mut Caller, now, input| {
        let outputs = run_live(log, call, now, input);
        caller.react(now, outputs);
    };
    step(&mut log, &mut call, &mut caller, CallTime(0), Input::Answered);
    let mut now = CallTime(0);
    for n in 1..6_000_u64 {
        now = CallTime(20 * n);
        while let Some((_, input)) = caller.due.pop_front_if(|(at, _)| *at <= now) {
            let answers = matches!(input, Input::PromptFinished { .. });
            step(&mut log, &mut call, &mut caller, now, input);
            if answers {
                caller.voice = 50;
            }
        }
        let frame = caller.frame(n);
        step(&mut log, &mut call, &mut caller, now, Input::Audio(frame));
        if caller.over {
            break;
        }
    }
    assert!(caller.over, "no end by {now:?}");
    log.end(now, HangupCause::Finished);
    writer.flush().await;
    (call.ticket().clone(), now)
}

/// A caller who answers each question with a second of voice and these words.
struct Caller {
    answers: VecDeque<&'static str>,
    /// Inputs due, soonest first.
    due: VecDeque<(CallTime, Input)>,
    /// Frames of voice still to come, and of silence before the next.
    voice: u32,
    over: bool,
}

impl Caller {
    fn react(&mut self, now: CallTime, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Play { play, .. } => {
                    self.due.push_back((now + 400, Input::PromptFinished { play }));
                }
                Output::EndOfSpeech { turn } => {
                    let text = self.answers.pop_front().unwrap_or_default();
                    let transcript = Transcript::plain(text, 0.83);
                    self.due.push_back((now + 30, Input::Final { turn, transcript }));
                }
                Output::SaveTicket(ticket) => {
                    let (number, revision) = (TicketNumber(1), ticket.revision);
                    self.due.push_back((
                        now + 7,
                        Input::TicketSaved { number, revision, by: None, earlier: None },
                    ));
                }
                Output::Hangup(_) => self.over = true,
                _ => {}
            }
        }
        self.due.make_contiguous().sort_by_key(|(at, _)| *at);
    }

    /// A vowel of 150 Hz with two formants, or the line's hum.
    fn frame(&mut self, n: u64) -> AudioFrame {
        let voiced = self.voice > 0;
        self.voice = self.voice.saturating_sub(1);
        AudioFrame(std::array::from_fn(|i| {
            let t = (n * 160 + i as u64) as f64 / 8_000.0;
            let wave = |hz: f64| (std::f64::consts::TAU * hz * t).sin();
            let vowel: f64 = (1..14)
                .map(|k| 150.0 * f64::from(k))
                .map(|hz| wave(hz) / (1.0 + ((hz - 700.0) / 200.0).powi(2)))
                .sum();
            let loudness = if voiced { 6_000.0 } else { 0.0 };
            (vowel * loudness + 20.0 * wave(50.0)) as i16
        }))
    }
}
