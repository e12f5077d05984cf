//! Which addresses may be sent to (OWASP, Server Side Request Forgery Prevention).

use crate::config::Cidr;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// The networks an administrator trusts, and what follows for others.
///
/// Sent to are public addresses and those of private networks (RFC 1918, RFC 4193), by https. Not
/// sent to are this machine, link-local addresses (a cloud's metadata service is one), and those
/// that are nobody's. In trusted networks all is sent to, by plain http too.
#[derive(Debug, Clone)]
pub struct Networks(Arc<[Cidr]>);

impl Networks {
    /// With these trusted.
    pub fn new(trusted: Vec<Cidr>) -> Networks {
        Networks(trusted.into())
    }

    /// Whether `ip` may be sent to by https, or by http if not `secure`.
    pub fn may_reach(&self, ip: IpAddr, secure: bool) -> bool {
        let trusted = self.0.iter().any(|net| net.contains(ip));
        trusted || (secure && !is_special(ip.to_canonical()))
    }
}

fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_special_v4(ip),
        IpAddr::V6(ip) => is_special_v6(ip),
    }
}

fn is_special_v4(ip: Ipv4Addr) -> bool {
    let shared = matches!(ip.octets(), [100, 64..=127, ..]);
    let this_or_reserved = matches!(ip.octets(), [0 | 240..=255, ..]);
    let special = ip.is_loopback() || ip.is_link_local() || ip.is_multicast();
    special || shared || this_or_reserved || ip.is_documentation()
}

fn is_special_v6(ip: Ipv6Addr) -> bool {
    // What holds an IPv4 address ends where a gateway thinks fit: NAT64, 6to4, Teredo, and the
    // compatible ones of old, among them :: and ::1.
    let carries_v4 = matches!(
        ip.segments(),
        [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] | [0, 0, 0, 0, 0, 0, ..]
    );
    let metadata = ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    carries_v4 || metadata || ip.is_multicast() || ip.is_unicast_link_local()
}

/// Looks names up once, for the connection that is then made: no second look-up can answer
/// otherwise.
pub struct Resolver {
    networks: Networks,
    secure: bool,
}

impl Resolver {
    /// For https, or for http if not `secure`.
    pub fn new(networks: Networks, secure: bool) -> Arc<Resolver> {
        Arc::new(Resolver { networks, secure })
    }
}

/// A name has no address that may be sent to.
#[derive(Debug, thiserror::Error)]
#[error("its addresses may not be sent to; webhooks.allow_http names the networks that may")]
pub struct Forbidden;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (networks, secure) = (self.networks.clone(), self.secure);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |addr: &SocketAddr| networks.may_reach(addr.ip(), secure);
            let reachable: Vec<SocketAddr> = found.filter(may).collect();
            if reachable.is_empty() {
                return Err(Forbidden.into());
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_be_sent_to() {
        let trusted = ["10.1.0.0/16", "169.254.7.7"].map(|net| Cidr::try_from(net.to_string()));
        let networks = Networks::new(trusted.map(Result::unwrap).to_vec());
        let check = |ip: &str, https, http| {
            let ip = ip.parse().unwrap();
            let got = (networks.may_reach(ip, true), networks.may_reach(ip, false));
            assert_eq!(got, (https, http), "{ip}");
        };
        check("203.0.114.9", true, false);
        check("192.168.1.2", true, false);
        check("10.2.0.1", true, false);
        check("10.1.2.3", true, true);
        check("::ffff:10.1.2.3", true, true);
        check("169.254.7.7", true, true);
        check("2606:4700::1111", true, false);
        check("fd12::1", true, false);
        for ip in [
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "100.100.100.200",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "2001:0:a9fe:a9fe::1",
            "fd00:ec2::254",
        ] {
            check(ip, false, false);
        }
    }
}
