//! Disks and what engines keep on them.

use super::limits::gib;
use crate::doctor::machine::{Disk, Machine};
use crate::doctor::rule::Level::{Fail, Info, Silent, Warn};
use crate::doctor::rule::{Family, Found, Profile, Rule};

const GIB: u64 = 1 << 30;
/// A release build with its dependencies.
const BUILD_DISK_MIN: u64 = 3 * GIB;
/// Below it k3s evicts pods.
const FREE_MIN_PERCENT: u64 = 5;
/// Below it the kubelet starts to delete images that no pod uses.
const FREE_FOR_IMAGES_PERCENT: u64 = 15;
const FREE_COMFORT: u64 = 10 * GIB;
/// File systems that cannot carry an overlay.
const NO_OVERLAY: [&str; 4] = ["zfs", "ecryptfs", "overlayfs", "9p"];

pub const FAMILY: Family = Family {
    title: "Disks and storage",
    section: "disks-and-storage",
    about: "Nodes see the disk of the engine. Above 85 % use the kubelet deletes images that no pod uses; below 5 % \
            free it evicts pods.",
    rules: RULES,
};

const RULES: &[Rule] = &[
    Rule::new("disk-pressure", "the disk of the nodes is full")
        .check([Fail, Fail, Silent], |machine| nodes_disk(machine).filter(|disk| percent(*disk) < FREE_MIN_PERCENT).map(describe))
        .cause("Nodes see the disk of the engine: below 5 % free they evict every pod.")
        .fix("docker system df shows what holds the space; docker builder prune (only caches), old logs and images one by one; or enlarge the disk of the virtual machine")
        .answers(&["disk-full", "evicted-pods"])
        .tell("df -h on the node (docker exec <node> df -h /) and docker system df: above 85 % is this")
        .last_resort("docker image prune -a deletes every image that no container uses: they are pulled or built again; volumes stay")
        .log(
            r"NodeHasDiskPressure|node\.kubernetes\.io/disk-pressure|The node was low on resource: (?:ephemeral-storage|imagefs|nodefs|inodes)|eviction manager: (?:must evict pod|attempting to reclaim.*(?:ephemeral-storage|nodefs|imagefs))|FreeDiskSpaceFailed|ImageGCFailed|DiskPressure\s+True",
            "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }",
        )
        .except("op=Exists|key: |\"key\"|unable to find data in memory cache|failed to get imageFs")
        .certain(),
    Rule::new("image-gc-ate-import", "nodes may delete images that were delivered")
        .check([Warn, Warn, Silent], image_gc_ate_import)
        .cause("Above 85 % use the kubelet deletes images that no pod uses at the moment; ours cannot be pulled again.")
        .fix("docker system df shows what holds the space; docker builder prune (only caches); then cargo xtask image, which delivers what is missing")
        .log(
            r"Disk usage on image filesystem is over the high threshold",
            "I0301 10:00:00.123456 121 image_gc_manager.go:310] \"Disk usage on image filesystem is over the high threshold, trying to free bytes down to the low threshold\" usage=86 highThreshold=85",
        )
        .certain(),
    Rule::new("disk-nodes-small", "little space is left for nodes")
        .check([Warn, Warn, Silent], disk_nodes_small)
        .cause("Images, logs and volumes of three nodes take some gigabytes.")
        .fix("docker system df shows what holds the space; docker builder prune (only caches)"),
    Rule::new("disk-inodes", "the disk of the nodes has no room for more files")
        .check([Warn, Warn, Silent], disk_inodes)
        .cause("Each file takes an inode; without one, \"no space left on device\" comes on a disk that has space.")
        .fix("find what has millions of small files: du --inodes -xd1 / | sort -n; docker builder prune (only caches)"),
    Rule::new("disk-build", "little space is left where cargo builds")
        .check([Silent, Warn, Warn], disk_build)
        .cause("A release build with its dependencies takes about 3 GiB.")
        .fix("cargo clean, or set CARGO_TARGET_DIR to a larger disk"),
    Rule::new("github-actions-runner", "the disk of a hosted runner is full")
        .cause("Hosted runners have little space left beside what they bring.")
        .fix("free what the runner brings and the build does not need, as the first step: the folders /usr/share/dotnet and /usr/local/lib/android hold 20 GB")
        .tell("df -h as a step before it")
        .log(
            r"##\[(?:error|warning)\].*(?:No space left on device|low on disk space|running out of disk space)",
            "##[error]No space left on device : '/home/runner/runners/2.319.1/_diag/Worker_20260301.log'",
        ),
    Rule::new("snapshotter-overlay", "the engine's storage cannot carry overlays")
        .check([Silent, Warn, Silent], snapshotter_overlay)
        .cause("containerd inside the node mounts images as overlays, which this file system may refuse.")
        .fix("move Docker's data-root to ext4 or xfs; or --snapshotter=native for server:* and agent:* in manifests/cluster/k3d.yaml")
        .log(
            r#""overlayfs" snapshotter cannot be enabled for "[^"]+""#,
            "level=error msg=\"Waiting to retrieve agent configuration; server is not ready: \\\"overlayfs\\\" snapshotter cannot be enabled for \\\"/var/lib/rancher/k3s/agent/containerd\\\", try using \\\"fuse-overlayfs\\\" or \\\"native\\\": failed to mount overlay: invalid argument\"",
        )
        .certain(),
    Rule::new("btrfs-rootfs-device", "the engine stores on btrfs")
        .check([Silent, Info, Silent], btrfs_rootfs_device)
        .cause("The kubelet looks for the block device of its folder, which the node does not see.")
        .fix("if nodes do not start: a volume /dev/mapper:/dev/mapper (or of the device itself) in manifests/cluster/k3d.yaml")
        .log(
            r"failed to get rootfs info: failed to get device for dir|could not find device with major: \d+, minor: \d+ in cached partitions map",
            "\"Failed to start ContainerManager\" err=\"failed to get rootfs info: failed to get device for dir \\\"/var/lib/kubelet\\\": could not find device with major: 0, minor: 40 in cached partitions map\"",
        )
        .certain(),
    Rule::new("zfs-multiserver-etcd", "etcd cannot run on ZFS")
        .check([Silent, Fail, Silent], zfs_multiserver_etcd)
        .cause("The store of several servers reserves space in a way that ZFS does not know.")
        .fix("servers: 1 in manifests/cluster/k3d.yaml, or Docker's data-root on ext4")
        .log(r"posix_allocate: operation not supported", "level=fatal msg=\"starting kubernetes: preparing server: start managed database: posix_allocate: operation not supported\"")
        .certain(),
];

