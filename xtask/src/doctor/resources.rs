//! Memory, processors, disk, kernel limits.

use crate::docker::probe::Probe;
use crate::doctor::machine::{Disk, Machine};
use crate::doctor::{Finding, Level, Needs};

const GIB: u64 = 1 << 30;
/// What k3s asks for at the least; three nodes and the game want twice as much.
const CLUSTER_MEMORY_MIN: u64 = 2 * GIB;
const CLUSTER_MEMORY_COMFORT: u64 = 4 * GIB;
const CLUSTER_CPUS_MIN: u64 = 2;
/// A release build with its dependencies.
const BUILD_DISK_MIN: u64 = 3 * GIB;
/// The kubelet evicts pods below 5 % and deletes images long before that.
const ENGINE_DISK_FREE_MIN_PERCENT: u64 = 5;
const ENGINE_DISK_FREE_COMFORT_PERCENT: u64 = 15;
const INOTIFY_INSTANCES_MIN: u64 = 512;
const INOTIFY_WATCHES_MIN: u64 = 65_536;
/// Each bot and each player is a socket.
const OPEN_FILES_MIN: u64 = 4096;

pub fn check(machine: &Machine, engine: Option<&Probe>, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(engine) = engine.filter(|_| needs.is_k3d()) {
        findings.extend(engine_size(engine, machine));
    }
    findings.extend(machine.build_disk.and_then(build_disk));
    let local = engine.is_some_and(|engine| engine.root_folder == "/var/lib/docker");
    if needs.is_k3d() && local {
        findings.extend(machine.engine_disk.and_then(engine_disk));
    }
    findings.extend(inotify(machine, needs));
    findings.extend(open_files(&machine.limits));
    if findings.is_empty() {
        findings.push(Finding::ok("resources", summary(machine)));
    }
    findings
}

fn engine_size(engine: &Probe, machine: &Machine) -> Vec<Finding> {
    let mut findings = Vec::new();
    let memory = engine.memory_bytes;
    if memory > 0 && memory < CLUSTER_MEMORY_COMFORT {
        let level = if memory < CLUSTER_MEMORY_MIN { Level::Fail } else { Level::Warn };
        let fix = if machine.is_wsl2() {
            "memory=8GB under [wsl2] in %UserProfile%\\.wslconfig, then in PowerShell: wsl --shutdown"
        } else {
            "give the engine more memory (Docker Desktop: Settings > Resources; colima start --memory 6)"
        };
        findings.push(
            Finding::new("low-memory", level, format!("the engine has {} of memory", gib(memory)))
                .because("A cluster of three nodes with the game wants 4 GiB and does not start below 2.")
                .fix(fix),
        );
    }
    if engine.cpus > 0 && engine.cpus < CLUSTER_CPUS_MIN {
        findings.push(
            Finding::new(
                "engine-in-vm-limits",
                Level::Warn,
                format!("the engine has {} processor", engine.cpus),
            )
            .because("Three nodes on one processor start slowly and miss ticks.")
            .fix("give the engine at least 2 processors"),
        );
    }
    findings
}

fn build_disk(disk: Disk) -> Option<Finding> {
    (disk.free_bytes < BUILD_DISK_MIN).then(|| {
        Finding::new(
            "disk-build",
            Level::Warn,
            format!("{} are free where cargo builds", gib(disk.free_bytes)),
        )
        .because("A release build with its dependencies takes about 3 GiB.")
        .fix("cargo clean, or set CARGO_TARGET_DIR to a larger disk")
    })
}

fn engine_disk(disk: Disk) -> Option<Finding> {
    let percent = disk.free_bytes * 100 / disk.total_bytes.max(1);
    if percent >= ENGINE_DISK_FREE_COMFORT_PERCENT {
        return None;
    }
    let level = if percent < ENGINE_DISK_FREE_MIN_PERCENT { Level::Fail } else { Level::Warn };
    let evidence = format!("{percent} % of the engine's disk are free ({})", gib(disk.free_bytes));
    let cause = "Nodes see that disk: close to 5 % they delete images and evict pods.";
    Some(
        Finding::new("disk-pressure", level, evidence)
            .because(cause)
            .fix("docker system df; docker system prune"),
    )
}

fn inotify(machine: &Machine, needs: &Needs) -> Option<Finding> {
    let instances: u64 = machine.inotify_instances.trim().parse().ok()?;
    let watches: u64 = machine.inotify_watches.trim().parse().ok()?;
    if instances >= INOTIFY_INSTANCES_MIN && watches >= INOTIFY_WATCHES_MIN {
        return None;
    }
    let settings = ["fs.inotify.max_user_instances=512", "fs.inotify.max_user_watches=524288"];
    let evidence = format!("inotify: {instances} instances and {watches} watches a user");
    let finding = Finding::new("inotify-limits", needs.for_cluster(Level::Warn), evidence)
        .because("All nodes share them; when they run out, containerd says \"too many open files\".")
        .fix(format!("sudo sysctl -w {}; keep them in /etc/sysctl.d/99-k3d.conf", settings.join(" ")));
    let repair = [&["sysctl", "-w"], settings.as_slice()].concat();
    Some(if machine.is_root { finding.repaired_by(&repair) } else { finding })
}

fn open_files(limits: &str) -> Option<Finding> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    (soft < OPEN_FILES_MIN).then(|| {
        Finding::new("nofile-limit", Level::Info, format!("this shell allows {soft} open files"))
            .because("`load` with more bots than that cannot connect them all.")
            .fix("ulimit -n 65536")
    })
}

fn summary(machine: &Machine) -> String {
    let memory = machine.meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kibibytes: Option<u64> =
        memory.and_then(|text| text.trim().trim_end_matches("kB").trim().parse().ok());
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let mut parts = vec![format!("{cpus} processors")];
    parts.extend(kibibytes.map(|kibibytes| format!("{} of memory", gib(kibibytes * 1024))));
    parts.extend(machine.build_disk.map(|disk| format!("{} of disk free", gib(disk.free_bytes))));
    parts.join(", ")
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB as f64)
}
