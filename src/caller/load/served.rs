//! What the server told of a load.

use super::Scrape;
use crate::speech::AnswerKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So few looks tell nothing of growth.
const LOOKS_MIN: usize = 12;

/// What the server told of the time of the full load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Served {
    /// Processor cores it used, by kind of thread.
    pub cores: BTreeMap<String, f64>,
    /// Memory before the first call, bytes.
    pub idle_bytes: f64,
    /// Memory at the end, bytes.
    pub loaded_bytes: f64,
    /// Memory that came on top in an hour, in the second half of the time; `None` where that is
    /// too short to tell.
    pub bytes_per_hour: Option<f64>,
    /// Share of the frames that went out no later than 20 ms after their time.
    pub in_time: Option<f64>,
    /// 999 of 1000 frames were no later than this, seconds.
    pub late_p999_s: Option<f64>,
    /// 95 of 100 turns passed a stage within this, seconds, by kind of slot and stage.
    pub stages_p95_s: BTreeMap<String, f64>,
    /// Seconds of sound that the recogniser was given in each second; `None` where it is not told.
    pub recognizer_audio: Option<f64>,
    /// And in each second that it computed: on a core of its own it manages so many.
    pub recognizer_speed: Option<f64>,
    /// How long words waited for the recogniser while others' were computed, on average, seconds.
    pub queue_mean_s: f64,
    /// The longest ten seconds' mean of that, seconds.
    pub queue_max_s: f64,
    /// Calls answered, by how much of the form there was time for.
    pub forms: BTreeMap<String, u64>,
}

impl Served {
    /// From looks at `/metrics`: one at an idle server, and some at full load, the last `seconds`
    /// after the first; `None` without those.
    pub fn of(idle: &Scrape, looks: &[Scrape], seconds: f64) -> Option<Served> {
        let (full, end) = (looks.first()?, looks.last()?);
        let added = end.since(full);
        let cores = added.by_label("spillway_thread_cpu_seconds_total");
        let heard = added.by_label("spillway_recognizer_audio_seconds_total").into_iter().next();
        let computed_s = heard.as_ref().and_then(|(engine, _)| cores.get(engine));
        let speed = heard.as_ref().zip(computed_s).map(|((_, audio_s), s)| audio_s / s);
        let stage = |slot: &str, stage: &str| {
            let labels = format!("slot=\"{slot}\",stage=\"{stage}\"");
            let p95 = added.quantile("spillway_turn_stage_seconds", &labels, 0.95)?;
            Some((format!("{slot} {stage}"), p95))
        };
        let stages = ["end_of_turn", "recognition", "decision", "speech"];
        let kinds = AnswerKind::ALL.into_iter().map(AnswerKind::name);
        let stages = kinds.flat_map(|slot| stages.into_iter().filter_map(move |s| stage(slot, s)));
        let bytes =
            |scrape: &Scrape| scrape.value("spillway_resident_memory_bytes").unwrap_or_default();
        let queues = looks.iter().filter_map(|s| s.value("spillway_recognizer_queue_seconds"));
        let queues: Vec<f64> = queues.collect();
        let forms = added.by_label("spillway_calls_answered_total");
        Some(Served {
            // Of threads that end meanwhile the sum grows less.
            cores: cores.into_iter().map(|(name, s)| (name, s.max(0.0) / seconds)).collect(),
            idle_bytes: bytes(idle),
            loaded_bytes: bytes(end),
            bytes_per_hour: slope(looks.iter().map(bytes).collect(), seconds),
            in_time: added.share_up_to("spillway_frame_late_seconds", "0.02"),
            late_p999_s: added.quantile("spillway_frame_late_seconds", "", 0.999),
            stages_p95_s: stages.collect(),
            recognizer_audio: heard.map(|(_, audio_s)| audio_s / seconds),
            recognizer_speed: speed.filter(|speed| speed.is_finite()),
            queue_mean_s: queues.iter().sum::<f64>() / queues.len().max(1) as f64,
            queue_max_s: queues.iter().copied().fold(0.0, f64::max),
            forms: forms.into_iter().map(|(form, calls)| (form, calls as u64)).collect(),
        })
    }

    /// Memory that each of `calls` took, bytes.
    pub fn bytes_per_call(&self, calls: f64) -> f64 {
        (self.loaded_bytes - self.idle_bytes) / calls.max(1.0)
    }

    /// Cores in all.
    pub fn all_cores(&self) -> f64 {
        self.cores.values().sum()
    }
}

/// What is added to `values`, taken evenly over `seconds`, in an hour of their second half: the
/// slope of the line that lies nearest to them (least squares).
fn slope(mut values: Vec<f64>, seconds: f64) -> Option<f64> {
    let hours = seconds / 3_600.0 / values.len().checked_sub(1)?.max(1) as f64;
    let values = values.split_off(values.len() / 2);
    if values.len() < LOOKS_MIN {
        return None;
    }
    let (n, middle) = (values.len(), (values.len() - 1) as f64 / 2.0);
    let mean = values.iter().sum::<f64>() / n as f64;
    let off = |(i, value): (usize, &f64)| (i as f64 - middle) * (value - mean);
    let wide = |i: usize| (i as f64 - middle).powi(2);
    let up = values.iter().enumerate().map(off).sum::<f64>();
    Some(up / (0..n).map(wide).sum::<f64>() / hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_of_the_second_half() {
        let check = |values: Vec<f64>, seconds: f64, want: Option<f64>| {
            let got = slope(values.clone(), seconds);
            let near = got.zip(want).is_none_or(|(got, want)| (got - want).abs() < 1e-6);
            assert!(near && got.is_some() == want.is_some(), "{values:?}: {got:?}");
        };
        // 41 looks in an hour: nothing in the second half; one more with each.
        check((0..41).map(|i| f64::from(i.min(20))).collect(), 3_600.0, Some(0.0));
        check((0..41).map(f64::from).collect(), 3_600.0, Some(40.0));
        check((0..41).map(f64::from).collect(), 7_200.0, Some(20.0));
        check((0..10).map(f64::from).collect(), 100.0, None);
        check(vec![], 0.0, None);
    }
}
