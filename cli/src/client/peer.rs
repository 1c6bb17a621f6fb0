//! Addresses of peers as people write them.

use http::Uri;

/// A peer's address, as `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) String);

/// An address that cannot be one of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidPeer {
    pub(crate) text: String,
    pub(crate) https: bool,
}

/// Port of the API where none is written.
const DEFAULT_PORT: u16 = 8090;

impl Peer {
    /// Reads `http://host:port`, `host:port` or `host`; a trailing slash is forgiven, a path is not.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidPeer> {
        let wrong = |https| InvalidPeer {
            text: text.to_owned(),
            https,
        };
        let trimmed = text.trim();
        if trimmed.starts_with("https://") {
            return Err(wrong(true));
        }
        let rest = trimmed.strip_prefix("http://").unwrap_or(trimmed);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let uri: Uri = format!("http://{rest}")
            .parse()
            .map_err(|_invalid| wrong(false))?;
        let authority = uri.authority().ok_or_else(|| wrong(false))?;
        if uri
            .path_and_query()
            .is_some_and(|path| path.as_str() != "/")
            || authority.as_str().contains('@')
            || authority.host().is_empty()
            || (authority.port_u16().is_none() && authority.as_str() != authority.host())
        {
            return Err(wrong(false));
        }
        Ok(Self(format!(
            "{}:{}",
            authority.host(),
            authority.port_u16().unwrap_or(DEFAULT_PORT)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_leave_out_scheme_and_port() {
        for (text, expected) in [
            ("http://127.0.0.1:8090", "127.0.0.1:8090"),
            ("127.0.0.1:9000/", "127.0.0.1:9000"),
            (" etl-3 ", "etl-3:8090"),
            ("http://[::1]:81", "[::1]:81"),
            ("[::1]", "[::1]:8090"),
        ] {
            assert_eq!(Peer::parse(text), Ok(Peer(expected.to_owned())));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "http://",
            "a b",
            "host:port",
            "host:99999",
            "http://host/api",
            "user@host",
            "ftp://host",
        ] {
            assert!(Peer::parse(text).is_err(), "{text:?} was taken");
        }
        assert!(Peer::parse("https://host").is_err_and(|error| error.https));
    }
}
