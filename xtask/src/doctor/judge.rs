//! The rules over a snapshot: what is in the way, and how much.

use serde::Serialize;

use crate::doctor::machine::Machine;
use crate::doctor::rule::{Family, Level, Rule, Severity, fill};
use crate::doctor::rules::FAMILIES;

/// Where the sections that findings link to are.
pub const HANDBOOK: &str = "docs/when-something-fails.md";

/// One thing that was found out about this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub id: &'static str,
    pub level: Level,
    pub title: String,
    /// What is there, with the value that was read.
    pub evidence: String,
    /// Why it matters.
    pub cause: String,
    /// The exact command or setting.
    pub fix: String,
    /// A safe command that `--fix` offers to run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repair: Vec<String>,
    pub section: String,
    /// What it would be for every target.
    pub severity: Severity,
}

/// Every finding about a machine, in the order of the rules.
pub fn judge(machine: &Machine) -> Vec<Finding> {
    let rules = FAMILIES.iter().flat_map(|family| family.rules.iter().map(move |rule| (family, rule)));
    rules.filter_map(|(family, rule)| apply(family, rule, machine)).collect()
}

fn apply(family: &Family, rule: &Rule, machine: &Machine) -> Option<Finding> {
    let severity = rule.severity.on(machine.needs.profile);
    if severity == Level::Silent {
        return None;
    }
    let found = rule.check?(machine)?;
    let value =
        |name: &str| found.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    Some(Finding {
        id: rule.id,
        level: severity.min(found.at_most),
        title: fill(rule.title, value),
        cause: fill(rule.cause, value),
        fix: fill(rule.fix, value),
        repair: rule.repair.iter().map(|word| fill(word, value)).collect(),
        section: section(family),
        severity: rule.severity,
        evidence: found.evidence,
    })
}

/// The link of a family, such as `docs/when-something-fails.md#mounts`.
pub fn section(family: &Family) -> String {
    format!("{HANDBOOK}#{}", family.section)
}
