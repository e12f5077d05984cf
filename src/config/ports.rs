//! Port ranges as `20000-20999`.

use serde::Deserialize;

/// An inclusive range of UDP ports; a call uses an even port (RTP) and the next (RTCP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl PortRange {
    /// Even ports whose odd neighbour is in the range too (RFC 3550 11).
    pub fn rtp_ports(self) -> impl Iterator<Item = u16> {
        (self.first..self.last).filter(|p| p % 2 == 0)
    }

    /// How many calls fit.
    pub fn pairs(self) -> usize {
        self.rtp_ports().count()
    }
}

impl TryFrom<String> for PortRange {
    type Error = String;
    fn try_from(text: String) -> Result<PortRange, String> {
        let expected = || format!("\"{text}\" is no port range; expected \"20000-20999\"");
        let (first, last) = text.split_once('-').ok_or_else(expected)?;
        let first: u16 = first.trim().parse().map_err(|_| expected())?;
        let last: u16 = last.trim().parse().map_err(|_| expected())?;
        if first < 1024 || first >= last { Err(expected()) } else { Ok(PortRange { first, last }) }
    }
}
