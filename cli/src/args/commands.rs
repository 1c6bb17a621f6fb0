//! Commands within each group.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::parameter;

/// `run FILE`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The workflow document.
    pub(crate) file: PathBuf,
    /// A parameter; given after those of the document's coordinator, so it wins.
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) params: Vec<(String, String)>,
    /// The folder with db_links.xml and file_links.xml.
    #[arg(long, value_name = "DIR", default_value = "config")]
    pub(crate) links_dir: PathBuf,
}

/// `node`: flags override the configuration file and the environment.
#[derive(Args, Debug, Default)]
pub(crate) struct NodeArgs {
    /// The configuration file; config/node.toml where that exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The store, without a password: sqlite:PATH or mysql://USER@HOST:PORT/DATABASE.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Gossip address of a peer to begin with.
    #[arg(long = "seed", value_name = "ADDR")]
    pub(crate) seeds: Vec<String>,
    /// A file with the secret that all nodes of the cluster share; `peerflow cluster secret` makes one.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Where the node keeps what is its own.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where the API listens.
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<String>,
    /// Where gossip listens (UDP).
    #[arg(long, value_name = "ADDR")]
    pub(crate) gossip: Option<String>,
    /// Where peers are answered (UDP).
    #[arg(long, value_name = "ADDR")]
    pub(crate) rpc: Option<String>,
    /// Folder whose workflow documents are registered.
    #[arg(long, value_name = "DIR")]
    pub(crate) xmlconfig: Option<PathBuf>,
    /// Print the configuration in force, and where each value came from, instead of starting.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// Stop when standard input ends, and say warnings only: whoever started this node keeps the other end open.
    #[arg(long, hide = true)]
    pub(crate) stop_with_stdin: bool,
}

/// The flag of [`NodeArgs::stop_with_stdin`].
pub(crate) const STOP_WITH_STDIN: &str = "--stop-with-stdin";

/// `up`.
#[derive(Args, Debug)]
pub(crate) struct UpArgs {
    /// How many nodes, at most 64.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) nodes: u32,
    /// Where the cluster keeps everything: the store, the secret, and a folder for each node.
    #[arg(long, value_name = "DIR", default_value = "data/up")]
    pub(crate) data_dir: PathBuf,
}

/// Documents on this machine.
#[derive(Args, Debug)]
pub(crate) struct DocumentFiles {
    /// The documents.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `workflow …`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Register or update workflows, with the files they attach.
    Add(DocumentFiles),
    /// Validate documents without registering them; works without a peer too.
    Check(DocumentFiles),
    /// The tree of workflows by folder.
    List {
        /// Only those whose name holds this.
        key: Option<String>,
    },
    /// Facts, schedule, readiness of dependencies, steps.
    Info {
        /// Name of the workflow.
        name: String,
        /// Print the document instead.
        #[arg(long)]
        xml: bool,
    },
    /// Delete a workflow; refused while others depend on it or instances run.
    Del {
        /// Name of the workflow.
        name: String,
    },
    /// Start it as its coordinator would: success makes dependents ready.
    Trigger {
        /// Name of the workflow.
        name: String,
        /// Then every enabled workflow downstream, in dependency order, once each.
        #[arg(long)]
        blood: bool,
        /// Steps to skip; they count as succeeded.
        #[arg(long, value_name = "STEP", value_delimiter = ',')]
        skip: Vec<String>,
        /// Show the instance until it ends; its outcome is the exit code.
        #[arg(long)]
        wait: bool,
    },
    /// Start it once, with these parameters; dependents are unaffected.
    Run {
        /// Name of the workflow.
        name: String,
        /// A parameter.
        #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
        params: Vec<(String, String)>,
        /// Show the instance until it ends; its outcome is the exit code.
        #[arg(long)]
        wait: bool,
    },
    /// Clear the readiness of its dependencies and compute its next time.
    Reset {
        /// Name of the workflow.
        name: String,
    },
    /// Switch its coordinator on.
    Enable {
        /// Name of the workflow.
        name: String,
    },
    /// Switch its coordinator off.
    Disable {
        /// Name of the workflow.
        name: String,
    },
}

/// `coordinator …`.
#[derive(Debug, Subcommand)]
pub(crate) enum CoordinatorCommand {
    /// Register or update standalone coordinators.
    Add(DocumentFiles),
    /// Validate documents without registering them; works without a peer too.
    Check(DocumentFiles),
    /// All standalone coordinators.
    List {
        /// Only those whose name holds this.
        key: Option<String>,
    },
    /// Facts, schedule, readiness of dependencies, what it starts.
    Info {
        /// Name of the coordinator.
        name: String,
        /// Print the document instead.
        #[arg(long)]
        xml: bool,
    },
    /// Delete a coordinator.
    Del {
        /// Name of the coordinator.
        name: String,
    },
    /// Start every workflow it lists, with its parameters.
    Trigger {
        /// Name of the coordinator.
        name: String,
    },
    /// Clear the readiness of its dependencies and compute its next time.
    Reset {
        /// Name of the coordinator.
        name: String,
    },
    /// Switch it on.
    Enable {
        /// Name of the coordinator.
        name: String,
    },
    /// Switch it off.
    Disable {
        /// Name of the coordinator.
        name: String,
    },
}