fn image_gc_ate_import(machine: &Machine) -> Option<Found> {
    let disk = nodes_disk(machine)?;
    (FREE_MIN_PERCENT..FREE_FOR_IMAGES_PERCENT).contains(&percent(disk)).then(|| describe(disk))
}

fn disk_nodes_small(machine: &Machine) -> Option<Found> {
    let disk = nodes_disk(machine)?;
    (percent(disk) >= FREE_FOR_IMAGES_PERCENT && disk.free_bytes < FREE_COMFORT).then(|| describe(disk))
}

fn disk_inodes(machine: &Machine) -> Option<Found> {
    let disk = nodes_disk(machine).filter(|disk| disk.total_inodes > 0)?;
    let percent = disk.free_inodes * 100 / disk.total_inodes;
    (percent < FREE_MIN_PERCENT).then(|| Found::new(format!("{percent} % of the inodes are free")))
}

fn disk_build(machine: &Machine) -> Option<Found> {
    let disk = machine.build_disk.filter(|disk| disk.free_bytes < BUILD_DISK_MIN)?;
    Some(Found::new(format!("{} are free at {}", gib(disk.free_bytes), machine.build.display())))
}

fn snapshotter_overlay(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let driver = engine.storage_driver.as_str();
    let backing = engine.storage("Backing Filesystem").unwrap_or_default();
    let refused = ["zfs", "vfs", "fuse-overlayfs"].contains(&driver) || NO_OVERLAY.contains(&backing);
    refused.then(|| Found::new(format!("storage driver {driver} on {backing}")))
}

fn btrfs_rootfs_device(machine: &Machine) -> Option<Found> {
    let engine = machine.engine()?;
    let btrfs = engine.storage_driver == "btrfs" || engine.storage("Backing Filesystem") == Some("btrfs");
    btrfs.then(|| Found::new("the backing file system is btrfs"))
}

fn zfs_multiserver_etcd(machine: &Machine) -> Option<Found> {
    let zfs = machine.engine()?.storage("Backing Filesystem") == Some("zfs")
        || machine.engine()?.storage_driver == "zfs";
    let servers = machine.needs.servers;
    (zfs && servers > 1).then(|| Found::new(format!("{servers} servers on ZFS")))
}

/// The disk that nodes see, where it can be read from here.
fn nodes_disk(machine: &Machine) -> Option<Disk> {
    match machine.needs.profile {
        Profile::K3d => machine.engine_disk,
        Profile::NativeK3s | Profile::Local => machine.build_disk,
    }
}

fn percent(disk: Disk) -> u64 {
    disk.free_bytes.saturating_mul(100) / disk.total_bytes.max(1)
}

fn describe(disk: Disk) -> Found {
    Found::new(format!("{} % of the disk of the nodes are free ({})", percent(disk), gib(disk.free_bytes)))
}
