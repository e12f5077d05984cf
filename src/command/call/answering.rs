//! `spillway call --answer`: a telephone that waits for calls.

use super::{FAREWELL, Run, stopped};
use spillway::caller::{self, CallReport, Conversation, Paint, Telephone};
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

impl Run {
    /// Takes calls at `listen`.
    pub(super) async fn answer(&self, listen: SocketAddr) -> anyhow::Result<ExitCode> {
        let stop = stopped();
        let mut telephone = Telephone::plug_in(listen, self.args.media_ports).await?;
        // Standard output is the report's.
        eprintln!("ready sip:{}", telephone.address());
        let mut reports = Vec::new();
        for number in 1..=self.args.repeat {
            match self.take(&mut telephone, number, &stop).await? {
                Some(report) => reports.push(report),
                None => break,
            }
        }
        telephone.unplug(FAREWELL).await;
        if reports.is_empty() {
            anyhow::bail!("nobody called before it was unplugged");
        }
        self.end(&reports)
    }

    async fn take(
        &self,
        telephone: &mut Telephone,
        number: u32,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<CallReport>> {
        let record = self.args.record.as_deref().map(|file| self.numbered(file, number));
        let (scenario, cues, record) = (&self.scenario, self.cues.clone(), record.as_deref());
        let shown = scenario.turns.iter().map(caller::shown).collect();
        if self.args.json {
            let nowhere = Conversation::new(std::io::sink(), Paint::Plain, shown);
            let mut nowhere = nowhere.answering();
            return Ok(telephone.take(scenario, cues, record, &mut nowhere, stop).await?);
        }
        let (which, address) = (self.which(number), telephone.address());
        let words = format!("{which}{} waits for a call at sip:{address}", self.name());
        crate::command::print(&self.headed(&words))?;
        let mut live = Conversation::new(std::io::stdout(), self.paint, shown).answering();
        let report = telephone.take(scenario, cues, record, &mut live, stop).await?;
        if let Some(report) = &report {
            crate::command::print(&self.ending(report)?)?;
        }
        Ok(report)
    }
}
