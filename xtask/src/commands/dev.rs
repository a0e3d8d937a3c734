//! `cargo xtask dev`: watch, rebuild, swap.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;

use crate::cli::TargetName;
use crate::context::{Context, target};
use crate::processes::job;
use crate::remote;
use crate::report::event::Event;
use crate::report::{Report, format_seconds};
use crate::{binary, interrupt};
use place::Place;
use watch::{Edit, Sources};

/// Pods that take a new build without being replaced.
mod dress;
/// Where builds go: the one process, or the pods of a cluster.
mod place;
/// Builds and pages into the pods of a cluster.
mod pods;
/// Which files count, and when they have changed.
mod watch;

/// Names of changed files that are shown.
const FILES_SHOWN: usize = 3;

/// Watch the sources and run every build that compiles, within a second or two of the compiler
///
/// Use it while you work on the game. It makes a development build of game-server/src and runs it in the place of
/// what runs: as the one process (target local), or in every pod of the cluster (target k3d), where the pods stay and
/// only the processes in them are replaced. An edit below game-server/web needs no build: reload the page. Each swap
/// ends the matches that are being played, keeps the store, and says how long it took from the edit on. What does not
/// compile is shown as the compiler says it, and the build before runs on.
///
/// Ctrl-C puts back what was there before: the image or the build of `up`, or nothing. Manifests are not watched;
/// `cargo xtask deploy` applies them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n\
\x20\x20cargo xtask dev\n\
\x20\x20cargo xtask dev --target local --port 9000")]
pub struct Args {}

pub async fn run(context: &Context, _args: Args) -> Result<()> {
    if context.pin.is_some() {
        return Err(remote::not_there(context, "dev"));
    }
    let target = target::for_up(context)?;
    if context.dry_run {
        let place = if target == TargetName::Local { "the one process" } else { "the pods of the cluster" };
        let text = format!("would watch game-server/ and swap builds into {place} until Ctrl-C");
        context.report.note("dry run", &text);
        return Ok(());
    }
    let place = Place::reach(context, target).await?;
    let ended = tokio::select! {
        ended = work(context, &place) => ended,
        () = interrupt::asked_to_stop() => Ok(()),
    };
    // A compiler that was at work has nothing to finish any more.
    job::end_all().await;
    let step = context.report.step("dev", "putting back what was there before");
    let left = place.leave(&quiet(context)).await?;
    step.done(&left);
    ended
}

/// Never ends by itself but on an error that no edit can correct.
async fn work(context: &Context, place: &Place) -> Result<()> {
    place.enter(context).await?;
    let mut seen = Sources::look(&context.root);
    if round(context, place, &Edit::everything()).await? {
        context.report.note("dev", &format!("play at {}; waiting for edits, Ctrl-C ends", place.url()));
    }
    loop {
        let edit = watch::next(&context.root, &mut seen).await;
        round(context, place, &edit).await?;
    }
}

/// One edit: built, swapped, told. False when it does not compile or does not run, which the next edit may correct.
async fn round(context: &Context, place: &Place, edit: &Edit) -> Result<bool> {
    context.report.note("edit", &edit.describe(FILES_SHOWN));
    let began = Instant::now();
    let mut compiled = Duration::ZERO;
    let mut what = "the page";
    if edit.code {
        what = "the build";
        let Some(binary) = build(context, place).await? else {
            context.report.warn("that does not compile; the build before runs on");
            return Ok(false);
        };
        compiled = began.elapsed();
        if let Err(error) = place.swap(&quiet(context), &binary).await {
            context.report.warn(&format!("{error:#}"));
            return Ok(false);
        }
    }
    if edit.pages {
        place.show_pages(context).await?;
    }
    tell(context, what, edit.age_at(began), compiled, began.elapsed());
    Ok(true)
}

/// Runs cargo, with its words shown as they come.
async fn build(context: &Context, place: &Place) -> Result<Option<PathBuf>> {
    let colour = if console::user_attended_stderr() { "always" } else { "never" };
    let build = binary::development(context, place.is_static());
    let finished = build.job.args(["--quiet", "--color", colour]).shown().run(&context.report).await?;
    Ok(finished.success().then_some(build.path))
}

/// `edit to running 1.9 s: compiler 1.5 s, the rest 0.4 s`; the rest counts from the save, waiting for it included.
fn tell(context: &Context, what: &str, noticed: Duration, compiled: Duration, took: Duration) {
    let (total, rest) = (noticed + took, noticed + took.saturating_sub(compiled));
    let times = format!(
        "{}: compiler {}, the rest {}",
        format_seconds(total),
        format_seconds(compiled),
        format_seconds(rest)
    );
    context.report.note("running", &format!("{what}; edit to running {times}"));
    let (total_s, compile_s, rest_s) = (total.as_secs_f64(), compiled.as_secs_f64(), rest.as_secs_f64());
    context.report.event(&Event::Swap { what, total_s, compile_s, rest_s });
}

/// The parts of a swap are not worth a line each.
fn quiet(context: &Context) -> Context {
    Context { report: Report::quiet(), ..context.clone() }
}

impl Edit {
    /// How long ago the file was saved; a file that was copied here with an old date counts as new.
    fn age_at(&self, now: Instant) -> Duration {
        let age = self.saved.and_then(|saved| SystemTime::now().duration_since(saved).ok());
        let age = age.unwrap_or_default().saturating_sub(now.elapsed());
        if age > watch::NOTICED_WITHIN { Duration::ZERO } else { age }
    }
}
