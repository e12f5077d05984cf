//! The running server: entrances, admission, engines, orderly start and stop.

use super::admission::Admission;
use super::board::{Board, RunningCall};
use super::call_task::CallTask;
use super::clock::{now, unix_ms};
use super::doorway::{Doorway, Load};
use super::ear::Ear;
use super::feed::Feed;
use super::filing::Filing;
use super::keeper;
use super::media_clock::MediaClock;
use super::metrics::Metrics;
use super::switchboard::Switchboard;
use super::tickets::TicketDesk;
use super::witness::Witness;
use crate::call::{CallerFacts, HangupCause, Sound};
use crate::config::{Config, ConfigError, LoadedHotline, RecognizerChoice};
use crate::dialogue::Form;
use crate::engine::announcer::Announcer;
use crate::engine::{EngineError, RecognizerPool, recognizer_for};
use crate::journal::Header;
use crate::leg::Leg;
use crate::media::{AudioSocketCall, AudioSocketListener, MediaError};
use crate::sip::{IncomingCall, SipError, SipServer};
use crate::store::{
    Archive, ArchiveError, CallLog, DataDirLock, Spool, StoreError, StoreOptions, TicketStore,
    Writer, recover,
};
use crate::ticket::CallId;
use crate::webhook;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long running calls may go on after the first signal to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// Announcement and consent: what every call begins with.
const FIRST_PROMPTS: usize = 3;
/// How long they may take to be spoken before calls are answered.
const WARM_UP: Duration = Duration::from_secs(60);

/// One in so many lines is for callers alone.
const CALLERS_OWN: usize = 10;

/// How long a start waits for a database that cannot be reached yet, and how often it tries.
const DATABASE_WAIT: Duration = Duration::from_secs(60);
const DATABASE_RETRY: Duration = Duration::from_secs(5);

