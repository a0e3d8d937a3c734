//! The mounts table and the file systems under the clone.

use std::path::Path;

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// Fields of a line of /proc/mounts: device, mount point, type, options, dump, pass.
const FIELDS: usize = 6;
/// Fields after the dash of a line of mountinfo: type, source, options.
const TAIL_FIELDS: usize = 3;
/// A busy node has some hundred; leaks of clusters that were made and removed add up.
const MOUNTS_MAX: usize = 5_000;

pub const FAMILY: Family = Family {
    title: "Mounts",
    section: "mounts",
    about: "A native k3s that keeps restarting with `system validation failed - wrong number of fields (expected 6, \
            got 7)` has no problem with cgroups, whatever the message sounds like. The kubelet reads `/proc/mounts` \
            first and wants six fields in every line. On WSL2, Docker Desktop mounts its folder below `C:\\Program \
            Files` at `/Docker/host`, and the blank in that path is not escaped: seven fields. `awk 'NF!=6' \
            /proc/mounts` shows the line; doctor names it. Anything with a blank does the same (usbipd, shares).\n\n\
            k3d is not affected: its nodes have a table of their own. For a native k3s, switch Docker Desktop's WSL \
            integration off for the distribution, or `sudo umount` the mount point before k3s starts. Reinstalling \
            k3s or switching cgroup versions changes nothing.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("mounts-unescaped-space", "a line of the mounts table has an unescaped space")
        .check([Fail, Info, Info], unescaped)
        .cause("A kubelet that runs in this system itself (k3s, kubeadm, microk8s) reads that table first and stops with \
                \"system validation failed - wrong number of fields\". The message sounds like \
                cgroups and is not about them: forcing cgroup v1 or v2 changes nothing. On WSL2 it is nearly always \
                Docker Desktop's mount of its own folder below C:\\Program Files. Nodes of k3d have a table of their \
                own and are not affected; neither is the local process.")
        .fix("use k3d (cargo xtask up --target k3d). For a native k3s: Docker Desktop > Settings > Resources > WSL \
              integration: off for this distribution; or sudo umount {mount_point} && sudo systemctl restart k3s. Then \
              awk 'NF!=6' /proc/mounts prints nothing")
        .tell("awk 'NF!=6' /proc/mounts prints the line, as the user and in the namespace that k3s has")
        .log(
            r"wrong number of fields(?: \(expected (?:at least )?6, got (?P<got>\d+)\))?",
            "E1202 09:14:07.551200    4121 kubelet.go:1703] \"Failed to start ContainerManager\" err=\"system validation failed - wrong number of fields (expected 6, got 7)\"",
        )
        .except("csv|CSV|record on line")
        .certain(),
    Rule::new("mountinfo-tail-fields", "a line of mountinfo has an unescaped space")
        .check([Warn, Info, Info], tail_fields)
        .cause("Programs that read /proc/self/mountinfo strictly (snap, microk8s, older Go and Rust programs) stop at \
                that line; it is the same mount that breaks a native kubelet.")
        .fix("switch Docker Desktop's WSL integration off for this distribution, or update the program that stops")
        .log(
            r"incorrect number of tail fields, expected 3 but found \d+|invalid format for MountPoint",
            "system_key.go:129: cannot determine nfs usage in generateSystemKey: cannot parse mountinfo: incorrect number of tail fields, expected 3 but found 4",
        )
        .certain(),
    Rule::new("wsl-slow-windows-filesystem", "the clone lies on a Windows drive")
        .check([Warn, Warn, Warn], |machine| on_windows(machine, &machine.root))
        .cause("Builds there take several times as long, changes of files are not noticed, and executable bits are wrong.")
        .fix("git clone it again below ~, or at least: export CARGO_TARGET_DIR=$HOME/.cache/game-server-target"),
    Rule::new("wsl-slow-build-folder", "cargo builds on a Windows drive")
        .check([Warn, Warn, Warn], wsl_slow_build_folder)
        .cause("Every object file goes over 9p to Windows: builds take several times as long.")
        .fix("export CARGO_TARGET_DIR=$HOME/.cache/game-server-target"),
    Rule::new("build-folder-noexec", "programs may not be run where cargo builds")
        .check([Warn, Fail, Fail], noexec)
        .cause("cargo runs build scripts and the game server from there; the mount forbids it (noexec).")
        .fix("export CARGO_TARGET_DIR=$HOME/.cache/game-server-target, or mount {mount_point} without noexec"),
    Rule::new("stuck-spurious-mounts", "thousands of mounts are left")
        .check([Warn, Warn, Info], many_mounts)
        .cause("Clusters that were made and removed many times leak mounts; pods then fail with \"no space left on device: unknown\" on a disk that has space.")
        .fix("restart the machine, or unmount what lies below removed clusters: grep k3d /proc/mounts")
        .tell("grep -c . /proc/mounts: thousands are this; df -h and df -i must show space")
        .log(
            r"failed to mount.*no space left on device: unknown|too many mounts|fs\.mount-max",
            "Error: failed to create containerd task: failed to mount rootfs component: no space left on device: unknown",
        ),
];

