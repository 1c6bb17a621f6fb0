//! File systems that actions reach: one door for each kind, one trait for all.

mod error;
mod file_system;

pub use error::{Error, Trouble};
pub use file_system::{Entry, FileSystem, ReadFile, WriteFile};