/// Why the server did not start; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A hotline's file says what cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Tickets, recordings or journals cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A recogniser or voice is missing or broken.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// SIP cannot be served.
    #[error(transparent)]
    Sip(#[from] SipError),
    /// AudioSocket cannot be served.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The place of recordings, or the keys they are encrypted with, cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The system refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The engines of one server, made before it starts so that tests may script them.
pub struct Engines {
    /// Hears the hotline's language; `None` where callers leave messages only.
    pub recognizer: Option<Arc<RecognizerPool>>,
    /// Speaks it.
    pub announcer: Arc<Announcer>,
}

impl Engines {
    /// Loads what `config` asks for and warms it up: the first caller waits for nothing.
    pub fn load(config: &Config, hotline: &LoadedHotline) -> Result<Engines, EngineError> {
        let file = &hotline.hotline.file;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if config.engines.workers == 0 { cores } else { config.engines.workers };
        let recognizer = match config.engines.recognizer {
            RecognizerChoice::None => None,
            RecognizerChoice::Auto => {
                let pool = recognizer_for(&file.language, &config.models_dir, workers)?;
                tracing::info!(engine = pool.name(), workers, "recogniser ready");
                Some(Arc::new(pool))
            }
        };
        let announcer = Announcer::start(&config.models_dir, &config.prompts_dir)?;
        let sound = |prompt: crate::dialogue::Prompt| Sound::Prompt {
            name: prompt.name,
            language: file.language.clone(),
            text: prompt.text,
        };
        let fixed: Vec<Sound> = hotline.hotline.fixed_prompts().into_iter().map(sound).collect();
        // The first caller's first words must be there; the others are spoken meanwhile.
        let (first, rest) = fixed.split_at(fixed.len().min(FIRST_PROMPTS));
        announcer.keep(first);
        if !announcer.settle(WARM_UP) {
            tracing::warn!("the first prompts are not spoken yet; calls are answered anyway");
        }
        announcer.keep(rest);
        Ok(Engines { recognizer, announcer: Arc::new(announcer) })
    }
}

/// What every call shares.
pub(super) struct House {
    config: Config,
    hotline: LoadedHotline,
    engines: Engines,
    store: TicketStore,
    spool: Spool,
    archive: Archive,
    feed: Feed,
    switchboard: Switchboard,
    board: Board,
    writer: Writer,
    filing: Filing,
    lines: Arc<Semaphore>,
    admission: Admission,
    media: MediaClock,
    metrics: Arc<Metrics>,
    calls: TaskTracker,
    stop: CancellationToken,
}

/// A server that answers calls.
pub struct Server {
    house: Arc<House>,
    sip: SipServer,
    audiosocket: Option<AudioSocketListener>,
    _lock: DataDirLock,
}

impl Server {
    /// Opens the store, recovers what a killed process left, and binds the entrances.
    pub async fn start(
        config: Config,
        hotline: LoadedHotline,
        engines: Engines,
    ) -> Result<Server, StartError> {
        let lock = DataDirLock::take(&config.data_dir)?;
        let archive = Archive::of(&config)?;
        let store = open_store(&StoreOptions::of(&config)?).await?;
        let report =
            recover(&config.data_dir, &store, &hotline.hotline, archive.keys(), unix_ms()).await?;
        for call in &report.recovered {
            let sound_ms = call.sound_ms;
            tracing::warn!(call = %call.call_id, sound_ms, "recovered a cut-off call");
        }
        for problem in &report.problems {
            tracing::error!("{problem}");
        }
        let spool = Spool::open(&config.data_dir)?;
        let sip = SipServer::bind(config.sip.clone()).await?;
        let switchboard = Switchboard::open(&config.callback_line, &config.sip).await?;
        let audiosocket = match config.audiosocket.listen {
            Some(addr) => {
                Some(AudioSocketListener::bind(addr, config.audiosocket.allow.clone()).await?)
            }
            None => None,
        };
        let writer = Writer::start(archive.keys().cloned())?;
        let filing = Filing::open(archive.clone(), store.clone(), &config.recordings).await?;
        let metrics = Arc::new(Metrics::new());
        let house = House {
            lines: Arc::new(Semaphore::new(config.limits.calls_max)),
            admission: Admission::new(config.limits.calls_max, Instant::now()),
            media: MediaClock::start(metrics.clone())?,
            metrics,
            config,
            hotline,
            engines,
            store,
            spool,
            archive,
            feed: Feed::default(),
            switchboard,
            board: Board::default(),
            writer,
            filing,
            calls: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Ok(Server { house: Arc::new(house), sip, audiosocket, _lock: lock })
    }

    /// Where SIP is served.
    pub fn sip_addr(&self) -> SocketAddr {
        self.sip.local_addr()
    }

    /// Where AudioSocket is served.
    pub fn audiosocket_addr(&self) -> Option<SocketAddr> {
        self.audiosocket.as_ref().map(AudioSocketListener::local_addr)
    }

    /// What happens to the tickets, while it runs.
    pub fn feed(&self) -> Feed {
        self.house.feed.clone()
    }

    /// Places calls back.
    pub fn switchboard(&self) -> Switchboard {
        self.house.switchboard.clone()
    }

    /// The calls that run.
    pub fn board(&self) -> Board {
        self.house.board.clone()
    }

    /// The way in for calls that come through the console.
    pub fn doorway(&self) -> Doorway {
        Doorway::to(&self.house)
    }

    /// What calls leave.
    pub fn archive(&self) -> Archive {
        self.house.archive.clone()
    }

    /// The store, for the live view.
    pub fn store(&self) -> TicketStore {
        self.house.store.clone()
    }

    /// Answers calls until `stop`; then takes no new ones, lets the running ones go on for a
    /// while, and ends those that are left with their tickets saved.
    pub async fn run(mut self, stop: CancellationToken) {
        let (store, spool) = (self.house.store.clone(), self.house.spool.clone());
        let keeping = CancellationToken::new();
        let feed = self.house.feed.clone().run(store.clone(), keeping.clone());
        let feed = tokio::spawn(feed);
        let keeper = tokio::spawn(keeper::keep(store, spool, keeping.clone()));
        let (house, stop_filing) = (self.house.clone(), keeping.clone());
        let filing = tokio::spawn(async move { house.filing.run(stop_filing).await });
        let (store, config) = (self.house.store.clone(), self.house.config.webhooks.clone());
        let stop_sending = keeping.clone();
        let sender =
            tokio::spawn(async move { webhook::run(store, &config, now, stop_sending).await });
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                call = self.sip.accept() => match call {
                    Some(call) => self.house.clone().invited(call),
                    None => break,
                },
                call = accept(self.audiosocket.as_ref()) => match call {
                    Ok((leg, call)) => self.house.clone().plugged_in(leg, &call),
                    Err(error) => {
                        tracing::error!(%error, "AudioSocket is out");
                        self.audiosocket = None;
                    }
                },
            }
        }
        self.sip.set_draining(true);
        self.house.lines.close();
        self.house.calls.close();
        tracing::info!(calls = self.house.calls.len(), "stopping");
        let callers = async {
            if tokio::time::timeout(DRAIN, self.house.calls.wait()).await.is_err() {
                self.house.stop.cancel();
                self.house.calls.wait().await;
            }
        };
        tokio::join!(callers, self.house.switchboard.close(DRAIN));
        self.house.writer.flush().await;
        keeping.cancel();
        for task in [keeper, feed] {
            if let Err(error) = task.await {
                tracing::error!(%error, "the queue's keeper broke");
            }
        }
        if let Err(error) = filing.await {
            tracing::error!(%error, "the keeper of recordings broke");
        }
        if let Err(error) = sender.await {
            tracing::error!(%error, "the sender of webhooks broke");
        }
        self.sip.close(Duration::from_secs(2)).await;
    }
}

