//! User, password, host and port: what stands between `//` and the next `/`.

use crate::jdbc::text::{Text, is_name, pairs};
use crate::jdbc::{DatabaseUrl, UrlError};

/// What an authority says.
#[derive(Debug, Default)]
pub(super) struct Authority {
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    /// Without brackets; empty where none is written.
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) warnings: Vec<String>,
}

impl Authority {
    /// Reads it. `form` is how the whole URL should look.
    pub(super) fn parse(text: &Text<'_>, authority: &str, form: &str) -> Result<Self, UrlError> {
        let mut read = Self::default();
        let hosts = match authority.rsplit_once('@') {
            Some((user, hosts)) => {
                // A password may hold a colon, a name may not.
                let (name, password) = match user.split_once(':') {
                    Some((name, password)) => (name, Some(password)),
                    None => (user, None),
                };
                read.username = Some(text.decode(name)?).filter(|name| !name.is_empty());
                read.password = password.map(|password| text.decode(password)).transpose()?;
                hosts
            }
            None => authority,
        };
        if hosts.contains('(') || hosts.contains('=') {
            return Err(text.wrong(
                "hosts in the form address=(host=…)(port=…) are not understood",
                form,
            ));
        }
        let first = first_host(hosts);
        if first.len() < hosts.len() {
            read.warnings.push(
                "of several hosts only the first is used: there is no failover and no load balancing"
                    .to_owned(),
            );
        }
        let (host, port) = host_and_port(text, first, form)?;
        read.host = host;
        read.port = port;
        Ok(read)
    }

    /// Gives user and password to `url`.
    pub(super) fn give_to(self, url: &mut DatabaseUrl) {
        url.username = self.username.or_else(|| url.username.take());
        if let Some(password) = self.password {
            url.secrets.set(crate::PASSWORD, password);
        }
        url.warnings.extend(self.warnings);
    }
}

/// The first of several hosts; a bare address of IPv6 has colons and no comma.
fn first_host(hosts: &str) -> &str {
    hosts.split(',').next().unwrap_or(hosts)
}

fn host_and_port(
    text: &Text<'_>,
    written: &str,
    form: &str,
) -> Result<(String, Option<u16>), UrlError> {
    let (host, port) = if let Some(rest) = written.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else {
            return Err(text.wrong("a ] is missing behind the address of the host", form));
        };
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            let message = format!(
                "{} is no address of IPv6",
                named(text, "what stands between [ and ]", host)
            );
            return Err(text.wrong(message, form));
        }
        match port.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if port.is_empty() => (host, None),
            None => return Err(text.wrong("behind the ] of the host only :port may stand", form)),
        }
    } else if written.matches(':').count() > 1 {
        return Err(text.wrong(
            "the host has several colons; an address of IPv6 stands in brackets, such as [::1]:3306, and @ : / in a password are written %40 %3A %2F",
            form,
        ));
    } else {
        match written.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (written, None),
        }
    };
    let host = text.decode(host)?;
    let fits = |character: char| character.is_alphanumeric() || "-._:".contains(character);
    if !host.chars().all(fits) {
        let message = format!(
            "{} is no name of a host",
            named(text, "what stands as the host", &host)
        );
        return Err(text.wrong(message, form));
    }
    let port = match port {
        None | Some("") => None,
        Some(port) => match port.parse::<u16>() {
            Ok(number) if number > 0 => Some(number),
            Ok(_) | Err(_) => {
                let message = format!(
                    "{} is no port from 1 to 65535",
                    named(text, "what stands as the port", port)
                );
                return Err(text.wrong(message, form));
            }
        },
    };
    Ok((host, port))
}

/// The part itself where it may be shown, else where it stands.
fn named(text: &Text<'_>, place: &str, part: &str) -> String {
    let quoted = text.quote(part);
    if quoted.is_empty() {
        place.to_owned()
    } else {
        format!("{place},{quoted},")
    }
}

/// Splits what stands behind `//` into authority, path and properties at the first of `/` and of `marks`.
pub(super) fn cut<'u>(rest: &'u str, marks: &[char]) -> (&'u str, &'u str) {
    let end = rest
        .find(|character| character == '/' || marks.contains(&character))
        .unwrap_or(rest.len());
    rest.split_at(end)
}

/// An `@` behind the authority was meant to end a password that holds a `/`, `?` or `#`.
pub(super) fn refuse_late_at(part: &str) -> Result<(), UrlError> {
    if part.contains('@') {
        return Err(UrlError(
            "an @ stands behind the host: in a user's name or password write %2F for /, %3F for ?, %23 for # and %40 for @"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Reads `a=b&c=d` into `url`. Names and values are decoded when `decoded`.
pub(super) fn properties(
    text: &Text<'_>,
    url: &mut DatabaseUrl,
    written: &str,
    (separator, prefix, decoded): (char, &str, bool),
) -> Result<(), UrlError> {
    for (name, value) in pairs(written, separator) {
        let name = name.trim();
        refuse_late_at(name)?;
        if !is_name(name) {
            let message = format!("a property{} has no proper name", text.quote(name));
            return Err(text.wrong(
                message,
                &format!("name=value, with {separator} between two"),
            ));
        }
        let may_hold_at = matches!(
            name.to_ascii_lowercase().as_str(),
            "user" | "username" | "uid"
        );
        if !may_hold_at && !crate::is_secret(name) {
            refuse_late_at(value)?;
        }
        let value = if decoded {
            text.decode(value)?
        } else {
            value.to_owned()
        };
        url.set(format!("{prefix}{name}"), value);
    }
    Ok(())
}
