//! What a server's `/metrics` told at one moment.

use std::collections::BTreeMap;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Each sample's name with its labels, as they were written, and its value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    /// Asks `url`. Blocks, for five seconds at most.
    pub fn fetch(url: &str) -> Result<Scrape, String> {
        let request = ureq::get(url).config().timeout_global(Some(TIMEOUT)).build();
        let answer = request.call().and_then(|mut answer| answer.body_mut().read_to_string());
        let text = answer.map_err(|e| {
            format!("{url}: {e}; set metrics.listen in the server's configuration, or leave it out")
        })?;
        Ok(Scrape::parse(&text))
    }

    /// Reads OpenMetrics text; lines that are no samples are left out.
    pub fn parse(text: &str) -> Scrape {
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Scrape(text.lines().filter(|l| !l.starts_with('#')).filter_map(sample).collect())
    }

    /// What was added since `before`.
    pub fn since(&self, before: &Scrape) -> Scrape {
        let added = |(name, value): (&String, &f64)| {
            (name.clone(), value - before.0.get(name).copied().unwrap_or(0.0))
        };
        Scrape(self.0.iter().map(added).collect())
    }

    /// The sample written `name`, labels and all.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The samples of `name` by the value of their only label.
    pub fn by_label(&self, name: &str) -> BTreeMap<String, f64> {
        let value = |(key, value): (&String, &f64)| {
            let labels = key.strip_prefix(name)?.strip_prefix('{')?.strip_suffix("\"}")?;
            let (_, label) = labels.split_once("=\"")?;
            Some((label.to_owned(), *value))
        };
        self.0.iter().filter_map(value).collect()
    }

    /// The share of a histogram's observations that are no greater than `le`, one of its bounds.
    pub fn share_up_to(&self, name: &str, le: &str) -> Option<f64> {
        let all = self.value(&format!("{name}_count"))?;
        let below = self.value(&format!("{name}_bucket{{le=\"{le}\"}}"))?;
        (all > 0.0).then_some(below / all)
    }

    /// The value that the share `q` of the histogram `name` with `labels` (`a="b",c="d"`, or none)
    /// does not exceed, between bounds by the straight line, as Prometheus has it; nothing beyond
    /// the last bound.
    pub fn quantile(&self, name: &str, labels: &str, q: f64) -> Option<f64> {
        let prefix = format!("{name}_bucket{{le=\"");
        let rest = match labels {
            "" => "\"}".to_owned(),
            labels => format!("\",{labels}}}"),
        };
        let bucket = |(key, count): (&String, &f64)| {
            let le = key.strip_prefix(&prefix)?.strip_suffix(&rest)?;
            let le = if le == "+Inf" { f64::INFINITY } else { le.parse().ok()? };
            Some((le, *count))
        };
        let mut buckets: Vec<(f64, f64)> = self.0.iter().filter_map(bucket).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted = q * buckets.last().filter(|(_, all)| *all > 0.0)?.1;
        let (mut from, mut below) = (0.0, 0.0);
        for (le, count) in buckets {
            if count >= wanted && le.is_finite() {
                let share = if count > below { (wanted - below) / (count - below) } else { 1.0 };
                return Some(from + (le - from) * share);
            }
            (from, below) = (if le.is_finite() { le } else { from }, count);
        }
        Some(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "# TYPE late histogram\nlate_bucket{le=\"0.02\"} 10\n\
        late_bucket{le=\"0.1\"} 10\nlate_bucket{le=\"+Inf\"} 10\nlate_count 10\n\
        cpu_total{thread=\"ctc\"} 2.5\n# EOF\n";
    const AFTER: &str = "late_bucket{le=\"0.02\"} 100\nlate_bucket{le=\"0.1\"} 109\n\
        late_bucket{le=\"+Inf\"} 110\nlate_count 110\ncpu_total{thread=\"ctc\"} 4\n\
        gap_bucket{le=\"0.5\",slot=\"closed\"} 3\ngap_bucket{le=\"+Inf\",slot=\"closed\"} 4\n\
        not a sample\n";

    #[test]
    fn what_was_added_between_two() {
        let added = Scrape::parse(AFTER).since(&Scrape::parse(BEFORE));
        assert_eq!(added.value("late_count"), Some(100.0));
        assert_eq!(added.by_label("cpu_total"), BTreeMap::from([("ctc".to_owned(), 1.5)]));
        assert_eq!(added.share_up_to("late", "0.02"), Some(0.9));
        let check = |name: &str, labels: &str, q: f64, want: Option<f64>| {
            let got = added.quantile(name, labels, q);
            let near = got.zip(want).is_some_and(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near || got == want, "{name} {q}: {got:?}, want {want:?}");
        };
        check("late", "", 0.45, Some(0.01));
        check("late", "", 0.945, Some(0.06));
        check("late", "", 0.999, Some(0.1));
        check("gap", "slot=\"closed\"", 0.75, Some(0.5));
        check("gap", "slot=\"open\"", 0.5, None);
        check("no such", "", 0.5, None);
    }
}
