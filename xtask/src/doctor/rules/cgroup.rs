//! Control groups, as the kubelet needs them.

use super::{mounts, wsl};
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Profile, Rule};

/// First minor version of Kubernetes whose kubelet refuses to start on cgroup v1.
const V1_REFUSED_FROM_MINOR: u32 = 35;
/// Controllers without which k3s does not start.
const CONTROLLERS: [&str; 3] = ["cpu", "cpuset", "memory"];
/// Kernels of WSL from it on have no memory controller in v1.
const NO_V1_MEMORY_KERNEL: (u32, u32) = (6, 18);
const ROOT: &str = "/sys/fs/cgroup";

pub const FAMILY: Family = Family {
    title: "Control groups",
    section: "control-groups",
    about: "From Kubernetes 1.35 on the kubelet refuses cgroup v1 (hybrid counts as v1). Nodes of k3d inherit what \
            the engine has. The way out is `systemd.unified_cgroup_hierarchy=1` on the kernel command line, or `wsl \
            --update`; the way around an image of the 1.34 line: `K3S_IMAGE=rancher/k3s:v1.34.4-k3s1`.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("cgroup-v1-kubelet-refuses", "Kubernetes does not start on cgroup v1")
        .check([Fail, Fail, Silent], |machine| version_1(machine, true))
        .cause("From Kubernetes 1.35 on the kubelet refuses cgroup v1, and hybrid mode counts as v1. Nodes of k3d inherit the hierarchy of the engine.")
        .fix("Linux: systemd.unified_cgroup_hierarchy=1 on the kernel command line, and restart. WSL: wsl --update, and no \
              cgroups=v1 in /etc/wsl.conf. Until then: K3S_IMAGE=rancher/k3s:v1.34.4-k3s1")
        .log(
            r"kubelet is configured to not run on a host using cgroup v1",
            "level=error msg=\"Shutdown request received: kubelet exited: failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release\"",
        )
        .certain(),
    Rule::new("cgroup-v1-maintenance", "nodes run on cgroup v1")
        .check([Warn, Info, Silent], |machine| version_1(machine, false))
        .cause("This line of Kubernetes still starts on it; 1.35 does not.")
        .fix("nothing now; before 1.35: systemd.unified_cgroup_hierarchy=1 on the kernel command line (WSL: wsl --update)"),
    Rule::new("cgroup-memory-controller-missing", "k3s lacks a controller of control groups")
        .check([Fail, Fail, Silent], controllers_missing)
        .cause("k3s needs cpu, cpuset and memory at the root. The kernel was started without one of them, or a v1 hierarchy holds it.")
        .fix("use pure cgroup v2: systemd.unified_cgroup_hierarchy=1 on the kernel command line; on a Raspberry Pi append cgroup_memory=1 cgroup_enable=memory to /boot/firmware/cmdline.txt; restart")
        .answers(&["wsl-cgroupv1-no-memcg-kernel-618", "cgroups-not-mounted", "cgroup-engine-no-memory-limit", "cgroup-delegation-rootless"])
        .tell("cat /sys/fs/cgroup/cgroup.controllers (v2) or grep memory /proc/cgroups (v1): memory not there, or its last column 0, is this")
        .log(
            r"failed to find (?:memory cgroup|(?:cpu|cpuset) cgroup\b(?: \(v1\)|, |$))",
            "level=fatal msg=\"failed to find memory cgroup (v2)\"",
        )
        .log(
            r"Following Cgroup subsystem not mounted: \[(?P<controllers>[^\]]+)\]|Missing (?:required|cgroups?).*(?:cpu|memory|cpuset)|\[ERROR SystemVerification\]: missing (?:required )?cgroups",
            "\"Failed to start ContainerManager\" err=\"system validation failed - Following Cgroup subsystem not mounted: [memory]\"",
        )
        .without(r"microsoft-standard|microsoft-wsl|\bWSL"),
    Rule::new("cgroup-engine-no-memory-limit", "the engine cannot limit memory")
        .check([Silent, Fail, Silent], no_memory_limit)
        .cause("The kernel was started without the memory controller, and k3s does not start without it.")
        .fix("add cgroup_enable=memory cgroup_memory=1 to the kernel command line and restart")
        .tell("docker info 2>&1 | grep -i \"memory limit\": the warning again is this")
        .log(r"WARNING: No memory limit support", "WARNING: No memory limit support"),
    Rule::new("cgroup-hybrid-old-wsl", "control groups are mounted as v1 and v2 at once")
        .check([Warn, Warn, Silent], hybrid)
        .cause("WSL before 2.5.1 mounted both; runtimes inside containers disagree about which to use.")
        .fix("in PowerShell: wsl --update, then wsl --shutdown")
        .tell("mount | grep cgroup: both cgroup and cgroup2 is this")
        .log(
            r"error adding pid \d+ to cgroups|expected cgroupsv2",
            "unable to start container process: error adding pid 655569 to cgroups: failed to write 655569: open /sys/fs/cgroup/unified/docker/cgroup.procs: no such file or directory",
        )
        .with(r"microsoft|\bWSL|cgroup/unified"),
    Rule::new("wsl-cgroupv1-no-memcg-kernel-618", "this kernel of WSL has no memory controller in cgroup v1")
        .check([Fail, Warn, Silent], |machine| wsl_version_1(machine).filter(|_| machine.kernel() >= Some(NO_V1_MEMORY_KERNEL)))
        .cause("The kernel of WSL from 6.18 on is built without it, and /etc/wsl.conf asks for v1.")
        .fix("delete cgroups=v1 from [automount] in /etc/wsl.conf, then in PowerShell: wsl --shutdown")
        .log(
            r"Following Cgroup subsystem not mounted: \[[^\]]*memory",
            "k3s on 6.18.1-microsoft-standard-WSL2: \"Failed to start ContainerManager\" err=\"system validation failed - Following Cgroup subsystem not mounted: [memory]\"",
        )
        .with(r"microsoft-standard|microsoft-wsl|\bWSL")
        .certain(),
    Rule::new("wsl-conf-cgroups-v1", "/etc/wsl.conf asks for cgroup v1")
        .check([Warn, Warn, Silent], |machine| wsl_version_1(machine).filter(|_| machine.kernel() < Some(NO_V1_MEMORY_KERNEL)))
        .cause("New kernels of WSL have no memory controller in v1, and Kubernetes 1.35 refuses v1 altogether.")
        .fix("delete cgroups=v1 from [automount] in /etc/wsl.conf, then in PowerShell: wsl --shutdown"),
    Rule::new("cgroup-v2-root-not-evacuated", "k3d is told not to prepare cgroup v2")
        .check([Silent, Warn, Silent], fix_switched_off)
        .cause("Processes stay in the root group of the node, so its controllers cannot be handed on to pods.")
        .fix("unset K3D_FIX_CGROUPV2, then cargo xtask down and up")
        .log(
            r#"cannot enter cgroupv2 "[^"]+" with domain controllers"#,
            "\"Failed to start ContainerManager\" err=\"cannot enter cgroupv2 \\\"/sys/fs/cgroup/kubepods\\\" with domain controllers -- it is in an invalid state\"",
        )
        .certain(),
    Rule::new("cgroup-version-unknown", "the engine does not say which control groups it uses")
        .check([Silent, Warn, Silent], version_unknown)
        .cause("k3d then leaves out what nodes need on cgroup v2.")
        .fix("restart the engine; if it stays: export K3D_FIX_CGROUPV2=1"),
    Rule::new("cgroup-delegation-rootless", "a rootless engine lacks controllers")
        .check([Silent, Fail, Silent], delegation)
        .cause("systemd hands only some controllers to services of a user; k3s needs cpu, cpuset, io, memory and pids.")
        .fix("printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | sudo tee /etc/systemd/system/user@.service.d/delegate.conf (after sudo mkdir -p of the folder), sudo systemctl daemon-reload, log in again; or use a rootful engine")
        .tell("cat /sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/cgroup.controllers: without cpuset is this")
        .log(
            r"failed to find (?:cpuset|cpu) cgroup \(v2\)",
            "time=\"2026-02-25T15:10:30Z\" level=fatal msg=\"Error: failed to find cpuset cgroup (v2)\"",
        ),
    Rule::new("rootless-dev-kmsg", "the kubelet cannot read the kernel's messages")
        .check([Fail, Warn, Silent], dev_kmsg)
        .cause("The kubelet watches /dev/kmsg for processes that ran out of memory; it is missing, or refused in a user namespace.")
        .fix("use a rootful engine; in LXC: expose /dev/kmsg; or sudo sysctl -w kernel.dmesg_restrict=0")
        .log(
            r"open /dev/kmsg: (?:operation not permitted|no such file or directory|permission denied)",
            "level=error msg=\"kubelet exited: failed to run Kubelet: failed to create kubelet: open /dev/kmsg: operation not permitted\"",
        )
        .certain(),
    Rule::new("cgroup-driver-mismatch", "kubelet and engine disagree about who manages control groups")
        .cause("Only a native k3s with --docker, or kubeadm, can: in k3d both are inside the node.")
        .fix("set \"exec-opts\": [\"native.cgroupdriver=systemd\"] in /etc/docker/daemon.json and restart Docker")
        .log(
            r#"kubelet cgroup driver: "?(?P<kubelet>\w+)"? is different from docker cgroup driver"#,
            "failed to run Kubelet: misconfiguration: kubelet cgroup driver: \"systemd\" is different from docker cgroup driver: \"cgroupfs\"",
        )
        .certain(),
];

