//! Names, proxies, VPNs, address ranges.

use std::net::Ipv4Addr;

use crate::doctor::machine::Machine;
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Rule};

/// What a proxy must not be asked for, or nothing in the cluster finds anything.
const DIRECT: [&str; 6] =
    ["127.0.0.1", "localhost", "10.42.0.0/16", "10.43.0.0/16", ".svc", ".cluster.local"];
/// Networks of pods and services in k3s.
const CLUSTER_RANGES: [Range; 2] = [(Ipv4Addr::new(10, 42, 0, 0), 16), (Ipv4Addr::new(10, 43, 0, 0), 16)];
/// Where Docker takes its networks from first: 172.17.0.0/16 to 172.31.0.0/16 lie in it.
const DOCKER_RANGES: [Range; 1] = [(Ipv4Addr::new(172, 16, 0, 0), 12)];
/// An overlapping route at least this long is meant for somebody in particular.
const SPECIFIC_PREFIX: u32 = 12;
const VPN_INTERFACES: [&str; 4] = ["tun", "wg", "ppp", "utun"];
const CONTAINER_INTERFACES: [&str; 5] = ["br-", "docker", "cni", "flannel", "veth"];
/// Docker's networks use it unless told otherwise.
const DOCKER_MTU: u32 = 1500;
/// The default pools give 31 networks.
const BRIDGES_MAX: usize = 28;
/// A network and the length of its prefix.
type Range = (Ipv4Addr, u32);

