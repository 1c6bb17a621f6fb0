//! Against the server of `PEERFLOW_TEST_MYSQL` (`mysql://user[:password]@host:port`), by default a MariaDB on this machine.

#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test ends at the first surprise, and tables of cases are long"
)]

mod comments;
mod execute;
mod load;
mod places;
mod read;
mod staging;
mod stop;
mod witness;
