//! The announcer's desk: sentences waiting to be spoken, and those that were.

use crate::audio::tone::tone;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// Sentences that may wait; then preparing is refused, and playing is answered with a tone.
const WAITING_MAX: usize = 1_024;
/// Sentences that may be kept for good take at most this part of the cache.
const KEPT_SHARE: usize = 2;
/// Bookkeeping of one cached sentence.
const ENTRY_BYTES: usize = 256;

/// What is heard for a sentence that could not be spoken.
pub(super) fn beep() -> Arc<[i16]> {
    tone(440, 300).into()
}

/// A sentence in a language.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub language: String,
    pub text: String,
}

/// How much a sentence is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// A caller waits for it.
    Now,
    /// A caller may wait for it later.
    Soon,
    /// Callers will want it again and again.
    Always,
}

/// A sentence's sound, once it is spoken.
#[derive(Default)]
pub(super) struct Clip(OnceLock<Arc<[i16]>>);

impl Clip {
    pub(super) fn sound(&self) -> Option<&Arc<[i16]>> {
        self.0.get()
    }

    fn set(&self, sound: Arc<[i16]>) {
        // Only the desk sets a clip, under its lock and once.
        let _ = self.0.set(sound);
    }
}

/// When a sentence must be ready, since the desk's start, and the order of asking.
type Due = (Duration, u64);

/// Due after everything that has a time.
const SOME_TIME: Duration = Duration::from_secs(u64::MAX / 4);

struct Entry {
    clip: Arc<Clip>,
    /// Its place among the waiting; `None` while it is spoken and afterwards.
    due: Option<Due>,
    /// Wanted even when no playing holds the clip.
    prepared: bool,
    kept: bool,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    waiting: BTreeMap<Due, Key>,
    /// Orders the asking and the using.
    count: u64,
    bytes: usize,
    kept_bytes: usize,
    speaking: bool,
    closed: bool,
    ended: bool,
}

/// See the [module](self). One thread speaks: it takes [`Desk::next`], gives [`Desk::finish`].
pub(super) struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    start: Instant,
    bytes_max: usize,
    overflows: AtomicU64,
}

impl Desk {
    pub(super) fn new(bytes_max: usize) -> Desk {
        Desk {
            state: Mutex::default(),
            changed: Condvar::new(),
            start: Instant::now(),
            bytes_max,
            overflows: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(super) fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// The clip of `key`, spoken, being spoken, or now waiting to be; wanted in `lead` from now.
    pub(super) fn order(&self, key: Key, want: Want, lead: Duration) -> Arc<Clip> {
        let due = match want {
            Want::Now => self.start.elapsed().saturating_add(lead),
            Want::Soon | Want::Always => SOME_TIME,
        };
        let mut state = self.lock();
        state.count += 1;
        let due = (due, state.count);
        let clip = match state.renew(&key, due) {
            Some(clip) => clip,
            None => self.enqueue(&mut state, &key, due),
        };
        if let Some(entry) = state.entries.get_mut(&key) {
            entry.prepared |= want != Want::Now;
            if want == Want::Always && !entry.kept {
                entry.kept = true;
                let bytes = entry.bytes;
                state.kept_bytes += bytes;
            }
        }
        drop(state);
        self.changed.notify_all();
        clip
    }

    fn enqueue(&self, state: &mut State, key: &Key, due: Due) -> Arc<Clip> {
        let clip = Arc::new(Clip::default());
        if state.closed || (state.waiting.len() >= WAITING_MAX && !state.make_room(due)) {
            self.overflows.fetch_add(1, Ordering::Relaxed);
            clip.set(beep());
            return clip;
        }
        state.waiting.insert(due, key.clone());
        let entry = Entry {
            clip: clip.clone(),
            due: Some(due),
            prepared: false,
            kept: false,
            bytes: 0,
            used: due.1,
        };
        state.entries.insert(key.clone(), entry);
        clip
    }

    /// The next sentence to speak; waits for one; `None` when the desk is closed.
    pub(super) fn next(&self) -> Option<Key> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some((_, key)) = state.waiting.pop_first() {
                if state.is_abandoned(&key) {
                    state.entries.remove(&key);
                    continue;
                }
                if let Some(entry) = state.entries.get_mut(&key) {
                    entry.due = None;
                }
                state.speaking = true;
                return Some(key);
            }
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(|e| e.into_inner());
        }
    }

