//! Control groups and WSL.

use super::*;
use crate::doctor::rule::Profile::{K3d, Local, NativeK3s};

pub fn cases() -> Vec<Case> {
    [CGROUP, WSL_SETTINGS].concat()
}

const NEW: &str = "rancher/k3s:v1.35.1-k3s1";

const CGROUP: &[Case] = &[
    on(
        K3d,
        linux,
        "cgroup-v1-kubelet-refuses",
        |m| {
            m.engine = Ok(recorded(fixture!("version_29.json"), fixture!("info_rocky_cgroup_v1.json")));
            m.needs.k3s_image = NEW.to_owned();
        },
        |m| m.needs.k3s_image = NEW.to_owned(),
    ),
    on(
        NativeK3s,
        linux,
        "cgroup-v1-kubelet-refuses",
        |m| {
            set(m, "/proc/mounts", fixture!("mounts_hybrid.txt"));
            m.needs.k3s_image = NEW.to_owned();
        },
        |m| set(m, "/proc/mounts", fixture!("mounts_hybrid.txt")),
    ),
    on(
        K3d,
        linux,
        "cgroup-v1-maintenance",
        |m| m.engine = Ok(recorded(fixture!("version_29.json"), fixture!("info_rocky_cgroup_v1.json"))),
        |m| set(m, "/proc/mounts", fixture!("mounts_cgroup_v1.txt")),
    ),
    on(
        NativeK3s,
        linux,
        "cgroup-v1-maintenance",
        |m| set(m, "/proc/mounts", fixture!("mounts_cgroup_v1.txt")),
        |_| {},
    ),
    on(
        K3d,
        linux,
        "cgroup-memory-controller-missing",
        |m| set(m, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n"),
        |m| set(m, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory\n"),
    ),
    on(
        NativeK3s,
        linux,
        "cgroup-memory-controller-missing",
        |m| {
            gone(m, "/sys/fs/cgroup/cgroup.controllers");
            set(m, "/proc/cgroups", fixture!("cgroups_memory_off.txt"));
        },
        |m| gone(m, "/sys/fs/cgroup/cgroup.controllers"),
    ),
    on(
        K3d,
        linux,
        "cgroup-engine-no-memory-limit",
        |m| engine(m).warnings = vec!["WARNING: No memory limit support".to_owned()],
        |m| {
            engine(m).warnings = vec!["WARNING: No swap limit support".to_owned()];
        },
    ),
    on(K3d, linux, "cgroup-engine-no-memory-limit", |m| engine(m).limits_memory = false, |_| {}),
    on(
        K3d,
        wsl,
        "cgroup-hybrid-old-wsl",
        |m| {
            set(m, "/proc/mounts", fixture!("mounts_hybrid.txt"));
            there(m, "/sys/fs/cgroup/unified");
        },
        |m| set(m, "/proc/mounts", fixture!("mounts_cgroup_v1.txt")),
    ),
    on(
        NativeK3s,
        wsl,
        "wsl-cgroupv1-no-memcg-kernel-618",
        |m| {
            set(m, "/etc/wsl.conf", fixture!("wsl.conf"));
            set(m, "/proc/sys/kernel/osrelease", "6.18.33.1-microsoft-standard-WSL2\n");
        },
        |m| set(m, "/etc/wsl.conf", fixture!("wsl.conf")),
    ),
    on(
        K3d,
        wsl,
        "wsl-conf-cgroups-v1",
        |m| set(m, "/etc/wsl.conf", fixture!("wsl.conf")),
        |m| {
            set(m, "/etc/wsl.conf", "[automount]\ncgroups=v2\n[boot]\ncgroups=v1\n");
        },
    ),
    on(
        K3d,
        linux,
        "cgroup-v2-root-not-evacuated",
        |m| variable(m, "K3D_FIX_CGROUPV2", "false"),
        |m| {
            variable(m, "K3D_FIX_CGROUPV2", "1");
        },
    ),
    on(K3d, linux, "cgroup-version-unknown", |m| engine(m).cgroup_version = String::new(), |_| {}),
    on(
        K3d,
        rootless,
        "cgroup-delegation-rootless",
        |m| m.delegated_controllers = Some("cpu io memory pids\n".to_owned()),
        |m| {
            m.delegated_controllers = Some("cpu cpuset io memory pids\n".to_owned());
        },
    ),
    on(
        K3d,
        rootless,
        "rootless-dev-kmsg",
        |m| set(m, "/proc/sys/kernel/dmesg_restrict", "1\n"),
        |m| {
            set(m, "/proc/sys/kernel/dmesg_restrict", "0\n");
        },
    ),
    on(NativeK3s, linux, "rootless-dev-kmsg", |m| gone(m, "/dev/kmsg"), |m| there(m, "/dev/kmsg")),
];

const WSL_SETTINGS: &[Case] = &[
    on(
        NativeK3s,
        wsl,
        "wsl-no-systemd",
        |m| gone(m, "/run/systemd/system"),
        |m| set(m, "/etc/wsl.conf", fixture!("wsl.conf")),
    ),
    on(
        K3d,
        wsl,
        "wsl-memory-cap",
        |m| m.wsl_config = fixture!("wslconfig").to_owned(),
        |m| {
            m.wsl_config = "[wsl2]\nmemory=4096MB\n".to_owned();
        },
    ),
    on(
        K3d,
        wsl,
        "wsl-localhost-forwarding-off",
        |m| m.wsl_config = fixture!("wslconfig").to_owned(),
        |m| {
            m.wsl_config = "[experimental]\nlocalhostForwarding=false\n".to_owned();
        },
    ),
    on(
        K3d,
        wsl,
        "wsl-mirrored-networking",
        |m| m.wsl_config = fixture!("wslconfig").to_owned(),
        |m| {
            m.wsl_config = "[wsl2]\nnetworkingMode=virtioproxy\n".to_owned();
        },
    ),
    on(Local, wsl, "wsl-mirrored-networking", |m| there(m, "/sys/class/net/loopback0"), |_| {}),
    on(
        K3d,
        wsl,
        "wsl-idle-shutdown",
        |m| m.wsl_config = fixture!("wslconfig").to_owned(),
        |m| {
            m.wsl_config = String::new();
            m.engine = Ok(recorded(fixture!("version_28.json"), fixture!("info_docker_desktop.json")));
        },
    ),
    on(
        K3d,
        wsl,
        "wsl-two-dockers",
        |m| {
            m.engine = Ok(recorded(fixture!("version_28.json"), fixture!("info_docker_desktop.json")));
            there(m, "/run/docker.pid");
        },
        |m| there(m, "/run/docker.pid"),
    ),
    on(
        K3d,
        wsl,
        "wsl-interop-off",
        |m| m.docker.config = r#"{"credsStore":"desktop.exe"}"#.to_owned(),
        |m| {
            m.docker.config = r#"{"credsStore":"desktop.exe"}"#.to_owned();
            there(m, "/proc/sys/fs/binfmt_misc/WSLInterop");
        },
    ),
    on(
        K3d,
        wsl,
        "wsl-dns-tunneling",
        |m| set(m, "/etc/resolv.conf", "nameserver 10.255.255.254\n"),
        |m| {
            set(m, "/etc/resolv.conf", "nameserver 172.28.0.1\n");
        },
    ),
];
