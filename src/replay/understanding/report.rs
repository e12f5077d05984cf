//! The cases' results together: per language and slot, calibration, confusion of needs, failures.

use super::case::SLOTS;
use super::{Alarms, Case, Judged, RoundScore};
use serde::Serialize;
use std::collections::BTreeMap;

/// The label of a life at risk.
const EMERGENCY: &str = "EMERGENCY";
/// Bins of the calibration error.
const BINS: usize = 10;

/// Counts of one slot of one language.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SlotScore {
    /// Cases.
    pub cases: usize,
    /// Exactly what the label says.
    pub exact: usize,
    /// Would stand without asking the caller about this slot alone.
    pub accepted: usize,
    /// Of these, exactly what the label says.
    pub accepted_right: usize,
    /// Something was understood.
    #[serde(skip)]
    pub given: usize,
    /// The label holds something.
    #[serde(skip)]
    pub wanted: usize,
    /// The label holds something, and exactly that was understood.
    #[serde(skip)]
    pub found: usize,
    /// Confidence and whether it was right, of every case something was understood in.
    #[serde(skip)]
    pub sure: Vec<(f32, bool)>,
}

/// One case that was not understood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// ISO 639-1.
    pub lang: String,
    /// The slot.
    pub slot: String,
    /// What was said.
    pub text: String,
    /// The label.
    pub expected: String,
    /// What was understood.
    pub got: String,
    /// 0..=1.
    pub confidence: f32,
}

/// Lives at risk in the cases of one language.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AlarmScore {
    /// Cases whose label is an emergency.
    pub emergencies: usize,
    /// What was said in those of them that raised no alarm.
    pub missed: Vec<String>,
    /// Other needs.
    pub others: usize,
    /// What was said in those of them that raised one.
    pub false_alarms: Vec<String>,
    /// Names, addresses and other answers that tell of no emergency.
    pub answers: usize,
    /// What was said in those of them that raised an alarm.
    pub alarming_answers: Vec<String>,
    /// What was said, need or answer, where only a beginning of it raised an alarm.
    pub hasty_alarms: Vec<String>,
}

/// All results.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct UnderstandingReport {
    /// Language, then slot.
    pub slots: BTreeMap<String, BTreeMap<String, SlotScore>>,
    /// In the order of the cases.
    pub failures: Vec<Failure>,
    /// Language to its emergencies.
    pub alarms: BTreeMap<String, AlarmScore>,
    /// Language to what became of its mixed cases as whole forms.
    pub forms: BTreeMap<String, RoundScore>,
    /// Language, then label and understood need, where they differ.
    #[serde(skip)]
    pub need_confusions: BTreeMap<String, BTreeMap<(String, String), usize>>,
}

impl UnderstandingReport {
    /// Counts one case and the alarms it raised.
    pub fn add(&mut self, case: &Case, judged: &Judged, alarms: Alarms) {
        let slots = self.slots.entry(case.lang.clone()).or_default();
        let score = slots.entry(case.slot.clone()).or_default();
        score.cases += 1;
        score.exact += usize::from(judged.right);
        score.accepted += usize::from(judged.accepted);
        score.accepted_right += usize::from(judged.accepted && judged.right);
        score.wanted += usize::from(!case.expected.is_empty());
        score.found += usize::from(judged.right && !case.expected.is_empty());
        if !judged.got.is_empty() {
            score.given += 1;
            score.sure.push((judged.confidence, judged.right));
        }
        self.alarms.entry(case.lang.clone()).or_default().add(case, alarms);
        if judged.right {
            return;
        }
        if case.slot == "need" {
            let pair = (case.expected.clone(), judged.got.clone());
            let confusions = self.need_confusions.entry(case.lang.clone()).or_default();
            *confusions.entry(pair).or_default() += 1;
        }
        self.failures.push(Failure {
            lang: case.lang.clone(),
            slot: case.slot.clone(),
            text: case.text.clone(),
            expected: case.expected.clone(),
            got: judged.got.clone(),
            confidence: judged.confidence,
        });
    }

