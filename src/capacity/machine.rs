//! How many calls a machine holds, from what was measured on it.

use serde::Serialize;

/// Cores are planned to be busy for so much of the time: the rest is for the moments in which many
/// speak at once. With more, answers wait for the recogniser long before the cores are full.
pub const BUSY_SHARE: f64 = 0.7;
/// Of the memory that is free, so much is planned with.
const MEMORY_SHARE: f64 = 0.5;
/// A call's two sockets, its journal and recording, and room for the console and the database.
const FILES_PER_CALL: u64 = 6;
const FILES_ASIDE: u64 = 200;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Machine {
    /// Processor cores.
    pub cores: usize,
    /// Seconds of speech that each core recognises in a second while all of them do; `None` where
    /// nothing is recognised.
    pub heard_s: Option<f64>,
    /// Cores that a call takes besides: sound, dialogue, files.
    pub call_cores: f64,
    /// Memory that a call takes, bytes.
    pub call_bytes: f64,
    /// Memory that is free, bytes.
    pub free_bytes: u64,
    /// Files that may be open at once; `None` without a limit.
    pub files_max: Option<u64>,
    /// Pairs of media ports.
    pub port_pairs: usize,
}

/// How many calls something suffices for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bound {
    /// What.
    pub what: &'static str,
    /// Calls at once.
    pub calls: usize,
    /// What to do for more.
    pub mend: &'static str,
}

impl Machine {
    /// Cores that a call takes whose caller speaks for so much of the time.
    pub fn cores_per_call(&self, talk_share: f64) -> f64 {
        self.call_cores + self.heard_s.map_or(0.0, |heard_s| talk_share / heard_s)
    }

    /// What bounds the calls, the tightest first.
    pub fn bounds(&self, talk_share: f64) -> Vec<Bound> {
        let cores = BUSY_SHARE * self.cores as f64 / self.cores_per_call(talk_share);
        let memory = MEMORY_SHARE * self.free_bytes as f64 / self.call_bytes.max(1.0);
        let files = self.files_max.map(|max| max.saturating_sub(FILES_ASIDE) / FILES_PER_CALL);
        let bound = |what, calls, mend| Bound { what, calls, mend };
        let mut bounds = vec![
            bound("cores", cores as usize, "more cores, or another node"),
            bound("memory", memory as usize, "more memory"),
            bound("media ports", self.port_pairs, "widen sip.media_ports"),
        ];
        bounds.extend(files.map(|files| {
            let mend = "raise the limit of open files (ulimit -n, LimitNOFILE= of the service)";
            bound("open files", files as usize, mend)
        }));
        bounds.sort_by_key(|bound| bound.calls);
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_bound_counts() {
        let machine = Machine {
            cores: 2,
            heard_s: Some(58.0),
            call_cores: 0.0021,
            call_bytes: 2e6,
            free_bytes: 16_000_000_000,
            files_max: Some(1_024),
            port_pairs: 500,
        };
        let check = |machine: &Machine, talk_share: f64, want: &[(&str, usize)]| {
            let bounds = machine.bounds(talk_share);
            let got: Vec<(&str, usize)> = bounds.iter().map(|b| (b.what, b.calls)).collect();
            assert_eq!(got, want);
        };
        let want = [("open files", 137), ("cores", 172), ("media ports", 500), ("memory", 4_000)];
        check(&machine, 0.35, &want);
        let unlimited = Machine { files_max: None, ..machine.clone() };
        check(&unlimited, 0.15, &[("cores", 298), ("media ports", 500), ("memory", 4_000)]);
        let deaf = Machine { heard_s: None, ..unlimited };
        check(&deaf, 0.35, &[("media ports", 500), ("cores", 666), ("memory", 4_000)]);
    }
}
