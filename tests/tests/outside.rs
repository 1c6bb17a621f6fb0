//! What must be seen to hold, from outside: each test's name says it.

#[path = "outside/access.rs"]
mod access;
#[path = "outside/api.rs"]
mod api;
#[path = "outside/check.rs"]
mod check;
#[path = "outside/cluster/mod.rs"]
mod cluster;
#[path = "outside/commands.rs"]
mod commands;
#[path = "outside/data_actions.rs"]
mod data_actions;
#[path = "outside/data_kills.rs"]
mod data_kills;
#[path = "outside/data_links.rs"]
mod data_links;
#[path = "outside/data_messages.rs"]
mod data_messages;
#[path = "outside/data_postgres.rs"]
mod data_postgres;
#[path = "outside/data_rows.rs"]
mod data_rows;
#[path = "outside/data_sshd.rs"]
mod data_sshd;
#[path = "outside/data_stage.rs"]
mod data_stage;
#[path = "outside/data_statements.rs"]
mod data_statements;
#[path = "outside/definitions.rs"]
mod definitions;
#[path = "outside/endless.rs"]
mod endless;
#[path = "outside/examples.rs"]
mod examples;
#[path = "outside/killed_node.rs"]
mod killed_node;
#[path = "outside/links.rs"]
mod links;
#[path = "outside/mail.rs"]
mod mail;
#[path = "outside/run.rs"]
mod run;
#[path = "outside/simulate.rs"]
mod simulate;
#[path = "outside/store_away.rs"]
mod store_away;
#[path = "outside/transfer_pairs.rs"]
mod transfer_pairs;
#[path = "outside/transfer_pairs_delimiter.rs"]
mod transfer_pairs_delimiter;
