//! PostgreSQL as a source and target of data.
