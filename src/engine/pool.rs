//! Threads and bounded queues around [`Recognizer`]s.

use super::queue_delay::QueueDelay;
use super::{EngineError, RecognitionEvent, Recognizer, StreamId};
use crate::speech::RecognitionContext;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;

/// Commands that wait in front of one worker before audio is refused: 2.5 s of 200 callers.
const QUEUE_COMMANDS: usize = 200 * 125;
/// How long a worker with nothing to compute gathers callers' frames before it looks at them.
const GATHER: Duration = Duration::from_millis(10);

enum Command {
    Open(StreamId, RecognitionContext, Sender<RecognitionEvent>),
    Audio(StreamId, Vec<i16>, bool),
    Pause(StreamId),
    Finish(StreamId),
    Cancel(StreamId),
}

struct Worker {
    commands: SyncSender<Command>,
    open: Arc<AtomicUsize>,
    delay_us: Arc<AtomicU64>,
}

/// Workers of one engine, each a thread with its own [`Recognizer`]; a stream stays with the
/// worker that had the fewest when it was opened.
pub struct RecognizerPool {
    name: &'static str,
    workers: Vec<Worker>,
    next: AtomicU64,
    overflows: Arc<AtomicU64>,
}

/// One open stream. Dropping it cancels the stream.
pub struct Recognition {
    name: &'static str,
    stream: StreamId,
    commands: SyncSender<Command>,
    overflows: Arc<AtomicU64>,
    finished: bool,
}

type Factory = dyn Fn() -> Result<Box<dyn Recognizer>, EngineError> + Send + Sync;

impl RecognizerPool {
    /// Starts `workers` threads, each with a recogniser made on that thread by `factory`; waits
    /// until all are loaded. After a panic a worker makes itself a new recogniser.
    pub fn start(
        name: &'static str,
        workers: usize,
        factory: impl Fn() -> Result<Box<dyn Recognizer>, EngineError> + Send + Sync + 'static,
    ) -> Result<RecognizerPool, EngineError> {
        let factory: Arc<Factory> = Arc::new(factory);
        let mut pool = Vec::new();
        for index in 0..workers.max(1) {
            let (commands, inbox) = sync_channel(QUEUE_COMMANDS);
            let (loaded, ready) = sync_channel(1);
            let open = Arc::new(AtomicUsize::new(0));
            let delay_us = Arc::<AtomicU64>::default();
            let (factory, counter, told) = (factory.clone(), open.clone(), delay_us.clone());
            std::thread::Builder::new()
                .name(format!("{name}-{index}"))
                .spawn(move || run(name, &*factory, &inbox, &counter, told, &loaded))
                .map_err(|e| EngineError::Broken { engine: name, reason: e.to_string() })?;
            ready.recv().unwrap_or(Err(EngineError::Broken {
                engine: name,
                reason: "its worker ended while loading".into(),
            }))?;
            pool.push(Worker { commands, open, delay_us });
        }
        Ok(RecognizerPool {
            name,
            workers: pool,
            next: AtomicU64::new(1),
            overflows: Arc::default(),
        })
    }

    /// The engine's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many threads it has.
    pub fn workers(&self) -> usize {
        self.workers.len()
    }

    /// How many commands were refused because a queue was full.
    pub fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// How long streams wait while others are computed: the mean of the last ten seconds, of the
    /// worker where it is longest.
    pub fn queue_delay(&self) -> Duration {
        let delays = self.workers.iter().map(|w| w.delay_us.load(Ordering::Relaxed));
        Duration::from_micros(delays.max().unwrap_or(0))
    }

    /// Opens a stream; its events go to `events`.
    pub fn open(
        &self,
        context: RecognitionContext,
        events: Sender<RecognitionEvent>,
    ) -> Result<Recognition, EngineError> {
        let worker = self.workers.iter().min_by_key(|w| w.open.load(Ordering::Relaxed));
        let worker = worker.ok_or(EngineError::Overflow(self.name))?;
        let stream = StreamId(self.next.fetch_add(1, Ordering::Relaxed));
        let recognition = Recognition {
            name: self.name,
            stream,
            commands: worker.commands.clone(),
            overflows: self.overflows.clone(),
            finished: false,
        };
        worker.open.fetch_add(1, Ordering::Relaxed);
        if let Err(e) = recognition.send(Command::Open(stream, context, events)) {
            worker.open.fetch_sub(1, Ordering::Relaxed);
            return Err(e);
        }
        Ok(recognition)
    }
}

impl Recognition {
    fn send(&self, command: Command) -> Result<(), EngineError> {
        self.commands.try_send(command).map_err(|e| match e {
            TrySendError::Full(_) => {
                self.overflows.fetch_add(1, Ordering::Relaxed);
                EngineError::Overflow(self.name)
            }
            TrySendError::Disconnected(_) => {
                EngineError::Broken { engine: self.name, reason: "its worker has ended".into() }
            }
        })
    }

    /// The next samples at 8 kHz, without waiting.
    pub fn audio(&self, samples: &[i16], voiced: bool) -> Result<(), EngineError> {
        self.send(Command::Audio(self.stream, samples.to_vec(), voiced))
    }

    /// The caller paused; see [`Recognizer::pause`].
    pub fn pause(&self) -> Result<(), EngineError> {
        self.send(Command::Pause(self.stream))
    }

    /// No more samples; the final transcript comes as an event.
    pub fn finish(mut self) -> Result<(), EngineError> {
        self.finished = true;
        self.send(Command::Finish(self.stream))
    }
}

impl Drop for Recognition {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.commands.try_send(Command::Cancel(self.stream));
        }
    }
}

