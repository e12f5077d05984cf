//! How much a new caller can be asked: by the lines that are left, by how late answers come, and by
//! how many callers the recogniser was seen to keep up with.

use crate::dialogue::Form;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A form, the part of the lines that is left (one in so many) below which callers get it, and
/// the recogniser's queue from which on they do. A second's silence is what callers notice; after
/// `engine_ms_max`, six, the recogniser counts as lost.
const STEPS: [(Form, usize, Duration); 3] = [
    (Form::Number, 50, Duration::MAX),
    (Form::Keys, 20, Duration::from_millis(700)),
    (Form::Short, 10, QUEUE_LONG),
];
/// From so long a queue on too many are listened to; up to so short a one, more can be.
const QUEUE_LONG: Duration = Duration::from_millis(350);
const QUEUE_SHORT: Duration = Duration::from_millis(150);
/// Callers begin to tell their story a minute after they are let in, so the number of those who are
/// listened to is led slowly: this share of it less in each second of a long queue ...
const LESS: f64 = 0.003;
/// ... and so many more in each second of a short one, as TCP finds out what a line holds
/// (RFC 5681, congestion avoidance).
const MORE: f64 = 0.2;
/// A queue says nothing of the time before.
const SAID_S_MAX: f64 = 10.0;

/// Decides what callers are asked.
pub(super) struct Admission {
    calls_max: usize,
    listened: Arc<AtomicUsize>,
    kept_up: Mutex<KeptUp>,
}

/// How many callers can be listened to, as far as is known.
struct KeptUp {
    calls: f64,
    judged: Instant,
}

/// A caller who is listened to, until it is dropped.
pub(super) struct Listened(Arc<AtomicUsize>);

impl Admission {
    /// To a server of `calls_max` lines, which starts `now`.
    pub(super) fn new(calls_max: usize, now: Instant) -> Admission {
        let kept_up = Mutex::new(KeptUp { calls: calls_max as f64, judged: now });
        Admission { calls_max, listened: Arc::default(), kept_up }
    }

    /// A caller who is asked `form` is let in; nothing where no word of theirs is recognised.
    pub(super) fn listens(&self, form: Form) -> Option<Listened> {
        (form < Form::Keys).then(|| {
            self.listened.fetch_add(1, Ordering::Relaxed);
            Listened(self.listened.clone())
        })
    }

    /// What a caller is asked when `left` lines are free besides theirs, and streams wait `queue`
    /// for the recogniser.
    pub(super) fn form(&self, now: Instant, left: usize, queue: Duration) -> Form {
        let listened = self.listened.load(Ordering::Relaxed);
        let mut kept_up = self.kept_up.lock().unwrap_or_else(PoisonError::into_inner);
        kept_up.judge(now, listened as f64, queue);
        kept_up.calls = kept_up.calls.min(self.calls_max as f64);
        let is_low = |one_in: usize| left < self.calls_max / one_in;
        let step = STEPS.iter().find(|(_, one_in, long)| is_low(*one_in) || queue >= *long);
        let form = step.map_or(Form::Full, |(form, ..)| *form);
        if listened as f64 >= kept_up.calls { form.max(Form::Keys) } else { form }
    }
}

impl KeptUp {
    fn judge(&mut self, now: Instant, listened: f64, queue: Duration) {
        let passed_s = now.saturating_duration_since(self.judged).as_secs_f64();
        if queue >= QUEUE_LONG {
            self.calls =
                self.calls.min(listened.max(1.0)) * (-LESS * passed_s.min(SAID_S_MAX)).exp();
        } else if queue <= QUEUE_SHORT {
            self.calls += MORE * passed_s;
        }
        self.judged = now;
    }
}

impl Drop for Listened {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuller_the_less() {
        let check = |left: usize, calls_max: usize, queue_ms: u64, want: Form| {
            let now = Instant::now();
            let admission = Admission::new(calls_max, now);
            let got = admission.form(now, left, Duration::from_millis(queue_ms));
            assert_eq!(got, want, "{left} of {calls_max}, {queue_ms} ms");
        };
        check(59, 60, 0, Form::Full);
        check(6, 60, 0, Form::Full);
        check(5, 60, 0, Form::Short);
        check(2, 60, 0, Form::Keys);
        check(0, 60, 0, Form::Number);
        check(20, 201, 0, Form::Full);
        check(19, 201, 0, Form::Short);
        check(9, 201, 0, Form::Keys);
        check(3, 201, 0, Form::Number);
        // Of few lines none is kept for short calls.
        check(0, 4, 0, Form::Full);
        check(0, 1, 0, Form::Full);
        // However many lines there are, answers have to come.
        check(59, 60, 349, Form::Full);
        check(59, 60, 350, Form::Short);
        check(59, 60, 700, Form::Keys);
        check(59, 60, 9_000, Form::Keys);
        check(0, 60, 350, Form::Number);
    }

    /// Minutes of queues with a caller each second, each of whom stays two hundred seconds.
    #[test]
    fn no_more_are_listened_to_than_the_recogniser_keeps_up_with() {
        let begun = Instant::now();
        let admission = Admission::new(300, begun);
        let mut up = std::collections::VecDeque::new();
        let mut minute = |from_s: u64, queue_ms: u64, callers: bool| {
            let mut forms = Vec::new();
            for s in from_s..from_s + 60 {
                let now = begun + Duration::from_secs(s);
                let queue = Duration::from_millis(queue_ms);
                up.retain(|(end_s, _)| *end_s > s);
                let form = admission.form(now, 200, queue);
                if callers {
                    up.push_back((s + 200, admission.listens(form)));
                }
                forms.push(form);
            }
            (forms[0], forms[59], admission.listened.load(Ordering::Relaxed))
        };
        assert_eq!(minute(0, 0, true), (Form::Full, Form::Full, 60));
        assert_eq!(minute(60, 100, true), (Form::Full, Form::Full, 120));
        // Too many: nobody more is listened to, and later fewer than were.
        assert_eq!(minute(120, 400, true), (Form::Keys, Form::Keys, 120));
        assert_eq!(minute(180, 800, true), (Form::Keys, Form::Keys, 80));
        // It keeps up with those who are left: little by little more are let in.
        let (_, _, some) = minute(240, 100, true);
        assert!((80..=100).contains(&some), "{some}");
        // Hours without callers; then as many as there are lines.
        assert_eq!(minute(9_000, 0, false).1, Form::Full);
        let (first, last, all) = minute(9_060, 0, true);
        assert_eq!((first, last, all), (Form::Full, Form::Full, 60));
    }
}
