//! What runs now: each call as it goes, for who watches; its sound, for who listens in.

use super::witness::Witness;
use crate::audio::FRAME_SAMPLES;
use crate::call::{CallerFacts, HangupCause, SpokenTurn};
use crate::ticket::{CallId, Consent, Priority, SlotRecord, TicketNumber};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{broadcast, watch};

/// Changes kept for who is slow to follow; who is slower begins again with all that runs.
const NEWS_MAX: usize = 256;

/// 20 ms at 8 kHz of both sides, sample by sample: the caller, the bot.
pub type StereoFrame = Arc<[i16; 2 * FRAME_SAMPLES]>;

/// A running call as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningCall {
    /// Its identity everywhere.
    pub id: CallId,
    /// The hotline that answered.
    pub hotline: String,
    /// ISO 639-1.
    pub language: String,
    /// `sip`, `audiosocket`, `websocket`.
    pub entrance: String,
    /// As the network gave it; empty when withheld.
    pub caller_id: String,
    /// When it was answered, milliseconds since 1970 UTC.
    pub answered_unix_ms: i64,
    /// The last turns, the newest last.
    pub turns: VecDeque<Arc<SpokenTurn>>,
    /// The slot or stage that the caller is asked for; empty where nothing is asked.
    pub asked: String,
    /// The form as it fills.
    pub slots: Arc<[SlotRecord]>,
    /// How soon somebody must call back.
    pub priority: Priority,
    /// Consent to the recording; who declines is not listened in to either.
    pub consent: Consent,
    /// The ticket, once it has a number.
    pub ticket: Option<TicketNumber>,
    /// Why it ended, once it has.
    pub ended: Option<HangupCause>,
}

impl RunningCall {
    fn begun(facts: &CallerFacts, hotline: &str, language: &str) -> RunningCall {
        RunningCall {
            id: facts.call_id.clone(),
            hotline: hotline.into(),
            language: language.into(),
            entrance: facts.entrance.clone(),
            caller_id: facts.caller_id.clone(),
            answered_unix_ms: facts.answered_unix_ms,
            turns: VecDeque::new(),
            asked: String::new(),
            slots: Arc::new([]),
            priority: Priority::Normal,
            consent: Consent::Unasked,
            ticket: None,
            ended: None,
        }
    }
}

/// Where a call is found while it runs.
struct Place {
    state: watch::Receiver<Arc<RunningCall>>,
    /// Gone when nobody may listen in.
    sound: broadcast::WeakSender<StereoFrame>,
}

struct Places {
    calls: Mutex<BTreeMap<CallId, Place>>,
    news: broadcast::Sender<Arc<RunningCall>>,
}

/// This node's running calls. Clones share it.
#[derive(Clone)]
pub struct Board {
    places: Arc<Places>,
}

impl Default for Board {
    fn default() -> Self {
        let news = broadcast::Sender::new(NEWS_MAX);
        Board { places: Arc::new(Places { calls: Mutex::default(), news }) }
    }
}

impl Board {
    /// The calls that run, in the order in which they were answered.
    pub fn calls(&self) -> Vec<Arc<RunningCall>> {
        let mut calls: Vec<Arc<RunningCall>> =
            self.locked().values().map(|place| place.state.borrow().clone()).collect();
        calls.retain(|call| call.ended.is_none());
        calls.sort_by(|a, b| (a.answered_unix_ms, &a.id).cmp(&(b.answered_unix_ms, &b.id)));
        calls
    }

    /// The calls that run, and from now on each call that changed, whole. Its last state says why
    /// it ended.
    pub fn follow(&self) -> (Vec<Arc<RunningCall>>, broadcast::Receiver<Arc<RunningCall>>) {
        // In this order nothing is missed.
        let news = self.places.news.subscribe();
        (self.calls(), news)
    }

    /// One call; `None` when it does not run.
    pub fn call(&self, id: &CallId) -> Option<Arc<RunningCall>> {
        self.locked().get(id).map(|place| place.state.borrow().clone())
    }

    /// The sound of a call from now on, until it ends; `None` when it does not run, or its caller
    /// declined the recording.
    pub fn listen(&self, id: &CallId) -> Option<broadcast::Receiver<StereoFrame>> {
        Some(self.locked().get(id)?.sound.upgrade()?.subscribe())
    }

    /// A call was answered on `hotline`, which speaks `language`.
    pub(super) fn begin(&self, facts: &CallerFacts, hotline: &str, language: &str) -> Witness {
        let call = RunningCall::begun(facts, hotline, language);
        let id = call.id.clone();
        let (witness, sound) = Witness::new(self.clone(), call);
        self.locked().insert(id, Place { state: witness.state(), sound });
        witness
    }

    pub(super) fn tell(&self, state: Arc<RunningCall>) {
        // Nobody follows: nobody to tell.
        let _ = self.places.news.send(state);
    }

    pub(super) fn end(&self, id: &CallId) {
        self.locked().remove(id);
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<CallId, Place>> {
        // Nothing in here panics half way through.
        self.places.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
