//! One file per command.

use anyhow::Result;

use crate::cli::Command;
use crate::context::Context;

pub mod ci;
pub mod cluster;
pub mod completions;
pub mod deploy;
pub mod dev;
pub mod diagnose;
pub mod doctor;
pub mod down;
pub mod gc;
pub mod image;
pub mod label;
pub mod load;
pub mod logs;
pub mod plan;
pub mod start;
pub mod status;
pub mod stop;
pub mod targets;
pub mod up;
pub mod verify;

/// Dispatches to the file of the same name.
pub async fn run(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Doctor(args) => doctor::run(context, args).await,
        Command::Cluster(args) => cluster::run(context, args).await,
        Command::Label(args) => label::run(context, args).await,
        Command::Image(args) => image::run(context, args).await,
        Command::Plan(args) => plan::run(context, args).await,
        Command::Deploy(args) => deploy::run(context, args).await,
        Command::Up(args) => up::run(context, args).await,
        Command::Status(args) => status::run(context, args).await,
        Command::Logs(args) => logs::run(context, args).await,
        Command::Diagnose(args) => diagnose::run(context, args).await,
        Command::Verify(args) => verify::run(context, args).await,
        Command::Load(args) => load::run(context, args).await,
        Command::Dev(args) => dev::run(context, args).await,
        Command::Stop(args) => stop::run(context, args).await,
        Command::Start(args) => start::run(context, args).await,
        Command::Down(args) => down::run(context, args).await,
        Command::Gc(args) => gc::run(context, args).await,
        Command::Targets(args) => targets::run(context, args).await,
        Command::Ci(args) => ci::run(context, args).await,
        Command::Completions(args) => completions::run(context, &args),
    }
}
