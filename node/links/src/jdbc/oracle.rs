//! Oracle: `thin:@//host:port/service`, `thin:@host:port:sid`, each with `user/password` before the `@`.

use crate::jdbc::authority::{Authority, refuse_late_at};
use crate::jdbc::text::Text;
use crate::jdbc::{DatabasePlace, DatabaseUrl, UrlError};
use crate::system::DatabaseSystem;

const FORM: &str = "jdbc:oracle:thin:@//host:1521/service";
const USUAL_PORT: u16 = 1521;

pub(super) fn parse(text: &Text<'_>, rest: &str) -> Result<DatabaseUrl, UrlError> {
    let driver = rest.split_once(':');
    let Some((_, rest)) = driver.filter(|(driver, _)| {
        driver.eq_ignore_ascii_case("thin") || driver.eq_ignore_ascii_case("oci")
    }) else {
        return Err(text.wrong("thin: is missing behind oracle:", FORM));
    };
    // A password may hold an @ itself; hosts and services do not.
    let Some((user, address)) = rest.rsplit_once('@') else {
        return Err(text.wrong("@ is missing before the host", FORM));
    };
    if address.starts_with('(') {
        return Err(text.wrong(
            "descriptions in the form (DESCRIPTION=…) are not understood",
            FORM,
        ));
    }
    let address = address
        .strip_prefix("tcp:")
        .or_else(|| address.strip_prefix("tcps:"))
        .unwrap_or(address);
    let address = address.strip_prefix("//").unwrap_or(address);
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    refuse_late_at(query)?;
    let (hosts, name, is_sid) = match address.split_once('/') {
        Some((hosts, service)) => (hosts, service, false),
        None => match address.rsplit_once(':') {
            Some((hosts, sid)) if hosts.contains(':') => (hosts, sid, true),
            _ => {
                let message = "neither a service (host:port/service) nor a SID (host:port:SID) stands behind the host";
                return Err(text.wrong(message, FORM));
            }
        },
    };
    let authority = Authority::parse(text, hosts, FORM)?;
    if authority.host.is_empty() || name.is_empty() {
        return Err(text.wrong("host and service must both be named", FORM));
    }
    let port = authority.port.unwrap_or(USUAL_PORT);
    let (host, name) = (authority.host.clone(), text.decode(name)?);
    let place = if is_sid {
        DatabasePlace::OracleSid {
            host,
            port,
            sid: name,
        }
    } else {
        DatabasePlace::Server {
            host,
            port,
            database: name,
        }
    };
    let mut url = DatabaseUrl::new(DatabaseSystem::Oracle, place);
    if !user.is_empty() {
        let (name, password) = user.split_once('/').unwrap_or((user, ""));
        url.username = Some(name.to_owned()).filter(|name| !name.is_empty());
        if !password.is_empty() {
            url.secrets.set(crate::PASSWORD, password.to_owned());
        }
    }
    crate::jdbc::authority::properties(text, &mut url, query, ('&', "", true))?;
    url.warnings.extend(authority.warnings);
    Ok(url)
}