    /// A table, the confusions of needs, and the first `failures_max` failures.
    pub fn table(&self, failures_max: usize) -> String {
        let mut out = String::new();
        out += "lang slot        cases  exact%  precision%  recall%  accepted%  right of them%    \
                ECE\n";
        for (lang, slots) in &self.slots {
            for (slot, s) in SLOTS.iter().filter_map(|n| slots.get(*n).map(|s| (n, s))) {
                out += &format!(
                    "{lang:<4} {slot:<11} {:>5} {:>7.1} {:>11.1} {:>8.1} {:>10.1} {:>15.1} \
                     {:>6.3}\n",
                    s.cases,
                    percent(s.exact, s.cases),
                    percent(s.found, s.given),
                    percent(s.found, s.wanted),
                    percent(s.accepted, s.cases),
                    percent(s.accepted_right, s.accepted),
                    s.calibration_error(),
                );
            }
        }
        out += &self.alarms_table();
        out += &self.forms_table();
        for (lang, pairs) in &self.need_confusions {
            for ((want, got), n) in pairs {
                let got = if got.is_empty() { "nothing" } else { got };
                out += &format!("{lang}: {n} x {want} understood as {got}\n");
            }
        }
        for f in self.failures.iter().take(failures_max) {
            out += &format!(
                "{} {}: \"{}\"\n    expected {}\n    got      {}  ({:.2})\n",
                f.lang, f.slot, f.text, f.expected, f.got, f.confidence
            );
        }
        if self.failures.len() > failures_max {
            out += &format!("... and {} more failures\n", self.failures.len() - failures_max);
        }
        out
    }
}

impl AlarmScore {
    fn add(&mut self, case: &Case, alarms: Alarms) {
        let told = |is: bool| is.then(|| case.text.clone());
        match (case.expected == EMERGENCY, case.slot == "need") {
            (true, _) => {
                self.emergencies += 1;
                self.missed.extend(told(!alarms.at_the_end));
                return;
            }
            // In a mixed case it stands beside name and address.
            (false, false) if case.expected.contains(EMERGENCY) => return,
            (false, true) => {
                self.others += 1;
                self.false_alarms.extend(told(alarms.at_the_end));
            }
            (false, false) => {
                self.answers += 1;
                self.alarming_answers.extend(told(alarms.at_the_end));
            }
        }
        self.hasty_alarms.extend(told(alarms.before && !alarms.at_the_end));
    }
}

impl UnderstandingReport {
    fn alarms_table(&self) -> String {
        let mut out = String::new();
        for (lang, a) in &self.alarms {
            let (missed, false_alarms) = (a.missed.len(), a.false_alarms.len());
            out += &format!(
                "{lang}: {} of {} emergencies recognised ({:.1} %), {false_alarms} false alarms in \
                 {} other needs ({:.1} %), {} in {} other answers ({:.1} %), {} before the end\n",
                a.emergencies - missed,
                a.emergencies,
                percent(a.emergencies - missed, a.emergencies),
                a.others,
                percent(false_alarms, a.others.max(1)),
                a.alarming_answers.len(),
                a.answers,
                percent(a.alarming_answers.len(), a.answers.max(1)),
                a.hasty_alarms.len(),
            );
            let told = |what: &str, texts: &[String]| {
                texts.iter().map(|t| format!("    {what}: \"{t}\"\n")).collect::<String>()
            };
            out += &told("missed", &a.missed);
            out += &told("false alarm", &a.false_alarms);
            out += &told("false alarm", &a.alarming_answers);
            out += &told("alarm before the end", &a.hasty_alarms);
        }
        out
    }

    fn forms_table(&self) -> String {
        let mut out = String::new();
        if !self.forms.is_empty() {
            out += "whole forms, one read-back round\n";
            out += "lang forms  all three%  name%  address%  need%  locality%  unasked%  \
                    right of them%\n";
        }
        for (lang, f) in &self.forms {
            let exact = |slot| f.slots.get(slot).map_or(100.0, |s| percent(s.exact, s.cases));
            let sum = |count: fn(&SlotScore) -> usize| f.slots.values().map(count).sum::<usize>();
            out += &format!(
                "{lang:<4} {:>5} {:>11.1} {:>6.1} {:>9.1} {:>6.1} {:>10.1} {:>9.1} {:>15.1}\n",
                f.forms,
                percent(f.all_right, f.forms),
                exact("name"),
                exact("address"),
                exact("need"),
                percent(f.localities_right, f.localities),
                percent(sum(|s| s.accepted), sum(|s| s.cases)),
                percent(sum(|s| s.accepted_right), sum(|s| s.accepted)),
            );
        }
        out
    }
}

impl SlotScore {
    /// Expected calibration error (Naeini et al. 2015) over ten bins of equal width.
    pub fn calibration_error(&self) -> f64 {
        let mut bins = [(0usize, 0.0f64, 0usize); BINS];
        for &(confidence, right) in &self.sure {
            let bin = ((confidence * BINS as f32) as usize).min(BINS - 1);
            bins[bin].0 += 1;
            bins[bin].1 += f64::from(confidence);
            bins[bin].2 += usize::from(right);
        }
        let all = self.sure.len().max(1) as f64;
        bins.iter().filter(|b| b.0 > 0).map(|b| (b.1 - b.2 as f64).abs() / all).sum()
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}
