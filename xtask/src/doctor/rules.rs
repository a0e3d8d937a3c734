//! Every rule, one file per family, in the order in which they are looked at.

use crate::doctor::rule::{Family, Level, Profile, Rule};

/// Certificates: whose, for which name, until when.
mod certificates;
/// Control groups, as the kubelet needs them.
mod cgroup;
/// The k3d cluster that is there.
mod cluster;
/// Kubernetes itself: k3s, the kubelet, its runtime, DNS, webhooks, accounts, tools.
mod clusters;
/// The way to the container engine.
mod endpoint;
/// The engine itself: of the right kind, new enough.
mod engine;
/// Packet filters and kernel modules.
mod filters;
/// Images: pulled, imported, of the right architecture.
mod images;
/// What the kernel must be able to do.
mod kernel;
/// Kubeconfigs, certificates, the API.
mod kubeconfig;
/// Memory, processors, descriptors.
pub mod limits;
/// The manifests of this clone, and what pods say about theirs.
mod manifests;
/// The mounts table and the file systems under the clone.
pub mod mounts;
/// Names, proxies, VPNs, address ranges.
pub mod network;
/// The kind of system.
mod platform;
/// The ports that players and the API need.
pub mod ports;
/// Programs of every runtime.
mod programs;
/// Registries: the way to them, what they hold.
mod registries;
/// Pods that cannot be scheduled or reached.
mod scheduling;
/// Disks and what engines keep on them.
mod storage;
/// Databases and queues.
mod stores;
/// The machine below: memory, disks, systemd, virtual machines.
mod systems;
/// Programs and folders that the commands need.
mod tools;
/// Volumes.
mod volumes;
/// What words alone say.
mod words;
/// How containers end.
mod workloads;
/// Settings of WSL.
pub mod wsl;

/// All of them.
pub static FAMILIES: [Family; 27] = [
    platform::FAMILY,
    mounts::FAMILY,
    cgroup::FAMILY,
    wsl::FAMILY,
    tools::FAMILY,
    endpoint::FAMILY,
    engine::FAMILY,
    limits::FAMILY,
    storage::FAMILY,
    ports::FAMILY,
    network::FAMILY,
    kernel::FAMILY,
    kubeconfig::FAMILY,
    cluster::FAMILY,
    images::FAMILY,
    manifests::FAMILY,
    scheduling::FAMILY,
    workloads::FAMILY,
    filters::FAMILY,
    certificates::FAMILY,
    registries::FAMILY,
    clusters::FAMILY,
    stores::FAMILY,
    systems::FAMILY,
    programs::FAMILY,
    volumes::FAMILY,
    words::FAMILY,
];

/// Every rule with its family.
pub fn all() -> impl Iterator<Item = (&'static Family, &'static Rule)> {
    FAMILIES.iter().flat_map(|family| family.rules.iter().map(move |rule| (family, rule)))
}

/// The rule of an id.
pub fn find(id: &str) -> Option<(&'static Family, &'static Rule)> {
    all().find(|(_, rule)| rule.id == id)
}

/// How many rules look at the machine for a target.
pub fn checked(profile: Profile) -> usize {
    all().filter(|(_, rule)| rule.check.is_some() && rule.severity.on(profile) != Level::Silent).count()
}
