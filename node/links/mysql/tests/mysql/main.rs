//! Against the server of `PEERFLOW_TEST_MYSQL` (`mysql://user[:password]@host:port`), by default a MariaDB on this machine.

mod comments;
mod execute;
mod load;
mod places;
mod read;
mod stop;
