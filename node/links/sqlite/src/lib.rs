//! SQLite files as sources and targets of data.
