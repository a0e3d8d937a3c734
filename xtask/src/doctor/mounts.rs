//! The mounts table and the file system under the clone.

use std::path::Path;

use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level, Needs};

/// Fields of a line of /proc/mounts: device, mount point, type, options, dump, pass.
const FIELDS: usize = 6;

/// A line that a strict reader, such as the kubelet, gives up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    pub mount_point: String,
    pub file_system: String,
    pub fields: usize,
}

pub fn check(machine: &Machine, _needs: &Needs) -> Vec<Finding> {
    let mut findings: Vec<Finding> = unescaped(&machine.mounts).into_iter().collect();
    findings.extend(slow_clone(machine));
    findings
}

/// Explains "wrong number of fields": it harms a kubelet that runs on the machine itself, never one in a container.
fn unescaped(mounts: &str) -> Option<Finding> {
    let bad = bad_lines(mounts);
    let first = bad.first()?;
    let list: Vec<String> =
        bad.iter().map(|line| format!("{} ({})", line.mount_point, line.file_system)).collect();
    let evidence = format!(
        "the mounts table has {} with a blank in its options: {}",
        if bad.len() == 1 { "a line" } else { "lines" },
        list.join(", ")
    );
    let cause = format!(
        "A k3s or kubelet installed in this distribution itself stops with \"wrong number of fields (expected 6, got \
         {})\"; the message sounds like cgroups and is not about them. Nodes of k3d have a mounts table of their own, \
         and the local process reads none: nothing here is affected. Docker Desktop's WSL integration mounts the \
         first, usbipd the others.",
        first.fields
    );
    let fix = "nothing to do here. For a native k3s: switch WSL integration off for this distribution in Docker \
               Desktop, or `sudo umount` the mount points named above before it starts";
    Some(Finding::new("mounts-unescaped-space", Level::Info, evidence).because(cause).fix(fix))
}

/// Lines of /proc/mounts that do not have six fields.
pub fn bad_lines(mounts: &str) -> Vec<BadLine> {
    let lines = mounts.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let bad = lines.filter_map(|(index, line)| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let name = |at: usize| fields.get(at).map_or_else(String::new, |field| unescape(field));
        let line =
            BadLine { number: index + 1, mount_point: name(1), file_system: name(2), fields: fields.len() };
        (fields.len() != FIELDS).then_some(line)
    });
    bad.collect()
}

/// The type of the file system that holds a path: that of the longest mount point above it.
pub fn file_system_of(mounts: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (Some(mount_point), Some(kind)) = (fields.next(), fields.next()) else {
            continue;
        };
        let mount_point = unescape(mount_point);
        let deeper = best.is_none_or(|(length, _)| mount_point.len() >= length);
        if path.starts_with(&mount_point) && deeper {
            best = Some((mount_point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

fn slow_clone(machine: &Machine) -> Option<Finding> {
    let kind = file_system_of(&machine.mounts, &machine.root)?;
    let windows = kind == "9p" || kind == "drvfs" || (kind == "virtiofs" && machine.is_wsl2());
    windows.then(|| {
        let evidence = format!("the clone at {} lies on a Windows drive ({kind})", machine.root.display());
        Finding::new("wsl-slow-windows-filesystem", Level::Warn, evidence)
            .because("Builds there take several times as long, and changes of files are not noticed.")
            .fix("git clone it again below ~, or at least: export CARGO_TARGET_DIR=$HOME/.cache/game-server-target")
    })
}

/// The kernel writes blanks, tabs, newlines and backslashes of names as octal escapes.
fn unescape(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}
