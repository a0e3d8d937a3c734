//! Name resolution, proxies, VPNs.

use std::net::Ipv4Addr;

use crate::doctor::machine::Machine;
use crate::doctor::{Finding, Level, Needs};

/// What a proxy must not be asked for, or nothing in the cluster finds anything.
const DIRECT: [&str; 4] = ["127.0.0.1", "localhost", "10.42.0.0/16", "10.43.0.0/16"];
/// Networks of pods and services in k3s.
const CLUSTER_NETWORKS: [(Ipv4Addr, u32); 2] =
    [(Ipv4Addr::new(10, 42, 0, 0), 16), (Ipv4Addr::new(10, 43, 0, 0), 16)];
/// An overlapping route at least this long is meant for somebody in particular.
const SPECIFIC_PREFIX: u32 = 12;
const VPN_INTERFACES: [&str; 4] = ["tun", "wg", "ppp", "utun"];
/// Docker's networks use it unless told otherwise.
const DOCKER_MTU: u32 = 1500;

pub fn check(machine: &Machine, needs: &Needs) -> Vec<Finding> {
    let mut findings = Vec::new();
    let nameserver = machine.resolv_conf.lines().any(|line| line.trim_start().starts_with("nameserver"));
    if machine.is_linux() && !nameserver {
        let fix = if machine.is_wsl2() {
            "dnsTunneling=true under [wsl2] in .wslconfig, then in PowerShell: wsl --shutdown"
        } else {
            "put a nameserver into /etc/resolv.conf, or restart your network manager"
        };
        findings.push(
            Finding::new("dns", needs.for_cluster(Level::Warn), "/etc/resolv.conf names no nameserver")
                .because("Images and crates cannot be fetched.")
                .fix(fix),
        );
    }
    if needs.is_k3d() {
        findings.extend(proxy(machine));
        findings.extend(overlap(&machine.routes));
        findings.extend(vpn(machine));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("network", "no proxy, VPN or name server in the way"));
    }
    findings
}

fn proxy(machine: &Machine) -> Vec<Finding> {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let Some((name, proxy)) = names.iter().find_map(|name| Some((*name, machine.variable(name)?))) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let exempt = machine.variable("NO_PROXY").or_else(|| machine.variable("no_proxy")).unwrap_or_default();
    let missing = missing_exemptions(exempt);
    if !missing.is_empty() {
        findings.push(
            Finding::new(
                "proxy-env",
                Level::Warn,
                format!("{name} is set and NO_PROXY lacks {}", missing.join(", ")),
            )
            .because("Calls to the cluster and within it would go to the proxy.")
            .fix(format!(
                "export NO_PROXY={exempt}{}{}",
                if exempt.is_empty() { "" } else { "," },
                missing.join(",")
            )),
        );
    }
    if proxy.contains("//127.") || proxy.contains("//localhost") {
        findings.push(
            Finding::new("proxy-env", Level::Warn, format!("{name} leads to this machine itself"))
                .because("Containers cannot reach it under that address.")
                .fix("use an address of this machine that containers reach"),
        );
    }
    findings
}

/// What NO_PROXY lacks.
pub fn missing_exemptions(exempt: &str) -> Vec<&'static str> {
    let there: Vec<&str> = exempt.split(',').map(str::trim).collect();
    if there.contains(&"*") {
        return Vec::new();
    }
    DIRECT.into_iter().filter(|needed| !there.contains(needed)).collect()
}

fn overlap(routes: &str) -> Option<Finding> {
    let (interface, network, prefix) = overlapping_route(routes)?;
    let level = if prefix >= SPECIFIC_PREFIX { Level::Warn } else { Level::Info };
    let evidence = format!("{interface} routes {network}/{prefix}, which covers networks of the cluster");
    let finding = Finding::new("vpn-subnet-overlap", level, evidence);
    Some(finding.because("Pods cannot reach that network: the cluster's own 10.42.0.0/16 and 10.43.0.0/16 win.").fix(
        "if pods must reach it: other ranges in manifests/cluster/k3d.yaml (--cluster-cidr, --service-cidr)",
    ))
}

/// The first route of another interface than Docker's that overlaps a network of the cluster.
pub fn overlapping_route(routes: &str) -> Option<(String, Ipv4Addr, u32)> {
    routes.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let (interface, network, mask) = (*fields.first()?, fields.get(1)?, fields.get(7)?);
        let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
        let (network, prefix) = (number(network)?, number(mask)?.count_ones());
        let ours = ["br-", "docker", "cni", "flannel", "veth"].iter().any(|name| interface.starts_with(name));
        let covers = CLUSTER_NETWORKS.iter().any(|(other, length)| {
            let mask = u32::MAX << (32 - prefix.clamp(1, *length));
            prefix > 0 && network & mask == u32::from(*other) & mask
        });
        (covers && !ours).then(|| (interface.to_owned(), Ipv4Addr::from(network), prefix))
    })
}

fn vpn(machine: &Machine) -> Option<Finding> {
    let is_vpn = |name: &str| VPN_INTERFACES.iter().any(|prefix| name.starts_with(prefix));
    let (name, mtu) = machine.mtus.iter().find(|(name, mtu)| is_vpn(name) && **mtu < DOCKER_MTU)?;
    let cause = "Docker's networks send packets up to 1500 bytes; where the VPN filters ICMP, pulls hang in the TLS handshake.";
    let fix = format!(
        "if pulls hang: {{\"mtu\": {mtu}}} in /etc/docker/daemon.json, restart Docker, `cargo xtask down` and up"
    );
    Some(
        Finding::new("vpn-mtu", Level::Info, format!("{name} carries packets of {mtu} bytes"))
            .because(cause)
            .fix(fix),
    )
}
