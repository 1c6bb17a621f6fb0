//! MySQL and MariaDB as sources and targets of data.
