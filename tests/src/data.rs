//! Rows of ten mixed columns with all that is hard about values, and the places that they are kept in.
//!
//! ```text
//! Rows ──▸ lines ──▸ server's own client ──▸ table ──▸ peerflow ──▸ table or file ──▸ server's own client ──▸ Checksum
//! ```

mod checksum;
mod command;
mod extremes;
mod file;
mod line;
mod mariadb;
mod place;
mod postgres;
mod row;
mod rows;
mod sqlite;

pub use checksum::Checksum;
pub use place::{Place, Places, Shape};
pub use row::{COLUMNS, Row};
pub use rows::Rows;
