//! Addresses that other nodes use: a host's name or IP address, and a port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A host by name or IP address, and a port unless that goes without saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Without the brackets of IPv6.
    pub host: String,
    pub port: Option<u16>,
}

/// The longest name of a host.
const LONGEST_HOST: usize = 253;

impl PeerAddress {
    /// With `port` where it names none.
    #[must_use]
    pub fn or_port(self, port: u16) -> Self {
        Self {
            port: self.port.or(Some(port)),
            ..self
        }
    }

    /// Its IP address; absent where it is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether only this machine can mean itself by it.
    pub fn is_loopback(&self) -> bool {
        match self.ip() {
            Some(ip) => ip.to_canonical().is_loopback(),
            None => self.host.eq_ignore_ascii_case("localhost"),
        }
    }
}

impl From<SocketAddr> for PeerAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: Some(address.port()),
        }
    }
}

impl FromStr for PeerAddress {
    type Err = String;

    /// Reads `host:port`, `10.0.0.1:port`, `[::1]:port`, each also without the port.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("{text:?} is no address; write it like \"etl-1:8091\"");
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or_else(wrong)?;
                host.parse::<Ipv6Addr>()
                    .map_err(|_not_an_address| wrong())?;
                let port = match after {
                    "" => None,
                    after => Some(after.strip_prefix(':').ok_or_else(wrong)?),
                };
                (host, port)
            }
            None if text.parse::<Ipv6Addr>().is_ok() => (text, None),
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let is_name = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.:".contains(&letter);
        if host.is_empty() || host.len() > LONGEST_HOST || !host.bytes().all(is_name) {
            return Err(wrong());
        }
        let port = port
            .map(str::parse)
            .transpose()
            .map_err(|_no_port| wrong())?;
        if port == Some(0) {
            return Err(format!(
                "{text:?} names port 0; name the one that is reached"
            ));
        }
        let address = Self {
            host: host.to_owned(),
            port,
        };
        if address
            .ip()
            .is_some_and(|ip| ip.to_canonical().is_unspecified())
        {
            return Err(format!(
                "{text:?} is no address that can be reached; name the machine's own"
            ));
        }
        Ok(address)
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read_with_and_without_port_and_written_alike() {
        for (text, host, port) in [
            ("etl-1:8091", "etl-1", Some(8091)),
            ("etl_1.example.com", "etl_1.example.com", None),
            ("10.0.0.7:1", "10.0.0.7", Some(1)),
            ("[fd00::7]:8091", "fd00::7", Some(8091)),
            ("[fd00::7]", "fd00::7", None),
        ] {
            let address: PeerAddress = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
            assert_eq!(address.to_string(), text);
        }
        let bare: PeerAddress = "::1".parse().unwrap();
        assert!(bare.is_loopback() && bare.or_port(5).to_string() == "[::1]:5");
    }

    #[test]
    fn what_cannot_be_reached_is_no_address() {
        for text in [
            "",
            ":8091",
            "host:",
            "host:0",
            "host:70000",
            "host:port",
            "a b:1",
            "http://host:1",
            "host/x",
            "[::1",
            "[::1]8091",
            "[host]:1",
            "0.0.0.0:8091",
            "[::]:8091",
            "日:1",
        ] {
            assert!(text.parse::<PeerAddress>().is_err(), "{text:?} was taken");
        }
    }
}
