//! Parses the command line, runs one command and turns its end into an exit code.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use xtask::{
    cli::Cli,
    commands,
    context::{self, Context, target},
    interrupt, remote,
    report::Report,
    timings,
};

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let context = match Context::new(&cli.global) {
        Ok(context) => target::with_known_cluster(&context),
        Err(error) => return Report::new(cli.global.json, false, false).fail(&error, &context::root()),
    };
    let name = matches.subcommand_name().unwrap_or_default();
    let before = target::recorded(&context);
    let ended = interrupt::guard(&context, commands::run(&context, cli.command)).await;
    timings::close(&context, name, before);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => context.report.fail(&remote::addressed(&context, error), &context.root),
    }
}
