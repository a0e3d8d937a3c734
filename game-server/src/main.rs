//! Parses the command line, starts one role and turns its end into an exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use game_server::cli::Cli;
use game_server::telemetry;
use tokio::runtime::Builder;

/// A task that is stuck must not keep a drained process alive.
const RUNTIME_STOP_MAX: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    telemetry::start_logs(cli.log_format, &cli.log_filter)?;
    let mut runtime =
        if cli.on_one_thread() { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    let runtime = runtime.enable_all().build()?;
    let outcome = runtime.block_on(cli.run());
    runtime.shutdown_timeout(RUNTIME_STOP_MAX);
    outcome
}
