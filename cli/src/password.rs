//! Asks for a password on the terminal without showing it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// Bytes that a typed password may have.
const LONGEST: u64 = 64 * 1024;

/// The terminal, which shows again what is typed once this is dropped.
struct Silenced<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> Silenced<'t> {
    fn new(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silenced<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        tcsetattr(self.terminal, SetArg::TCSANOW, &self.before).ok();
    }
}

/// Asks `question` on the terminal of this process, whatever its standard input is, and reads a line.
///
/// # Errors
/// When there is no terminal.
pub(crate) fn ask(question: &str) -> io::Result<String> {
    use std::io::Read;
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let silenced = Silenced::new(&terminal)?;
    let mut line = String::new();
    BufReader::new((&terminal).take(LONGEST)).read_line(&mut line)?;
    drop(silenced);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
