//! The kind of system: Linux, WSL, a container, a processor.

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Kind, Rule};

/// CAP_SYS_ADMIN in the mask of /proc/self/status.
const SYS_ADMIN: u32 = 21;
/// What the images of k3s are built for.
const ARCHITECTURES: [&str; 3] = ["x86_64", "aarch64", "arm"];
/// Kernels of WSL before it have no nftables.
const NFTABLES_KERNEL: (u32, u32) = (5, 15);

pub const FAMILY: Family = Family {
    title: "Platform",
    section: "platform",
    about: "Linux, WSL2 and macOS. WSL1 has no kernel and cannot run containers. Inside a container the Docker \
            socket of the host is enough for k3d; an engine of its own needs `--privileged`.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("wsl1", "WSL1 has no Linux kernel")
        .check([Fail, Fail, Fail], wsl1)
        .cause("WSL1 translates system calls and has no Linux kernel: no containers, no networks, slow files.")
        .fix("in PowerShell: wsl --set-version {distribution} 2")
        .log(
            r"Could not open socket to kernel|Linux version 4\.4\.0-\d+-Microsoft\b",
            "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com) (gcc version 5.4.0 (GCC) ) #1237-Microsoft",
        )
        .certain(),
    Rule::new("architecture-unsupported", "k3s has no image for this processor")
        .check([Fail, Fail, Silent], architecture)
        .cause("Images of k3s are built for amd64, arm64 and arm only.")
        .fix("cargo xtask up --target local"),
    Rule::new("dind-ci", "this shell runs inside a container")
        .check([Info, Info, Info], in_container)
        .cause("A cluster then needs the host's Docker socket, or an engine of its own in a privileged container; \
                published ports open on the host of the engine, not here.")
        .fix("in CI: privileged = true for docker:dind, DOCKER_HOST=tcp://docker:2375, and reach ports at the host name docker")
        .tell("ls /.dockerenv; grep CapEff /proc/self/status")
        .log(
            r"Cannot connect to the Docker daemon at tcp://docker:237[56]|privileged mode is incompatible|mount: permission denied \(are you root",
            "ERROR: Cannot connect to the Docker daemon at tcp://docker:2375. Is the docker daemon running?",
        ),
    Rule::new("container-unprivileged", "this container may not administer the system")
        .check([Fail, Info, Silent], unprivileged)
        .cause("k3s and Docker mount, make networks and set limits: they need CAP_SYS_ADMIN.")
        .fix("run the container with --privileged, or use the engine of the host: -v /var/run/docker.sock:/var/run/docker.sock"),
    Rule::new("kernel-modules-dir-gone", "the modules of the running kernel are gone")
        .check([Fail, Warn, Silent], modules_gone)
        .cause("A package upgrade replaced the kernel; what is not loaded yet (bridges, vxlan) cannot be loaded until the next start.")
        .fix("sudo reboot"),
    Rule::new("wsl-iptables-nft-old-kernel", "the kernel of WSL lacks tables that Docker asks for")
        .check([Warn, Warn, Silent], old_wsl_kernel)
        .cause("Docker could not make its chains: the kernel is too old for nftables, or iptables points at the backend that the kernel lacks.")
        .fix("in PowerShell: wsl --update. Else: sudo update-alternatives --set iptables /usr/sbin/iptables-legacy && sudo systemctl restart docker")
        .tell("uname -r and sudo iptables -L: an old kernel, or the other backend works (iptables-legacy -L)")
        .log(
            r"Error initializing network controller|failed to create NAT chain DOCKER|RULE_APPEND failed \(No such file or directory\)",
            "5.10.16.3-microsoft-standard-WSL2 dockerd[7]: failed to start daemon: Error initializing network controller: error obtaining controller instance: failed to register \"bridge\" driver: failed to create NAT chain DOCKER: iptables failed: iptables -t nat -N DOCKER: iptables v1.8.7 (legacy): can't initialize iptables table 'nat': Table does not exist (do you need to insmod?)",
        )
        .with(r"microsoft-standard|microsoft-wsl|\bWSL|-Microsoft"),
    Rule::new("k3s-modprobe-warning", "k3s could not load a module that is built in")
        .cause("k3s warns whenever /sys/module lacks a name, also where the feature is compiled in; in a container it always does.")
        .fix("nothing: look for another line")
        .log(
            r"Failed to load kernel module (?P<module>\S+) with modprobe",
            "level=warning msg=\"Failed to load kernel module br_netfilter with modprobe\"",
        )
        .kind(Kind::Decoy)
        .log(
            r"modprobe: can't change directory to|ip: can't find device|failed to load cni during init|skip(?:ping)? loading plugin|Failed to load the native|could not use snapshotter|role .root. does not exist",
            "modprobe: can't change directory to '/lib/modules': No such file or directory",
        )
        .kind(Kind::Decoy),
];

fn wsl1(machine: &Machine) -> Option<Found> {
    let release = machine.file("/proc/version").split_ascii_whitespace().nth(2).unwrap_or("?");
    let distribution = machine.variable("WSL_DISTRO_NAME").unwrap_or("<name of the distribution>");
    machine
        .is_wsl1()
        .then(|| Found::new(format!("the kernel is {release}")).with("distribution", distribution))
}

fn architecture(machine: &Machine) -> Option<Found> {
    let architecture = machine.architecture;
    (!ARCHITECTURES.contains(&architecture)).then(|| Found::new(format!("the processor is {architecture}")))
}

fn in_container(machine: &Machine) -> Option<Found> {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    marks.into_iter().find(|mark| machine.exists(mark)).map(|mark| Found::new(format!("{mark} is there")))
}

fn unprivileged(machine: &Machine) -> Option<Found> {
    let status = machine.file("/proc/self/status");
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?.trim();
    let held = u64::from_str_radix(mask, 16).ok()?;
    (machine.in_container() && held & (1 << SYS_ADMIN) == 0)
        .then(|| Found::new(format!("CapEff is {mask}, without CAP_SYS_ADMIN")))
}

fn modules_gone(machine: &Machine) -> Option<Found> {
    let release = machine.file("/proc/sys/kernel/osrelease").trim();
    // Kernels with everything built in have no folder of modules and no list of loaded ones.
    let modular = !machine.file("/proc/modules").trim().is_empty();
    let expected = machine.is_linux() && modular && !machine.is_wsl2() && !machine.in_container();
    (expected && !machine.modules_folder).then(|| Found::new(format!("/lib/modules/{release} is not there")))
}

fn old_wsl_kernel(machine: &Machine) -> Option<Found> {
    let (major, minor) = machine.kernel()?;
    (machine.is_wsl2() && (major, minor) < NFTABLES_KERNEL)
        .then(|| Found::new(format!("WSL runs kernel {major}.{minor}; nftables came with 5.15")))
}
