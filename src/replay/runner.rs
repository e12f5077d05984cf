//! Many calls at once, on threads of their own: as fast as disks and engines give them.

use super::impair::{ImpairError, ImpairedLine, Impairment, babble};
use super::journal::Outcome;
use super::replayer::{ReplayError, Replayer};
use super::result::{CallResult, Mode};
use super::simulated_call::{Ear, Progress, SimulatedCall};
use super::tape::Tape;
use super::truth::CallTruth;
use crate::audio::loudness::active_level;
use crate::config::{Config, Overlay};
use crate::dialogue::Hotline;
use crate::engine::{EngineError, Factory, RecognitionEvent, Recognizer};
use crate::journal::Reader;
use crate::seal::Keys;
use crate::ticket::CallId;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Callers whose voices may be heard behind others'.
const VOICES: usize = 8;
/// Calls that one thread holds at a time, so that its engine finds enough to hear at once, and
/// finds it almost to the end of a run.
const SEATS: usize = 24;

/// Opens a call's journal, and tells what is true of the call.
pub type Open = Box<dyn Fn() -> Result<(Reader, CallTruth), ReplayError> + Send + Sync>;

/// Makes what hears the callers of a hotline.
pub type Engines = dyn Fn(&Hotline) -> Result<Factory, EngineError> + Send + Sync;

/// A call to be replayed.
pub struct Job {
    /// Where its journal is, for people.
    pub journal: PathBuf,
    /// Opens it.
    pub open: Open,
    /// Its size; 0 where that is not known. Long calls are begun first: at the end of a run their
    /// threads would be alone.
    pub bytes: u64,
}

impl Job {
    /// The call whose journal, or whose folder, is at `path`, with the `expected.toml` beside it.
    pub fn at(path: &Path, keys: Option<Arc<Keys>>) -> Job {
        let journal = path.to_path_buf();
        let open = move || {
            let reader = Reader::open(&journal, keys.as_deref())?;
            let folder = if journal.is_dir() { Some(journal.as_path()) } else { journal.parent() };
            let truth = CallTruth::in_folder(folder.unwrap_or(Path::new(".")));
            Ok((reader, truth.map_err(ReplayError::Truth)?))
        };
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        Job { journal: path.to_path_buf(), open: Box::new(open), bytes }
    }

    /// The hotline that the call came to; `None` where that cannot be read.
    pub fn hotline(&self) -> Option<String> {
        (self.open)().ok().map(|(reader, _)| reader.header().hotline.clone())
    }

