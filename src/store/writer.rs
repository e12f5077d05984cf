//! The one thread that writes all calls' journals and recordings.
//!
//! A disk may stall for seconds; a call's 20 ms tick may not. So a tick only queues, and this
//! thread writes. At 200 calls it gets 10,000 frames a second. When the disk falls behind by more
//! than [`QUEUE_FRAMES_MAX`] frames (over six seconds at 200 calls, about 45 MB), further frames
//! are refused; journal lines have some room more, because words matter more than sound. What was
//! refused is counted, stands as silence in the recording and as a `lost` line in the journal, so
//! that time stays true and nobody takes the call for whole. Opening, discarding and closing
//! always pass: they are a few for each call.

use super::journal_file::JournalFile;
use super::recording::{Recording, STEREO_SAMPLES, StereoFrame};
use crate::seal::Keys;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Frames that may wait.
pub const QUEUE_FRAMES_MAX: usize = 65_536;
/// Frames and journal lines that may wait.
const QUEUE_MAX: usize = QUEUE_FRAMES_MAX + QUEUE_FRAMES_MAX / 4;

/// Of one call in the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LogId(u64);

/// The files of one call.
pub(super) struct CallFiles {
    pub(super) journal: Option<(PathBuf, JournalFile)>,
    pub(super) recording: Option<(PathBuf, Recording)>,
}

pub(super) enum Message {
    Open(LogId, CallFiles),
    Frame(LogId, Box<StereoFrame>),
    /// Frames that were refused.
    Silence(LogId, u64),
    Lines(LogId, Vec<u8>),
    Discard(LogId),
    /// The journal has its end line.
    Ended(LogId),
    Close(LogId),
    Flushed(tokio::sync::oneshot::Sender<()>),
}

/// What the writer could not do; counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterStats {
    /// Frames refused because the disk was too slow.
    pub frames_lost: u64,
    /// Journal lines refused because the disk was too slow.
    pub records_lost: u64,
    /// Files given up after an error; the log names each.
    pub files_failed: u64,
    /// Frames and lines waiting now.
    pub waiting: usize,
}

#[derive(Default)]
struct Counters {
    frames_lost: AtomicU64,
    records_lost: AtomicU64,
    files_failed: AtomicU64,
    waiting: AtomicUsize,
    next_id: AtomicU64,
}

/// The way to the writing thread; clones share it. The thread ends when the last clone and the
/// last [`super::CallLog`] are gone and everything is written.
#[derive(Clone)]
pub struct Writer {
    queue: Sender<Message>,
    counters: Arc<Counters>,
    keys: Option<Keys>,
}

impl Writer {
    /// Starts the thread. With `keys` it seals what it writes.
    pub fn start(keys: Option<Keys>) -> std::io::Result<Writer> {
        let (writer, files, messages) = Writer::new(keys);
        std::thread::Builder::new().name("call-log".into()).spawn(move || files.run(messages))?;
        Ok(writer)
    }

    fn new(keys: Option<Keys>) -> (Writer, Files, Receiver<Message>) {
        let (queue, messages) = channel();
        let counters = Arc::new(Counters::default());
        let files = Files { open: HashMap::new(), counters: counters.clone() };
        (Writer { queue, counters, keys }, files, messages)
    }

    pub(super) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// Waits until everything queued before is with the operating system.
    pub async fn flush(&self) {
        let (done, flushed) = tokio::sync::oneshot::channel();
        self.send(Message::Flushed(done));
        // An error means that the thread is gone, and then there is nothing to wait for.
        let _ = flushed.await;
    }

    /// What could not be done so far.
    pub fn stats(&self) -> WriterStats {
        WriterStats {
            frames_lost: self.counters.frames_lost.load(Ordering::Relaxed),
            records_lost: self.counters.records_lost.load(Ordering::Relaxed),
            files_failed: self.counters.files_failed.load(Ordering::Relaxed),
            waiting: self.counters.waiting.load(Ordering::Relaxed),
        }
    }

    pub(super) fn open(&self, files: CallFiles) -> LogId {
        let id = LogId(self.counters.next_id.fetch_add(1, Ordering::Relaxed));
        self.send(Message::Open(id, files));
        id
    }