/// Opens the store; after a power cut the database's server may come up later than we do.
async fn open_store(options: &StoreOptions) -> Result<TicketStore, StoreError> {
    let begun = Instant::now();
    let mut retry = tokio::time::interval(DATABASE_RETRY);
    loop {
        retry.tick().await;
        match TicketStore::open(options).await {
            Err(error @ StoreError::Unreachable { .. }) if begun.elapsed() < DATABASE_WAIT => {
                let wait_s = DATABASE_WAIT.saturating_sub(begun.elapsed()).as_secs();
                tracing::warn!(%error, wait_s, "waiting for the database; no calls are answered");
            }
            opened => return opened,
        }
    }
}

async fn accept(
    listener: Option<&AudioSocketListener>,
) -> Result<(Box<dyn Leg>, AudioSocketCall), MediaError> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

impl House {
    /// A SIP call: refused when all lines are in use, else answered in a task of its own.
    fn invited(self: Arc<Self>, call: IncomingCall) {
        let Some(line) = self.line() else {
            tracing::warn!("all lines in use: a call is refused");
            return call.reject(HangupCause::Congestion);
        };
        let facts = CallerFacts {
            call_id: new_call_id(),
            caller_id: call.caller_id().into(),
            called: call.called().into(),
            entrance: "sip".into(),
            headers: call.headers().to_vec(),
            answered_unix_ms: unix_ms(),
            form: self.form(),
        };
        let tracker = self.calls.clone();
        tracker.spawn(async move {
            let log = match self.log(&facts).await {
                Ok(log) => log,
                Err(error) => {
                    tracing::error!(%error, "a call cannot be kept on disk and is refused");
                    return call.reject(HangupCause::Congestion);
                }
            };
            match call.answer(&facts.call_id).await {
                Ok(leg) => {
                    let witness = self.witness(&facts);
                    self.take(facts, leg, log, witness, line).await;
                }
                Err(error) => {
                    tracing::info!(call = %facts.call_id, %error, "not answered");
                    log.end(crate::time::CallTime(0), HangupCause::Cancelled);
                    self.file(facts.call_id).await;
                }
            }
        });
    }

    /// An AudioSocket call is up already.
    fn plugged_in(self: Arc<Self>, mut leg: Box<dyn Leg>, call: &AudioSocketCall) {
        let Some(line) = self.line() else {
            tracing::warn!("all lines in use: an AudioSocket call is refused");
            return leg.hang_up(HangupCause::Congestion);
        };
        let facts = CallerFacts {
            call_id: new_call_id(),
            caller_id: String::new(),
            called: String::new(),
            entrance: "audiosocket".into(),
            headers: vec![("audiosocket-uuid".into(), call.uuid.to_string())],
            answered_unix_ms: unix_ms(),
            form: self.form(),
        };
        drop(self.connected(facts, leg, line));
    }

    /// Takes a call that is up already, in a task of its own; gives its state.
    pub(super) fn connected(
        self: Arc<Self>,
        facts: CallerFacts,
        mut leg: Box<dyn Leg>,
        line: OwnedSemaphorePermit,
    ) -> watch::Receiver<Arc<RunningCall>> {
        let witness = self.witness(&facts);
        let state = witness.state();
        let tracker = self.calls.clone();
        tracker.spawn(async move {
            match self.log(&facts).await {
                Ok(log) => self.take(facts, leg, log, witness, line).await,
                Err(error) => {
                    tracing::error!(%error, "a call cannot be kept on disk and is refused");
                    leg.hang_up(HangupCause::Congestion);
                    witness.end(HangupCause::Congestion, None);
                }
            }
        });
        state
    }

