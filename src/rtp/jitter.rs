//! The jitter buffer: packets in as they come, 20 ms out at every step.
//!
//! Samples lie in a ring at their RTP timestamp, so packets of any length (10 to 200 ms) may come
//! in any order. What is played next trails the newest packet by a delay that begins at 40 ms,
//! grows to 60 when packets come late and shrinks again when they do not. A step is 20 ms: the
//! buffer's clock is the number of its steps.

use crate::audio::g711::G711;
use crate::audio::{AudioFrame, FRAME_SAMPLES};
use crate::rtp::{Arrival, Concealer, Reception, RtpHeader};

const RING: usize = 4096;
const STEP: i32 = FRAME_SAMPLES as i32;
/// 40 and 60 ms.
const DELAY_MIN: i32 = 2 * STEP;
const DELAY_MAX: i32 = 3 * STEP;
/// Longest packet, and furthest ahead of its time that one is believed at once: 200 ms.
const AHEAD_MAX: i32 = 1600;
/// Furthest behind its time that a packet is merely late: 1 s.
const BEHIND_MAX: i32 = 8000;
/// So many new packets in a row behind their time: the stream has moved, we follow.
const LATE_RUN_MAX: u8 = 3;
/// Steps over which the delay is judged: 2 s.
const WINDOW_STEPS: u32 = 100;
/// Packets that make a judgement.
const WINDOW_PACKETS: u32 = 20;
/// Steps a shortening waits for a quiet moment: 1 s.
const PATIENCE_STEPS: u32 = 50;
/// Steps between two shortenings where no quiet moment came: 200 ms.
const FORCED_STEPS: u32 = 10;
/// Peak below which nothing is missed (-36 dBFS).
const QUIET_PEAK: u16 = 512;

/// What a packet's audio was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It will be heard.
    Taken,
    /// It came after its time, wholly or in part.
    Late,
    /// It came twice, is empty or too long, or is the first beyond a jump of the timestamps.
    Dropped,
}

/// One stream's samples on their way to the ear.
pub struct JitterBuffer {
    samples: Box<[i16; RING]>,
    present: Box<[bool; RING]>,
    ssrc: Option<u32>,
    /// Timestamp of the next sample to be heard; `None` until the first packet.
    play: Option<u32>,
    /// Since `play` was set no step has been taken.
    anchoring: bool,
    /// The delay a stream is begun with.
    target: i32,
    /// Our clock, samples.
    clock: u32,
    late: u64,
    late_run: u8,
    /// Sequence number and timestamp that would confirm a jump.
    suspect: Option<(u16, u32)>,
    rest: Option<Rest>,
    window: SlackWindow,
    /// Samples of delay to be rid of, and for how many steps.
    excess: i32,
    excess_steps: u32,
    reception: Reception,
    concealer: Concealer,
}

/// The far end said it would not send from here on (comfort noise, a telephone event).
#[derive(Debug, Clone, Copy)]
struct Rest {
    from: u32,
    until: Option<u32>,
}

impl Rest {
    fn covers(&self, timestamp: u32) -> bool {
        let before_end = self.until.is_none_or(|until| distance(timestamp, until) < 0);
        distance(timestamp, self.from) >= 0 && before_end
    }
}

/// How early packets came, in samples before they were due.
#[derive(Debug, Clone, Copy)]
struct SlackWindow {
    steps: u32,
    packets: u32,
    min: i32,
    max: i32,
    /// The maximum of the window before.
    max_before: i32,
}

impl SlackWindow {
    const EMPTY: SlackWindow =
        SlackWindow { steps: 0, packets: 0, min: i32::MAX, max: i32::MIN, max_before: i32::MIN };

    fn observe(&mut self, slack: i32) {
        self.packets += 1;
        self.min = self.min.min(slack);
        self.max = self.max.max(slack);
    }

    fn max_seen(&self) -> i32 {
        self.max.max(self.max_before)
    }

    // the delay was changed by our own doing
    fn shift(&mut self, by: i32) {
        self.min = self.min.saturating_add(by);
        self.max = self.max.saturating_add(by);
        self.max_before = self.max_before.saturating_add(by);
    }
}

/// Samples from `b` to `a`, either way round the wrap.
fn distance(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b) as i32
}

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer::new()
    }
}

impl JitterBuffer {
    /// An empty buffer.
    pub fn new() -> JitterBuffer {
        JitterBuffer {
            samples: Box::new([0; RING]),
            present: Box::new([false; RING]),
            ssrc: None,
            play: None,
            anchoring: false,
            target: DELAY_MIN,
            clock: 0,
            late: 0,
            late_run: 0,
            suspect: None,
            rest: None,
            window: SlackWindow::EMPTY,
            excess: 0,
            excess_steps: 0,
            reception: Reception::default(),
            concealer: Concealer::new(),
        }
    }

    /// What became of the stream's packets so far.
    pub fn reception(&self) -> &Reception {
        &self.reception
    }

    /// The same, to be reported from.
    pub fn reception_mut(&mut self) -> &mut Reception {
        &mut self.reception
    }

