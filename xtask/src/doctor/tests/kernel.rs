//! Kernel and limits.

use super::*;
use crate::doctor::rule::Profile::{K3d, Local, NativeK3s};

pub fn cases() -> Vec<Case> {
    [KERNEL, LIMITS].concat()
}

const KERNEL: &[Case] = &[
    on(
        K3d,
        linux,
        "ip-forward-off",
        |m| set(m, "/proc/sys/net/ipv4/ip_forward", "0\n"),
        |m| {
            set(m, "/proc/sys/net/ipv4/ip_forward", "0\n");
            engine(m).operating_system = "Docker Desktop".to_owned();
        },
    ),
    on(
        K3d,
        linux,
        "iptables-legacy-missing",
        |m| {
            m.is_root = true;
            set(m, "/proc/modules", fixture!("modules_bare.txt"));
            gone(m, "/sys/module/nf_tables");
        },
        |m| {
            m.is_root = true;
            set(m, "/proc/modules", fixture!("modules_bare.txt"));
            gone(m, "/sys/module/nf_tables");
            set(m, "/proc/net/ip_tables_names", "nat\nfilter\n");
        },
    ),
    on(
        K3d,
        linux,
        "vxlan-missing",
        |m| {
            m.vxlan_module = false;
            gone(m, "/sys/module/vxlan");
        },
        |m| m.vxlan_module = false,
    ),
    on(
        NativeK3s,
        linux,
        "bridge-netfilter-missing",
        |m| gone(m, "/proc/sys/net/bridge/bridge-nf-call-iptables"),
        |_| {},
    ),
    on(
        NativeK3s,
        linux,
        "overlay-missing",
        |m| gone(m, "/sys/module/overlay"),
        |m| {
            gone(m, "/sys/module/overlay");
            set(m, "/proc/modules", "");
        },
    ),
    on(
        K3d,
        linux,
        "conntrack-permission",
        |m| m.needs.k3s_image = "rancher/k3s:v1.20.6-k3s1".to_owned(),
        |m| {
            m.needs.k3s_image = "rancher/k3s:v1.20.7-k3s1".to_owned();
        },
    ),
    on(
        Local,
        linux,
        "conntrack-full",
        |m| set(m, "/proc/sys/net/netfilter/nf_conntrack_count", "260000\n"),
        |m| {
            set(m, "/proc/sys/net/netfilter/nf_conntrack_count", "130000\n");
        },
    ),
    on(
        K3d,
        rootless,
        "apparmor-userns",
        |m| set(m, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"),
        |m| {
            set(m, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "0\n");
        },
    ),
    on(
        K3d,
        linux,
        "selinux-denied",
        |m| set(m, "/sys/fs/selinux/enforce", "1"),
        |m| set(m, "/sys/fs/selinux/enforce", "0"),
    ),
];

const LIMITS: &[Case] = &[
    on(
        K3d,
        linux,
        "low-memory",
        |m| engine(m).memory_bytes = 2_057_719_808,
        |m| engine(m).memory_bytes = 2 << 30,
    ),
    on(
        K3d,
        linux,
        "little-memory",
        |m| engine(m).memory_bytes = 3 << 30,
        |m| engine(m).memory_bytes = 4 << 30,
    ),
    on(NativeK3s, linux, "little-memory", |m| set(m, "/proc/meminfo", fixture!("meminfo_small.txt")), |_| {}),
    on(Local, linux, "memory-in-use", |m| set(m, "/proc/meminfo", fixture!("meminfo_small.txt")), |_| {}),
    on(
        Local,
        linux,
        "memory-pressure",
        |m| {
            set(
                m,
                "/proc/pressure/memory",
                "some avg10=40 avg60=30 avg300=9 total=1\nfull avg10=22.00 avg60=12.50 avg300=3.00 total=1\n",
            )
        },
        |m| {
            set(
                m,
                "/proc/pressure/memory",
                "some avg10=40 avg60=30 avg300=9 total=1\nfull avg10=22.00 avg60=9.50 avg300=3.00 total=1\n",
            );
        },
    ),
    on(K3d, linux, "engine-in-vm-limits", |m| engine(m).cpus = 1, |m| m.cpus = 1),
    on(Local, linux, "engine-in-vm-limits", |m| m.cpus = 1, |m| engine(m).cpus = 1),
    on(
        K3d,
        linux,
        "inotify-limits",
        |m| set(m, "/proc/sys/fs/inotify/max_user_instances", "128\n"),
        |m| {
            set(m, "/proc/sys/fs/inotify/max_user_instances", "512\n");
        },
    ),
    on(
        K3d,
        linux,
        "inotify-watches",
        |m| set(m, "/proc/sys/fs/inotify/max_user_watches", "8192\n"),
        |m| {
            set(m, "/proc/sys/fs/inotify/max_user_watches", "65536\n");
        },
    ),
    on(Local, linux, "nofile-limit", |m| set(m, "/proc/self/limits", fixture!("limits_1024.txt")), |_| {}),
];
