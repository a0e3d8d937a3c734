//! Memory, processors, descriptors.

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Profile, Rule};

const GIB: u64 = 1 << 30;
/// What a k3s server asks for at the least; three nodes and the game want twice as much.
const CLUSTER_MEMORY_MIN: u64 = 2 * GIB;
const CLUSTER_MEMORY_COMFORT: u64 = 4 * GIB;
const AVAILABLE_MEMORY_MIN: u64 = GIB;
/// Share of a minute in which everything waited for memory.
const MEMORY_PRESSURE_MAX_PERCENT: f64 = 10.0;
const CLUSTER_CPUS_MIN: u64 = 2;
/// Nodes share the instances of root; containerd alone takes dozens a node.
const INOTIFY_INSTANCES_MIN: u64 = 512;
const INOTIFY_WATCHES_MIN: u64 = 65_536;
/// Each bot and each player is a socket.
const OPEN_FILES_MIN: u64 = 4096;

pub const FAMILY: Family = Family {
    title: "Memory and limits",
    section: "memory-and-limits",
    about: "Three nodes with the game want 4 GiB and two processors; the limits of an engine in a virtual machine \
            are those of the virtual machine. `too many open files` next to `fsnotify` or `inotify` is about file \
            watchers, not about files.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("low-memory", "there is too little memory for a cluster")
        .check([Fail, Fail, Silent], |machine| memory(machine).filter(|(bytes, _)| *bytes < CLUSTER_MEMORY_MIN).map(|(_, found)| found))
        .cause("A cluster of three nodes with the game wants 4 GiB and does not start below 2.")
        .fix("Docker Desktop: Settings > Resources. Colima: colima stop && colima start --memory 6. WSL: memory=8GB under [wsl2] in .wslconfig. Or: cargo xtask up --target local")
        .answers(&["machine-out-of-memory", "evicted-pods"])
        .tell("free -h, kubectl top node, kubectl describe node | grep -A5 Conditions")
        .tell("free -h, kubectl top node, kubectl describe node | grep -A5 Conditions")
        .log(r"The node was low on resource: memory|eviction manager: attempting to reclaim.*memory|node\.kubernetes\.io/memory-pressure|NodeHasInsufficientMemory|Cannot allocate memory|ENOMEM|std::bad_alloc|runtime: out of memory|fatal error: out of memory|mmap.*failed.*memory|virtual memory exhausted|os error 12\b|memory allocation of \d+ bytes failed", "Warning  Evicted  kubelet  The node was low on resource: memory. Threshold quantity: 100Mi")
        .except("JavaScript heap|Java heap|op=Exists|key: |\"key\""),
    Rule::new("little-memory", "memory is short for a cluster")
        .check([Warn, Warn, Silent], little_memory)
        .cause("A cluster of three nodes with the game wants 4 GiB: with less, nodes end with code 137 under load.")
        .fix("Docker Desktop: Settings > Resources. Colima: colima stop && colima start --memory 6. WSL: memory=8GB under [wsl2] in .wslconfig"),
    Rule::new("memory-in-use", "little memory is free")
        .check([Warn, Warn, Info], memory_in_use)
        .cause("Other programs hold the rest; a build or a cluster may be killed.")
        .fix("end what is not needed: docker stats, top"),
    Rule::new("memory-pressure", "programs wait for memory")
        .check([Warn, Warn, Warn], memory_pressure)
        .cause("The machine swaps: ticks come late and probes fail.")
        .fix("end what is not needed, or give the machine more memory"),
    Rule::new("engine-in-vm-limits", "there is one processor")
        .check([Warn, Warn, Warn], engine_in_vm_limits)
        .cause("Rooms, gateway and Kubernetes take turns on it, and ticks come late.")
        .fix("give it two or more (Docker Desktop: Settings > Resources; colima start --cpu 4)"),
    Rule::new("inotify-limits", "few file watchers are allowed")
        .check([Warn, Warn, Silent], inotify_limits)
        .cause("All nodes share them; when they run out, containerd says \"too many open files\", which is not about files.")
        .fix("sudo sysctl -w fs.inotify.max_user_instances=512; keep it: echo fs.inotify.max_user_instances=512 | sudo tee /etc/sysctl.d/99-k3d.conf")
        .repair(&["sysctl", "-w", "fs.inotify.max_user_instances=512"])
        .log(
            r"(?:fsnotify|inotify)\S*.*(?:too many open files|EMFILE)|Failed to allocate directory watch|inotify.*no space left on device",
            "failed to create CRI service: failed to create cni conf monitor for default: failed to create fsnotify watcher: too many open files",
        )
        .certain(),
    Rule::new("inotify-watches", "few watched files are allowed")
        .check([Warn, Warn, Silent], inotify_watches)
        .cause("Every mounted ConfigMap and Secret is watched, on all nodes together.")
        .fix("sudo sysctl -w fs.inotify.max_user_watches=524288; keep it: echo fs.inotify.max_user_watches=524288 | sudo tee /etc/sysctl.d/98-k3d.conf")
        .repair(&["sysctl", "-w", "fs.inotify.max_user_watches=524288"]),
    Rule::new("nofile-limit", "this shell allows few open files")
        .check([Info, Info, Info], nofile_limit)
        .cause("`load` with more bots than that cannot connect them all.")
        .fix("ulimit -n 65536")
        .tell("grep 'open files' /proc/<pid>/limits and ls /proc/<pid>/fd | wc -l: near each other is this")
        .log(
            r"(?:accept4?|socket|open \S+|dial \S+ \S+): too many open files",
            "http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 1s",
        )
        .except("inotify|fsnotify"),
];