/// What the nodes get: the engine's word for k3d, the mounts table for a native k3s.
fn is_version_1(machine: &Machine) -> Option<String> {
    match machine.needs.profile {
        Profile::K3d => {
            (machine.engine()?.cgroup_version == "1").then(|| "the engine says cgroup v1".to_owned())
        }
        Profile::NativeK3s | Profile::Local => {
            let (_, kind, _) = mounts::mount_of(machine.file("/proc/mounts"), ROOT.as_ref())?;
            (machine.is_linux() && kind == "tmpfs").then(|| format!("{ROOT} is {kind} and not cgroup2"))
        }
    }
}

fn version_1(machine: &Machine, refused: bool) -> Option<Found> {
    let evidence = is_version_1(machine)?;
    let refuses = machine.kubernetes_minor().is_some_and(|minor| minor >= V1_REFUSED_FROM_MINOR);
    (refuses == refused)
        .then(|| Found::new(format!("{evidence}; nodes are to run {}", machine.needs.k3s_image)))
}

fn controllers_missing(machine: &Machine) -> Option<Found> {
    if !machine.kernel_counts() || machine.in_container() {
        return None;
    }
    let controllers = machine.file("/sys/fs/cgroup/cgroup.controllers");
    if !controllers.is_empty() {
        let missing = missing(controllers, &CONTROLLERS);
        return (!missing.is_empty())
            .then(|| Found::new(format!("{ROOT}/cgroup.controllers lacks {}", missing.join(", "))));
    }
    // name, hierarchy, number of groups, enabled
    let table = machine.file("/proc/cgroups");
    let memory = table
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .find(|row| row.first() == Some(&"memory"));
    let off = memory.is_some_and(|row| row.get(3) == Some(&"0"));
    off.then(|| Found::new("/proc/cgroups says that memory is not enabled"))
}

