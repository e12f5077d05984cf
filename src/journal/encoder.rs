//! From what happens in a call to the journal's lines.

use super::{Ending, Header, Line, Lost, RUN_FRAMES_MAX};
use crate::audio::FRAME_MS;
use crate::call::{Input, Output};
use crate::time::CallTime;
use serde::Serialize;

/// Turns a call's inputs and outputs into lines; does no IO.
///
/// Each method appends whole lines, each with its line feed, to `lines`; often none.
#[derive(Debug, Default)]
pub struct Encoder {
    run: Vec<CallTime>,
    timeout: Option<Option<CallTime>>,
}

impl Encoder {
    /// The first line.
    pub fn header(&mut self, header: &Header, lines: &mut Vec<u8>) {
        append(header, lines);
    }

    /// An [`Input::Audio`] at `now`; its samples go to the recording.
    pub fn audio(&mut self, now: CallTime, lines: &mut Vec<u8>) {
        self.run.push(now);
        if self.run.len() == RUN_FRAMES_MAX {
            self.end_run(lines);
        }
    }

    /// An input at `now`.
    pub fn input(&mut self, now: CallTime, input: &Input, lines: &mut Vec<u8>) {
        if let Input::Audio(_) = input {
            return self.audio(now, lines);
        }
        self.end_run(lines);
        append(&Line::<_, &Output> { input: Some(input), ..Line::at(now) }, lines);
    }

    /// An output of the last input; repeated timeouts are left out.
    pub fn output(&mut self, now: CallTime, output: &Output, lines: &mut Vec<u8>) {
        if let Output::Timeout(at) = output {
            if self.timeout == Some(*at) {
                return;
            }
            self.timeout = Some(*at);
        }
        self.end_run(lines);
        append(&Line::<&Input, _> { output: Some(output), ..Line::at(now) }, lines);
    }

    /// Something could not be kept before `now`.
    pub fn lost(&mut self, now: CallTime, lost: Lost, lines: &mut Vec<u8>) {
        self.end_run(lines);
        append(&Line::<&Input, &Output> { lost: Some(lost), ..Line::at(now) }, lines);
    }

    /// The last line.
    pub fn end(&mut self, now: CallTime, ending: Ending, lines: &mut Vec<u8>) {
        self.end_run(lines);
        append(&Line::<&Input, &Output> { end: Some(ending), ..Line::at(now) }, lines);
    }

    fn end_run(&mut self, lines: &mut Vec<u8>) {
        let Some(&first) = self.run.first() else { return };
        let mut steps: Vec<u64> = self.run.windows(2).map(|w| w[1].since(w[0])).collect();
        if steps.iter().all(|&step| step == FRAME_MS) {
            steps.clear();
        }
        let audio = Some(self.run.len());
        append(&Line::<&Input, &Output> { audio, steps, ..Line::at(first) }, lines);
        self.run.clear();
    }
}

fn append<T: Serialize>(line: &T, lines: &mut Vec<u8>) {
    let before = lines.len();
    match serde_json::to_writer(&mut *lines, line) {
        Ok(()) => lines.push(b'\n'),
        // Nothing in these types can fail to be written as JSON into memory.
        Err(_) => lines.truncate(before),
    }
}
