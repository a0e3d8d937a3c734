//! Plays logs of past matches again: proves that they come out the same, or shows one in the browser.

/// The same match once more, and where it goes another way.
pub mod rerun;
/// A match on show: seats for spectators and the frames of the log.
pub mod theatre;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::protocol::replay::{LOG_FILE_ENDING, Log, LogError, decode_log};
use crate::roles::replay::rerun::{Desync, Rerun, rerun};

/// Damaged and different matches that are told in full; more are counted.
const FAILURES_SHOWN: usize = 5;

/// Plays every log again and prints a line for each; fails when one is broken or comes out differently.
pub fn run(files: &[PathBuf], partial: bool) -> anyhow::Result<()> {
    let files = logs(files)?;
    let mut failures = Vec::new();
    let mut out = std::io::stdout();
    for path in &files {
        match check(path, partial) {
            Ok(line) => writeln!(out, "{}: {line}", path.display()).context("writing the report")?,
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let (count, all) = (failures.len(), files.len());
    failures.truncate(FAILURES_SHOWN);
    bail!("{count} of {all} logs did not come out the same.\n{}", failures.join("\n"))
}

/// Files as they are named, folders as the logs in them.
fn logs(named: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("reading the folder {}", path.display()))?;
        let mut found: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        found.retain(|file| file.extension().is_some_and(|ending| ending == LOG_FILE_ENDING));
        found.sort();
        files.extend(found);
    }
    if files.is_empty() {
        bail!(
            "there is no replay log in {named:?}. A room host writes them when it is started with --replay-dir, \
             `game-server all` to replays/ below its --data-dir, one for each match from its first tick on."
        );
    }
    Ok(files)
}

/// Reads a log that must at least begin well.
pub fn read(path: &Path) -> anyhow::Result<Log> {
    let bytes = fs::read(path).with_context(|| format!("reading the replay log {}", path.display()))?;
    decode_log(&bytes).map_err(|error| {
        let cure = match &error {
            LogError::Version(_) => "Run it with the build that wrote it.",
            LogError::CutOff { .. } => "The host ended before the match began, so there is nothing to see.",
            _ => "Only files of a room host's --replay-dir, as they are, can be replayed.",
        };
        anyhow::anyhow!("{} cannot be replayed: {error}. {cure}", path.display())
    })
}

/// One line about a match that came out the same.
fn check(path: &Path, partial: bool) -> anyhow::Result<String> {
    let log = read(path)?;
    let done = rerun(&log);
    if let Some(desync) = &done.desync {
        bail!("{}", tell_desync(path, &done, desync));
    }
    if let Some((tick, message)) = done.panic.as_ref().filter(|_| !done.panic_expected) {
        bail!(
            "{}: the game panics at tick {tick} ({message}) and did not when the log was written. The rules in sim/ \
             have changed since; run it with the build that wrote it.",
            path.display()
        );
    }
    let cut = matches!(log.broken, Some(LogError::CutOff { .. }));
    if let Some(broken) = log.broken.as_ref().filter(|_| !(cut && partial)) {
        let cure = if cut {
            "Add --partial when that was to be expected."
        } else {
            "The file was changed after it was written, by a failing disk or by hand; what follows cannot be trusted."
        };
        bail!(
            "{} is not whole: {broken}. All {} ticks before that came out the same. {cure}",
            path.display(),
            done.ticks
        );
    }
    Ok(tell(&log, &done))
}

fn tell(log: &Log, done: &Rerun) -> String {
    let end = match &done.panic {
        Some((tick, message)) => format!("; it ended with a panic at tick {tick}, and does again: {message}"),
        None => String::new(),
    };
    format!(
        "room {:016x}, {} ticks, {} people, {} full hashes: the same match{end}",
        log.settings.room.0, done.ticks, done.people, done.hashes
    )
}

fn tell_desync(path: &Path, done: &Rerun, desync: &Desync) -> String {
    let confirmed = match &desync.confirmed {
        Some((tick, parts)) => format!("; at tick {tick} the full hashes of {} differ", parts.join(", ")),
        None => String::new(),
    };
    format!(
        "{}: the match goes another way at tick {} of {}, first in: {}. Full hashes agree up to tick {}{confirmed}. \
         Either the rules in sim/ are not those that wrote the log (then the build that wrote it replays it), or they \
         are not deterministic: look at what tick {} does for a clock, an unordered map or a float operation that \
         machines round differently.",
        path.display(),
        desync.tick,
        done.ticks,
        desync.parts.join(", "),
        desync.agreed_tick,
        desync.tick
    )
}
