//! `peerflow`: ETL workflows on a cluster of equal peers. The commands, thin over HTTP; `run` and `node` hold a node.

mod args;
mod client;
mod commands;
mod document_file;
mod embedded;
mod error;
mod interrupt;
mod language;
mod logging;
mod messages;
mod output;
mod password;
mod progress;
mod session;
mod style;
mod table;
mod translate;

use std::process::ExitCode;

use clap::Parser;
use jiff::Timestamp;
use peerflow_node::{Clock, SystemClock};

use args::Arguments;
use error::Exit;
use session::Session;

fn main() -> ExitCode {
    // The spawner is this same program under a hidden argument. It must come first: it stays small and single-threaded.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == peerflow_actions::SPAWNER_ARGUMENT)
    {
        return peerflow_actions::spawner_main();
    }
    // One crypto provider for everything that speaks TLS; a second installation only finds the first.
    drop(rustls::crypto::ring::default_provider().install_default());
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are "errors" too, with code 0. Nobody can be told that the output is gone.
            drop(error.print());
            return if error.exit_code() == 0 {
                Exit::Done
            } else {
                Exit::Usage
            }
            .into();
        }
    };
    let session = Session::new(arguments.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            session
                .output
                .note(&session.output.language.no_runtime(&error));
            return Exit::Failed.into();
        }
    };
    let outcome = runtime.block_on(Box::pin(commands::execute(&session, arguments.command)));
    // What still blocks a thread, such as reading a file that never ends, must not keep the process.
    runtime.shutdown_background();
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            commands::report(&session.output, &error);
            error.exit().into()
        }
    }
}

/// The present instant.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
