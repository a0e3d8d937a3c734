//! Control groups, as the kubelet needs them.

use crate::docker::probe::Probe;
use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level, Needs};

/// First minor version of Kubernetes whose kubelet refuses to start on cgroup v1.
const V1_REFUSED_FROM_MINOR: u32 = 35;
/// Controllers without which k3s does not start.
const CONTROLLERS: [&str; 3] = ["cpu", "cpuset", "memory"];

/// Nodes of k3d inherit the hierarchy of the engine, so its word counts and not this machine's files.
pub fn check(machine: &Machine, engine: Option<&Probe>, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(engine) = engine.filter(|_| needs.is_k3d()) else {
        return findings;
    };
    if engine.cgroup_version == "1" {
        findings.push(version_1(needs));
    } else if let Some(missing) = missing_controllers(&machine.cgroup_controllers)
        && engine.endpoint.starts_with("unix:///var/run")
    {
        findings.push(
            Finding::new("cgroup-memory-controller-missing", Level::Warn, format!("cgroup v2 without {missing}"))
                .because("k3s needs cpu, cpuset and memory at the root; something still holds them in v1.")
                .fix("add systemd.unified_cgroup_hierarchy=1 (and on a Raspberry Pi cgroup_enable=memory) to the kernel command line and restart"),
        );
    }
    if engine.warnings.iter().any(|line| line.contains("No memory limit support")) {
        findings.push(
            Finding::new(
                "cgroup-memory-controller-missing",
                Level::Fail,
                "the engine says: No memory limit support",
            )
            .because(
                "The kernel was started without the memory controller, and k3s does not start without it.",
            )
            .fix("add cgroup_enable=memory cgroup_memory=1 to the kernel command line and restart"),
        );
    }
    findings
}

fn version_1(needs: &Needs) -> Finding {
    let minor = kubernetes_minor(&needs.k3s_image);
    let refused = minor.is_some_and(|minor| minor >= V1_REFUSED_FROM_MINOR);
    let level = if refused { Level::Fail } else { Level::Warn };
    let cause = if refused {
        format!("{} does not start on it.", needs.k3s_image)
    } else {
        format!(
            "{} still starts on it; from Kubernetes 1.{V1_REFUSED_FROM_MINOR} on it is refused.",
            needs.k3s_image
        )
    };
    Finding::new("cgroup-v1-kubelet-refuses", level, "the engine uses cgroup v1").because(cause).fix(
        "WSL: `wsl --update` and no cgroups=v1 in /etc/wsl.conf; Linux: systemd.unified_cgroup_hierarchy=1 on the \
         kernel command line; or K3S_IMAGE=rancher/k3s:v1.34.4-k3s1",
    )
}

/// `34` of `rancher/k3s:v1.34.4-k3s1`.
pub fn kubernetes_minor(image: &str) -> Option<u32> {
    let (_, tag) = image.rsplit_once(':')?;
    tag.trim_start_matches('v').split('.').nth(1)?.parse().ok()
}

/// The controllers that are not there; none where the file is not (v1, or no Linux).
fn missing_controllers(controllers: &str) -> Option<String> {
    let there: Vec<&str> = controllers.split_ascii_whitespace().collect();
    let missing: Vec<&str> = CONTROLLERS.into_iter().filter(|name| !there.contains(name)).collect();
    (!there.is_empty() && !missing.is_empty()).then(|| missing.join(", "))
}
