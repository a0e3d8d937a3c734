//! Findings that can be repaired without asking.

use std::time::Duration;

use anyhow::Result;

use crate::context::Context;
use crate::doctor::Diagnosis;
use crate::processes::job::Job;

const REPAIR_LIMIT: Duration = Duration::from_secs(60);

/// Runs the safe command of every finding that has one; says which worked.
pub async fn repair(context: &Context, diagnosis: &Diagnosis) -> Result<usize> {
    let mut repaired = 0;
    for finding in diagnosis.findings.iter().filter(|finding| !finding.repair.is_empty()) {
        let command = finding.repair.join(" ");
        if context.dry_run {
            context.report.note("fix", &format!("would run: {command}"));
            continue;
        }
        let step = context.report.step("fix", &command);
        let job = Job::new(&finding.repair[0], &context.root).args(&finding.repair[1..]).limit(REPAIR_LIMIT);
        match job.run(&context.report).await {
            Ok(ended) if ended.success() => {
                repaired += 1;
                step.done(&format!("{} ({})", command, finding.id));
            }
            Ok(ended) => context.report.warn(&format!("{command}: {}; {}", ended.ending(), ended.tail)),
            Err(error) => context.report.warn(&format!("{command}: {error:#}")),
        }
    }
    Ok(repaired)
}
