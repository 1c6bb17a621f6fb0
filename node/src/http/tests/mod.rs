//! The API over a store in memory and a scheduler that answers as each test says.

mod harness;
mod openapi;
mod problems;
mod reads;
mod served;
mod streams;
mod tls;
mod writes;

use harness::Peer;
