//! Where the operators' console is served.

use super::Cidr;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The operators' console and its API.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleConfig {
    /// Serve it; a node that only takes calls needs none.
    pub enabled: bool,
    /// TCP address, for plain HTTP: a reverse proxy in front of it speaks TLS.
    pub listen: SocketAddr,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Cidr>,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8022);
        let proxies = vec![Cidr::LOOPBACK_V4, Cidr::LOOPBACK_V6];
        ConsoleConfig { enabled: true, listen, proxies }
    }
}