    /// Packets that came after their time.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Takes an audio packet.
    pub fn insert(&mut self, header: &RtpHeader, law: G711, payload: &[u8]) -> Inserted {
        self.take(header, payload.iter().map(|&octet| law.decode(octet)))
    }

    /// Takes decoded samples, for entrances that send them without RTP and number them themselves.
    pub fn insert_samples(&mut self, header: &RtpHeader, samples: &[i16]) -> Inserted {
        self.take(header, samples.iter().copied())
    }

    fn take(
        &mut self,
        header: &RtpHeader,
        samples: impl ExactSizeIterator<Item = i16>,
    ) -> Inserted {
        let length = samples.len();
        let arrival = self.arrived(header);
        if arrival == Arrival::Duplicate || length == 0 || length > AHEAD_MAX as usize {
            return Inserted::Dropped;
        }
        self.reception.timed(self.clock, header.timestamp);
        let newest = arrival == Arrival::Newest;
        let Some(slack) = self.slack(header, length as i32, newest) else {
            return Inserted::Dropped;
        };
        self.end_rest(header.timestamp);
        if slack < 0 {
            self.make_room(header, slack, newest);
        }
        self.write(header.timestamp, samples);
        if slack < 0 { Inserted::Late } else { Inserted::Taken }
    }

    /// Takes a packet that is no audio and says that none comes for now: comfort noise
    /// (RFC 3389) or a telephone event. The hole from its timestamp on is silence, not loss.
    pub fn insert_rest(&mut self, header: &RtpHeader) {
        if self.arrived(header) != Arrival::Newest {
            return;
        }
        let again = self.rest.is_some_and(|r| r.until.is_none() && r.covers(header.timestamp));
        if !again {
            self.rest = Some(Rest { from: header.timestamp, until: None });
        }
    }

    fn arrived(&mut self, header: &RtpHeader) -> Arrival {
        if self.ssrc != Some(header.ssrc) {
            self.ssrc = Some(header.ssrc);
            self.play = None;
            self.suspect = None;
            self.rest = None;
            self.present.fill(false);
            self.window = SlackWindow::EMPTY;
            self.excess = 0;
            self.reception.restart(header.sequence);
            return Arrival::Newest;
        }
        self.reception.arrived(header.sequence)
    }

    /// How long before its time the packet came; `None` when its timestamp is out of this world
    /// and no packet before it said the same.
    fn slack(&mut self, header: &RtpHeader, length: i32, newest: bool) -> Option<i32> {
        let timestamp = header.timestamp;
        let Some(play) = self.play else {
            self.begin_at(timestamp);
            return Some(self.target);
        };
        let slack = distance(timestamp, play);
        if self.anchoring && newest && (self.target + STEP..RING as i32).contains(&slack) {
            // a burst was waiting when we began: the newest packet is the one that is on time
            self.begin_at(timestamp);
            return Some(self.target);
        }
        if (-BEHIND_MAX..=AHEAD_MAX).contains(&slack) {
            self.suspect = None;
            self.window.observe(slack);
            return Some(slack);
        }
        if self.suspect == Some((header.sequence, timestamp)) {
            self.begin_at(timestamp);
            return Some(self.target);
        }
        let next = timestamp.wrapping_add_signed(length);
        self.suspect = Some((header.sequence.wrapping_add(1), next));
        None
    }

    /// Plays on from the target delay before `timestamp`; what lies there already is kept.
    fn begin_at(&mut self, timestamp: u32) {
        let play = timestamp.wrapping_sub(self.target as u32);
        let kept = self.play.is_some_and(|old| (0..RING as i32).contains(&distance(play, old)));
        if let (true, Some(old)) = (kept, self.play) {
            for gone in 0..distance(play, old) as u32 {
                self.present[index(old.wrapping_add(gone))] = false;
            }
        } else {
            self.present.fill(false);
        }
        self.play = Some(play);
        self.anchoring = true;
        self.suspect = None;
        self.late_run = 0;
        self.excess = 0;
        self.window = SlackWindow::EMPTY;
        self.window.observe(self.target);
    }

    /// A packet came `-slack` samples late: lets the delay grow, or follows a stream that has
    /// moved.
    fn make_room(&mut self, header: &RtpHeader, slack: i32, newest: bool) {
        if self.anchoring {
            return; // older than the packet the stream was begun with
        }
        self.late += 1;
        if newest {
            self.late_run += 1;
            // a talkspurt may begin anywhere: some senders' timestamps stand still in silence
            if header.marker || self.late_run >= LATE_RUN_MAX {
                return self.begin_at(header.timestamp);
            }
        }
        let room = DELAY_MAX - self.window.max_seen().max(0);
        // a frame more than it needs: where clocks drift, the next would be late again
        let grow = room.min(STEP - slack);
        if let (Some(play), true) = (self.play, grow > 0) {
            self.play = Some(play.wrapping_sub(grow as u32));
            self.target = (self.target + grow).min(DELAY_MAX);
            self.window.shift(grow);
            self.excess = 0;
        }
    }

