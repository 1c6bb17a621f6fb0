//! What can go wrong with a database.

/// Why a database did not do what was asked. Never holds a password: whoever makes one takes care of that.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub trouble: Trouble,
    /// For people: the server's own words where it spoke.
    pub message: String,
    /// Of a load: which row of those it was given, from 1, where the server said so.
    pub row: Option<u64>,
    /// Of a load: the column, where the server said so.
    pub column: Option<String>,
}

/// What kind of trouble it is, so that a message can say what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server cannot be reached.
    Unreachable,
    /// It does not know the user or the password.
    AccessDenied,
    /// The link's settings make no sense.
    Settings,
    /// The statement, its table or its columns are refused.
    Refused,
    /// A value does not fit its column.
    BadValue,
    /// The connection ended in the middle.
    Lost,
    /// The statement was cancelled or ran into a time limit of the server.
    Cancelled,
    /// This kind of database cannot do that.
    Unsupported,
}

impl Error {
    /// Trouble, in words.
    pub fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self {
            trouble,
            message: message.into(),
            row: None,
            column: None,
        }
    }

    /// The same of one row of a load, from 1.
    #[must_use]
    pub fn at_row(self, row: u64) -> Self {
        Self {
            row: Some(row),
            ..self
        }
    }

    /// The same of one column of a load.
    #[must_use]
    pub fn at_column(self, column: impl Into<String>) -> Self {
        Self {
            column: Some(column.into()),
            ..self
        }
    }
}

impl From<crate::RowTooLarge> for Error {
    fn from(error: crate::RowTooLarge) -> Self {
        Self::new(Trouble::Refused, error.to_string())
    }
}