pub const FAMILY: Family = Family {
    title: "Network",
    section: "network",
    about: "Pods live in 10.42.0.0/16, services in 10.43.0.0/16, Docker's networks in 172.16.0.0/12: a VPN that \
            routes those takes them away or is hidden by them. A proxy must be told what not to be asked for \
            (`NO_PROXY`).",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("dns-no-nameserver", "no name server is configured")
        .check([Fail, Warn, Info], dns_no_nameserver)
        .cause("Images and crates cannot be fetched, and pods inherit the file.")
        .fix("Linux: restart your network manager. In WSL: dnsTunneling=true under [wsl2] in .wslconfig, then in PowerShell: wsl --shutdown"),
    Rule::new("public-name-unresolved", "a public name does not resolve")
        .check([Warn, Warn, Info], public_name_unresolved)
        .cause("There is no network, a VPN or firewall swallows questions, or the name server is gone. What is on this machine still works; what must be pulled does not.")
        .fix("restart the engine after a change of network or VPN; Linux: resolvectl status; in WSL: dnsTunneling=true (or false) under [wsl2] in .wslconfig and wsl --shutdown; Docker: a list \"dns\" in /etc/docker/daemon.json")
        .answers(&["wsl-dns", "dns-upstream-unreachable"])
        .tell("nslookup <name>, then nslookup <name> 1.1.1.1 from the same place: only the second answering is the configured name server")
        .tell("nslookup <name>, then nslookup <name> 1.1.1.1 from the same place: only the second answering is the configured name server")
        .log(r"lookup (?P<name>\S+?)(?: on \S+)?: (?:no such host|.*i/o timeout|server misbehaving|Try again|Temporary failure|connection refused|.*connection refused|device or resource busy)|dial udp \S+:53|Temporary failure in name resolution|Temporary failure resolving '(?P<apt>[^']+)'|Could not resolve (?:host|proxy|'?)[: ]*(?P<curl>[\w.-]+)|Name or service not known|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)(?: (?P<node>\S+))?|nodename nor servname provided|No address associated with hostname|UnknownHostException|Name resolution failed|failed to lookup address information|Could not resolve host|dns error|bad address '(?P<busybox>[^']+)'|server can't find \S+: (?:NXDOMAIN|SERVFAIL)|unable to resolve host|No such host is known", "dial tcp: lookup ghcr.io: Temporary failure in name resolution")
        .except("host\\.(?:docker|k3d)\\.internal|ndots|plugin/errors|sudo: unable")
        .general()
        .log(r"NXDOMAIN|SERVFAIL", "resolver: reply for assets.example.com: SERVFAIL")
        .possible()
        .general(),
    Rule::new("proxy-env", "calls to the cluster go to a proxy")
        .check([Warn, Warn, Info], proxy_env)
        .cause("Requests to 127.0.0.1 and within the cluster must not; containers know neither the variables nor a certificate of the proxy by themselves.")
        .fix("export NO_PROXY={no_proxy}; for nodes: env: entries HTTP_PROXY, HTTPS_PROXY, NO_PROXY for all in manifests/cluster/k3d.yaml; a certificate: a volume to /etc/ssl/certs/corp.crt")
        .answers(&["registry-ca-untrusted"])
        .tell("env | grep -i proxy where it runs, and docker info | grep -i proxy: an address of the cluster or 127.0.0.1 that NO_PROXY does not list is this")
        .log(
            r"proxyconnect tcp|Proxy Authentication Required|\b407 \S*Proxy|Unable to connect to the server: (?:Service Unavailable|Forbidden|Bad Gateway)|Tunnel connection failed|via proxy.*(?:refused|timeout|failed)|CONNECT tunnel failed",
            "Unable to connect to the server: proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused",
        ),
    Rule::new("proxy-loopback", "the proxy is this machine itself")
        .check([Silent, Warn, Silent], proxy_loopback)
        .cause("Containers cannot reach it under that address: there it is they themselves.")
        .fix("let the proxy listen at an address that containers reach, and name that one"),
    Rule::new("proxy-of-engine", "the engine's proxy is an address of its own")
        .check([Silent, Fail, Silent], proxy_of_engine)
        .cause("The engine runs in a virtual machine, where that address is the virtual machine and not this one.")
        .fix("Docker Desktop: Settings > Resources > Proxies; Colima: colima start --edit, env"),
    Rule::new("vpn-subnet-overlap", "a route covers the networks of the cluster")
        .check([Warn, Warn, Silent], vpn_subnet_overlap)
        .cause("Pods cannot reach what is behind that route: the cluster's own networks win.")
        .fix("if pods must reach it: --cluster-cidr=10.118.0.0/17 and --service-cidr=10.118.128.0/17 for server:* in manifests/cluster/k3d.yaml")
        .tell("ip route get <address>: a tunnel is this")
        .log(
            r"Destination Host Unreachable",
            "From 10.42.0.1 icmp_seq=1 Destination Host Unreachable",
        )
        .possible(),
    Rule::new("docker-subnet-overlap", "a route covers Docker's networks")
        .check([Silent, Warn, Silent], docker_subnet_overlap)
        .cause("Docker leaves out what is routed already, and a VPN that comes later takes its networks over.")
        .fix("\"default-address-pools\": [{\"base\": \"10.253.0.0/16\", \"size\": 24}] in /etc/docker/daemon.json, restart Docker"),
    Rule::new("docker-subnet-exhausted", "Docker is about to run out of networks")
        .check([Silent, Warn, Silent], docker_subnet_exhausted)
        .cause("Every cluster takes one, and removed clusters leave theirs behind now and then.")
        .fix("docker network ls, and docker network rm of those whose clusters or projects are gone; or more ranges: \"default-address-pools\" in /etc/docker/daemon.json")
        .tell("docker network ls | wc -l: about 30 is this; ip route shows a VPN that covers 172.16.0.0/12")
        .log(
            r"could not find an available, non-overlapping IPv4 address pool|all predefined address pools have been fully subnetted|Pool overlaps with other one on this address space",
            "Error response from daemon: all predefined address pools have been fully subnetted",
        ),
    Rule::new("vpn-mtu", "a VPN carries smaller packets than Docker sends")
        .check([Info, Info, Silent], vpn_mtu)
        .cause("Where ICMP is filtered, large packets vanish: names resolve, and pulls hang in the TLS handshake.")
        .fix("if pulls hang: \"mtu\": {mtu} in /etc/docker/daemon.json, restart Docker, cargo xtask down and up. WSL: sudo ip link set dev eth0 mtu {mtu}"),
    Rule::new("k3d-dns-fix", "k3d's handling of names is switched by hand")
        .check([Silent, Info, Silent], k3d_dns_fix)
        .cause("k3d leads the nodes' questions to the gateway. Search domains may then be misanswered; without it VPN names are not found.")
        .fix("if names do not resolve in pods: the other value (K3D_FIX_DNS=0 or 1), then cargo xtask down and up")
        .tell("env | grep K3D_FIX_DNS")
        .log(
            r"Cannot activate DNS fix \(K3D_FIX_DNS\)",
            "Cannot activate DNS fix (K3D_FIX_DNS) when the extra hosts are set",
        )
        .possible(),
    Rule::new("firewalld", "firewalld runs")
        .check([Info, Info, Silent], |machine| machine.exists("/run/firewalld.pid").then(|| Found::new("/run/firewalld.pid is there")))
        .cause("It may reject what crosses Docker's bridges.")
        .fix("if nodes do not reach each other: sudo firewall-cmd --permanent --zone=trusted --add-interface=docker0 && sudo firewall-cmd --reload"),
    Rule::new("firewall-blocks-bridge", "ufw is on")
        .check([Info, Info, Silent], firewall_blocks_bridge)
        .cause("A firewall of this machine rejects packets between Docker's bridges, or from pods to the machine.")
        .fix("sudo ufw allow from 172.16.0.0/12; firewalld: sudo firewall-cmd --permanent --zone=trusted --add-interface=docker0 && sudo firewall-cmd --reload"),
];

fn dns_no_nameserver(machine: &Machine) -> Option<Found> {
    let text = machine.file("/etc/resolv.conf");
    let named = text.lines().any(|line| line.trim_start().starts_with("nameserver"));
    let evidence = if machine.exists("/etc/resolv.conf") {
        "/etc/resolv.conf names none"
    } else {
        "/etc/resolv.conf is not there, or leads nowhere"
    };
    (machine.is_linux() && !named).then(|| Found::new(evidence))
}

fn public_name_unresolved(machine: &Machine) -> Option<Found> {
    let error = machine.slow.as_ref()?.lookup_error.as_ref()?;
    Some(Found::new(format!("registry-1.docker.io: {error}")))
}

