//! The kind of system, and its mounts.

use super::*;
use crate::doctor::rule::Profile::{K3d, Local, NativeK3s};
use crate::doctor::rules::mounts;

pub fn cases() -> Vec<Case> {
    [PLATFORM, MOUNTED].concat()
}

const PLATFORM: &[Case] = &[
    on(
        K3d,
        linux,
        "wsl1",
        |m| set(m, "/proc/version", fixture!("proc_version_wsl1.txt")),
        |m| {
            set(m, "/proc/version", fixture!("proc_version_wsl2.txt"));
        },
    ),
    on(
        K3d,
        linux,
        "architecture-unsupported",
        |m| m.architecture = "riscv64",
        |m| m.architecture = "aarch64",
    ),
    on(K3d, linux, "dind-ci", |m| there(m, "/.dockerenv"), |m| there(m, "/run/docker.pid")),
    on(
        NativeK3s,
        linux,
        "container-unprivileged",
        |m| {
            there(m, "/run/.containerenv");
            set(m, "/proc/self/status", fixture!("status_unprivileged.txt"));
        },
        |m| set(m, "/proc/self/status", fixture!("status_unprivileged.txt")),
    ),
    on(
        K3d,
        linux,
        "kernel-modules-dir-gone",
        |m| m.modules_folder = false,
        |m| {
            m.modules_folder = false;
            set(m, "/proc/modules", "");
        },
    ),
    on(
        K3d,
        wsl,
        "wsl-iptables-nft-old-kernel",
        |m| set(m, "/proc/sys/kernel/osrelease", "5.10.102.1-microsoft-standard-WSL2\n"),
        |m| set(m, "/proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n"),
    ),
];

const MOUNTED: &[Case] = &[
    on(
        NativeK3s,
        wsl,
        "mounts-unescaped-space",
        |m| set(m, "/proc/mounts", fixture!("mounts_wsl2.txt")),
        |m| {
            set(m, "/proc/mounts", fixture!("mounts_wsl2_clean.txt"));
        },
    ),
    on(
        NativeK3s,
        linux,
        "mounts-unescaped-space",
        |m| set(m, "/proc/mounts", fixture!("mounts_rhel_nine_fields.txt")),
        |_| {},
    ),
    on(
        K3d,
        wsl,
        "mountinfo-tail-fields",
        |m| set(m, "/proc/self/mountinfo", fixture!("mountinfo_wsl2.txt")),
        |m| {
            set(m, "/proc/self/mountinfo", fixture!("mountinfo_linux.txt"));
        },
    ),
    on(
        Local,
        wsl,
        "wsl-slow-windows-filesystem",
        |m| m.root = PathBuf::from("/mnt/c/Users/ana/game"),
        |m| {
            m.root = PathBuf::from("/mnt/my disk/game");
        },
    ),
    on(
        Local,
        wsl,
        "wsl-slow-build-folder",
        |m| m.build = PathBuf::from("/mnt/c/target"),
        |m| {
            m.build = PathBuf::from("/var/target");
        },
    ),
    on(
        Local,
        linux,
        "build-folder-noexec",
        |m| m.build = PathBuf::from("/tmp/target"),
        |m| {
            m.build = PathBuf::from("/home/tmp/target");
        },
    ),
    on(
        K3d,
        linux,
        "stuck-spurious-mounts",
        |m| set(m, "/proc/mounts", &"tmpfs /a tmpfs rw 0 0\n".repeat(6000)),
        |m| {
            set(m, "/proc/mounts", &"tmpfs /a tmpfs rw 0 0\n".repeat(600));
        },
    ),
];

#[test]
fn the_line_with_the_blank_is_named_and_harms_only_a_native_kubelet() {
    let bad = mounts::bad_lines(fixture!("mounts_wsl2.txt"));
    let bad: Vec<(usize, &str, &str, usize)> = bad
        .iter()
        .map(|line| (line.number, line.mount_point.as_str(), line.file_system.as_str(), line.fields))
        .collect();
    assert_eq!(bad, [(4, "/Docker/host", "9p", 7), (7, "/run/usbipd-win", "9p", 7)]);
    let mut machine = wsl();
    set(&mut machine, "/proc/mounts", fixture!("mounts_wsl2.txt"));
    let finding = judge(&machine).into_iter().find(|finding| finding.id == "mounts-unescaped-space").unwrap();
    assert_eq!(finding.level, Level::Info);
    assert!(finding.cause.contains("wrong number of fields"), "{}", finding.cause);
    assert!(
        finding.evidence.starts_with("line 4 of /proc/mounts has 7 fields instead of 6: `C:\\134Program"),
        "{}",
        finding.evidence
    );
    assert!(
        finding.evidence.contains("path=C:\\Program Files\\Docker\\Docker\\resources"),
        "{}",
        finding.evidence
    );
    assert!(finding.fix.contains("sudo umount /Docker/host /run/usbipd-win"), "{}", finding.fix);
    machine.needs.profile = NativeK3s;
    let finding = judge(&machine).into_iter().find(|finding| finding.id == "mounts-unescaped-space").unwrap();
    assert_eq!(finding.level, Level::Fail);
}

#[test]
fn nine_fields_are_nine_and_not_dockers_fault() {
    let bad = mounts::bad_lines(fixture!("mounts_rhel_nine_fields.txt"));
    assert_eq!((bad.len(), bad[0].number, bad[0].fields), (1, 3, 9));
}

#[test]
fn the_longest_mount_point_above_a_path_counts() {
    let mounts = fixture!("mounts_wsl2.txt");
    let on = |path: &str| mounts::mount_of(mounts, path.as_ref()).map(|(point, kind, _)| (point, kind));
    assert_eq!(on("/mnt/my disk/game"), Some(("/mnt/my disk".to_owned(), "ext4")));
    assert_eq!(on("/mnt/c/Users"), Some(("/mnt/c".to_owned(), "9p")));
    assert_eq!(on("/mnt/city"), Some(("/".to_owned(), "ext4")));
}
