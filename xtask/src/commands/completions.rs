//! `cargo xtask completions`: what the Tab key knows about the commands and their flags.

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::cli::Cli;
use crate::context::Context;

/// The command as scripts know it; `cargo xtask` is two words to a shell.
const NAME: &str = "xtask";
/// cargo's own completion is asked for everything but `cargo xtask`. bash loads it when it is first needed, so it is
/// looked up at that time.
const BASH: &str = include_str!("completions/cargo.bash");
/// zsh's completion of cargo calls `_cargo-NAME` for a command that it does not know; without one, this is all there is.
const ZSH: &str = include_str!("completions/cargo.zsh");
/// fish completes the rest of the line as if it began with `xtask`.
const FISH: &str = include_str!("completions/cargo.fish");

/// Print a script that lets the Tab key complete `cargo xtask`
///
/// Use it once, and again after an update that brings new commands. The script completes `cargo xtask …` and leaves the
/// rest of cargo to cargo's own completion. Keep it in a file, since it can only be made inside the repository.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20bash   cargo xtask completions bash > ~/.cargo-xtask.bash\n\
\x20\x20       echo '. ~/.cargo-xtask.bash' >> ~/.bashrc\n\
\x20\x20zsh    cargo xtask completions zsh > ~/.cargo-xtask.zsh\n\
\x20\x20       echo '. ~/.cargo-xtask.zsh' >> ~/.zshrc          (below compinit)\n\
\x20\x20fish   cargo xtask completions fish > ~/.config/fish/conf.d/cargo-xtask.fish")]
pub struct Args {
    shell: Name,
}

/// A shell that can complete two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    Bash,
    Zsh,
    Fish,
}

pub fn run(context: &Context, args: &Args) -> Result<()> {
    let script = script(args.shell)?;
    context.report.result(json!({ "script": script }), &script);
    Ok(())
}

fn script(shell: Name) -> Result<String> {
    let (shell, around) = match shell {
        Name::Bash => (Shell::Bash, BASH),
        Name::Zsh => (Shell::Zsh, ZSH),
        Name::Fish => (Shell::Fish, FISH),
    };
    let mut bytes = Vec::new();
    generate(shell, &mut Cli::command().bin_name(NAME), NAME, &mut bytes);
    let own = String::from_utf8(bytes).context("a completion script is text")?;
    Ok(format!("{own}\n{around}"))
}