/// The streams of one worker and where their events go.
struct Desk<'a> {
    senders: HashMap<StreamId, Sender<RecognitionEvent>>,
    open: &'a AtomicUsize,
}

impl Desk<'_> {
    fn close(&mut self, stream: StreamId) -> Option<Sender<RecognitionEvent>> {
        let sender = self.senders.remove(&stream)?;
        self.open.fetch_sub(1, Ordering::Relaxed);
        Some(sender)
    }

    /// Interims may be dropped when a call is slow to read them; a final must arrive.
    fn emit(&mut self, stream: StreamId, event: RecognitionEvent) {
        if let RecognitionEvent::Interim(_) = event {
            if let Some(sender) = self.senders.get(&stream) {
                let _ = sender.try_send(event);
            }
        } else if let Some(sender) = self.close(stream) {
            let _ = sender.blocking_send(event);
        }
    }

    fn fail_all(&mut self, reason: &str) {
        let streams: Vec<StreamId> = self.senders.keys().copied().collect();
        for stream in streams {
            self.emit(stream, RecognitionEvent::Failed(reason.to_string()));
        }
    }

    fn handle(&mut self, engine: &mut dyn Recognizer, command: Command) {
        match command {
            Command::Open(stream, context, sender) => {
                self.senders.insert(stream, sender);
                if let Err(e) = engine.open(stream, &context) {
                    self.emit(stream, RecognitionEvent::Failed(e.to_string()));
                }
            }
            Command::Audio(s, samples, voiced) if self.senders.contains_key(&s) => {
                engine.audio(s, &samples, voiced);
            }
            Command::Pause(s) if self.senders.contains_key(&s) => engine.pause(s),
            Command::Finish(s) if self.senders.contains_key(&s) => engine.finish(s),
            Command::Cancel(s) if self.close(s).is_some() => engine.cancel(s),
            _ => {}
        }
    }
}

fn run(
    name: &'static str,
    factory: &Factory,
    inbox: &Receiver<Command>,
    open: &AtomicUsize,
    delay_us: Arc<AtomicU64>,
    loaded: &SyncSender<Result<(), EngineError>>,
) {
    let mut engine = match factory() {
        Ok(engine) => engine,
        Err(e) => {
            let _ = loaded.send(Err(e));
            return;
        }
    };
    let _ = loaded.send(Ok(()));
    let mut desk = Desk { senders: HashMap::new(), open };
    let mut delay = QueueDelay::new(Instant::now(), delay_us);
    loop {
        let turn = catch_unwind(AssertUnwindSafe(|| {
            serve(&mut *engine, &mut desk, inbox, &mut delay);
        }));
        if turn.is_ok() {
            return;
        }
        tracing::error!(engine = name, "worker panicked; starting a fresh recogniser");
        desk.fail_all("the engine broke");
        match factory() {
            Ok(fresh) => engine = fresh,
            Err(e) => {
                tracing::error!(engine = name, error = %e, "no fresh recogniser");
                return;
            }
        }
    }
}

/// Serves until every handle is gone.
fn serve(
    engine: &mut dyn Recognizer,
    desk: &mut Desk<'_>,
    inbox: &Receiver<Command>,
    delay: &mut QueueDelay,
) {
    let mut busy = false;
    loop {
        if busy {
            while let Ok(command) = inbox.try_recv() {
                desk.handle(engine, command);
            }
        } else {
            let Ok(command) = inbox.recv() else { return };
            desk.handle(engine, command);
            let until = Instant::now() + GATHER;
            loop {
                let left = until.saturating_duration_since(Instant::now());
                match inbox.recv_timeout(left) {
                    Ok(command) => desk.handle(engine, command),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            delay.rested(Instant::now());
        }
        busy = engine.work(&mut |stream, event| desk.emit(stream, event));
        let (mut longest, mut all) = (0, 0);
        for steps in desk.senders.keys().map(|stream| engine.steps_due(*stream)) {
            (longest, all) = (steps.max(longest), all + steps);
        }
        delay.computed(Instant::now(), longest.max(all.div_ceil(engine.batch())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scripted::{Line, Scripted};
    use crate::speech::{Expectation, Transcript};
    use std::sync::Mutex;

    fn open(pool: &RecognizerPool) -> (Recognition, tokio::sync::mpsc::Receiver<RecognitionEvent>) {
        let (events, receiver) = tokio::sync::mpsc::channel(8);
        let (language, expectation) = ("en".to_string(), Expectation::Open);
        let context = RecognitionContext { language, expectation, phrases: Vec::new().into() };
        (pool.open(context, events).unwrap(), receiver)
    }

    /// A panic fails the streams of its worker, and the next stream is served by a fresh engine.
    #[test]
    fn a_panic_is_contained() {
        let say = |text: &str| Line::Say(Transcript::plain(text, 1.0));
        let script = Arc::new(Mutex::new([say("one"), Line::Panic, say("two")].into()));
        let made = Arc::new(AtomicUsize::new(0));
        let counter = made.clone();
        let pool = RecognizerPool::start("scripted", 1, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Scripted::new(script.clone())))
        })
        .unwrap();
        let mut events = Vec::new();
        for _ in 0..3 {
            let (stream, mut receiver) = open(&pool);
            stream.audio(&[0; 160], true).unwrap();
            stream.finish().unwrap();
            events.extend(receiver.blocking_recv());
        }
        assert_eq!(events[0], RecognitionEvent::Final(Transcript::plain("one", 1.0)));
        assert!(matches!(events[1], RecognitionEvent::Failed(_)), "{events:?}");
        assert_eq!(events[2], RecognitionEvent::Final(Transcript::plain("two", 1.0)));
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }
}
