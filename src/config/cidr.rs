//! Networks as `10.0.0.0/8`.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network, in CIDR notation (RFC 4632); a bare address is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// 127.0.0.0/8.
    pub const LOOPBACK_V4: Cidr = Cidr { base: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 };
    /// ::1/128.
    pub const LOOPBACK_V6: Cidr = Cidr { base: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 };

    /// 0.0.0.0/0.
    pub const ANY_V4: Cidr = Cidr { base: IpAddr::V4(Ipv4Addr::UNSPECIFIED), prefix: 0 };
    /// ::/0.
    pub const ANY_V6: Cidr = Cidr { base: IpAddr::V6(Ipv6Addr::UNSPECIFIED), prefix: 0 };

    /// The network of one address.
    pub const fn host(ip: IpAddr) -> Cidr {
        Cidr { base: ip, prefix: if ip.is_ipv4() { 32 } else { 128 } }
    }

    /// True when `ip` lies in this network; IPv4-mapped IPv6 addresses count as IPv4.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(base) & mask == u32::from(ip) & mask
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(base) & mask == u128::from(ip) & mask
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Cidr {
    type Error = String;
    fn try_from(text: String) -> Result<Cidr, String> {
        let expected = || format!("\"{text}\" is no network; expected for example \"10.0.0.0/8\"");
        let (base, prefix) = text.split_once('/').unwrap_or((&text, ""));
        let base: IpAddr = base.parse().map_err(|_| expected())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let prefix = if prefix.is_empty() && !text.contains('/') {
            most
        } else {
            prefix.parse().map_err(|_| expected())?
        };
        if prefix > most { Err(expected()) } else { Ok(Cidr { base, prefix }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains() {
        let check = |net: &str, ip: &str, want| {
            let net = Cidr::try_from(net.to_string()).unwrap();
            assert_eq!(net.contains(ip.parse().unwrap()), want, "{net:?} {ip}");
        };
        check("10.0.0.0/8", "10.255.1.2", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("0.0.0.0/0", "203.0.113.9", true);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.8", false);
        check("10.0.0.0/8", "::ffff:10.1.1.1", true);
        check("fd00::/8", "fd12::1", true);
        check("::/0", "10.0.0.1", false);
    }

    #[test]
    fn refuses() {
        for bad in ["", "10.0.0.0/33", "ten/8", "10.0.0.0/", "::1/129", "10.0.0.0/-1"] {
            assert!(Cidr::try_from(bad.to_string()).is_err(), "{bad}");
        }
    }
}
