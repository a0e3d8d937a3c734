//! The life cycle of the game server, one command per file.
//!
//! ```text
//! main → cli, context, commands → { docker, kubernetes, manifests, processes, local, report } → settings
//! ```

/// The release build of the game server, the one that runs locally and goes into the image.
pub mod binary;
/// What can be typed; the doc comments are the help.
pub mod cli;
/// One file per command, in life-cycle order.
pub mod commands;
/// What every command is given: root, settings, target, report.
pub mod context;
/// Why pods do not run, from recorded API objects; pure.
pub mod diagnosis;
/// The Docker engine; the only importer of bollard.
pub mod docker;
/// One file per family of checks of this machine.
pub mod doctor;
/// Whether a cluster enforces NetworkPolicies.
pub mod enforcement;
/// Small requests to admin ports and to the players' port.
pub mod http;
/// Ctrl-C and `--timeout`.
pub mod interrupt;
/// Clusters through their API; the only importer of kube.
pub mod kubernetes;
/// The game as one process of this machine: the target `local`.
pub mod local;
/// The YAML of `manifests/`: read once, checked, ordered; the only importer of serde_yaml.
pub mod manifests;
/// Figures in the text format of Prometheus, as the admin ports give them.
pub mod metrics;
/// Plays through the public port: `verify` and `load`.
pub mod play;
/// Other programs: found, run, timed out, ended; the only place that spawns.
pub mod processes;
/// Where players join.
pub mod public;
/// Image registries; the only importer of an HTTP client.
pub mod registry;
/// Clusters that somebody else made: known by identity, checked, never created or removed.
pub mod remote;
/// The only printer: steps to stderr, results and JSON to stdout.
pub mod report;
/// Names, ports, label keys, time limits: every constant of the automation.
pub mod settings;
/// The cluster that a command works on: its name, its files, and the proof that it is ours.
pub mod target;
/// Taste as a test: import arrows, sizes, module docs, the README map.
pub mod tidy;
/// How long each step took before.
pub mod timings;
/// What the roles prove to each other who they are with.
pub mod trust;
