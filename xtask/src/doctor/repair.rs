//! Findings that a safe command repairs: asked about one by one.

use std::time::Duration;

use anyhow::Result;

use crate::context::Context;
use crate::doctor::judge::Finding;
use crate::doctor::machine::Machine;
use crate::processes::job::Job;

const REPAIR_LIMIT: Duration = Duration::from_secs(60);
/// Programs that change the system itself; others work for the user alone.
const OF_ROOT: [&str; 3] = ["sysctl", "modprobe", "systemctl"];

/// What one finding needs, as it will be run; none where the system has no such program.
pub fn command(machine: &Machine, finding: &Finding) -> Option<Vec<String>> {
    let program = finding.repair.first()?;
    let possible = machine.is_linux() && (program != "systemctl" || machine.exists("/run/systemd/system"));
    let mut words = finding.repair.clone();
    if OF_ROOT.contains(&program.as_str()) && !machine.is_root {
        // Never a question for a password: without one it fails and says what to type.
        words.splice(..0, ["sudo".to_owned(), "--non-interactive".to_owned()]);
    }
    possible.then_some(words)
}

/// Offers the command of every finding that has one; returns how many worked. A dry run says them all.
pub async fn repair(context: &Context, machine: &Machine, findings: &[Finding]) -> Result<usize> {
    let mut repaired = 0;
    let mut offered = 0;
    for finding in findings {
        let Some(words) = command(machine, finding) else { continue };
        offered += 1;
        let line = words.join(" ");
        if context.dry_run || context.confirm(&format!("{}: run `{line}`?", finding.id))? {
            repaired += usize::from(run(context, &words, finding.id).await?);
        } else {
            context.report.note("fix", &format!("left alone: {line}  ({}); --yes answers yes", finding.id));
        }
    }
    if offered == 0 {
        context.report.note("fix", "nothing that can be repaired by itself; each finding names what to do");
    }
    Ok(repaired)
}

async fn run(context: &Context, words: &[String], id: &str) -> Result<bool> {
    let line = words.join(" ");
    let step = context.report.step("fix", &line);
    let job = Job::new(&words[0], &context.root).args(&words[1..]).limit(REPAIR_LIMIT);
    match job.run(&context.report).await {
        Ok(_) if context.dry_run => step.skipped(&format!("would run: {line}  ({id})")),
        Ok(ended) if ended.success() => {
            step.done(&format!("{line}  ({id})"));
            return Ok(true);
        }
        Ok(ended) => context.report.warn(&format!("{line}: {}; {}", ended.ending(), ended.tail.trim())),
        Err(error) => context.report.warn(&format!("{line}: {error:#}")),
    }
    Ok(false)
}