    /// The name that stands for a call which cannot be read: its folder's.
    fn folder(&self) -> String {
        let folder = self.journal.parent().and_then(Path::file_name);
        let name = if self.journal.is_dir() { self.journal.file_name() } else { folder };
        name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// How the calls of a run are replayed.
pub struct Runner {
    /// The hotlines as their files are: what was recorded came to them.
    recorded: Replayer,
    /// The hotlines that the calls come to now.
    replayer: Replayer,
    mode: Mode,
    threads: usize,
    /// Makes what hears a hotline's callers, in the place of what is installed.
    pub engines: Option<Box<Engines>>,
    /// What the lines do to the callers' sound, by which seed, and the voices behind them.
    impaired: Option<(Impairment, u64, Arc<[i16]>)>,
    /// Ends the run after the calls that are being replayed.
    pub stop: Arc<AtomicBool>,
    factories: Mutex<BTreeMap<String, Arc<Factory>>>,
    frames: AtomicU64,
}

impl Runner {
    /// Replays calls to the hotlines of `config`, with `overlay` laid over them, on `threads`.
    pub fn new(config: &Config, overlay: Option<Overlay>, mode: Mode, threads: usize) -> Runner {
        let recorded = Replayer::new(config.clone(), None);
        let replayer = match overlay {
            None => recorded.clone(),
            overlay => Replayer::new(config.clone(), overlay),
        };
        Runner {
            recorded,
            replayer,
            mode,
            threads: threads.max(1),
            engines: None,
            impaired: None,
            stop: Arc::default(),
            factories: Mutex::default(),
            frames: AtomicU64::new(0),
        }
    }

    /// Whether the hotline that `job` comes to can be loaded and heard: what is wrong with it, or
    /// with an overlay, is wrong for all its calls. A call that cannot be read says nothing.
    pub fn check(&self, job: &Job) -> Result<(), ReplayError> {
        let Ok((reader, _)) = (job.open)() else { return Ok(()) };
        let hotline = self.replayer.hotline(reader.header())?.hotline;
        if self.mode == Mode::Audio {
            self.factory(&hotline)?;
        }
        Ok(())
    }

    /// Has the callers of `jobs` heard through worse lines, drawn from `seed`; those whose voices
    /// are heard behind others' are drawn from it too.
    pub fn impair(
        &mut self,
        impairment: Impairment,
        seed: u64,
        jobs: &[Job],
    ) -> Result<(), ImpairError> {
        let mut voices = Vec::new();
        if impairment.wants_babble() {
            let mut order: Vec<&Job> = jobs.iter().collect();
            order.shuffle(&mut StdRng::seed_from_u64(seed));
            let heard = order.into_iter().filter_map(|job| self.tape(job).ok());
            voices.extend(heard.map(|tape| tape.speech()).take(VOICES));
        }
        let voices: Arc<[i16]> = babble(&voices, seed).into();
        impairment.line(seed, 0.0, &voices)?;
        self.impaired = Some((impairment, seed, voices));
        Ok(())
    }

    fn tape(&self, job: &Job) -> Result<Tape, ReplayError> {
        let (reader, _) = (job.open)()?;
        let recorded = self.recorded.hotline(reader.header())?;
        Ok(Tape::read(reader, recorded.hotline)?)
    }

    /// The line of `call`, the same for it whichever other calls there are.
    fn line(&self, call: &CallId, tape: &Tape) -> Result<Option<ImpairedLine>, ImpairError> {
        let Some((impairment, seed, voices)) = &self.impaired else { return Ok(None) };
        let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(&call.0);
        let seed = digest.finalize().iter().take(8).fold(0, |s, b| s << 8 | u64::from(*b));
        impairment.line(seed, active_level(&tape.speech()), voices).map(Some)
    }

    /// Frames that engines heard so far.
    pub fn heard_frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Replays all of `jobs`; each result is told as soon as it is there, in no order.
    pub fn run(&self, jobs: &[Job], told: &(dyn Fn(CallResult) + Sync)) {
        let mut jobs: Vec<&Job> = jobs.iter().collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.bytes));
        let next = AtomicUsize::new(0);
        let take = || {
            let stopped = self.stop.load(Ordering::Relaxed);
            jobs.get(next.fetch_add(1, Ordering::Relaxed)).copied().filter(|_| !stopped)
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(jobs.len()) {
                scope.spawn(|| match self.mode {
                    Mode::Journal => {
                        while let Some(job) = take() {
                            told(self.journal(job));
                        }
                    }
                    Mode::Audio => Worker::new(self).run(&take, told),
                });
            }
        });
    }

    /// Replays a journal's inputs, and measures the call as it was.
    fn journal(&self, job: &Job) -> CallResult {
        let mut result = unread(job);
        let replayed = catch_unwind(AssertUnwindSafe(|| {
            let (reader, truth) = (job.open)()?;
            named(&mut result, &reader);
            let loaded = self.replayer.hotline(reader.header())?;
            result.language = loaded.hotline.file.language.clone();
            let again = || (job.open)().map(|(reader, _)| reader);
            self.replayer.judge(reader, again, truth)
        }));
        match replayed.unwrap_or(Err(ReplayError::BrokenOff)) {
            Ok((replayed, measures)) => {
                result.outcome = Some(replayed.outcome);
                result.hotline_changed = replayed.hotline_changed;
                result.measures = measures.map(Box::new);
            }
            Err(error) => result.error = Some(error.to_string()),
        }
        result
    }

    /// What hears the callers of `hotline`, made for one thread.
    fn engine(&self, hotline: &Hotline) -> Result<Box<dyn Recognizer>, EngineError> {
        (self.factory(hotline)?)()
    }

    /// How it is made; loaded once.
    fn factory(&self, hotline: &Hotline) -> Result<Arc<Factory>, EngineError> {
        let mut factories = self.factories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(factory) = factories.get(&hotline.name) {
            return Ok(factory.clone());
        }
        let made = match &self.engines {
            Some(engines) => engines(hotline)?,
            None => self.replayer.recognizer(hotline)?.1,
        };
        let made = Arc::new(made);
        factories.insert(hotline.name.clone(), made.clone());
        Ok(made)
    }
}

fn unread(job: &Job) -> CallResult {
    CallResult {
        call: CallId(job.folder()),
        journal: job.journal.clone(),
        hotline: String::new(),
        language: String::new(),
        outcome: None,
        hotline_changed: false,
        measures: None,
        error: None,
    }
}

fn named(result: &mut CallResult, reader: &Reader) {
    let header = reader.header();
    result.call = header.caller.call_id.clone();
    result.hotline = header.hotline.clone();
}

/// A call being heard.
struct Seat {
    result: CallResult,
    call: SimulatedCall,
    hotline: Arc<Hotline>,
}

/// One thread with its engines, by hotline, and the calls they hear.
struct Worker<'r> {
    runner: &'r Runner,
    engines: BTreeMap<String, Box<dyn Recognizer>>,
    seats: Vec<Seat>,
    streams: u64,
}

