//! What a checked workflow document says, as types: steps that point at steps that exist, numbers that are numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::diagnostic::Place;
use crate::name::{CoordinatorName, StepName, WorkflowName};
use crate::schedule::Schedule;

/// A checked workflow: every reference resolved, exactly one start, at least one end, no cycle without an action.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Identity, unique in the cluster.
    pub name: WorkflowName,
    /// Who owns it.
    pub creator: String,
    /// Logical folder in the workflow tree, absolute, without a trailing slash (`/` itself excepted).
    pub dir: String,
    /// Free text for people.
    pub description: String,
    /// Outcomes that send mail.
    pub mail_level: MailLevel,
    /// Mail addresses, as written, in order, without repetition.
    pub mail_receivers: Vec<String>,
    /// How many instances may run at once; at least 1.
    pub instance_limit: u32,
    /// When its author says it was made; absent where the document does not say.
    pub create_time: Option<DateTime>,
    /// IANA zone for cron and time macros; absent means the cluster's.
    pub timezone: Option<String>,
    /// Higher dispatches first when slots are scarce.
    pub priority: i32,
    /// When it runs by itself; absent means only when asked.
    pub coordinator: Option<Coordinator>,
    /// All steps, in document order. [`StepIndex`] points into it.
    pub steps: Vec<Step>,
    /// The entry.
    pub start: StepIndex,
}

impl Workflow {
    /// The step at `index`.
    ///
    /// # Panics
    /// When `index` comes from another workflow.
    pub fn step(&self, index: StepIndex) -> &Step {
        &self.steps[index.0 as usize]
    }

    /// The index of the step called `name`. Linear in the number of steps.
    pub fn find(&self, name: &str) -> Option<StepIndex> {
        let at = self
            .steps
            .iter()
            .position(|step| step.name.as_str() == name)?;
        u32::try_from(at).ok().map(StepIndex)
    }
}

/// Position of a step in [`Workflow::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepIndex(pub u32);

/// A vertex of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Unique in the workflow.
    pub name: StepName,
    /// Free text for people.
    pub description: String,
    /// What happens here and where it goes on.
    pub kind: StepKind,
    /// Where the document says so.
    pub place: Place,
}

/// What happens at a step and where it goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// The entry.
    Start { to: StepIndex },
    /// Goes on to all paths at once.
    Fork { paths: Vec<StepIndex> },
    /// Goes on, once, when nothing more can arrive.
    Join { to: StepIndex },
    /// The instance ends as killed, with the message.
    Kill { message: String },
    /// The instance ends as succeeded.
    End,
    /// Work on a node.
    Action(Box<Action>),
}

impl StepKind {
    /// The element's name in the language; for actions that of the action's type, in its present spelling.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "start",
            Self::Fork { .. } => "fork",
            Self::Join { .. } => "join",
            Self::Kill { .. } => "kill",
            Self::End => "end",
            Self::Action(action) => action.work.type_name(),
        }
    }
}

/// Work on a node, and how it is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Where the step goes on after success.
    pub ok: StepIndex,
    /// Where it goes on when the tries are used up; absent means the instance fails.
    pub error: Option<StepIndex>,
    /// Which node may run it.
    pub host: Host,
    /// Run only on nodes that carry all these labels.
    pub labels: BTreeSet<String>,
    /// Further tries after a failure.
    pub retry_times: u32,
    /// Time between tries.
    pub interval: Duration,
    /// How `interval` grows.
    pub backoff: Backoff,
    /// Limit of the step's whole life from its first dispatch; absent means none.
    pub timeout: Option<Duration>,
    /// Counts as succeeded without running.
    pub ignore: bool,
    /// What becomes of it when its node is lost.
    pub on_partition: OnPartition,
    /// What is done.
    pub work: Work,
}

/// Which node may run an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// The scheduler chooses.
    #[default]
    Any,
    /// An address, host name or node id.
    Named(String),
}

/// How the time between tries grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    /// Always the same.
    #[default]
    Fixed,
    /// Doubling, with jitter, at most one hour.
    Exponential,
}

/// What becomes of an action when its node is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnPartition {
    /// Run again once the lost node's grant is surely over.
    #[default]
    Wait,
    /// Run again at once; copies may overlap.
    Rerun,
    /// Never run again by itself; an operator decides.
    Hold,
}

/// How an instance ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// An `end` was reached.
    Succeeded,
    /// An action failed with no `error`, or the run could not go on.
    Failed,
    /// A `kill` was reached, a timeout passed, or a person killed it.
    Killed,
}

/// Outcomes that send mail.
pub type MailLevel = BTreeSet<Outcome>;

/// What an action does. Field meanings are those of the language page.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    Script(Script),
    Shell(Command),
    FileExecutor(FileExecutor),
    Sql(Sql),
    Transfer(Box<Transfer>),
    FileMonitor(FileMonitor),
    DataMonitor(Box<DataMonitor>),
    Metadata(Metadata),
    Email(Email),
}

impl Work {
    /// The element's present name in the language.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Script(_) => "script",
            Self::Shell(_) => "shell",
            Self::FileExecutor(_) => "file-executor",
            Self::Sql(_) => "sql",
            Self::Transfer(_) => "transfer",
            Self::FileMonitor(_) => "file-monitor",
            Self::DataMonitor(_) => "data-monitor",
            Self::Metadata(_) => "metadata",
            Self::Email(_) => "email",
        }
    }
}

/// `<script>`: a program in any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The program, leading blank lines and common indentation removed; its first line may be `#!…`.
    pub code: String,
    /// Arguments as one shell-quoted line.
    pub arguments: String,
    /// Paths of files copied into the working directory.
    pub attachments: Vec<String>,
}