fn proxy_env(machine: &Machine) -> Option<Found> {
    let (name, _) = proxy(machine)?;
    let exempt = machine.variable("NO_PROXY").or_else(|| machine.variable("no_proxy")).unwrap_or_default();
    let missing = missing_exemptions(exempt);
    let all: Vec<&str> = exempt
        .split(',')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .chain(missing.iter().copied())
        .collect();
    (!missing.is_empty()).then(|| {
        Found::new(format!("{name} is set and NO_PROXY lacks {}", missing.join(", ")))
            .with("no_proxy", all.join(","))
    })
}

fn proxy_loopback(machine: &Machine) -> Option<Found> {
    let (name, value) = proxy(machine)?;
    is_loopback(value).then(|| Found::new(format!("{name}={value}")))
}

fn proxy_of_engine(machine: &Machine) -> Option<Found> {
    let engine = machine.engine().filter(|engine| engine.in_virtual_machine())?;
    is_loopback(&engine.http_proxy)
        .then(|| Found::new(format!("the engine pulls through {}", engine.http_proxy)))
}

fn vpn_subnet_overlap(machine: &Machine) -> Option<Found> {
    let route = overlapping(machine.file("/proc/net/route"), &CLUSTER_RANGES)?;
    let found = Found::new(format!("{route} covers 10.42.0.0/16 or 10.43.0.0/16"));
    Some(if route.prefix >= SPECIFIC_PREFIX { found } else { found.at_most(Info) })
}

fn docker_subnet_overlap(machine: &Machine) -> Option<Found> {
    let route = overlapping(machine.file("/proc/net/route"), &DOCKER_RANGES)?;
    let found = Found::new(format!("{route} covers networks out of 172.16.0.0/12"));
    Some(if route.prefix >= SPECIFIC_PREFIX { found } else { found.at_most(Info) })
}

fn docker_subnet_exhausted(machine: &Machine) -> Option<Found> {
    let bridges = machine.engine()?.networks.iter().filter(|network| network.driver == "bridge").count();
    (bridges >= BRIDGES_MAX).then(|| Found::new(format!("{bridges} networks of about 31")))
}

fn vpn_mtu(machine: &Machine) -> Option<Found> {
    let is_vpn = |name: &str| VPN_INTERFACES.iter().any(|prefix| name.starts_with(prefix));
    let (name, mtu) = machine.mtus.iter().find(|(name, mtu)| is_vpn(name) && **mtu < DOCKER_MTU)?;
    Some(Found::new(format!("{name} carries {mtu} bytes, Docker sends {DOCKER_MTU}")).with("mtu", mtu))
}

fn k3d_dns_fix(machine: &Machine) -> Option<Found> {
    let value = machine.variable("K3D_FIX_DNS")?;
    Some(Found::new(format!("K3D_FIX_DNS={value}")))
}

fn firewall_blocks_bridge(machine: &Machine) -> Option<Found> {
    let on =
        machine.file("/etc/ufw/ufw.conf").lines().any(|line| line.trim().eq_ignore_ascii_case("enabled=yes"));
    on.then(|| Found::new("/etc/ufw/ufw.conf: ENABLED=yes"))
}

fn proxy(machine: &Machine) -> Option<(&'static str, &str)> {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    names.into_iter().find_map(|name| Some((name, machine.variable(name)?)))
}

fn is_loopback(proxy: &str) -> bool {
    let host = proxy.split_once("//").map_or(proxy, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, rest)| rest);
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}

/// What NO_PROXY lacks.
pub fn missing_exemptions(exempt: &str) -> Vec<&'static str> {
    let there: Vec<&str> = exempt.split(',').map(str::trim).collect();
    if there.contains(&"*") {
        return Vec::new();
    }
    DIRECT.into_iter().filter(|needed| !there.contains(needed)).collect()
}

/// A route that somebody else than Docker made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub interface: String,
    pub network: Ipv4Addr,
    pub prefix: u32,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the route {}/{} of {}", self.network, self.prefix, self.interface)
    }
}

/// The first route in the text of /proc/net/route that overlaps one of the ranges; the default route does not count.
pub fn overlapping(routes: &str, ranges: &[Range]) -> Option<Route> {
    routes.lines().skip(1).filter_map(route).find(|route| {
        let docker = CONTAINER_INTERFACES.iter().any(|name| route.interface.starts_with(name));
        let covers = ranges.iter().any(|(other, length)| {
            let mask = u32::MAX << (32 - route.prefix.clamp(1, *length));
            u32::from(route.network) & mask == u32::from(*other) & mask
        });
        covers && !docker && route.prefix > 0
    })
}

/// Interface, destination and mask in the byte order of the machine, in hexadecimal.
fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
    let (network, mask) = (number(fields.get(1)?)?, number(fields.get(7)?)?);
    Some(Route {
        interface: (*fields.first()?).to_owned(),
        network: Ipv4Addr::from(network),
        prefix: mask.count_ones(),
    })
}
