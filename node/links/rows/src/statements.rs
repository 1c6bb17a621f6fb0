//! The statements of a text of SQL, told apart as the database's own client does.

mod body;
mod scanner;

#[cfg(test)]
mod tests;

/// How the words of one kind of database are written, as far as it matters where a statement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexis {
    /// A backslash protects the next character in `'…'` and `"…"`.
    pub backslash_escapes: bool,
    /// `` `…` `` is an identifier.
    pub backticks: bool,
    /// `[…]` is an identifier.
    pub brackets: bool,
    /// `#` begins a comment.
    pub hash_comments: bool,
    /// `--` begins a comment only before a blank or the line's end.
    pub dashes_need_blank: bool,
    /// Comments `/* … */` may hold others.
    pub nested_comments: bool,
    /// What stands in `/*! … */` is run.
    pub conditional_comments: bool,
    /// `$tag$…$tag$` is text, and a backslash protects the next character in `E'…'`.
    pub dollar_quotes: bool,
    /// How a body of several statements is told within one.
    pub bodies: Bodies,
}

/// How a statement holds others without a `DELIMITER` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// Not at all.
    None,
    /// PostgreSQL: between brackets, and between BEGIN ATOMIC and END of a function.
    Atomic,
    /// SQLite: CREATE TRIGGER ends at its END.
    Triggers,
}

impl Lexis {
    /// Of a database about which no more is known.
    pub const STANDARD: Self = Self {
        backslash_escapes: false,
        backticks: true,
        brackets: false,
        hash_comments: false,
        dashes_need_blank: false,
        nested_comments: false,
        conditional_comments: false,
        dollar_quotes: false,
        bodies: Bodies::None,
    };
    /// Of MySQL and MariaDB.
    pub const MYSQL: Self = Self {
        backslash_escapes: true,
        hash_comments: true,
        dashes_need_blank: true,
        conditional_comments: true,
        ..Self::STANDARD
    };
    /// Of PostgreSQL.
    pub const POSTGRES: Self = Self {
        backticks: false,
        nested_comments: true,
        dollar_quotes: true,
        bodies: Bodies::Atomic,
        ..Self::STANDARD
    };
    /// Of SQLite.
    pub const SQLITE: Self = Self {
        brackets: true,
        bodies: Bodies::Triggers,
        ..Self::STANDARD
    };
    /// Of Hive, Impala and Spark.
    pub const HIVE: Self = Self {
        backslash_escapes: true,
        ..Self::STANDARD
    };
}

/// One statement, from its first word to its last, without what separates it and without comments around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement<'t> {
    pub text: &'t str,
    /// Where it begins in the text that was split, from 1.
    pub line: u32,
    /// From 1.
    pub number: u32,
}

/// Something in the text has a beginning and no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SplitError {
    /// Where it begins, from 1.
    pub line: u32,
    /// What it is, and what to do.
    pub what: String,
}

/// Tells the statements apart. They are separated by `;`, or by what a line `DELIMITER …` says from there on. Empty ones and
/// those of comments only are left out; comments within a statement stay.
///
/// # Errors
/// When a quote or a comment is opened and not closed.
pub fn split(text: &str, lexis: Lexis) -> Result<Vec<Statement<'_>>, SplitError> {
    scanner::Scanner::new(text, lexis).run()
}
