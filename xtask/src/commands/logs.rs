//! `cargo xtask logs`: what the roles say.

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::docker::Engine;
use crate::kubernetes::Kubernetes;
use crate::kubernetes::logs::{LogLine, LogQuery};
use crate::local::Folder;
use crate::local::logs::{Filter, follow, last_lines};
use crate::remote::Remote;
use crate::report::event::Event;
use crate::report::{Exit, Failure, Report};
use crate::target::Target;

/// Lines that are searched when a filter is given without --follow.
const SEARCHED_LINES: usize = 20_000;

/// Show what the roles say, merged and filtered
///
/// Use it when the game does not do what you expect. It shows the last lines and ends, or goes on with --follow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask logs -f\n\
\x20\x20cargo xtask logs --role room --grep match=42")]
pub struct Args {
    /// Go on with every new line, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Lines of this role only: gateway, lobby, room, chat, ranking or monitor
    #[arg(long)]
    role: Option<String>,
    /// Lines that contain this text only
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// How many of the last lines to begin with (of each pod, on a cluster)
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    lines: u32,
}

pub async fn run(context: &Context, args: Args) -> Result<()> {
    match target::that_is_up(context)? {
        Some(TargetName::K3d) => on_cluster(context, &args).await,
        Some(TargetName::Named(_)) => stream(context, &Remote::connect(context).await?.cluster, &args).await,
        Some(TargetName::Local) => local(context, &args).await,
        None => Err(nothing_to_show().into()),
    }
}

async fn local(context: &Context, args: &Args) -> Result<()> {
    let log = Folder::of(context).log();
    if !log.exists() {
        return Err(nothing_to_show().into());
    }
    let filter = Filter { role: args.role.clone(), grep: args.grep.clone() };
    let filtered = filter.role.is_some() || filter.grep.is_some();
    let wanted = args.lines as usize;
    let lines = last_lines(&log, if filtered { SEARCHED_LINES } else { wanted });
    let taken: Vec<&String> = lines.iter().filter(|line| filter.takes(line)).collect();
    for line in &taken[taken.len().saturating_sub(wanted)..] {
        show(&context.report, "all", line);
    }
    if !args.follow {
        return Ok(());
    }
    let show_taken = |line: &str| {
        if filter.takes(line) {
            show(&context.report, "all", line);
        }
    };
    follow(&log, show_taken).await
}

async fn on_cluster(context: &Context, args: &Args) -> Result<()> {
    let target = Target::of(context)?;
    let cluster = target.connect(&Engine::connect(&context.report).await?).await?;
    stream(context, &cluster, args).await
}

async fn stream(context: &Context, cluster: &Kubernetes, args: &Args) -> Result<()> {
    let query = LogQuery {
        role: args.role.clone(),
        tail_lines: i64::from(args.lines),
        follow: args.follow,
        ..LogQuery::default()
    };
    let grep = args.grep.as_deref().unwrap_or_default();
    let line = |line: LogLine| {
        if line.text.contains(grep) {
            show(&context.report, &line.pod, &line.text);
        }
    };
    cluster.follow_logs(&query, line).await
}

fn show(report: &Report, source: &str, text: &str) {
    if report.is_json() {
        report.event(&Event::Log { source, text });
    } else if source == "all" {
        report.line(text);
    } else {
        report.line(&format!("{source:<20} {text}"));
    }
}

fn nothing_to_show() -> Failure {
    Failure {
        exit: Exit::Prerequisite,
        doing: "looking for logs".to_owned(),
        found: "nothing is up, so there are none.".to_owned(),
        cause: String::new(),
        fix: "run `cargo xtask up`".to_owned(),
    }
}
