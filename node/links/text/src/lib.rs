//! Rows in text files: fields between delimiters, and CSV. Pure: bytes in, rows out, and back.
//!
//! ```text
//! bytes of a file ── Reader ──▸ RowBatch … RowBatch ── Writer ──▸ bytes of a file
//! ```

mod binary;
mod csv;
mod error;
mod reader;
mod rows;
mod separator;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{Error, shown};
pub use reader::Reader;
pub use rows::Located;
pub use writer::Writer;

/// How rows stand in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for each row; its fields are separated by this text, or by what it matches as a regular expression.
    Delimited(String),
    /// RFC 4180. A field of no characters is NULL, `""` is an empty string.
    Csv,
}
