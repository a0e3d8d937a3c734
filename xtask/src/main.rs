//! Parses the command line, runs one command and turns its end into an exit code.

use std::process::ExitCode;

use clap::Parser;
use xtask::{
    cli::Cli,
    commands,
    context::{Context, target},
    interrupt, report,
};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let context = match Context::new(&cli.global) {
        Ok(context) => target::with_known_cluster(&context),
        Err(error) => return report::exit_with(&error, cli.global.json),
    };
    match interrupt::guard(&context, commands::run(&context, cli.command)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report::exit_with(&error, cli.global.json),
    }
}