fn wsl_slow_build_folder(machine: &Machine) -> Option<Found> {
    let elsewhere = !machine.build.starts_with(&machine.root);
    elsewhere.then(|| on_windows(machine, &machine.build)).flatten()
}

/// A line that a strict reader, such as the kubelet, gives up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub number: usize,
    pub mount_point: String,
    pub file_system: String,
    pub fields: usize,
    pub text: String,
}

fn unescaped(machine: &Machine) -> Option<Found> {
    let bad = bad_lines(machine.file("/proc/mounts"));
    let first = bad.first()?;
    let describe = |line: &BadLine| {
        format!(
            "line {} of /proc/mounts has {} fields instead of 6: `{}`",
            line.number, line.fields, line.text
        )
    };
    let evidence: Vec<String> = bad.iter().map(describe).collect();
    let points: Vec<&str> = bad.iter().map(|line| line.mount_point.as_str()).collect();
    Some(Found::new(evidence.join("; ")).with("got", first.fields).with("mount_point", points.join(" ")))
}

/// Lines of /proc/mounts that do not have six fields.
pub fn bad_lines(mounts: &str) -> Vec<BadLine> {
    let lines = mounts.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let bad = lines.filter_map(|(index, text)| {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let name = |at: usize| fields.get(at).map_or_else(String::new, |field| unescape(field));
        (fields.len() != FIELDS).then(|| BadLine {
            number: index + 1,
            mount_point: name(1),
            file_system: name(2),
            fields: fields.len(),
            text: text.to_owned(),
        })
    });
    bad.collect()
}

fn tail_fields(machine: &Machine) -> Option<Found> {
    let tail = |line: &str| Some(line.split_once(" - ")?.1.split_ascii_whitespace().count());
    let mut lines = machine.file("/proc/self/mountinfo").lines().enumerate();
    let (index, line) = lines.find(|(_, line)| tail(line).is_some_and(|count| count > TAIL_FIELDS))?;
    let mount_point = line.split_ascii_whitespace().nth(4).unwrap_or("?");
    Some(Found::new(format!(
        "line {} of /proc/self/mountinfo, {}, has more than 3 fields after the dash",
        index + 1,
        unescape(mount_point)
    )))
}

fn on_windows(machine: &Machine, path: &Path) -> Option<Found> {
    let (_, kind, _) = mount_of(machine.file("/proc/mounts"), path)?;
    let windows = ["9p", "drvfs", "virtiofs"].contains(&kind);
    (machine.is_wsl2() && windows).then(|| Found::new(format!("{} is on {kind}", path.display())))
}

fn noexec(machine: &Machine) -> Option<Found> {
    let (mount_point, _, options) = mount_of(machine.file("/proc/mounts"), &machine.build)?;
    options.split(',').any(|option| option == "noexec").then(|| {
        Found::new(format!("{} is on {mount_point}, mounted noexec", machine.build.display()))
            .with("mount_point", mount_point)
    })
}

fn many_mounts(machine: &Machine) -> Option<Found> {
    let count = machine.file("/proc/mounts").lines().count();
    (count > MOUNTS_MAX).then(|| Found::new(format!("/proc/mounts has {count} lines")))
}

/// Mount point, type and options of the file system that holds a path: the longest mount point above it.
pub fn mount_of<'a>(mounts: &'a str, path: &Path) -> Option<(String, &'a str, &'a str)> {
    let mut best: Option<(String, &str, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (Some(mount_point), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let mount_point = unescape(mount_point);
        let deeper = best.as_ref().is_none_or(|(longest, ..)| mount_point.len() >= longest.len());
        if path.starts_with(&mount_point) && deeper {
            best = Some((mount_point, kind, options));
        }
    }
    best
}

/// The kernel writes blanks, tabs, newlines and backslashes of names as octal escapes.
fn unescape(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}
