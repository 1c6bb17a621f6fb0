//! What the arguments say of a link. Secrets come from where no process list shows them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::Path;

use peerflow_links::is_secret;
use peerflow_node::http::types::LinkGiven;

use crate::args::LinkArgs;
use crate::error::Error;
use crate::language::Language;
use crate::password;
use crate::style::clean;

/// Bytes that a secret of a file or of standard input may have.
const LONGEST_SECRET: u64 = 64 * 1024;

/// A link to a database; `is_new`: its password is asked for where there is a terminal.
pub(super) fn database(
    language: Language,
    url: Option<String>,
    args: LinkArgs,
    is_new: bool,
) -> Result<LinkGiven, Error> {
    if url.as_deref().is_some_and(holds_password) {
        return Err(Error::Usage(language.password_in_arguments("--url")));
    }
    Ok(LinkGiven {
        jdbc_url: url,
        ..given(language, args, is_new)?
    })
}

/// Whether a password stands in a URL: before the host, or among its options.
fn holds_password(url: &str) -> bool {
    let authority = url
        .split_once("://")
        .map_or("", |(_, rest)| rest)
        .split(['/', '?', ';'])
        .next()
        .unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    // Oracle writes user/password@host.
    let before_host = url.rsplit_once('@').map_or("", |(before, _)| before);
    let is_oracle = url.starts_with("jdbc:oracle:") && before_host.contains('/');
    let in_options = url
        .split(['?', '&', ';'])
        .skip(1)
        .filter_map(|option| option.split_once('='))
        .any(|(name, value)| is_secret(name) && !value.is_empty());
    user.contains(':') || is_oracle || in_options
}

/// What links of both kinds have.
pub(super) fn given(language: Language, args: LinkArgs, is_new: bool) -> Result<LinkGiven, Error> {
    if args.password.is_some() {
        return Err(Error::Usage(language.password_in_arguments("--password")));
    }
    let mut properties = BTreeMap::new();
    for (name, value) in &args.properties {
        if is_secret(name) {
            let option = format!("--property {name}");
            return Err(Error::Usage(language.secret_in_arguments(option, name)));
        }
        properties.insert(name.clone(), Some(value.clone()));
    }
    for (name, path) in &args.secrets {
        let secret = of_file(language, Path::new(path))?;
        properties.insert(name.clone(), Some(secret));
    }
    for name in &args.removed {
        properties.insert(name.clone(), None);
    }
    Ok(LinkGiven {
        password: password_of(language, &args, is_new)?,
        name: Some(args.name),
        system: args.system,
        jdbc_url: None,
        host: None,
        port: None,
        username: args.username,
        description: args.desc,
        properties,
    })
}

fn password_of(language: Language, args: &LinkArgs, is_new: bool) -> Result<Option<String>, Error> {
    if let Some(path) = &args.password_file {
        return of_file(language, path).map(Some);
    }
    if args.password_stdin {
        let line = first_line(std::io::stdin().lock());
        return line
            .map(Some)
            .map_err(|reason| Error::Usage(language.cannot_read("-", reason)));
    }
    let asks = args.ask_password
        || is_new && !args.no_password && args.username.is_some() && std::io::stdin().is_terminal();
    if !asks {
        return Ok(None);
    }
    let typed = password::ask(&language.password_question(clean(&args.name)))
        .map_err(|error| Error::Usage(language.no_terminal_for_password(error)))?;
    // Nothing typed is no password, as with other programs.
    Ok((!typed.is_empty()).then_some(typed))
}

fn of_file(language: Language, path: &Path) -> Result<String, Error> {
    let unreadable = |reason: String| Error::Usage(language.cannot_read(path.display(), reason));
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    first_line(BufReader::new(file)).map_err(unreadable)
}

/// The first line, without its end.
fn first_line(reader: impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    let read = reader.take(LONGEST_SECRET).read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_noticed_wherever_it_stands() {
        for url in [
            "jdbc:mysql://db/x?user=a&password=b",
            "mysql://user:secret@db:3306/x",
            "jdbc:oracle:thin:scott/tiger@//db:1521/orcl",
            "jdbc:hive2://db:10000/x;user=a;password=b",
        ] {
            assert!(holds_password(url), "{url}");
        }
        for url in [
            "jdbc:mysql://db:3306/x?useSSL=true&user=a",
            "jdbc:oracle:thin:@//db:1521/orcl",
            "mysql://user@db/x",
            "jdbc:sqlite:/var/x.db",
            "jdbc:mysql://[::1]:3306/x?password=",
        ] {
            assert!(!holds_password(url), "{url}");
        }
    }

    #[test]
    fn a_secret_is_the_first_line_of_its_file() {
        assert_eq!(first_line(&b"p w\r\nrest"[..]), Ok("p w".to_owned()));
        assert_eq!(first_line(&b""[..]), Ok(String::new()));
        assert!(first_line(&[0xff, 0xfe][..]).is_err());
    }
}
