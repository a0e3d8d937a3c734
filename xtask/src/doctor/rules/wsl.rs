//! Settings of WSL.

use crate::docker::probe::Probe;
use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// What a cluster of three nodes with the game wants.
const MEMORY_MIN: u64 = 4 << 30;

pub const FAMILY: Family = Family {
    title: "WSL2",
    section: "wsl2",
    about: "`%UserProfile%\\.wslconfig` holds for all distributions, `/etc/wsl.conf` for one; both are read at a \
            start, after `wsl --shutdown`. Keep the clone below `~`: builds on `/mnt/c` take several times as long.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("wsl-no-systemd", "systemd does not run in this distribution")
        .check([Fail, Info, Silent], no_systemd)
        .cause("A native k3s, and an engine of the distribution's own, are started by systemd. Docker Desktop does not need it.")
        .fix("printf '[boot]\\nsystemd=true\\n' | sudo tee -a /etc/wsl.conf, then in PowerShell: wsl --shutdown. Without: sudo service docker start")
        .log(
            r"System has not been booted with systemd as init system|Failed to connect to bus: Host is down",
            "System has not been booted with systemd as init system (PID 1). Can't operate.",
        )
        .certain(),
    Rule::new("wsl-memory-cap", "WSL is given little memory")
        .check([Warn, Warn, Info], memory_cap)
        .cause("One virtual machine with that much is shared by all distributions and Docker Desktop.")
        .fix("memory=8GB under [wsl2] in %UserProfile%\\.wslconfig, then in PowerShell: wsl --shutdown"),
    Rule::new("wsl-localhost-forwarding-off", "Windows does not forward localhost to WSL")
        .check([Warn, Warn, Warn], wsl_localhost_forwarding_off)
        .cause("A browser on Windows does not reach 127.0.0.1 of this distribution.")
        .fix("remove the line from %UserProfile%\\.wslconfig, then in PowerShell: wsl --shutdown"),
    Rule::new("wsl-mirrored-networking", "WSL mirrors the network of Windows")
        .check([Info, Info, Info], mirrored)
        .cause("Ports that Docker publishes are then sometimes refused on one side.")
        .fix("if the page does not open: networkingMode=nat under [wsl2] in .wslconfig, then in PowerShell: wsl --shutdown"),
    Rule::new("wsl-idle-shutdown", "WSL ends this distribution when no terminal is open")
        .check([Info, Info, Info], idle_shutdown)
        .cause("Services do not keep a distribution alive: containers end with code 255 some seconds after the last terminal was closed.")
        .fix("keep a terminal open, or instanceIdleTimeout=-1 under [general] in .wslconfig; afterwards: cargo xtask start")
        .tell("uptime in the distribution: minutes are this")
        .log(r"Exited \(255\)", "3f2a1c9d8e7b   rancher/k3s:v1.34.4-k3s1   \"/bin/k3d-entrypoint.…\"   3 hours ago   Exited (255) 5 minutes ago   k3d-k3s-local-server-0"),
    Rule::new("wsl-two-dockers", "two Docker engines want the same socket")
        .check([Silent, Warn, Silent], two_dockers)
        .cause("Docker Desktop's integration and an engine of the distribution's own take turns: clusters and images seem to disappear.")
        .fix("keep one: switch Docker Desktop's WSL integration off for this distribution, or stop the other (sudo systemctl disable --now docker.socket docker); nothing need be removed, each keeps its own images and volumes"),
    Rule::new("wsl-interop-off", "Windows programs do not start from WSL")
        .check([Silent, Warn, Silent], interop_off)
        .cause("The credential helper of Docker Desktop is a Windows program, and every pull asks it.")
        .fix("remove credsStore from ~/.docker/config.json, or enabled=true under [interop] in /etc/wsl.conf and wsl --shutdown"),
    Rule::new("wsl-dns-tunneling", "names are resolved by Windows")
        .check([Info, Info, Info], dns_tunneling)
        .cause("dnsTunneling hands every question to Windows; behind some VPNs it stops answering.")
        .fix("if names do not resolve: dnsTunneling=false under [wsl2] in .wslconfig, then in PowerShell: wsl --shutdown"),

];

fn wsl_localhost_forwarding_off(machine: &Machine) -> Option<Found> {
    let off = wslconfig(machine, "wsl2", "localhostforwarding")? == "false";
    off.then(|| Found::new(".wslconfig: [wsl2] localhostForwarding=false"))
}

fn no_systemd(machine: &Machine) -> Option<Found> {
    let off = machine.is_wsl2() && !machine.exists("/run/systemd/system");
    let asked = ini_value(machine.file("/etc/wsl.conf"), "boot", "systemd").as_deref() == Some("true");
    let when = if asked { "; /etc/wsl.conf asks for it: restart WSL" } else { "" };
    off.then(|| Found::new(format!("/run/systemd/system is not there{when}")))
}

fn memory_cap(machine: &Machine) -> Option<Found> {
    let asked = wslconfig(machine, "wsl2", "memory")?;
    (bytes(&asked)? < MEMORY_MIN)
        .then(|| Found::new(format!(".wslconfig: [wsl2] memory={}", asked.to_uppercase())))
}

/// `4gb`, `512mb`: the units that WSL knows.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "kb" => 10,
        "mb" => 20,
        "gb" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok().map(|number| number << shift)
}

fn mirrored(machine: &Machine) -> Option<Found> {
    let asked = wslconfig(machine, "wsl2", "networkingmode").as_deref() == Some("mirrored");
    let evidence = match (asked, machine.exists("/sys/class/net/loopback0")) {
        (true, _) => ".wslconfig: [wsl2] networkingMode=mirrored",
        (false, true) => "the interface loopback0 is there",
        (false, false) => return None,
    };
    machine.is_wsl2().then(|| Found::new(evidence))
}

fn idle_shutdown(machine: &Machine) -> Option<Found> {
    let kept = wslconfig(machine, "general", "instanceidletimeout").as_deref() == Some("-1");
    let own = machine.engine().is_none_or(|engine| !engine.is_docker_desktop());
    (machine.is_wsl2() && own && !kept)
        .then(|| Found::new("WSL without instanceIdleTimeout=-1 in .wslconfig"))
}

fn two_dockers(machine: &Machine) -> Option<Found> {
    let desktop = machine.engine().is_some_and(Probe::is_docker_desktop);
    (machine.is_wsl2() && desktop && machine.exists("/run/docker.pid"))
        .then(|| Found::new("Docker Desktop answers, and /run/docker.pid is there as well"))
}

fn interop_off(machine: &Machine) -> Option<Found> {
    let config: serde_json::Value = serde_json::from_str(&machine.docker.config).ok()?;
    let helper = config["credsStore"].as_str()?;
    let off = !machine.exists("/proc/sys/fs/binfmt_misc/WSLInterop");
    (machine.is_wsl2() && off && helper.ends_with(".exe"))
        .then(|| Found::new(format!("credsStore is {helper}, and WSLInterop is not registered")))
}

fn dns_tunneling(machine: &Machine) -> Option<Found> {
    let tunnel = machine.file("/etc/resolv.conf").lines().find(|line| line.contains("10.255.255.254"))?;
    machine.is_wsl2().then(|| Found::new(format!("/etc/resolv.conf: {}", tunnel.trim())))
}

fn wslconfig(machine: &Machine, section: &str, key: &str) -> Option<String> {
    ini_value(&machine.wsl_config, section, key).filter(|_| machine.is_wsl2())
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
