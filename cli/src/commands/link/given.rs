//! What the arguments say of a link. Secrets come from where no process list shows them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::Path;

use peerflow_links::{DatabaseUrl, FileSystemKind, is_secret, kept_name};
use peerflow_model::LinkKind;
use peerflow_node::http::types::LinkGiven;

use crate::args::LinkArgs;
use crate::error::Error;
use crate::language::Language;
use crate::password;
use crate::style::clean;

/// Bytes that a secret of a file or of standard input may have.
const LONGEST_SECRET: u64 = 64 * 1024;

/// A link to a database; `is_new`: its password is asked for, where there is a user.
pub(super) fn database(
    language: Language,
    url: Option<String>,
    args: LinkArgs,
    is_new: bool,
) -> Result<LinkGiven, Error> {
    if url.as_deref().is_some_and(holds_password) {
        return Err(Error::Usage(language.password_in_arguments("--url")));
    }
    let has_user = url.as_deref().is_some_and(names_user);
    Ok(LinkGiven {
        jdbc_url: url,
        ..of_both_kinds(language, args, is_new, has_user)?
    })
}

/// A link to files; `is_new`: its password is asked for, where there is a user.
pub(super) fn files(language: Language, args: LinkArgs, is_new: bool) -> Result<LinkGiven, Error> {
    of_both_kinds(language, args, is_new, false)
}

/// Whether a URL says who logs in.
fn names_user(url: &str) -> bool {
    DatabaseUrl::parse(url).is_ok_and(|url| url.username.is_some())
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
    // With ODBC all of it is options, the first one too.
    let all = url.strip_prefix("jdbc:").unwrap_or(url);
    let in_options = all
        .strip_prefix("odbc:")
        .unwrap_or(all)
        .split(['?', '&', ';', '#'])
        .filter_map(|option| option.split_once('='))
        .any(|(name, value)| is_secret(name) && !value.is_empty());
    user.contains(':') || is_oracle || in_options
}

fn of_both_kinds(
    language: Language,
    args: LinkArgs,
    is_new: bool,
    has_user: bool,
) -> Result<LinkGiven, Error> {
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
        if !is_secret(name) {
            return Err(Error::Usage(language.no_secret_by_its_name(name)));
        }
        let secret = of_file(language, Path::new(path))?;
        properties.insert(name.clone(), Some(secret));
    }
    for name in &args.removed {
        properties.insert(name.clone(), None);
    }
    Ok(LinkGiven {
        password: password_of(language, &args, is_new && wants_password(&args, has_user))?,
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

/// Whether somebody logs in, and nothing else is given that would prove who it is.
fn wants_password(args: &LinkArgs, has_user: bool) -> bool {
    let system = args.system.as_deref().and_then(FileSystemKind::of_word);
    let knows_passwords = !matches!(
        system,
        Some(FileSystemKind::Local | FileSystemKind::Hdfs | FileSystemKind::WebHdfs)
    );
    let is_proof = |(written, _): &(String, String)| {
        let name = kept_name(LinkKind::File, written);
        let proofs = ["key-file", "agent", "secret-access-key", "password", "jwt"];
        proofs.contains(&name.as_str()) || name.ends_with("token")
    };
    let mut given = args.properties.iter().chain(&args.secrets);
    (has_user || args.username.is_some())
        && knows_passwords
        && !args.no_password
        && !given.any(is_proof)
}

/// `wanted`: there is hardly a link without one, so none is left out in silence.
fn password_of(language: Language, args: &LinkArgs, wanted: bool) -> Result<Option<String>, Error> {
    if let Some(path) = &args.password_file {
        return of_file(language, path).map(Some);
    }
    if args.password_stdin {
        let line = first_line(std::io::stdin().lock());
        return line
            .map(Some)
            .map_err(|reason| Error::Usage(language.cannot_read("-", reason)));
    }
    if !args.ask_password && !wanted {
        return Ok(None);
    }
    if !args.ask_password && !std::io::stdin().is_terminal() {
        return Err(Error::Usage(language.no_password_given(&args.name)));
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
            "jdbc:mysql://db/x?user=a&pass=b",
            "odbc:PWD=b;DSN=x",
            "odbc:DSN=x;Pwd={b}",
            "jdbc:hive2://db:10000/x#accessToken=b",
        ] {
            assert!(holds_password(url), "{url}");
        }
        for url in [
            "jdbc:mysql://db:3306/x?useSSL=true&user=a",
            "jdbc:oracle:thin:@//db:1521/orcl",
            "mysql://user@db/x",
            "jdbc:sqlite:/var/x.db",
            "jdbc:mysql://[::1]:3306/x?password=",
            "odbc:DSN=x;UID=a",
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