    fn witness(&self, facts: &CallerFacts) -> Witness {
        let hotline = &self.hotline.hotline;
        self.board.begin(facts, &hotline.name, &hotline.file.language)
    }

    /// A free line; `None` when all are in use, or no more calls are taken.
    pub(super) fn line(&self) -> Option<OwnedSemaphorePermit> {
        let line = self.lines.clone().try_acquire_owned().ok();
        if line.is_none() {
            self.metrics.refused();
        }
        line
    }

    /// How full it is now.
    pub(super) fn load(&self) -> Load {
        let calls_max = self.config.limits.calls_max;
        let calls = calls_max.saturating_sub(self.lines.available_permits());
        let refused = self.metrics.refusals();
        // The next caller takes one of the lines that are left.
        let left = calls_max.saturating_sub(calls + 1);
        let (queue, form) = (self.queue_delay(), self.form_with(left));
        Load { calls, calls_max, refused, queue, form, is_stopping: self.lines.is_closed() }
    }

    /// What a caller is asked who has a line already.
    pub(super) fn form(&self) -> Form {
        self.form_with(self.lines.available_permits())
    }

    fn form_with(&self, left: usize) -> Form {
        self.admission.form(Instant::now(), left, self.queue_delay())
    }

    fn queue_delay(&self) -> Duration {
        self.engines.recognizer.as_ref().map_or(Duration::ZERO, |pool| pool.queue_delay())
    }

    /// Its counters and histograms, as OpenMetrics 1.0 text.
    pub(super) fn metrics(&self) -> String {
        self.metrics.text(self.load())
    }

    /// A line for who is no caller in need: there is one while more are free than callers' own.
    pub(super) fn spare_line(&self) -> Option<OwnedSemaphorePermit> {
        let kept = self.config.limits.calls_max.div_ceil(CALLERS_OWN);
        // Taken first: two who ask at once do not both see the last one free.
        let line = self.lines.clone().try_acquire_owned().ok()?;
        (self.lines.available_permits() >= kept).then_some(line)
    }

    /// Seconds without sound that end a call.
    pub(super) fn media_timeout_s(&self) -> u64 {
        self.config.sip.media_timeout_s
    }

    async fn log(&self, facts: &CallerFacts) -> Result<CallLog, StoreError> {
        let header = {
            let LoadedHotline { hotline, digest, date } = &self.hotline;
            Header::new(facts.clone(), &hotline.name, digest, date)
        };
        let (writer, data_dir) = (self.writer.clone(), self.config.data_dir.clone());
        let made = move || CallLog::create(&writer, &data_dir, &header);
        match tokio::task::spawn_blocking(made).await {
            Ok(log) => log,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    async fn take(
        self: Arc<Self>,
        facts: CallerFacts,
        leg: Box<dyn Leg>,
        log: CallLog,
        witness: Witness,
        line: OwnedSemaphorePermit,
    ) {
        tracing::info!(call = %facts.call_id, entrance = facts.entrance, "call answered");
        self.metrics.answered(facts.form);
        let listened = self.admission.listens(facts.form);
        let call = facts.call_id.clone();
        let desk = TicketDesk::open(
            self.store.clone(),
            self.spool.clone(),
            facts.call_id.clone(),
            facts.answered_unix_ms,
        );
        let task = CallTask {
            hotline: self.hotline.hotline.clone(),
            facts,
            media: self.media.join(leg),
            announcer: self.engines.announcer.clone(),
            ear: Ear::new(self.engines.recognizer.clone(), &self.metrics),
            log,
            desk,
            witness,
            metrics: self.metrics.clone(),
            stop: self.stop.clone(),
        };
        task.run().await;
        drop((line, listened));
        self.file(call).await;
    }

    /// The call is over: its files are closed, and put where they are kept.
    async fn file(&self, call: CallId) {
        self.writer.flush().await;
        self.filing.ended(call);
    }
}

pub(super) fn new_call_id() -> CallId {
    CallId(uuid::Uuid::new_v4().to_string())
}
