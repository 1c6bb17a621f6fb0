//! `completions` and `man`: what follows from the command line itself.

use std::path::Path;

use clap::CommandFactory;

use crate::args::Arguments;
use crate::error::{Error, Exit};
use crate::session::Session;

/// Prints the completion script of `shell`.
pub(super) fn completions(session: &Session, shell: clap_complete::Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "peerflow", &mut script);
    session.output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

/// Prints the manual page, or writes one for each command.
pub(super) fn man(session: &Session, directory: Option<&Path>) -> Result<Exit, Error> {
    let language = session.output.language;
    let Some(directory) = directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Arguments::command())
            .render(&mut page)
            .map_err(|error| Error::Failed(language.cannot_print(&error)))?;
        session.output.text(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Done);
    };
    let failed =
        |error: std::io::Error| Error::Failed(language.cannot_write(directory.display(), &error));
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), directory).map_err(failed)?;
    Ok(Exit::Done)
}