impl<'r> Worker<'r> {
    fn new(runner: &'r Runner) -> Worker<'r> {
        Worker { runner, engines: BTreeMap::new(), seats: Vec::new(), streams: 0 }
    }

    fn run<'j>(mut self, take: &dyn Fn() -> Option<&'j Job>, told: &dyn Fn(CallResult)) {
        loop {
            while self.seats.len() < SEATS
                && let Some(job) = take()
            {
                match self.seat(job) {
                    Ok(seat) => self.seats.push(seat),
                    Err(result) => told(*result),
                }
            }
            if self.seats.is_empty() {
                return;
            }
            self.advance(told);
            self.hear();
        }
    }

    /// Reads a call; its result where that cannot be done.
    fn seat(&mut self, job: &Job) -> Result<Seat, Box<CallResult>> {
        let mut result = unread(job);
        let made = catch_unwind(AssertUnwindSafe(|| self.made(job, &mut result)));
        match made.unwrap_or(Err(ReplayError::BrokenOff)) {
            Ok((call, hotline)) => Ok(Seat { result, call, hotline }),
            Err(ReplayError::NoSound) => {
                let reason = ReplayError::NoSound.to_string();
                result.outcome = Some(Outcome::NotReplayable { reason });
                Err(Box::new(result))
            }
            Err(error) => {
                result.error = Some(error.to_string());
                Err(Box::new(result))
            }
        }
    }

    fn made(
        &mut self,
        job: &Job,
        result: &mut CallResult,
    ) -> Result<(SimulatedCall, Arc<Hotline>), ReplayError> {
        let (reader, truth) = (job.open)()?;
        named(result, &reader);
        if !reader.has_sound() {
            return Err(ReplayError::NoSound);
        }
        let recorded = self.runner.recorded.hotline(reader.header())?;
        let hotline = self.runner.replayer.hotline(reader.header())?.hotline;
        result.hotline_changed = recorded.digest != reader.header().hotline_digest;
        result.language = hotline.file.language.clone();
        if !self.engines.contains_key(&hotline.name) {
            let engine = self.runner.engine(&hotline)?;
            self.engines.insert(hotline.name.clone(), engine);
        }
        let tape = Arc::new(Tape::read(reader, recorded.hotline)?);
        let line = self.runner.line(&result.call, &tape)?;
        let call = SimulatedCall::new(tape, hotline.clone(), Arc::new(truth), line);
        Ok((call, hotline))
    }

    /// Lets each call go on until it waits for its engine; those that are over leave.
    fn advance(&mut self, told: &dyn Fn(CallResult)) {
        for mut seat in std::mem::take(&mut self.seats) {
            let progress = match self.engines.get_mut(&seat.hotline.name) {
                Some(engine) => {
                    let mut ear = Ear { engine: &mut **engine, streams: &mut self.streams };
                    catch_unwind(AssertUnwindSafe(|| seat.call.advance(&mut ear))).ok()
                }
                None => None,
            };
            match progress {
                Some(Progress::Waits) => self.seats.push(seat),
                Some(Progress::Over) => {
                    self.runner.frames.fetch_add(seat.call.heard_frames(), Ordering::Relaxed);
                    let measures = Some(Box::new(seat.call.finish()));
                    told(CallResult { measures, ..seat.result });
                }
                None => {
                    let error = Some(ReplayError::BrokenOff.to_string());
                    told(CallResult { error, ..seat.result });
                }
            }
        }
    }

    /// Lets each engine work for its calls.
    fn hear(&mut self) {
        let mut broken = Vec::new();
        for (name, engine) in &mut self.engines {
            let mut seats: Vec<&mut Seat> =
                self.seats.iter_mut().filter(|s| s.hotline.name == *name).collect();
            let heard = catch_unwind(AssertUnwindSafe(|| work(&mut **engine, &mut seats)));
            if heard.is_err() {
                broken.push(name.clone());
            }
        }
        for name in broken {
            self.broke(&name);
        }
    }

    /// As in a running call: who was being heard leaves a message, and a fresh engine is made.
    fn broke(&mut self, name: &str) {
        self.engines.remove(name);
        for seat in self.seats.iter_mut().filter(|s| s.hotline.name == name) {
            seat.call.heard(RecognitionEvent::Failed("the engine broke".into()));
            if let Ok(fresh) = self.runner.engine(&seat.hotline) {
                self.engines.entry(name.into()).or_insert(fresh);
            }
        }
    }
}

/// Lets `engine` work in one go, which is quicker than call by call, as long as it is filled or
/// none of the calls on `seats` could go on without it.
fn work(engine: &mut dyn Recognizer, seats: &mut [&mut Seat]) {
    loop {
        let more = engine.work(&mut |stream, event| {
            if let Some(seat) = seats.iter_mut().find(|s| s.call.stream() == Some(stream)) {
                seat.call.heard(event);
            }
        });
        let due = seats.iter().filter(|s| s.call.waits_for(engine)).count();
        if !more || due < engine.batch() && due < seats.len() {
            return;
        }
    }
}