/// A command line run by bash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command(pub String);

/// `<file-executor>`: a command whose one token with a `/` names a script file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileExecutor {
    /// The command line as written.
    pub command: String,
    /// The token of it that names the file to bring to the node.
    pub file: String,
    /// Paths of further files copied into the working directory.
    pub attachments: Vec<String>,
}

/// A database an action reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseLink {
    /// A link by name, of `config/db_links.xml` or the store.
    Named(String),
    /// Older files write the connection inline.
    Inline(InlineDatabase),
}

/// A connection written in the workflow itself (older files).
#[derive(Clone, PartialEq, Eq)]
pub struct InlineDatabase {
    /// `MYSQL`, `ORACLE`, `HIVE` and the like, upper case.
    pub kind: String,
    pub jdbc_url: String,
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for InlineDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InlineDatabase")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// `<sql>`: statements run in order on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    pub link: DatabaseLink,
    /// The text as written; split at run time.
    pub statements: String,
    /// The line of the document where they begin, from 1.
    pub line: u32,
}

/// `<transfer>`: rows from one source to one target, or a command that does it itself.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an action holds it in a box already"
)]
pub enum Transfer {
    Rows {
        source: TransferSource,
        target: TransferTarget,
    },
    Script(Command),
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferSource {
    Table(TableSource),
    File(FileSource),
}

/// Rows of a table or a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSource {
    pub link: DatabaseLink,
    /// A table's name or a query.
    pub table_or_query: String,
}

/// Rows of text files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSource {
    pub location: FileLocation,
    pub format: TextFormat,
}

/// Where rows go.
#[derive(Clone, Debug, PartialEq)]
pub enum TransferTarget {
    Table(TableTarget),
    File(FileTarget),
}

/// Rows into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableTarget {
    pub link: DatabaseLink,
    pub table: String,
    /// Empty the table first, in the load's transaction.
    pub truncate: bool,
    /// Number of writers; at least 1.
    pub writers: u32,
    /// Statements before the load.
    pub pre: String,
    /// Statements after it.
    pub after: String,
}

/// Rows into a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTarget {
    pub location: FileLocation,
    pub format: TextFormat,
    /// Delete the file first.
    pub delete_first: bool,
    /// Command before the load.
    pub pre: String,
    /// Command after it.
    pub after: String,
}

/// A path on a file link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLocation {
    /// Name of the link; `local` always exists.
    pub link: String,
    pub path: String,
}

/// How rows stand in a text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// Fields between delimiters, escapes such as `\t` already honoured.
    Delimited(String),
    /// RFC 4180.
    Csv,
}

/// `<file-monitor>`: do files lie there, enough of them, large enough, and unchanging?
#[derive(Clone, Debug, PartialEq)]
pub struct FileMonitor {
    pub link: String,
    /// Directory and name pattern with `*` and `?`.
    pub pattern: String,
    pub min_number: u64,
    /// Bytes that each file must have.
    pub min_each_size: u64,
    /// Time between the two listings.
    pub check_interval: Duration,
    pub warn_message: String,
}

/// `<data-monitor>`: is a value within its limits, and unchanging?
#[derive(Clone, Debug, PartialEq)]
pub struct DataMonitor {
    pub source: Reading,
    pub min: Option<Reading>,
    pub max: Option<Reading>,
    /// Time between the two readings.
    pub check_interval: Duration,
    pub warn_message: String,
    /// Older attributes kept with the reading (`category`, `source-name`, `time-mark`).
    pub marks: BTreeMap<String, String>,
    /// Keep the readings for the monitor page.
    pub saved: bool,
    /// Fail when out of limits; otherwise warn by mail only.
    pub exceed_is_error: bool,
}

/// How one value of a data monitor is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A query with one value.
    Sql { link: DatabaseLink, query: String },
    /// A command that prints one number.
    Command(Command),
    /// The number itself.
    Number(f64),
}

/// `<metadata>`: column and table comments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub link: DatabaseLink,
    pub table: String,
    /// Tables whose comments of equally named columns are taken.
    pub from: Vec<String>,
    pub column_comments: Vec<(String, String)>,
    /// Absent means the workflow's description.
    pub table_comment: Option<String>,
}

/// `<email>`: HTML to the workflow's receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    pub html: String,
}

/// When workflows run by themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinator {
    /// The workflow's name, or its own where it is a document of its own.
    pub name: CoordinatorName,
    /// Not before this local time in the time zone.
    pub start_time: Option<DateTime>,
    /// Not after this local time in the time zone.
    pub end_time: Option<DateTime>,
    pub enabled: bool,
    /// Times at which it fires; absent means by dependencies only.
    pub schedule: Option<Schedule>,
    /// Workflows that must have succeeded since it last fired or was reset; without repetition.
    pub dependencies: Vec<WorkflowName>,
    /// Parameters in order, macros not yet expanded.
    pub parameters: Vec<(String, String)>,
    /// What becomes of times missed while no master was up.
    pub misfire: Misfire,
    /// IANA zone; absent means the workflow's, then the cluster's.
    pub timezone: Option<String>,
    /// The workflows it starts: the one it stands in, or those its own document lists.
    pub triggers: Vec<WorkflowName>,
}

/// What becomes of times missed while no master was up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Misfire {
    /// Fire once, for the latest.
    #[default]
    Once,
    /// Fire for none.
    Skip,
    /// Fire for each, at most 1,000.
    All,
}
