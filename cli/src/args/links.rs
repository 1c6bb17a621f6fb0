//! `link …`: databases and file systems that workflows name. No password is ever an argument: it would show in the
//! process list.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::parameter;

/// `link …`.
#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Links to databases.
    #[command(subcommand)]
    Db(DbLinkCommand),
    /// Links to places with files.
    #[command(subcommand)]
    File(FileLinkCommand),
}

/// `link db …`.
#[derive(Debug, Subcommand)]
pub(crate) enum DbLinkCommand {
    /// Add a link; asks for the password of its user on the terminal.
    Add(DbLinkArgs),
    /// Change a link; what is not given stays as it is, the password too.
    Update(DbLinkArgs),
    /// All of them.
    List,
    /// Try it from the asked peer.
    Test(LinkName),
    /// Delete it; refused while registered workflows name it.
    Del(LinkDelArgs),
}

/// `link file …`.
#[derive(Debug, Subcommand)]
pub(crate) enum FileLinkCommand {
    /// Add a link; asks for the password of its user on the terminal.
    Add(FileLinkArgs),
    /// Change a link; what is not given stays as it is, the password too.
    Update(FileLinkArgs),
    /// All of them.
    List,
    /// Try it from the asked peer.
    Test(LinkName),
    /// Delete it; refused while registered workflows name it.
    Del(LinkDelArgs),
}

/// Which link.
#[derive(Args, Debug)]
pub(crate) struct LinkName {
    /// Name of the link.
    pub(crate) name: String,
}

/// Which link to delete, and how.
#[derive(Args, Debug)]
pub(crate) struct LinkDelArgs {
    /// Name of the link.
    pub(crate) name: String,
    /// Also when registered workflows name it.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `link db add` and `update`.
#[derive(Args, Debug)]
pub(crate) struct DbLinkArgs {
    /// Such as jdbc:mysql://HOST:PORT/DATABASE, without a password.
    #[arg(long, visible_alias = "jdbc-url", value_name = "URL")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) common: LinkArgs,
}

/// `link file add` and `update`.
#[derive(Args, Debug)]
pub(crate) struct FileLinkArgs {
    /// The host; of S3 the endpoint.
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// The port; the usual one where it is not given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    #[command(flatten)]
    pub(crate) common: LinkArgs,
}

/// What links of both kinds have.
#[derive(Args, Debug)]
pub(crate) struct LinkArgs {
    /// Name of the link.
    pub(crate) name: String,
    /// Of a database MYSQL, POSTGRES, SQLITE, HIVE, IMPALA, ORACLE, CLICKHOUSE or ODBC; of files SFTP, HDFS, WEBHDFS, S3 or
    /// FTP.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) system: Option<String>,
    /// User name there.
    #[arg(long, short)]
    pub(crate) username: Option<String>,
    /// Read the password from the first line of this file.
    #[arg(long, value_name = "FILE", group = "given_password")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from the first line of standard input.
    #[arg(long, group = "given_password")]
    pub(crate) password_stdin: bool,
    /// Ask for the password on the terminal.
    #[arg(long, group = "given_password")]
    pub(crate) ask_password: bool,
    /// There is none: do not ask.
    #[arg(long, group = "given_password")]
    pub(crate) no_password: bool,
    /// Taken only to be refused with a reason.
    #[arg(long, hide = true, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
    /// A property that the kind of system understands.
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(crate) properties: Vec<(String, String)>,
    /// A property that is a secret by its name, from the first line of a file.
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = parameter)]
    pub(crate) secrets: Vec<(String, String)>,
    /// Take a property away.
    #[arg(long = "remove-property", value_name = "NAME")]
    pub(crate) removed: Vec<String>,
    /// What it is, for people.
    #[arg(long, visible_alias = "description", value_name = "TEXT")]
    pub(crate) desc: Option<String>,
}