/// `instance …`.
#[derive(Debug, Subcommand)]
pub(crate) enum InstanceCommand {
    /// Facts and steps.
    Info {
        /// Id of the instance.
        id: String,
        /// With the log.
        #[arg(long)]
        log: bool,
        /// Print the document it runs by instead.
        #[arg(long, conflicts_with = "log")]
        xml: bool,
    },
    /// The log.
    Log {
        /// Id of the instance.
        id: String,
        /// Of this step only.
        #[arg(long)]
        step: Option<String>,
        /// Go on as lines come, until the instance ends.
        #[arg(short, long)]
        follow: bool,
    },
    /// Show it until it ends; its outcome is the exit code.
    Wait {
        /// Id of the instance.
        id: String,
    },
    /// Find instances, newest first.
    Search(SearchArgs),
    /// Kill it, with all its processes.
    Kill {
        /// Id of the instance.
        id: String,
    },
    /// Run again what is held of it for an operator, because its node is lost or the store went back.
    Release {
        /// Id of the instance.
        id: String,
        /// This step only.
        #[arg(long)]
        step: Option<String>,
        /// Which visit of the step, where it was reached more than once.
        #[arg(long, requires = "step", value_name = "NUMBER")]
        visit: Option<u32>,
        /// Let it fail instead.
        #[arg(long)]
        fail: bool,
    },
    /// Forget one that is over.
    Del {
        /// Id of the instance.
        id: String,
    },
    /// Run one that is over again, with its parameters and logical time.
    Rerun {
        /// Id of the instance.
        id: String,
        /// Resume where it failed; what succeeded is kept.
        #[arg(long)]
        recover: bool,
        /// By the definition recorded with it, not by the present one.
        #[arg(long)]
        as_was: bool,
        /// Show the instance until it ends; its outcome is the exit code.
        #[arg(long)]
        wait: bool,
    },
}

/// `instance search`. Dates are local: `2026-11-20`, or with a time, `2026-11-20 08:30`.
#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// Created at or after this date or time.
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<String>,
    /// Created before the end of this date, or before this time.
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<String>,
    /// Owner of the workflow.
    #[arg(long)]
    pub(crate) creator: Option<String>,
    /// Only of these: waiting, running, succeeded, failed, killed.
    #[arg(long, value_delimiter = ',',
          value_parser = ["waiting", "running", "succeeded", "failed", "killed"])]
    pub(crate) status: Vec<String>,
    /// Part of the workflow's name, or the beginning of the id.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Give each instance with its steps and their tries (with -o json or yaml).
    #[arg(long)]
    pub(crate) steps: bool,
}

/// `util …`.
#[derive(Debug, Subcommand)]
pub(crate) enum UtilCommand {
    /// Clear the readiness of every coordinator.
    ResetAll,
    /// Delete an empty folder.
    DelDir {
        /// The folder, such as /example.
        dir: String,
    },
}

/// `cluster …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Name, master, epoch and nodes.
    Info,
    /// The nodes, and what each says of itself, as the asked peer knows them.
    Members,
    /// Give a node no new tasks; it leaves once those that run there have ended.
    Drain {
        /// Id of the node.
        node: String,
        /// Let it stay after all.
        #[arg(long, conflicts_with = "move_tasks")]
        off: bool,
        /// Do not wait: kill what runs there, to run again elsewhere without using a retry.
        #[arg(long = "move")]
        move_tasks: bool,
    },
    /// Run again all that is held for an operator; look first whether it may.
    Release {
        /// Let it fail instead.
        #[arg(long)]
        fail: bool,
    },
    /// Change a setting of the whole cluster; without a value, print what is in force.
    Set {
        /// Such as worker.lease or node.timezone.
        key: Option<String>,
        /// Its new value.
        #[arg(requires = "key")]
        value: Option<String>,
    },
    /// Stop every node; what runs is killed, and runs again when the cluster is started again.
    Shutdown {
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Print a new random secret; asks no peer.
    Secret,
    /// Print the token that follows from the cluster's secret and name; asks no peer.
    Token(TokenArgs),
}

/// `cluster token`: reads the configuration as `node` does.
#[derive(Args, Debug)]
pub(crate) struct TokenArgs {
    /// The configuration file; config/node.toml where that exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A file with the secret, instead of the configured one.
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}