    /// False when it was refused, and counted; `None` counts only.
    pub(super) fn try_frame(&self, id: LogId, frame: Option<Box<StereoFrame>>) -> bool {
        match frame.filter(|_| self.has_room()) {
            Some(frame) => {
                self.send_counted(Message::Frame(id, frame));
                true
            }
            None => {
                self.counters.frames_lost.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// How many lines were refused, and counted: none or all.
    pub(super) fn try_lines(&self, id: LogId, lines: Vec<u8>) -> u64 {
        if self.counters.waiting.load(Ordering::Relaxed) < QUEUE_MAX {
            self.send_counted(Message::Lines(id, lines));
            return 0;
        }
        let refused = lines.iter().filter(|&&b| b == b'\n').count() as u64;
        self.counters.records_lost.fetch_add(refused, Ordering::Relaxed);
        refused
    }

    /// True while frames are taken.
    pub(super) fn has_room(&self) -> bool {
        self.counters.waiting.load(Ordering::Relaxed) < QUEUE_FRAMES_MAX
    }

    /// Sends what is not counted against the bounds: a few messages for each call.
    pub(super) fn send(&self, message: Message) {
        // The thread outlives every sender, unless it panicked, which ends the recording and not
        // the call.
        let _ = self.queue.send(message);
    }

    fn send_counted(&self, message: Message) {
        self.counters.waiting.fetch_add(1, Ordering::Relaxed);
        self.send(message);
    }
}

/// The thread's side: the open files.
struct Files {
    open: HashMap<LogId, CallFiles>,
    counters: Arc<Counters>,
}

impl Files {
    fn run(mut self, messages: Receiver<Message>) {
        for message in messages {
            match message {
                Message::Open(id, files) => {
                    self.open.insert(id, files);
                }
                Message::Frame(id, frame) => {
                    self.record(id, &frame, 1);
                    self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
                }
                Message::Silence(id, frames) => self.record(id, &[0; STEREO_SAMPLES], frames),
                Message::Lines(id, lines) => {
                    self.append(id, &lines);
                    self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
                }
                Message::Discard(id) => self.discard(id),
                Message::Ended(id) => self.end(id),
                Message::Close(id) => self.close(id),
                Message::Flushed(done) => {
                    // Nobody waits any more: nothing to tell.
                    let _ = done.send(());
                }
            }
        }
    }

    fn record(&mut self, id: LogId, frame: &StereoFrame, times: u64) {
        let Some(files) = self.open.get_mut(&id) else { return };
        let Some((path, recording)) = &mut files.recording else { return };
        let result = (0..times).try_for_each(|_| recording.append(frame));
        if let Err(e) = result {
            give_up(&self.counters, path, &e);
            files.recording = None;
        }
    }

    fn append(&mut self, id: LogId, lines: &[u8]) {
        let Some(files) = self.open.get_mut(&id) else { return };
        let Some((path, journal)) = &mut files.journal else { return };
        if let Err(e) = journal.append(lines) {
            // Nothing may follow half a line: the reader forgives one only at the end.
            give_up(&self.counters, path, &e);
            files.journal = None;
        }
    }

    fn discard(&mut self, id: LogId) {
        let Some(files) = self.open.get_mut(&id) else { return };
        let Some((path, recording)) = files.recording.take() else { return };
        drop(recording);
        if let Err(e) = std::fs::remove_file(&path) {
            give_up(&self.counters, &path, &e);
        }
    }

    fn end(&mut self, id: LogId) {
        let Some(files) = self.open.get_mut(&id) else { return };
        let Some((path, journal)) = files.journal.take() else { return };
        if let Err(e) = journal.finish() {
            give_up(&self.counters, &path, &e);
        }
    }

    fn close(&mut self, id: LogId) {
        let Some(files) = self.open.remove(&id) else { return };
        let Some((path, recording)) = files.recording else { return };
        if let Err(e) = recording.finish() {
            give_up(&self.counters, &path, &e);
        }
    }
}

fn give_up(counters: &Counters, path: &std::path::Path, e: &std::io::Error) {
    counters.files_failed.fetch_add(1, Ordering::Relaxed);
    tracing::error!(
        file = %path.display(),
        reason = %e,
        "this call's file cannot be written any further; check space and permissions of data_dir"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::AudioFrame;
    use crate::call::{CallerFacts, HangupCause, Input};
    use crate::journal::{Entry, Header, Lost, Reader};
    use crate::store::{CallLog, call_dir};
    use crate::ticket::CallId;
    use crate::time::CallTime;
    use std::fs::File;
    use std::path::Path;

    fn log(writer: &Writer, data_dir: &Path, call: &str) -> CallLog {
        let caller = CallerFacts {
            call_id: CallId(call.into()),
            caller_id: String::new(),
            called: String::new(),
            entrance: "sip".into(),
            headers: vec![],
            answered_unix_ms: 0,
            form: crate::dialogue::Form::Full,
        };
        CallLog::create(writer, data_dir, &Header::new(caller, "demo", "c0ffee", "2026-01-01"))
            .unwrap()
    }

    /// Reads the call back: per frame its first sample, then what was lost and after how many.
    fn read(data_dir: &Path, call: &str) -> (Vec<i16>, Vec<(usize, Lost)>) {
        let dir = call_dir(data_dir, &CallId(call.into())).unwrap();
        let (mut frames, mut lost) = (vec![], vec![]);
        for record in Reader::open(&dir, None).unwrap() {
            match record.unwrap().entry {
                Entry::In(Input::Audio(frame)) => frames.push(frame.0[0]),
                Entry::Lost(l) => lost.push((frames.len(), l)),
                _ => {}
            }
        }
        (frames, lost)
    }

    #[test]
    fn a_stalled_disk_costs_sound_that_is_counted_and_replaced_by_silence() {
        let data = tempfile::tempdir().unwrap();
        // No thread takes from the queue yet: the disk stalls.
        let (writer, files, messages) = Writer::new(None);
        let mut first = log(&writer, data.path(), "first");
        let mut other = log(&writer, data.path(), "other");
        let frame = AudioFrame([7; crate::audio::FRAME_SAMPLES]);
        other.audio(CallTime(0), &frame, &frame);
        // A line for each 50 frames waits too.
        while writer.has_room() {
            first.audio(CallTime(0), &frame, &frame);
        }
        let kept = writer.stats().waiting;
        for _ in 0..30 {
            other.audio(CallTime(20), &frame, &frame);
        }
        // Words pass where sound does not.
        other.input(CallTime(40), &Input::Hold(true));
        let stats = writer.stats();
        assert_eq!((stats.frames_lost, stats.records_lost), (30, 0));
        assert_eq!(stats.waiting, kept + 1, "the run of frames and the key, in one");

        let thread = std::thread::spawn(move || files.run(messages));
        while writer.stats().waiting > 0 {
            std::thread::yield_now();
        }
        other.audio(CallTime(60), &frame, &frame);
        other.end(CallTime(60), HangupCause::Finished);
        first.end(CallTime(60), HangupCause::Finished);
        drop(writer);
        thread.join().unwrap();

        let (frames, lost) = read(data.path(), "other");
        let want: Vec<i16> = [vec![7], vec![0; 30], vec![7]].concat();
        assert_eq!(frames, want, "time stays true");
        assert_eq!(lost, [(31, Lost { frames: 30, records: 0 })]);
        let (frames, lost) = read(data.path(), "first");
        assert!(frames.len() > QUEUE_FRAMES_MAX * 9 / 10 && frames.iter().all(|&f| f == 7));
        assert_eq!(lost, []);
    }

    #[test]
    fn lines_too_are_bounded_and_what_was_refused_is_told() {
        let data = tempfile::tempdir().unwrap();
        let (writer, files, messages) = Writer::new(None);
        let mut log = log(&writer, data.path(), "first");
        for n in 0..QUEUE_MAX as u64 + 30 {
            log.input(CallTime(n), &Input::Timeout);
        }
        assert_eq!((writer.stats().waiting, writer.stats().records_lost), (QUEUE_MAX, 30));
        let thread = std::thread::spawn(move || files.run(messages));
        while writer.stats().waiting > 0 {
            std::thread::yield_now();
        }
        log.end(CallTime(100_000), HangupCause::Finished);
        drop(writer);
        thread.join().unwrap();
        let (_, lost) = read(data.path(), "first");
        assert_eq!(lost, [(0, Lost { frames: 0, records: 30 })]);
    }

    #[test]
    fn a_file_that_fails_is_given_up_and_counted_once() {
        let data = tempfile::tempdir().unwrap();
        let (writer, mut files, _messages) = Writer::new(None);
        // A file that takes no writing: opened for reading only.
        let path = data.path().join("journal.jsonl");
        std::fs::write(&path, "").unwrap();
        let journal = Some((path.clone(), JournalFile::Plain(File::open(&path).unwrap())));
        files.open.insert(LogId(0), CallFiles { journal, recording: None });
        files.append(LogId(0), b"{}\n");
        files.append(LogId(0), b"{}\n");
        assert_eq!(writer.stats().files_failed, 1);
    }
}
