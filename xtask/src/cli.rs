//! What can be typed; the doc comments are the help.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};

use crate::commands;
use crate::manifests::cluster::check_name;

/// From a fresh clone to a player in a match, and everything after: `cargo xtask up`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Where to work: `local` (one process, no Docker), `k3d`, or a cluster of yours that targets.yaml names (see
    /// `cargo xtask help targets`); without it k3d where Docker and k3d are installed
    #[arg(long, global = true, value_name = "NAME", hide_possible_values = true, value_parser = TargetNames)]
    pub target: Option<TargetName>,
    /// Name of the k3d cluster, instead of the one in manifests/cluster/k3d.yaml
    #[arg(long, global = true, value_name = "NAME", value_parser = parse_cluster)]
    pub cluster: Option<String>,
    /// What to deploy instead of manifests/: a folder, a file of YAML or JSON, or `-` for what kustomize or helm prints
    #[arg(long, global = true, value_name = "PATH")]
    pub manifests: Option<PathBuf>,
    /// Port of 127.0.0.1 at which players join, instead of 8080
    #[arg(long, global = true, value_name = "PORT")]
    pub port: Option<u16>,
    /// Machine-readable output: one JSON event a line on stdout, as xtask/events.schema.json describes
    #[arg(long, global = true)]
    pub json: bool,
    /// Say every call that would be made, in order, and make none
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Overall deadline of the command, such as 90s or 10m
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Answer yes to every question
    #[arg(long, global = true)]
    pub yes: bool,
    /// Show the output of the tools that are run
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// Print results and errors only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Let other machines of the network join (binds 0.0.0.0 instead of 127.0.0.1)
    #[arg(long, global = true)]
    pub lan: bool,
    /// Make the cluster without a load balancer: up sooner, one hop less; the port cannot be moved later
    #[arg(long, global = true)]
    pub direct: bool,
}

/// A place where the game can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetName {
    /// One process of this machine.
    Local,
    /// A k3d cluster on this machine's Docker.
    K3d,
    /// A cluster that somebody else made, as targets.yaml names it.
    Named(String),
}

impl TargetName {
    pub fn text(&self) -> &str {
        match self {
            Self::Local => "local",
            Self::K3d => "k3d",
            Self::Named(name) => name,
        }
    }
}

/// Takes any name and offers to the Tab key those that are the same everywhere.
#[derive(Debug, Clone)]
struct TargetNames;

impl TypedValueParser for TargetNames {
    type Value = TargetName;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<TargetName, clap::Error> {
        let read = StringValueParser::new().try_map(|text| match text.as_str() {
            "local" => Ok(TargetName::Local),
            "k3d" => Ok(TargetName::K3d),
            _ => check_name(&text).map(|()| TargetName::Named(text)),
        });
        read.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(["local", "k3d"].into_iter().map(PossibleValue::new)))
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Doctor(commands::doctor::Args),
    Up(commands::up::Args),
    Status(commands::status::Args),
    Logs(commands::logs::Args),
    Diagnose(commands::diagnose::Args),
    Verify(commands::verify::Args),
    Load(commands::load::Args),
    Cluster(commands::cluster::Args),
    Label(commands::label::Args),
    Image(commands::image::Args),
    Plan(commands::plan::Args),
    Deploy(commands::deploy::Args),
    Dev(commands::dev::Args),
    Stop(commands::stop::Args),
    Start(commands::start::Args),
    Down(commands::down::Args),
    Gc(commands::gc::Args),
    Targets(commands::targets::Args),
    Ci(commands::ci::Args),
    Completions(commands::completions::Args),
}

fn parse_cluster(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

/// Reads `90`, `90s`, `10m` or `1h`; a bare number is seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| format!("{text} is not a time; write 90s, 10m or 1h"))?;
    match &text[digits.len()..] {
        "" | "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "h" => Ok(Duration::from_secs(number * 3600)),
        unit => Err(format!("{unit} is not a unit of time; write s, m or h")),
    }
}
