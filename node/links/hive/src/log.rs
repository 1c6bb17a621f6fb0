//! The server's log lines of the statement that runs.

use tokio::sync::mpsc;

/// Lines that wait for whoever takes them.
const WAITING: usize = 1000;
/// Bytes of a line at most; the rest of a longer one is left out.
const LONGEST: usize = 4096;

/// Where lines go. A taker that is behind loses some, since the statement does not wait for it.
#[derive(Debug)]
pub(crate) struct LogLines {
    lines: mpsc::Sender<String>,
    lost: u64,
}

impl LogLines {
    pub(crate) fn new() -> (Self, mpsc::Receiver<String>) {
        let (lines, taker) = mpsc::channel(WAITING);
        (Self { lines, lost: 0 }, taker)
    }

    /// Whether anybody still takes them.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.lines.is_closed()
    }

    pub(crate) fn tell(&mut self, lines: Vec<String>) {
        for mut line in lines {
            if line.len() > LONGEST {
                line.truncate(line.floor_char_boundary(LONGEST));
                line.push('…');
            }
            if self.lost > 0 {
                let gap = format!("… {} lines of the server's log left out", self.lost);
                if self.lines.try_send(gap).is_ok() {
                    self.lost = 0;
                }
            }
            if self.lines.try_send(line).is_err() {
                self.lost += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let (mut log, mut taker) = LogLines::new();
        log.tell(vec!["订".repeat(LONGEST)]);
        let line = taker.try_recv().unwrap();
        assert!(line.len() < LONGEST + 4 && line.ends_with("订…"));
    }

    #[test]
    fn a_taker_that_is_behind_learns_how_many_lines_it_missed() {
        let (mut log, mut taker) = LogLines::new();
        log.tell((0..WAITING + 5).map(|line| line.to_string()).collect());
        for line in 0..WAITING {
            assert_eq!(taker.try_recv().unwrap(), line.to_string());
        }
        log.tell(vec!["later".to_owned()]);
        assert!(taker.try_recv().unwrap().contains(" 5 lines"));
        assert_eq!(taker.try_recv().unwrap(), "later");
    }
}
