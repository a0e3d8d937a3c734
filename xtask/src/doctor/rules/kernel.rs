//! What the kernel must be able to do.

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// The first kernel in which only the system's own network may set the number of tracked connections.
const CONNTRACK_KERNEL: (u32, u32) = (5, 12);
/// The first lines of k3s, with the patch, that do not try to.
const CONNTRACK_FIXED: [(u32, u32); 4] = [(18, 19), (19, 11), (20, 7), (21, 1)];
/// Share of the table of connections at which new ones are soon refused.
const CONNTRACK_FULL_PERCENT: u64 = 90;

pub const FAMILY: Family = Family {
    title: "Kernel",
    section: "kernel",
    about: "Forwarding of packets, one of iptables' two backends, and vxlan. Most kernels have them; minimal ones \
            have packages for them.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("ip-forward-off", "the kernel does not pass packets on")
        .check([Fail, Fail, Silent], ip_forward_off)
        .cause("Pods and containers reach nothing outside, and published ports do not lead in.")
        .fix("sudo sysctl -w net.ipv4.ip_forward=1; keep it: echo net.ipv4.ip_forward=1 | sudo tee /etc/sysctl.d/99-forward.conf")
        .repair(&["sysctl", "-w", "net.ipv4.ip_forward=1"]),
    Rule::new("iptables-legacy-missing", "the kernel may have none of the tables that nodes use")
        .check([Warn, Warn, Silent], iptables_legacy_missing)
        .cause("Images pick iptables' old or new backend by what they see loaded; with the wrong one the svclb pods crash and the load balancer stays pending.")
        .fix("sudo modprobe -a nf_tables ip_tables iptable_nat iptable_filter; keep it in /etc/modules-load.d/k3s.conf; RHEL 10: sudo dnf install -y kernel-modules-extra")
        .repair(&["modprobe", "-a", "nf_tables", "ip_tables", "iptable_nat", "iptable_filter"]),
    Rule::new("vxlan-missing", "the kernel has no vxlan")
        .check([Warn, Warn, Silent], vxlan_missing)
        .cause("flannel joins the networks of the nodes by vxlan; some distributions put the module into a package of its own.")
        .fix("sudo apt-get install -y linux-modules-extra-$(uname -r) (Raspberry Pi: linux-modules-extra-raspi); or --flannel-backend=host-gw for server:* in manifests/cluster/k3d.yaml")
        .tell("sudo modprobe vxlan: not found is this")
        .log(
            r"failed to (?:create|ensure) vxlan|flannel exited: .*vxlan.*operation not supported|flannel exited: operation not supported|no such device.*flannel\.1|flannel\.1.*no such device",
            "level=fatal msg=\"flannel exited: operation not supported\"",
        ),
    Rule::new("overlay-missing", "the kernel has no overlay file system loaded")
        .check([Info, Silent, Silent], overlay_missing)
        .cause("containerd mounts images as overlays; k3s loads the module itself where it may.")
        .fix("sudo modprobe overlay")
        .repair(&["modprobe", "overlay"]),
    Rule::new("conntrack-permission", "this k3s is too old for the kernel")
        .check([Silent, Fail, Silent], conntrack_permission)
        .cause("Its kube-proxy sets the number of tracked connections, which a node may not since 5.12, and ends.")
        .fix("K3S_IMAGE=rancher/k3s:v1.34.4-k3s1, or a newer image in manifests/cluster/k3d.yaml")
        .log(
            r"open /proc/sys/net/netfilter/nf_conntrack_max: permission denied",
            "F0516 05:05:31.782902       7 server.go:495] open /proc/sys/net/netfilter/nf_conntrack_max: permission denied",
        )
        .certain(),
    Rule::new("conntrack-full", "the table of connections is nearly full")
        .check([Warn, Warn, Warn], conntrack_full)
        .cause("New connections are dropped without a word when it is full; load tests with many bots fill it.")
        .fix("sudo sysctl -w net.netfilter.nf_conntrack_max=262144")
        .repair(&["sysctl", "-w", "net.netfilter.nf_conntrack_max=262144"]),
    Rule::new("apparmor-userns", "AppArmor restricts user namespaces")
        .check([Silent, Warn, Silent], apparmor_userns)
        .cause("Ubuntu 24.04 refuses user namespaces to programs without a profile, and rootless engines are made of them.")
        .fix("use the system's engine, or sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
    Rule::new("apparmor-kill-denied", "AppArmor forbids to end containers")
        .cause("A profile of runc or containerd (Ubuntu 24.04's own packages) blocks the signal: pods stay Terminating.")
        .fix("upgrade runc and containerd; sudo aa-remove-unknown")
        .tell("dmesg | grep DENIED: profile and signal are named")
        .log(
            r"unable to signal init: permission denied|signaling init process caused .{0,3}permission denied|apparmor=.{0,2}DENIED.{0,2} operation=.{0,2}signal|apparmor failed to apply profile|load apparmor profile .*(?:exit status|parser error)",
            "failed to kill container \"12aff8c0\": unknown error after kill: runc did not terminate successfully: exit status 1: unable to signal init: permission denied",
        ),
    Rule::new("selinux-denied", "SELinux is enforcing")
        .check([Info, Info, Silent], selinux_denied)
        .cause("It denies containers what has no label for them, folders of this machine above all.")
        .fix("if a mount is refused: :z behind it; a native k3s: install k3s-selinux; to be sure: sudo setenforce 0")
        .tell("sudo ausearch -m avc -ts recent: the same folder is this; sudo setenforce 0 for a moment shows whether it was all")
        .log(r"avc:\s+denied|open /dev/dma_heap: permission denied", "audit: type=1400 audit(1740816000.123:456): avc:  denied  { read } for  pid=4121 comm=\"server\" name=\"data\" dev=\"dm-0\""),
];

fn ip_forward_off(machine: &Machine) -> Option<Found> {
    let off = machine.number("/proc/sys/net/ipv4/ip_forward") == Some(0);
    (off && machine.kernel_counts()).then(|| Found::new("net.ipv4.ip_forward is 0"))
}

fn iptables_legacy_missing(machine: &Machine) -> Option<Found> {
    let legacy = !machine.file("/proc/net/ip_tables_names").trim().is_empty();
    let loaded = machine.file("/proc/modules").lines().any(|line| line.starts_with("nf_tables "));
    let modular = !machine.file("/proc/modules").trim().is_empty();
    let neither = modular && !legacy && !loaded && !machine.exists("/sys/module/nf_tables");
    (neither && machine.kernel_counts() && machine.is_root)
        .then(|| Found::new("no legacy table in /proc/net/ip_tables_names, no nf_tables in /proc/modules"))
}

fn vxlan_missing(machine: &Machine) -> Option<Found> {
    let modular = machine.modules_folder;
    let missing = modular && !machine.vxlan_module && !machine.exists("/sys/module/vxlan");
    (missing && machine.kernel_counts() && !machine.in_container())
        .then(|| Found::new("no vxlan.ko in the folder of the kernel's modules"))
}

pub fn bridge_netfilter_missing(machine: &Machine) -> Option<Found> {
    let missing = !machine.exists("/proc/sys/net/bridge/bridge-nf-call-iptables");
    (machine.is_linux() && missing && !machine.in_container())
        .then(|| Found::new("there is no /proc/sys/net/bridge/bridge-nf-call-iptables"))
}

fn overlay_missing(machine: &Machine) -> Option<Found> {
    let modular = !machine.file("/proc/modules").trim().is_empty();
    (machine.is_linux() && modular && !machine.exists("/sys/module/overlay") && !machine.in_container())
        .then(|| Found::new("there is no /sys/module/overlay"))
}

fn conntrack_permission(machine: &Machine) -> Option<Found> {
    let old = before(&machine.needs.k3s_image, &CONNTRACK_FIXED);
    let (major, minor) = machine.kernel().filter(|kernel| *kernel >= CONNTRACK_KERNEL)?;
    (old && machine.kernel_counts())
        .then(|| Found::new(format!("{} on kernel {major}.{minor}", machine.needs.k3s_image)))
}

fn conntrack_full(machine: &Machine) -> Option<Found> {
    let max = machine.number("/proc/sys/net/netfilter/nf_conntrack_max")?;
    let count = machine.number("/proc/sys/net/netfilter/nf_conntrack_count")?;
    (max > 0 && count * 100 / max >= CONNTRACK_FULL_PERCENT)
        .then(|| Found::new(format!("{count} of {max} connections")))
}

fn apparmor_userns(machine: &Machine) -> Option<Found> {
    let on = machine.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1);
    let rootless = machine.engine_here().is_some_and(|engine| engine.is_rootless());
    (on && rootless)
        .then(|| Found::new("the engine is rootless and kernel.apparmor_restrict_unprivileged_userns is 1"))
}

fn selinux_denied(machine: &Machine) -> Option<Found> {
    let on = machine.number("/sys/fs/selinux/enforce") == Some(1);
    (on && machine.is_linux()).then(|| Found::new("/sys/fs/selinux/enforce is 1"))
}

/// True for an image of k3s before the patches that fixed something: a line without an entry is fixed when it is newer
/// than all of them.
fn before(image: &str, fixed: &[(u32, u32)]) -> bool {
    let version = image.rsplit_once(":v1.").map(|(_, rest)| rest).unwrap_or_default();
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>());
    let (Some(Ok(minor)), Some(Ok(patch))) = (parts.next(), parts.next()) else {
        return false;
    };
    match fixed.iter().find(|(line, _)| *line == minor) {
        Some((_, first)) => patch < *first,
        None => fixed.iter().all(|(line, _)| minor < *line),
    }
}
