//! When and what RTCP a leg sends (RFC 3550 section 6.2).

use crate::leg::RtpSocket;
use crate::rtp::{
    RTCP_BYTES_MAX, Reception, ReceptionReport, RtcpReceived, RtcpReport, SenderInfo,
};
use rand::Rng;
use std::net::SocketAddr;

/// The mean interval; each is drawn from half to one and a half of it.
const INTERVAL_MS: u64 = 5_000;

/// What our stream counts at the moment of a report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) timestamp: u32,
    pub(super) packets: u64,
    pub(super) octets: u64,
}

/// Reports to the far end about every five seconds.
pub(super) struct RtcpReporter {
    ssrc: u32,
    cname: String,
    due_ms: u64,
    packets_before: u64,
    /// Where the far end's reports come from.
    source: Option<SocketAddr>,
    last_report: Option<(u32, u64)>,
}

impl RtcpReporter {
    pub(super) fn new(ssrc: u32) -> RtcpReporter {
        // 96 random bits name this leg and nothing else (RFC 7022 4.2)
        let cname = format!("{:016x}{:08x}", rand::random::<u64>(), rand::random::<u32>());
        let due_ms = rand::rng().random_range(INTERVAL_MS / 4..INTERVAL_MS * 3 / 4);
        RtcpReporter { ssrc, cname, due_ms, packets_before: 0, source: None, last_report: None }
    }

    /// The far end reported.
    pub(super) fn heard(&mut self, now_ms: u64, source: SocketAddr, report: &RtcpReceived) {
        self.source = Some(source);
        if let Some(time) = report.report_time {
            self.last_report = Some((time, now_ms));
        }
    }

    pub(super) fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.due_ms
    }

    /// Sends a report to the far end whose RTP goes `to`; `reception` is its stream, if any.
    pub(super) fn send(
        &mut self,
        now_ms: u64,
        socket: &RtpSocket,
        to: SocketAddr,
        sent: Sent,
        reception: Option<(u32, &mut Reception)>,
        bye: bool,
    ) {
        let interval = rand::rng().random_range(INTERVAL_MS / 2..INTERVAL_MS * 3 / 2);
        self.due_ms = now_ms + interval;
        let active = sent.packets > self.packets_before;
        self.packets_before = sent.packets;
        let (last_report, since_last_report) = match self.last_report {
            Some((time, at_ms)) => (time, (now_ms.saturating_sub(at_ms) * 65_536 / 1000) as u32),
            None => (0, 0),
        };
        let report = RtcpReport {
            ssrc: self.ssrc,
            sender: active.then_some(SenderInfo {
                elapsed_ms: now_ms,
                timestamp: sent.timestamp,
                packets: sent.packets as u32,
                octets: sent.octets as u32,
            }),
            reception: reception.map(|(ssrc, heard)| ReceptionReport {
                ssrc,
                fraction_lost: heard.fraction_lost(),
                lost: heard.lost() as u32,
                highest: heard.highest(),
                jitter: heard.jitter(),
                last_report,
                since_last_report,
            }),
            cname: &self.cname,
            bye,
        };
        let mut datagram = [0; RTCP_BYTES_MAX];
        let length = report.write(&mut datagram);
        // where its reports come from, as long as that is where its RTP is; else the next port
        let beside = to.port().checked_add(1).map(|port| SocketAddr::new(to.ip(), port));
        if let Some(to) = self.source.filter(|s| s.ip() == to.ip()).or(beside) {
            socket.send_rtcp(&datagram[..length], to);
        }
    }
}
