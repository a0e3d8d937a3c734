//! The engine itself: of the right kind, new enough, in time.

use crate::docker::probe::Probe;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// Docker 20.10, the oldest engine that k3d 5 works with.
const API_VERSION_MIN: (u32, u32) = (1, 41);
/// Certificates of a node are made by its clock and checked by ours.
const SKEW_NOTICED_S: i64 = 5;
const SKEW_MAX_S: i64 = 60;

pub const FAMILY: Family = Family { title: "The engine", section: "the-engine", rules: RULES };

const RULES: &[Rule] = &[
    Rule::new("docker-windows-containers", "Docker runs Windows containers")
        .check([Silent, Fail, Silent], docker_windows_containers)
        .cause("Nodes of k3d are Linux containers.")
        .fix("Docker Desktop's menu: Switch to Linux containers")
        .log(
            r#"no matching manifest for windows/|image operating system "linux" cannot be used"#,
            "docker: no matching manifest for windows/amd64 10.0.19045 in the manifest list entries.",
        ),
    Rule::new("docker-too-old", "Docker is too old")
        .check([Silent, Fail, Silent], docker_too_old)
        .cause("k3d 5 needs Docker 20.10 or newer (API 1.41); older engines do not know cgroup v2.")
        .fix("upgrade Docker: https://docs.docker.com/engine/install (and unset DOCKER_API_VERSION)")
        .log(
            r"client version (?P<version>\S+) is too new\. Maximum supported API version is (?P<maximum>[\d.]+\d)",
            "Error response from daemon: client version 1.50 is too new. Maximum supported API version is 1.40",
        ),
    Rule::new("podman-engine", "the engine is Podman")
        .check([Silent, Warn, Silent], |machine| describe(machine, Probe::is_podman))
        .cause("k3d calls its support for Podman experimental: it needs version 4, the system's socket and its path.")
        .fix("use Docker; or sudo systemctl enable --now podman.socket; export DOCKER_HOST=unix:///run/podman/podman.sock DOCKER_SOCK=/run/podman/podman.sock")
        .log(
            r"netaddr\.ParseIPPrefix|^Error: (?:OCI runtime error: )?crun: |cannot connect to Podman",
            "FATA[0000] Failed Cluster Preparation: Failed Network Preparation: failed to parse IPAM config: netaddr.ParseIPPrefix(\"\"): no '/'",
        ),
    Rule::new("engine-rootless", "the engine runs without root")
        .check([Silent, Warn, Silent], |machine| describe(machine, |engine| engine.is_rootless() && !engine.is_podman()))
        .cause("Nodes then live in a user namespace: controllers must be delegated, ports below 1024 are refused, /dev/kmsg may be.")
        .fix("use the system's engine: docker context use default; else see cgroup-delegation-rootless and rootless-dev-kmsg"),
    Rule::new("docker-snap", "Docker is the snap package")
        .check([Silent, Warn, Silent], docker_snap)
        .cause("It sees only your home folder, which breaks what clusters mount.")
        .fix("sudo snap remove docker, then https://docs.docker.com/engine/install")
        .log(
            r"mkdir /\S+: read-only file system|error while creating mount source path .*(?:read-only|permission denied)",
            "Error response from daemon: error while creating mount source path '/srv/data': mkdir /srv: read-only file system",
        ),
    Rule::new("engine-in-vm", "the engine runs in a virtual machine")
        .check([Silent, Info, Silent], |machine| describe(machine, |engine| engine.in_virtual_machine() && !machine.is_wsl2()))
        .cause("Its memory, processors, disk and kernel settings are those of the machine inside; only published ports are reachable from here.")
        .fix("Docker Desktop: Settings > Resources. Colima: colima stop && colima start --cpu 4 --memory 6"),
    Rule::new("clock-skew", "the engine's clock is off")
        .check([Silent, Fail, Silent], clock_skew)
        .cause("The clock of a virtual machine stands still while a laptop sleeps, and certificates made since look as if they came from the future.")
        .fix("WSL: sudo hwclock -s, or wsl --shutdown in PowerShell. Docker Desktop, Colima: restart it. Linux: sudo timedatectl set-ntp true")
        .log(
            r"x509: certificate has expired or is not yet valid(?:: current time \S+ is before|$)",
            "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2026-03-01T08:00:00Z is before 2026-03-01T17:12:44Z",
        ),
    Rule::new("engine-warnings", "the engine warns about itself")
        .check([Silent, Info, Silent], engine_warnings)
        .cause("`docker info` shows the same lines; most are about features that nodes do not use.")
        .fix("nothing, unless a cluster does not start"),
];

fn docker_windows_containers(machine: &Machine) -> Option<Found> {
    let system = machine.engine()?.os_type.as_str();
    (!system.is_empty() && system != "linux").then(|| Found::new(format!("the engine's OSType is {system}")))
}

fn docker_too_old(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let old = version(&engine.api_version).is_some_and(|version| version < API_VERSION_MIN);
    old.then(|| Found::new(format!("{} {} speaks API {}", engine.kind(), engine.version, engine.api_version)))
}

fn docker_snap(machine: &Machine) -> Option<Found> {
    let folder = machine.engine()?.root_folder.as_str();
    folder.starts_with("/var/snap/docker").then(|| Found::new(format!("the engine stores in {folder}")))
}

fn clock_skew(machine: &Machine) -> Option<Found> {
    let skew = machine.clock_skew_s.filter(|skew| skew.abs() > SKEW_NOTICED_S)?;
    let direction = if skew < 0 { "behind" } else { "ahead of" };
    let found = Found::new(format!("the engine is {} s {direction} this machine", skew.abs()));
    Some(if skew.abs() > SKEW_MAX_S { found } else { found.at_most(Warn) })
}

fn engine_warnings(machine: &Machine) -> Option<Found> {
    let known = ["No memory limit support", "cgroup v1"];
    let lines =
        machine.engine()?.warnings.iter().filter(|line| !known.iter().any(|text| line.contains(text)));
    let lines: Vec<&str> = lines.map(|line| line.trim_start_matches("WARNING: ")).collect();
    (!lines.is_empty()).then(|| Found::new(lines.join("; ")))
}

fn describe(machine: &Machine, is_so: impl Fn(&Probe) -> bool) -> Option<Found> {
    let engine = machine.engine().filter(|engine| is_so(engine))?;
    Some(Found::new(format!("{} {} on {}", engine.kind(), engine.version, engine.operating_system)))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
