//! Kernel and distribution: Linux, WSL, a container.

use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level};

/// Says what this machine is and what is special about it.
pub fn check(machine: &Machine) -> Vec<Finding> {
    let mut findings = vec![kernel(machine)];
    if machine.is_wsl2() {
        findings.extend(wsl_settings(machine));
    }
    if machine.in_container {
        let text = "this shell runs inside a container";
        let cause = "A cluster then needs the host's Docker socket or a privileged container; its ports open on the \
                     host, not here.";
        findings.push(Finding::new("dind-ci", Level::Info, text).because(cause));
    }
    if machine.is_linux() && !machine.is_wsl2() && !machine.in_container && !machine.modules_folder {
        let text = "the modules of the running kernel are not in /lib/modules";
        let cause = "Docker loads modules when it makes networks; after a kernel upgrade they are those of the next start.";
        findings.push(
            Finding::new("kernel-modules-dir-gone", Level::Info, text)
                .because(cause)
                .fix("restart the machine if Docker fails to create a network"),
        );
    }
    findings
}

fn kernel(machine: &Machine) -> Finding {
    let version = &machine.proc_version;
    if version.is_empty() {
        return Finding::ok("platform", format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH));
    }
    let release = version.split_ascii_whitespace().nth(2).unwrap_or("?");
    if version.contains("Microsoft") && !machine.is_wsl2() {
        let distro = machine.variable("WSL_DISTRO_NAME").unwrap_or("<distribution>");
        return Finding::new("wsl1", Level::Fail, format!("this is WSL1 (kernel {release})"))
            .because("WSL1 translates system calls and has no Linux kernel: no containers, no networks, slow files.")
            .fix(format!("in PowerShell: wsl --set-version {distro} 2"));
    }
    let kind = if machine.is_wsl2() { "WSL2" } else { "Linux" };
    Finding::ok("platform", format!("{kind} {release} on {}", std::env::consts::ARCH))
}

/// Keys of `.wslconfig` and `wsl.conf` that are known to bite.
fn wsl_settings(machine: &Machine) -> Vec<Finding> {
    let mut findings = Vec::new();
    let value = |text: &str, section: &str, key: &str| ini_value(text, section, key);
    if value(&machine.wsl_config, "wsl2", "localhostforwarding").as_deref() == Some("false") {
        findings.push(
            Finding::new(
                "wsl-localhost-forwarding-off",
                Level::Warn,
                ".wslconfig sets localhostForwarding=false",
            )
            .because("A browser on Windows will not reach 127.0.0.1 of this distribution.")
            .fix("remove the line from %UserProfile%\\.wslconfig, then in PowerShell: wsl --shutdown"),
        );
    }
    let mirrored = value(&machine.wsl_config, "wsl2", "networkingmode").as_deref() == Some("mirrored");
    if mirrored || machine.mirrored_loopback {
        findings.push(
            Finding::new(
                "wsl-mirrored-networking",
                Level::Info,
                "WSL runs in mirrored networking mode",
            )
            .because("Ports that Docker publishes are then sometimes refused on one side.")
            .fix("if the page does not open: networkingMode=nat under [wsl2] in .wslconfig, wsl --shutdown"),
        );
    }
    if value(&machine.wsl_conf, "automount", "cgroups").as_deref() == Some("v1") {
        findings.push(
            Finding::new("wsl-cgroupv1", Level::Warn, "/etc/wsl.conf sets cgroups=v1")
                .because("New WSL kernels have no memory controller in v1, and Kubernetes 1.35 refuses v1 altogether.")
                .fix("remove cgroups=v1 from [automount] in /etc/wsl.conf, then in PowerShell: wsl --shutdown"),
        );
    }
    findings
}

/// A value of an INI file in lower case; sections and keys match in any case.
pub fn ini_value(text: &str, section: &str, key: &str) -> Option<String> {
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = name.eq_ignore_ascii_case(section);
        } else if let Some((name, value)) = line.split_once('=')
            && inside
            && name.trim().eq_ignore_ascii_case(key)
        {
            return Some(value.trim().to_ascii_lowercase());
        }
    }
    None
}