fn little_memory(machine: &Machine) -> Option<Found> {
    memory(machine)
        .filter(|(bytes, _)| (CLUSTER_MEMORY_MIN..CLUSTER_MEMORY_COMFORT).contains(bytes))
        .map(|(_, found)| found)
}

fn memory_in_use(machine: &Machine) -> Option<Found> {
    let available = meminfo(machine, "MemAvailable:")?;
    (available < AVAILABLE_MEMORY_MIN)
        .then(|| Found::new(format!("{} of memory are available", gib(available))))
}

fn memory_pressure(machine: &Machine) -> Option<Found> {
    let line = machine.file("/proc/pressure/memory").lines().find_map(|line| line.strip_prefix("full "))?;
    let share: f64 =
        line.split_ascii_whitespace().find_map(|pair| pair.strip_prefix("avg60="))?.parse().ok()?;
    (share > MEMORY_PRESSURE_MAX_PERCENT)
        .then(|| Found::new(format!("everything waited for memory {share} % of the last minute")))
}

fn engine_in_vm_limits(machine: &Machine) -> Option<Found> {
    let cpus = match machine.needs.profile {
        Profile::K3d => machine.engine()?.cpus,
        Profile::NativeK3s | Profile::Local => machine.cpus as u64,
    };
    (cpus > 0 && cpus < CLUSTER_CPUS_MIN).then(|| Found::new(format!("{cpus} processor")))
}

fn inotify_limits(machine: &Machine) -> Option<Found> {
    too_low(machine, "/proc/sys/fs/inotify/max_user_instances", INOTIFY_INSTANCES_MIN)
}

fn inotify_watches(machine: &Machine) -> Option<Found> {
    too_low(machine, "/proc/sys/fs/inotify/max_user_watches", INOTIFY_WATCHES_MIN)
}

fn nofile_limit(machine: &Machine) -> Option<Found> {
    let line =
        machine.file("/proc/self/limits").lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let soft: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    (soft < OPEN_FILES_MIN).then(|| Found::new(format!("{soft} open files")))
}

/// Memory of where nodes run, with the words for it.
fn memory(machine: &Machine) -> Option<(u64, Found)> {
    let (bytes, whose) = match machine.needs.profile {
        Profile::K3d => (machine.engine()?.memory_bytes, "the engine"),
        Profile::NativeK3s | Profile::Local => (meminfo(machine, "MemTotal:")?, "this machine"),
    };
    (bytes > 0).then(|| (bytes, Found::new(format!("{whose} has {} of memory", gib(bytes)))))
}

/// A line of /proc/meminfo in bytes.
pub fn meminfo(machine: &Machine, name: &str) -> Option<u64> {
    let line = machine.file("/proc/meminfo").lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn too_low(machine: &Machine, path: &str, minimum: u64) -> Option<Found> {
    let value = machine.number(path).filter(|value| *value < minimum)?;
    let name = path.rsplit('/').next().unwrap_or(path);
    machine.kernel_counts().then(|| Found::new(format!("fs.inotify.{name} is {value}")))
}

pub fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB as f64)
}
