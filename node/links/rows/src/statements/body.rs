//! Statements that hold others: where a `;` does not end them.

use super::Bodies;

/// Words at the beginning of a statement that say what it makes: `CREATE OR REPLACE FUNCTION`.
const FIRST_WORDS: usize = 4;

/// What is known of the present statement.
#[derive(Debug)]
pub(super) struct Body {
    bodies: Bodies,
    words: usize,
    /// So far every word belongs to CREATE …
    creates: bool,
    /// It makes a function or a trigger.
    may_hold: bool,
    /// Open brackets.
    brackets: u32,
    /// Open BEGIN and CASE of a function.
    blocks: u32,
    ending: Ending,
}

/// How near the END of a trigger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Inside,
    AfterSemicolon,
    AfterEnd,
}

impl Body {
    pub(super) fn new(bodies: Bodies) -> Self {
        Self {
            bodies,
            words: 0,
            creates: true,
            may_hold: false,
            brackets: 0,
            blocks: 0,
            ending: Ending::Inside,
        }
    }

    /// Whether a `;` here ends the statement.
    pub(super) fn is_over(&self) -> bool {
        match self.bodies {
            Bodies::None => true,
            Bodies::Atomic => self.brackets == 0 && self.blocks == 0,
            Bodies::Triggers => !self.may_hold || self.ending == Ending::AfterEnd,
        }
    }

    /// A `;` that does not end it.
    pub(super) fn semicolon(&mut self) {
        self.ending = Ending::AfterSemicolon;
    }

    pub(super) fn word(&mut self, word: &str) {
        if self.bodies == Bodies::None {
            return;
        }
        let is = |expected: &str| word.eq_ignore_ascii_case(expected);
        let ending = match self.ending {
            Ending::AfterSemicolon if is("end") => Ending::AfterEnd,
            Ending::Inside | Ending::AfterSemicolon | Ending::AfterEnd => Ending::Inside,
        };
        self.ending = ending;
        if self.words < FIRST_WORDS && self.creates {
            self.first(word);
        } else if self.may_hold && self.brackets == 0 {
            if is("begin") || (is("case") && self.blocks > 0) {
                self.blocks += 1;
            } else if is("end") {
                self.blocks = self.blocks.saturating_sub(1);
            }
        }
        self.words += 1;
    }

    fn first(&mut self, word: &str) {
        let is_one_of = |expected: &[&str]| expected.iter().any(|it| word.eq_ignore_ascii_case(it));
        let makes: &[&str] = match self.bodies {
            Bodies::None => &[],
            Bodies::Atomic => &["function", "procedure"],
            Bodies::Triggers => &["trigger"],
        };
        if self.words == 0 {
            self.creates = is_one_of(&["create"]);
        } else if is_one_of(makes) {
            self.may_hold = true;
            self.creates = false;
        } else {
            self.creates = is_one_of(&["or", "replace", "temp", "temporary"]);
        }
    }

    /// Anything that is neither a word nor a `;`.
    pub(super) fn other(&mut self, byte: u8) {
        self.ending = Ending::Inside;
        match byte {
            b'(' => self.brackets += 1,
            b')' => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
    }
}
