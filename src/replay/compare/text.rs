//! A comparison for people at a terminal.

use super::calls::name;
use super::{CallVerdict, Compared, Comparison, Failed, PairedCall, Run};
use crate::replay::Mode;
use crate::replay::metrics::interval_text;
use std::fmt::Write;

/// Calls, words and names of each list that are told; the report has more.
const TOLD_MAX: usize = 10;

impl Comparison<'_> {
    /// As a table with what stands behind it. What was said is cut short.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (letter, run) in [("A", &self.a), ("B", &self.b)] {
            text += &format!("{letter}  {}\n", run.to_text());
        }
        text += &self.table();
        text.push('\n');
        text += &self.verdict();
        let calls = self.calls.iter().filter(|call| call.verdict != CallVerdict::Otherwise);
        for (at, call) in calls.take(TOLD_MAX).enumerate() {
            text += if at == 0 { "\n" } else { "" };
            text += &told(call);
        }
        if !self.said.is_empty() {
            text += "\nsaid otherwise, most often first:\n";
        }
        for said in self.said.iter().take(TOLD_MAX) {
            let (a, b) = (quoted(&said.a), quoted(&said.b));
            let (who, times, calls) = (name(said.speaker), said.times, said.calls);
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  {who:6}  {a} -> {b} ({times} times, calls: {calls})");
        }
        text
    }

    /// The intervals of A and B themselves are in the report.
    fn table(&self) -> String {
        let width = self.figures.iter().map(|f| f.metric.title.chars().count()).max().unwrap_or(0);
        let mut text = format!(
            "\n{:width$}  {:>9}  {:>9}  {:>9}  {:18}  {:>6}  verdict\n",
            "", "A", "B", "B - A", "95 %", "p"
        );
        for figure in &self.figures {
            let unit = figure.metric.unit;
            let shown = |value: Option<f64>| value.map_or("-".into(), |value| unit.show(value));
            let values = [figure.a, figure.b, figure.difference].map(shown);
            let values = values.map(|value| format!("{value:>9}")).join("  ");
            let interval = interval_text(unit, figure.difference_interval);
            let (title, p, verdict) =
                (&figure.metric.title, figure.p_text(), figure.verdict.name());
            let _ = writeln!(text, "{title:width$}  {values}  {interval:18}  {p:>6}  {verdict}");
        }
        text
    }

    /// What it all comes to, in a few lines.
    pub fn verdict(&self) -> String {
        let titles = |verdict| {
            let titles: Vec<&str> =
                self.figures_with(verdict).map(|figure| &*figure.metric.title).collect();
            if titles.is_empty() { "nothing".into() } else { titles.join(", ") }
        };
        let changed = self.calls.len();
        format!(
            "worse: {}\nbetter: {}\n{} calls in both runs: {} worse, {} better, {} said otherwise \
             and came to the same, {} the same\n",
            titles(super::Verdict::Worse),
            titles(super::Verdict::Better),
            self.paired,
            self.count(CallVerdict::Worse),
            self.count(CallVerdict::Better),
            self.count(CallVerdict::Otherwise),
            self.paired - changed,
        )
    }
}

impl Compared {
    /// The p that counts: after the correction, where there is one.
    pub fn p_text(&self) -> String {
        match (self.p_holm, self.differing) {
            (Some(p), _) if p < 0.001 => "<0.001".into(),
            (Some(p), _) => format!("{p:.3}"),
            (None, Some(0)) => "same".into(),
            (None, Some(_)) => "few".into(),
            (None, None) => "-".into(),
        }
    }
}

impl Run<'_> {
    /// Which file, what was done, and which calls are in no figure.
    pub fn to_text(&self) -> String {
        let file = self.file.display();
        let (header, calls) = (self.header, self.calls);
        let mut text = format!("{file}: {calls} calls, {}", self.what());
        let _ = write!(text, ", build {}", header.build);
        for (what, given) in [("overlay", &header.overlay), ("impaired", &header.impair)] {
            if let Some(given) = given {
                let _ = write!(text, ", {what} {}", one_line(given));
            }
        }
        if !self.only_here.is_empty() {
            let names: Vec<&str> = self.only_here.iter().map(|call| &*call.0).collect();
            let _ = write!(text, "\n   only here: {}", listed(&names));
        }
        for Failed { call, error } in self.failed.iter().take(TOLD_MAX) {
            let _ = write!(text, "\n   not replayed: {call}: {error}");
        }
        let more = self.failed.len().saturating_sub(TOLD_MAX);
        if more > 0 {
            let _ = write!(text, "\n   not replayed: {more} more");
        }
        text
    }

    /// What was done.
    pub fn what(&self) -> &'static str {
        match self.header.mode {
            Mode::Journal => "as recorded (by journal)",
            Mode::Audio => "heard again (by audio)",
        }
    }
}

/// The first of many names.
fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(TOLD_MAX);
    let first = names[..names.len() - more].join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

fn told(call: &PairedCall<'_>) -> String {
    let verdict = match call.verdict {
        CallVerdict::Better => "better",
        CallVerdict::Worse => "worse",
        CallVerdict::Otherwise => "otherwise",
    };
    let mut text = format!("  {verdict:6}  {}: {}", call.call, call.change.to_text());
    if let Some(at) = &call.divergence {
        let seconds = at.recording_ms as f64 / 1e3;
        let first = call.turns.iter().find(|pair| !pair.is_same()).map(|pair| pair.stretches());
        let words = first.into_iter().flatten().find(|stretch| !stretch.is_same());
        let (a, b) = words.map_or_else(Default::default, |words| (words.a, words.b));
        let (who, a, b) = (name(at.speaker), quoted(&a), quoted(&b));
        let _ = write!(text, "\n          from {seconds:.1} s: {who} {a} -> {b}");
    }
    text + "\n"
}

/// Characters of a quotation.
const QUOTED_CHARS_MAX: usize = 60;

/// What was said, short and without control characters, which a terminal would obey.
fn quoted(said: &str) -> String {
    if said.is_empty() {
        return "nothing".into();
    }
    let mut short: String = one_line(said).chars().take(QUOTED_CHARS_MAX).collect();
    if short.len() < said.len() {
        short.push('…');
    }
    format!("\"{short}\"")
}

fn one_line(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(clean).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