    /// What became of the sentence of the last [`Desk::next`]; `None` when no voice could speak it.
    pub(super) fn finish(&self, key: &Key, sound: Option<Vec<i16>>) {
        let mut state = self.lock();
        state.speaking = false;
        match sound {
            Some(sound) => {
                let bytes = ENTRY_BYTES + key.text.len() + 2 * sound.len();
                state.store(key, sound.into(), bytes, self.bytes_max);
            }
            // Not cached: the next caller's try may succeed.
            None => {
                if let Some(entry) = state.entries.remove(key) {
                    entry.clip.set(beep());
                }
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for `clip`; false when it was not spoken within `patience`.
    pub(super) fn wait(&self, clip: &Clip, patience: Duration) -> bool {
        self.wait_until(patience, |_| clip.sound().is_some())
    }

    /// Waits until nothing is waiting or being spoken.
    pub(super) fn settle(&self, patience: Duration) -> bool {
        self.wait_until(patience, |state| state.waiting.is_empty() && !state.speaking)
    }

    /// Refuses further work and waits for the speaking thread's [`Desk::end`].
    pub(super) fn close(&self, patience: Duration) {
        self.lock().closed = true;
        self.changed.notify_all();
        self.wait_until(patience, |state| state.ended);
    }

    /// The speaking thread is leaving: nobody waits for it any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.ended = true;
        for key in std::mem::take(&mut state.waiting).into_values() {
            if let Some(entry) = state.entries.remove(&key) {
                entry.clip.set(beep());
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    fn wait_until(&self, patience: Duration, done: impl Fn(&State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), patience, |state| !done(state));
        let (_state, waited) = waited.unwrap_or_else(|e| e.into_inner());
        !waited.timed_out()
    }
}

impl State {
    /// The clip of `key`, marked as used and moved forward when it is due earlier than it was.
    fn renew(&mut self, key: &Key, due: Due) -> Option<Arc<Clip>> {
        let entry = self.entries.get_mut(key)?;
        entry.used = due.1;
        if let Some(old) = entry.due
            && due < old
        {
            entry.due = Some(due);
            self.waiting.remove(&old);
            self.waiting.insert(due, key.clone());
        }
        Some(entry.clip.clone())
    }

    /// Drops the prepared sentence that is wanted least, for one that is wanted at `due`.
    fn make_room(&mut self, due: Due) -> bool {
        match self.waiting.last_entry() {
            Some(last) if last.key().0 >= SOME_TIME && due.0 < SOME_TIME => {
                let key = last.remove();
                self.entries.remove(&key);
                true
            }
            _ => false,
        }
    }

    /// Asked for by playings only, and they have all gone.
    fn is_abandoned(&self, key: &Key) -> bool {
        let entry = self.entries.get(key);
        entry.is_none_or(|entry| !entry.prepared && Arc::strong_count(&entry.clip) == 1)
    }

    fn store(&mut self, key: &Key, sound: Arc<[i16]>, bytes: usize, bytes_max: usize) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.clip.set(sound);
        entry.bytes = bytes;
        self.bytes += bytes;
        if entry.kept {
            self.kept_bytes += bytes;
        }
        while self.bytes > bytes_max {
            let kept_too = self.kept_bytes > bytes_max / KEPT_SHARE;
            let oldest = self
                .entries
                .iter()
                .filter(|(_, entry)| entry.bytes > 0 && (kept_too || !entry.kept))
                .min_by_key(|(_, entry)| entry.used)
                .map(|(key, _)| key.clone());
            let Some(entry) = oldest.and_then(|key| self.entries.remove(&key)) else { return };
            self.bytes -= entry.bytes;
            if entry.kept {
                self.kept_bytes -= entry.bytes;
            }
        }
    }
}
