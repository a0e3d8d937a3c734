//! How long each step took before: a bounded history in the state folder, and what stands out in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::TargetName;
use crate::context::{Context, target, write_whole};
use crate::report::github;
use crate::report::times::Times;

#[cfg(test)]
mod tests;

const FILE: &str = "timings.json";
const LOCK_FILE: &str = "timings.lock";
/// A writer holds the lock for milliseconds; whoever waits longer leaves its samples out.
const LOCK_LIMIT: Duration = Duration::from_millis(500);
const LOCK_POLL: Duration = Duration::from_millis(5);
/// Samples kept of one step: two months of a run a day.
const SAMPLES_MAX: usize = 60;
/// Steps kept: three times what all commands have on all targets; the ones unused for longest go first.
const STEPS_MAX: usize = 200;
/// The newest samples that must all be slow before a step is called slower: one or two can be a busy machine.
const NEW_SAMPLES: usize = 3;
/// Samples before those that must be there. When nothing has changed, the chance that three new ones all exceed
/// nine old ones is 1 : C(12, 3) = 1 : 220.
const OLD_SAMPLES_MIN: usize = 9;
/// With more than nine old samples one in ten may be slower still; then the chance is near 0.1³ = 1 : 1000.
const OLD_QUANTILE: f64 = 0.9;
/// Less than a fifth more is not worth anybody's time, however certain it is,
const WORTH_FACTOR: f64 = 1.2;
/// and neither is what nobody can feel.
const WORTH_SECONDS: f64 = 0.1;

/// Which step, and how it ended: one with nothing to change is another thing than one with something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// `local`, `k3d`, or the command where no target is involved.
    pub target: String,
    pub step: String,
    pub state: String,
}

/// When a step ended and how long it had taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub unix_s: u64,
    pub seconds: f64,
}

/// Samples by step, the oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub steps: BTreeMap<Key, Vec<Sample>>,
}

/// What the history says about one step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    #[serde(flatten)]
    pub key: Key,
    pub count: usize,
    pub p50_seconds: f64,
    pub last_seconds: f64,
    /// True when the last three runs were all slower than it used to be.
    pub slower: bool,
}

/// One step in the file.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    samples: Vec<Sample>,
}

impl History {
    /// What is readable: entries that are damaged are left out, a file that is damaged as a whole is none.
    pub fn load(state: &Path) -> Self {
        let bytes = std::fs::read(state.join(FILE)).unwrap_or_default();
        let entries: Vec<Value> = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut history = Self::default();
        for entry in entries.into_iter().filter_map(|entry| serde_json::from_value::<Entry>(entry).ok()) {
            let sane = |sample: &Sample| sample.seconds.is_finite() && sample.seconds >= 0.0;
            let samples: Vec<Sample> = entry.samples.into_iter().filter(sane).collect();
            history.steps.insert(entry.key, samples);
        }
        history.bound();
        history
    }

    pub fn add(&mut self, key: Key, sample: Sample) {
        self.steps.entry(key).or_default().push(sample);
        self.bound();
    }

    fn bound(&mut self) {
        self.steps.retain(|_, samples| !samples.is_empty());
        for samples in self.steps.values_mut() {
            samples.drain(..samples.len().saturating_sub(SAMPLES_MAX));
        }
        while self.steps.len() > STEPS_MAX {
            let last = |samples: &Vec<Sample>| samples.last().map(|sample| sample.unix_s);
            let oldest =
                self.steps.iter().min_by_key(|(_, samples)| last(samples)).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.steps.remove(&key));
        }
    }

    fn save(&self, state: &Path) -> Result<()> {
        let entry =
            |(key, samples): (&Key, &Vec<Sample>)| Entry { key: key.clone(), samples: samples.clone() };
        let entries: Vec<Entry> = self.steps.iter().map(entry).collect();
        write_whole(&state.join(FILE), &serde_json::to_vec(&entries)?)
    }

    /// Every step, by target and name.
    pub fn summaries(&self) -> Vec<Summary> {
        self.steps.iter().filter_map(|(key, samples)| summary(key, samples)).collect()
    }
}

/// Adds what a command took to the history and, on a runner of GitHub, to the summary of the run. `before` is the target
/// that was there when the command began: `down` leaves none, the first `up` finds none.
pub fn close(context: &Context, command: &str, before: Option<TargetName>) {
    let times = context.report.times();
    if context.dry_run || times.steps.is_empty() {
        return;
    }
    if github::is_hosted() {
        github::summarise(&format!("\n### cargo xtask {command}\n\n{}", times.markdown()));
    }
    let target = before.or_else(|| target::recorded(context));
    let target = target.as_ref().map_or(command, TargetName::text);
    // A history that cannot be written costs nobody anything today.
    let _ = record(&context.state, target, &times);
}

/// Adds the steps of a command that has ended. Two commands at once take turns.
pub fn record(state: &Path, target: &str, times: &Times) -> Result<()> {
    if times.steps.is_empty() {
        return Ok(());
    }
    let _lock = lock(state)?;
    let mut history = History::load(state);
    let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    for one in &times.steps {
        let (step, state) = (one.step.to_owned(), one.state.text().to_owned());
        let key = Key { target: target.to_owned(), step, state };
        history.add(key, Sample { unix_s, seconds: one.seconds });
    }
    history.save(state)
}

fn lock(state: &Path) -> Result<File> {
    std::fs::create_dir_all(state).with_context(|| format!("making {}", state.display()))?;
    let path: PathBuf = state.join(LOCK_FILE);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("opening {}", path.display()))?;
    let deadline = Instant::now() + LOCK_LIMIT;
    while file.try_lock().is_err() {
        anyhow::ensure!(Instant::now() < deadline, "{} is held by another command", path.display());
        std::thread::sleep(LOCK_POLL);
    }
    Ok(file)
}

fn summary(key: &Key, samples: &[Sample]) -> Option<Summary> {
    let seconds: Vec<f64> = samples.iter().map(|sample| sample.seconds).collect();
    Some(Summary {
        key: key.clone(),
        count: seconds.len(),
        p50_seconds: quantile(&seconds, 0.5)?,
        last_seconds: *seconds.last()?,
        slower: is_slower(&seconds),
    })
}

/// True when the newest three are all slower than nine of ten before them, by enough to be felt. Only the order of
/// the samples counts, so that nothing is assumed about how they scatter.
pub fn is_slower(seconds: &[f64]) -> bool {
    let Some(split) = seconds.len().checked_sub(NEW_SAMPLES).filter(|&old| old >= OLD_SAMPLES_MIN) else {
        return false;
    };
    let (old, new) = seconds.split_at(split);
    let (Some(usual), Some(high), Some(now)) =
        (quantile(old, 0.5), quantile(old, OLD_QUANTILE), quantile(new, 0.5))
    else {
        return false;
    };
    let is_worth_it = now >= usual * WORTH_FACTOR && now >= usual + WORTH_SECONDS;
    is_worth_it && new.iter().all(|&one| one > high)
}

/// The smallest sample that at least this share does not exceed.
fn quantile(seconds: &[f64], share: f64) -> Option<f64> {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}
