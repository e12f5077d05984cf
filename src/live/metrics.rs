//! What a node tells of itself to Prometheus: numbers, nobody's data.

use super::doorway::Load;
use crate::call::HangupCause;
use crate::dialogue::Form;
use crate::speech::Expectation;
use procfs::process::{Process, Task};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Seconds: what a caller feels as an answer at once up to one that does not come.
const GAP_S: [f64; 22] = [
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5,
    2.0, 3.0, 5.0, 10.0,
];
/// Seconds: up to a frame, up to the far end's jitter buffer, and beyond.
const LATE_S: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 1.0];

/// A part of the time between a caller's last word and our first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// From the last voiced frame until the turn is taken for over.
    EndOfTurn,
    /// Until its final words are there.
    Recognition,
    /// Until it is decided what is said.
    Decision,
    /// Until the first sample of that goes out.
    Speech,
}

impl Stage {
    fn label(self) -> &'static str {
        match self {
            Stage::EndOfTurn => "end_of_turn",
            Stage::Recognition => "recognition",
            Stage::Decision => "decision",
            Stage::Speech => "speech",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SlotLabels {
    slot: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    slot: &'static str,
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EngineLabels {
    engine: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FormLabels {
    form: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabels {
    cause: &'static str,
}

type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

fn gap_histogram() -> Histogram {
    Histogram::new(GAP_S)
}

/// A node's counters and histograms.
pub(super) struct Metrics {
    registry: Registry,
    stages: Seconds<StageLabels>,
    gaps: Seconds<SlotLabels>,
    late: Histogram,
    calls: Gauge,
    calls_max: Gauge,
    queue: Gauge<f64, AtomicU64>,
    heard: Family<EngineLabels, Counter<f64, AtomicU64>>,
    answered: Family<FormLabels, Counter>,
    refused: Counter,
    ended: Family<CauseLabels, Counter>,
}

impl Metrics {
    /// All at nothing.
    pub(super) fn new() -> Metrics {
        let metrics = Metrics {
            registry: Registry::with_prefix("spillway"),
            stages: Family::new_with_constructor(gap_histogram),
            gaps: Family::new_with_constructor(gap_histogram),
            late: Histogram::new(LATE_S),
            calls: Gauge::default(),
            calls_max: Gauge::default(),
            queue: Gauge::default(),
            heard: Family::default(),
            answered: Family::default(),
            refused: Counter::default(),
            ended: Family::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Metrics {
        let to = &mut self.registry;
        to.register("calls", "Calls that run", self.calls.clone());
        to.register("calls_max", "Calls that may run at once", self.calls_max.clone());
        let answered = "Calls answered, by how much of the form there was time for";
        to.register("calls_answered", answered, self.answered.clone());
        let queue = "How long words wait for the recogniser while others' are computed";
        to.register("recognizer_queue_seconds", queue, self.queue.clone());
        let heard = "Sound that the recogniser was given";
        to.register("recognizer_audio_seconds", heard, self.heard.clone());
        let refused = "Calls refused because all lines were in use";
        to.register("calls_refused", refused, self.refused.clone());
        to.register("calls_ended", "Calls that ended, by cause", self.ended.clone());
        let gap = "From a caller's last voiced frame to the answer's first sample, by kind of slot";
        to.register("turn_gap_seconds", gap, self.gaps.clone());
        let stage = "The parts of that: end of turn, recognition, decision, speech";
        to.register("turn_stage_seconds", stage, self.stages.clone());
        let late = "How late each 20 ms of sound went out";
        to.register("frame_late_seconds", late, self.late.clone());
        to.register_collector(Box::new(OwnProcess));
        self
    }

    /// A call was answered whose caller is asked so much.
    pub(super) fn answered(&self, form: Form) {
        self.answered.get_or_create(&FormLabels { form: form.name() }).inc();
    }

    /// Counts the seconds of sound that the recogniser `engine` is given.
    pub(super) fn heard_by(&self, engine: &'static str) -> Counter<f64, AtomicU64> {
        self.heard.get_or_create(&EngineLabels { engine }).clone()
    }

    /// A call was refused because all lines are in use.
    pub(super) fn refused(&self) {
        self.refused.inc();
    }

    /// Calls refused so far.
    pub(super) fn refusals(&self) -> u64 {
        self.refused.get()
    }

    /// A call is over.
    pub(super) fn ended(&self, cause: HangupCause) {
        self.ended.get_or_create(&CauseLabels { cause: cause.words() }).inc();
    }

    /// A part of an answer's wait.
    pub(super) fn stage(&self, stage: Stage, expectation: Expectation, took: Duration) {
        let labels = StageLabels { slot: expectation.kind().name(), stage: stage.label() };
        self.stages.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The whole of it.
    pub(super) fn gap(&self, expectation: Expectation, took: Duration) {
        let labels = SlotLabels { slot: expectation.kind().name() };
        self.gaps.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A frame went out so late.
    pub(super) fn late(&self, by: Duration) {
        self.late.observe(by.as_secs_f64());
    }

    /// All of them, as OpenMetrics 1.0 text; `load` is the node's now.
    pub(super) fn text(&self, load: Load) -> String {
        self.calls.set(i64::try_from(load.calls).unwrap_or(i64::MAX));
        self.queue.set(load.queue.as_secs_f64());
        self.calls_max.set(i64::try_from(load.calls_max).unwrap_or(i64::MAX));
        let mut text = String::new();
        // A String takes all that is written to it.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// What the kernel knows of this process: time on the processor by kind of thread, and memory.
#[derive(Debug)]
struct OwnProcess;

impl Collector for OwnProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let Ok(process) = Process::myself() else { return Ok(()) };
        let Ok(tasks) = process.tasks() else { return Ok(()) };
        let mut seconds: BTreeMap<String, f64> = BTreeMap::new();
        for (thread, took) in tasks.flatten().filter_map(|task| time_of(&task)) {
            *seconds.entry(thread).or_default() += took;
        }
        let help = "Time on the processor, by kind of thread";
        let mut family =
            encoder.encode_descriptor("thread_cpu_seconds", help, None, MetricType::Counter)?;
        for (thread, took) in &seconds {
            let labels = [("thread", thread.as_str())];
            ConstCounter::new(*took).encode(family.encode_family(&labels)?)?;
        }
        let Ok(memory) = process.statm() else { return Ok(()) };
        let bytes = memory.resident * procfs::page_size();
        let help = "Memory in use, the models with it";
        let gauge =
            encoder.encode_descriptor("resident_memory_bytes", help, None, MetricType::Gauge)?;
        encode_gauge(gauge, bytes)
    }
}

fn encode_gauge(encoder: MetricEncoder<'_>, value: u64) -> std::fmt::Result {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(encoder)
}

/// A thread's name without its number, and its time on the processor in seconds.
fn time_of(task: &Task) -> Option<(String, f64)> {
    let stat = task.stat().ok()?;
    let name = stat.comm.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = name.strip_suffix('-').unwrap_or(&stat.comm).to_owned();
    Some((name, (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_as_openmetrics() {
        let metrics = Metrics::new();
        metrics.answered(Form::Full);
        metrics.answered(Form::Keys);
        metrics.heard_by("ctc").inc_by(0.5);
        metrics.refused();
        metrics.ended(HangupCause::Finished);
        metrics.gap(Expectation::YesNo, Duration::from_millis(380));
        metrics.stage(Stage::Recognition, Expectation::Address, Duration::from_millis(30));
        metrics.late(Duration::from_micros(700));
        let load = Load { calls: 3, queue: Duration::from_millis(70), ..Load::of_lines(60) };
        let text = metrics.text(load);
        let check = |line: &str| assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        check("spillway_calls 3");
        check("spillway_calls_max 60");
        check("spillway_calls_answered_total{form=\"full\"} 1");
        check("spillway_calls_answered_total{form=\"keys\"} 1");
        check("spillway_recognizer_queue_seconds 0.07");
        check("spillway_recognizer_audio_seconds_total{engine=\"ctc\"} 0.5");
        check("spillway_calls_refused_total 1");
        check("spillway_calls_ended_total{cause=\"finished\"} 1");
        check("spillway_turn_gap_seconds_bucket{le=\"0.35\",slot=\"closed\"} 0");
        check("spillway_turn_gap_seconds_bucket{le=\"0.4\",slot=\"closed\"} 1");
        check("spillway_turn_stage_seconds_count{slot=\"open\",stage=\"recognition\"} 1");
        check("spillway_frame_late_seconds_bucket{le=\"0.001\"} 1");
        check("# EOF");
        assert!(text.contains("spillway_thread_cpu_seconds_total{thread=\""), "{text}");
        assert!(text.contains("spillway_resident_memory_bytes "), "{text}");
    }
}
