//! What this machine is, in a few lines above the findings.

use crate::docker::probe::Probe;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Profile;
use crate::doctor::rules::limits::{gib, meminfo};

/// Pairs of a word for the margin and what is true of it.
pub fn facts(machine: &Machine) -> Vec<(&'static str, String)> {
    let mut facts = vec![("system", system(machine)), ("size", size(machine))];
    facts.push(("engine", machine.engine().map_or_else(|| "none answers".to_owned(), engine)));
    if machine.needs.profile == Profile::K3d {
        facts.push(("k3d", k3d(machine)));
    }
    if machine.needs.profile != Profile::NativeK3s {
        let whose = if machine.needs.own_ports.contains(&machine.needs.port) { ", ours" } else { "" };
        facts.push(("port", format!("{}{whose}", machine.needs.port)));
    }
    facts
}

fn system(machine: &Machine) -> String {
    let kind = match machine.os {
        _ if machine.is_wsl1() => "WSL1",
        _ if machine.is_wsl2() => "WSL2",
        "linux" => "Linux",
        "macos" => "macOS",
        other => other,
    };
    let release = machine.file("/proc/sys/kernel/osrelease").trim();
    format!("{kind} {release} on {}", machine.architecture).replace("  ", " ")
}

fn size(machine: &Machine) -> String {
    let mut parts = vec![format!("{} processors", machine.cpus)];
    parts.extend(meminfo(machine, "MemTotal:").map(|bytes| format!("{} of memory", gib(bytes))));
    parts.extend(machine.build_disk.map(|disk| format!("{} of disk free", gib(disk.free_bytes))));
    parts.join(", ")
}

fn engine(engine: &Probe) -> String {
    format!(
        "{} {} at {}, cgroup v{}, {}",
        engine.kind(),
        engine.version,
        engine.endpoint,
        engine.cgroup_version,
        engine.storage_driver
    )
}

fn k3d(machine: &Machine) -> String {
    let version =
        machine.slow.as_ref().and_then(|slow| slow.k3d_version.as_deref()).unwrap_or("not installed");
    let count = machine.cluster_containers().filter(|one| one.is_running()).count();
    let running = if count == 0 { "not running".to_owned() } else { format!("{count} containers") };
    format!("{version}; cluster {} ({running}), {}", machine.needs.cluster, machine.needs.k3s_image)
}