    fn end_rest(&mut self, timestamp: u32) {
        if let Some(rest) = &mut self.rest
            && distance(timestamp, rest.from) >= 0
            && rest.until.is_none_or(|until| distance(timestamp, until) < 0)
        {
            rest.until = Some(timestamp);
        }
    }

    fn write(&mut self, timestamp: u32, samples: impl Iterator<Item = i16>) {
        let Some(play) = self.play else { return };
        if distance(timestamp, play) >= 0 && !self.anchoring {
            self.late_run = 0;
        }
        for (i, sample) in samples.enumerate() {
            let at = timestamp.wrapping_add(i as u32);
            if distance(at, play) >= 0 && !self.present[index(at)] {
                self.samples[index(at)] = sample;
                self.present[index(at)] = true;
            }
        }
    }

    /// The next 20 ms: what came, the rest concealed.
    pub fn pop(&mut self) -> AudioFrame {
        self.clock = self.clock.wrapping_add(STEP as u32);
        self.anchoring = false;
        let mut frame = AudioFrame::SILENCE;
        if self.play.is_none() {
            self.concealer.lost(&mut frame.0);
            return frame;
        }
        self.judge_delay();
        if self.excess >= STEP && self.may_shorten() {
            self.shorten(&mut frame);
        } else {
            self.play_into(&mut frame.0);
        }
        frame
    }

    /// At the end of a window: is every packet so early that 20 ms and more may be dropped?
    fn judge_delay(&mut self) {
        self.window.steps += 1;
        if self.window.steps < WINDOW_STEPS {
            return;
        }
        let SlackWindow { packets, min, max, .. } = self.window;
        if packets >= WINDOW_PACKETS && min >= DELAY_MIN + STEP {
            self.excess = (min - DELAY_MIN) / STEP * STEP;
            self.excess_steps = 0;
        }
        self.window = SlackWindow { max_before: max, ..SlackWindow::EMPTY };
    }

    fn may_shorten(&mut self) -> bool {
        self.excess_steps += 1;
        let Some(play) = self.play else { return false };
        let quiet = (0..2 * STEP as u32)
            .map(|i| index(play.wrapping_add(i)))
            .all(|at| !self.present[at] || self.samples[at].unsigned_abs() < QUIET_PEAK);
        quiet || self.excess_steps > PATIENCE_STEPS
    }

    /// 40 ms in the time of 20, one blended into the other.
    fn shorten(&mut self, frame: &mut AudioFrame) {
        let mut second = AudioFrame::SILENCE;
        self.read_into(&mut frame.0);
        self.read_into(&mut second.0);
        for (i, (a, b)) in frame.0.iter_mut().zip(&second.0).enumerate() {
            let (down, up) = (STEP - i as i32, i as i32);
            *a = ((i32::from(*a) * down + i32::from(*b) * up) / STEP) as i16;
        }
        self.concealer.heard(&mut frame.0);
        self.excess -= STEP;
        self.excess_steps = self.excess_steps.min(PATIENCE_STEPS - FORCED_STEPS);
        self.target = (self.target - STEP).max(DELAY_MIN);
        self.window.shift(-STEP);
    }

    /// Takes samples as they are, holes as silence.
    fn read_into(&mut self, out: &mut [i16; FRAME_SAMPLES]) {
        let Some(play) = self.play else { return };
        for (i, sample) in out.iter_mut().enumerate() {
            let at = index(play.wrapping_add(i as u32));
            *sample = if std::mem::take(&mut self.present[at]) { self.samples[at] } else { 0 };
        }
        self.play = Some(play.wrapping_add(STEP as u32));
    }

    /// Takes samples, run by run: heard, lost or at rest.
    fn play_into(&mut self, out: &mut [i16; FRAME_SAMPLES]) {
        let Some(play) = self.play else { return };
        let kind = |buffer: &JitterBuffer, i: usize| {
            let timestamp = play.wrapping_add(i as u32);
            let present = buffer.present[index(timestamp)];
            (present, !present && buffer.rest.is_some_and(|rest| rest.covers(timestamp)))
        };
        let mut from = 0;
        while from < FRAME_SAMPLES {
            let this = kind(self, from);
            let end = (from..FRAME_SAMPLES).find(|&i| kind(self, i) != this);
            let run = &mut out[from..end.unwrap_or(FRAME_SAMPLES)];
            for (i, sample) in run.iter_mut().enumerate() {
                *sample = self.samples[index(play.wrapping_add((from + i) as u32))];
            }
            match this {
                (true, _) => self.concealer.heard(run),
                (false, true) => self.concealer.rest(run),
                (false, false) => self.concealer.lost(run),
            }
            from += run.len();
        }
        for i in 0..FRAME_SAMPLES {
            self.present[index(play.wrapping_add(i as u32))] = false;
        }
        self.play = Some(play.wrapping_add(STEP as u32));
    }
}

fn index(timestamp: u32) -> usize {
    timestamp as usize % RING
}

#[cfg(test)]
#[path = "jitter_tests.rs"]
mod tests;