fn missing<'a>(controllers: &str, wanted: &[&'a str]) -> Vec<&'a str> {
    let there: Vec<&str> = controllers.split_ascii_whitespace().collect();
    wanted.iter().copied().filter(|name| !there.contains(name)).collect()
}

fn no_memory_limit(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let warned = engine.warnings.iter().find(|line| line.contains("No memory limit support"));
    let evidence =
        warned.cloned().or_else(|| (!engine.limits_memory).then(|| "MemoryLimit is false".to_owned()))?;
    (!engine.is_rootless()).then(|| Found::new(format!("the engine says: {evidence}")))
}

fn hybrid(machine: &Machine) -> Option<Found> {
    let mounts = machine.file("/proc/mounts");
    let (_, unified, _) = mounts::mount_of(mounts, "/sys/fs/cgroup/unified".as_ref())?;
    (machine.is_wsl2() && machine.exists("/sys/fs/cgroup/unified") && unified == "cgroup2")
        .then(|| Found::new("/sys/fs/cgroup/unified is cgroup2 beside v1 controllers"))
}

fn wsl_version_1(machine: &Machine) -> Option<Found> {
    let asked = wsl::ini_value(machine.file("/etc/wsl.conf"), "automount", "cgroups")?;
    let release = machine.file("/proc/sys/kernel/osrelease").trim();
    (machine.is_wsl2() && asked == "v1")
        .then(|| Found::new(format!("/etc/wsl.conf: [automount] cgroups=v1, on kernel {release}")))
}

fn fix_switched_off(machine: &Machine) -> Option<Found> {
    let value = machine.variable("K3D_FIX_CGROUPV2")?;
    let off = ["0", "f", "false"].contains(&value.to_ascii_lowercase().as_str());
    off.then(|| Found::new(format!("K3D_FIX_CGROUPV2={value}")))
}

fn version_unknown(machine: &Machine) -> Option<Found> {
    let version = &machine.engine()?.cgroup_version;
    version.parse::<u32>().is_err().then(|| Found::new(format!("CgroupVersion is {version:?}")))
}

fn delegation(machine: &Machine) -> Option<Found> {
    machine.engine_here().filter(|engine| engine.is_rootless())?;
    let wanted = ["cpu", "cpuset", "io", "memory", "pids"];
    let missing = missing(machine.delegated_controllers.as_deref()?, &wanted);
    (!missing.is_empty())
        .then(|| Found::new(format!("the engine is rootless, and its user lacks {}", missing.join(", "))))
}

fn dev_kmsg(machine: &Machine) -> Option<Found> {
    let rootless = machine.engine_here().is_some_and(|engine| engine.is_rootless());
    match machine.needs.profile {
        Profile::K3d => (rootless && machine.number("/proc/sys/kernel/dmesg_restrict") == Some(1))
            .then(|| Found::new("the engine is rootless and kernel.dmesg_restrict is 1")),
        Profile::NativeK3s | Profile::Local => {
            (machine.is_linux() && !machine.exists("/dev/kmsg")).then(|| Found::new("there is no /dev/kmsg"))
        }
    }
}
