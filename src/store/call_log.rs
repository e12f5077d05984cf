//! One call's journal and recording, as the call's task sees them.

use super::journal_file::JournalFile;
use super::recording::{Recording, interleaved};
use super::writer::{CallFiles, LogId, Message, Writer};
use super::{StoreError, data_dir};
use crate::audio::AudioFrame;
use crate::call::{HangupCause, Input, Output};
use crate::journal::{Encoder, Ending, Header, Lost};
use crate::time::CallTime;
use std::path::Path;

/// Writes down one call. Apart from [`CallLog::create`] nothing here waits for the disk.
///
/// For the journal to replay, the order must be the call's own: an input is logged before
/// `Call::handle` gets it, then each output of the drain, [`Output::Timeout`] included; frames go
/// through [`CallLog::audio`], one for each [`Input::Audio`]. Dropped without [`CallLog::end`] the
/// journal stays without an end, and [`super::recover`] treats the call as cut off.
pub struct CallLog {
    writer: Writer,
    id: LogId,
    encoder: Encoder,
    recording: bool,
    lost: Lost,
}

impl CallLog {
    /// Makes the call's folder under `data_dir`, its journal with `header` in it, and its
    /// recording. Waits for the disk (a few small files): not for a media tick.
    pub fn create(
        writer: &Writer,
        data_dir: &Path,
        header: &Header,
    ) -> Result<CallLog, StoreError> {
        let dir = data_dir::call_dir(data_dir, &header.caller.call_id)?;
        data_dir::make_dir(&dir)?;
        let mut encoder = Encoder::default();
        let mut first = Vec::new();
        encoder.header(header, &mut first);
        let call = &header.caller.call_id;
        let (path, mut journal) = JournalFile::create(&dir, writer.keys(), call)?;
        journal.append(&first).map_err(|e| StoreError::io(&path, &e))?;
        let journal = Some((path, journal));
        let recording = Some(Recording::create(&dir, writer.keys(), call)?);
        let id = writer.open(CallFiles { journal, recording });
        let lost = Lost::default();
        Ok(CallLog { writer: writer.clone(), id, encoder, recording: true, lost })
    }

    /// One tick: the caller's frame, which is the next [`Input::Audio`], and what the bot said in
    /// the same 20 ms.
    pub fn audio(&mut self, now: CallTime, caller: &AudioFrame, bot: &AudioFrame) {
        self.tell_lost(now);
        let mut lines = Vec::new();
        if self.recording {
            // While something is untold, order forbids to send more.
            let frame = (self.lost.frames == 0).then(|| interleaved(caller, bot));
            if !self.writer.try_frame(self.id, frame) {
                self.lost.frames += 1;
            }
        }
        self.encoder.audio(now, &mut lines);
        self.send(lines);
    }

    /// An input other than audio.
    pub fn input(&mut self, now: CallTime, input: &Input) {
        if let Input::Audio(caller) = input {
            return self.audio(now, caller, &AudioFrame::SILENCE);
        }
        self.tell_lost(now);
        let mut lines = Vec::new();
        self.encoder.input(now, input, &mut lines);
        self.send(lines);
    }

    /// An output of the last input. [`Output::DiscardRecording`] is obeyed here.
    pub fn output(&mut self, now: CallTime, output: &Output) {
        let mut lines = Vec::new();
        self.encoder.output(now, output, &mut lines);
        self.send(lines);
        if let Output::DiscardRecording = output {
            self.discard_recording();
        }
    }

    /// Removes the sound recorded so far and records none from here on. The journal goes on: it
    /// has the words, as the ticket has.
    pub fn discard_recording(&mut self) {
        self.recording = false;
        self.writer.send(Message::Discard(self.id));
    }

    /// The call is over; the files are completed.
    pub fn end(mut self, now: CallTime, cause: HangupCause) {
        self.tell_lost(now);
        let mut lines = Vec::new();
        self.encoder.end(now, Ending::Hangup(cause), &mut lines);
        let refused = self.lost.records;
        self.send(lines);
        if self.lost.records == refused {
            self.writer.send(Message::Ended(self.id));
        }
    }

    /// Once there is room again, says what was lost, before anything else is written.
    fn tell_lost(&mut self, now: CallTime) {
        if self.lost == Lost::default() || !self.writer.has_room() {
            return;
        }
        let lost = std::mem::take(&mut self.lost);
        if self.recording && lost.frames > 0 {
            self.writer.send(Message::Silence(self.id, lost.frames));
        }
        let mut lines = Vec::new();
        self.encoder.lost(now, lost, &mut lines);
        self.send(lines);
    }

    fn send(&mut self, lines: Vec<u8>) {
        if !lines.is_empty() {
            self.lost.records += self.writer.try_lines(self.id, lines);
        }
    }
}

impl Drop for CallLog {
    fn drop(&mut self) {
        self.writer.send(Message::Close(self.id));
    }
}
