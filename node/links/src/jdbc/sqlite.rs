//! SQLite: the path of a file.

use crate::jdbc::authority::properties;
use crate::jdbc::text::Text;
use crate::jdbc::{DatabasePlace, DatabaseUrl, UrlError};
use crate::system::DatabaseSystem;

const FORM: &str = "jdbc:sqlite:/path/of/file.db";

/// `jdbc:sqlite:path`, `jdbc:sqlite:file:path`, `sqlite://path`, each with `?a=b&c=d` behind it.
pub(super) fn parse(text: &Text<'_>, rest: &str, is_jdbc: bool) -> Result<DatabaseUrl, UrlError> {
    let is_uri = rest.starts_with("file:");
    let mut rest = rest.trim_start_matches("file:");
    if !is_jdbc {
        rest = rest.strip_prefix("//").unwrap_or(rest);
    }
    // `//path` is the same file as `/path`.
    while rest.starts_with("//") {
        rest = &rest[1..];
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let lower = path.to_ascii_lowercase();
    if path.is_empty() || lower == ":memory:" || query.to_ascii_lowercase().contains("mode=memory")
    {
        return Err(text.wrong(
            "a database of SQLite in memory is gone with each connection; name a file",
            FORM,
        ));
    }
    if lower.starts_with(":resource:") {
        return Err(text.wrong(
            "a database within a Java archive cannot be opened; name a file",
            FORM,
        ));
    }
    if path.ends_with('/') {
        return Err(text.wrong("the path is that of a directory; name a file", FORM));
    }
    // SQLite's own URLs have `%20` for a blank, paths do not.
    let path = if is_uri {
        text.decode(path)?
    } else {
        path.to_owned()
    };
    if path.contains('?') {
        return Err(text.wrong("the path has a ? in it; rename the file", FORM));
    }
    let place = DatabasePlace::File(path.clone());
    let mut url = DatabaseUrl::new(DatabaseSystem::Sqlite, place);
    if !path.starts_with('/') {
        url.warnings.push(
            "the path is relative to the directory in which each node was started; an absolute one is surer"
                .to_owned(),
        );
    }
    properties(text, &mut url, query, ('&', "", true))?;
    Ok(url)
}
